"""How many reports of an error Shipway's own checks had asked for: of what was counted before, it is not known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("errors", "error_places", "error_releases"):
        op.add_column(table, sa.Column("checks", sa.Integer(), server_default=sa.text("0"), nullable=False))
