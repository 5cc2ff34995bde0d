"""Channels, messages, and how far facts were read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("whose", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("channels_by_whose", "channels", ["whose"], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("application", sa.String(), nullable=True),
        sa.Column("environment", sa.String(), nullable=True),
        sa.Column("run", sa.String(), nullable=True),
        sa.Column("commit", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("answers", sa.String(), server_default="", nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_try", sa.Float(), nullable=False),
        sa.Column("lease", sa.String(), server_default="", nullable=False),
        sa.Column("lease_until", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("service", sa.String(), server_default="", nullable=False),
        sa.Column("problem", sa.String(), server_default="", nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("sent", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person", "cause"),
    )
    op.create_index("messages_by_commit", "messages", ["application", "commit"], unique=False)
    op.create_index("messages_by_state", "messages", ["state", "next_try"], unique=False)
    op.create_table(
        "positions",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("fact", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    # nobody is told today what happened before there was anybody to tell it
    op.execute("insert into positions (name, fact) select 'told', coalesce(max(id), 0) from facts")
