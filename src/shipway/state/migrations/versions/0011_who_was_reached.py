"""Whose channel took a message: its person's, or the owner's in their place.

Of what was sent before it is known as long as the channel that took it is there.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_FACTS = sa.table("facts", sa.column("kind", sa.String()), sa.column("data", sa.JSON()))
_CHANNELS = sa.table("channels", sa.column("id", sa.String()), sa.column("whose", sa.String()))
_MESSAGES = sa.table("messages", sa.column("id", sa.String()), sa.column("reached", sa.String()))


def upgrade() -> None:
    op.add_column("messages", sa.Column("reached", sa.String(), server_default="", nullable=False))
    record = op.get_bind()
    whose = {row.id: row.whose for row in record.execute(sa.select(_CHANNELS))}
    for told in record.execute(sa.select(_FACTS.c.data).where(_FACTS.c.kind == "message.sent")).scalars().all():
        reached = whose.get(str(told.get("channel", "")))
        if reached is not None:
            record.execute(sa.update(_MESSAGES).where(_MESSAGES.c.id == told["message"]).values(reached=reached))
