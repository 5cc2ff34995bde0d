"""What applications report of themselves: errors, and the keys with which they report them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "error_intakes",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("application", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["application"], ["applications.name"]),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("application"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "error_keys",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("application", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("revoked", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["application"], ["applications.name"]),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("error_keys_by_environment", "error_keys", ["application", "environment"], unique=False)
    op.create_table(
        "errors",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("application", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("first_seen", sa.Float(), nullable=False),
        sa.Column("last_seen", sa.Float(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("resolved", sa.Float(), nullable=True),
        sa.Column("resolved_by", sa.String(), nullable=True),
        sa.Column("resolved_after", sa.JSON(), nullable=True),
        sa.Column("regressed", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["application"], ["applications.name"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("application", "fingerprint"),
        sa.UniqueConstraint("application", "number"),
    )
    op.create_index("errors_by_last_seen", "errors", ["application", "last_seen"], unique=False)
    op.create_table(
        "error_places",
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("release", sa.String(), nullable=True),
        sa.Column("first_seen", sa.Float(), nullable=False),
        sa.Column("last_seen", sa.Float(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("suspicion", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["error"], ["errors.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["release"], ["releases.id"]),
        sa.PrimaryKeyConstraint("error", "environment"),
    )
    op.create_index("error_places_by_environment", "error_places", ["environment"], unique=False)
    op.create_table(
        "error_releases",
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("named", sa.String(), nullable=False),
        sa.Column("release", sa.String(), nullable=True),
        sa.Column("first_seen", sa.Float(), nullable=False),
        sa.Column("last_seen", sa.Float(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["error"], ["errors.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["release"], ["releases.id"]),
        sa.PrimaryKeyConstraint("error", "environment", "named"),
    )
    op.create_table(
        "error_requests",
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("last_seen", sa.Float(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["error"], ["errors.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("error", "request"),
    )
