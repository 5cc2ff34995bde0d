"""What holds, who was told, what was run again and what is counted is found by an index too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    open_, one, again = (
        sa.text(said) for said in ("lifted IS NULL", '"commit" IS NOT NULL', "retry_of IS NOT NULL")
    )
    op.create_index("holds_in_force", "holds", ["application", "id"], unique=False, sqlite_where=open_)
    op.create_index("holds_by_commit", "holds", ["application", "commit", "id"], unique=False, sqlite_where=one)
    op.create_index("messages_by_person", "messages", ["person", "id"], unique=False)
    op.create_index("messages_by_application", "messages", ["application", "id"], unique=False)
    op.create_index("messages_by_kind", "messages", ["application", "kind", "id"], unique=False)
    op.create_index("messages_that_answer", "messages", ["answers", "id"], unique=False)
    op.create_index("runs_again", "runs", ["application", "retry_of", "number"], unique=False, sqlite_where=again)
    counted = ["application", "environment", "kind", "state"]
    op.create_index("deployments_counted", "deployments", counted, unique=False)
