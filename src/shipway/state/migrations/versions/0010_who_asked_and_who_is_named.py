"""How many reports of an error Shipway's own checks asked for, and whether a message names whose change it was.

Of what was counted before it is not known who asked; what was written before says in its text whether it names
anybody.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_NOBODY = re.compile(
    r"^Why you +(?:Not known\.|Whose change it is, is not known, so nobody is named\.)", re.MULTILINE
)


def upgrade() -> None:
    for table in ("errors", "error_places", "error_releases"):
        op.add_column(table, sa.Column("checks", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("messages", sa.Column("names_nobody", sa.Boolean(), server_default=sa.text("0"), nullable=False))
    told = op.get_bind().execute(sa.text("SELECT id, text FROM messages")).all()
    update = sa.text("UPDATE messages SET names_nobody = true WHERE id = :id")
    for row in told:
        if _NOBODY.search(row.text):
            op.get_bind().execute(update, {"id": row.id})
