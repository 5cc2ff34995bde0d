"""What a token is called, when it was used last, and which sessions were made from it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tokens", sa.Column("name", sa.String(), server_default="", nullable=False))
    op.add_column("tokens", sa.Column("used", sa.Float(), nullable=True))
    op.add_column("tokens", sa.Column("parent", sa.String(), nullable=True))
    op.create_index("tokens_by_parent", "tokens", ["parent"], unique=False)
