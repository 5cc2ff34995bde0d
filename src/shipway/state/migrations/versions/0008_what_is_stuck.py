"""A bad release that cannot go back is stuck: what is frozen is an environment."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE facts SET kind = 'release.stuck' WHERE kind = 'release.frozen'")
