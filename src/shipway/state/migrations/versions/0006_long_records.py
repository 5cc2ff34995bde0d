"""What pages ask for is found by an index, so that they are as fast with a hundred thousand runs as with ten."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("runs_by_hash", "runs", ["commit"], unique=False)
    op.create_index("runs_by_application", "runs", ["application", "id"], unique=False)
    op.create_index("runs_by_branch", "runs", ["application", "branch", "id"], unique=False)
    op.create_index("facts_by_commit", "facts", ["application", "commit", "id"], unique=False)
