"""What a page asks for at every view is found by an index, however long the record is."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("deployments_by_release", "deployments", ["release", "epoch"], if_not_exists=True)
    op.create_index("releases_by_commit", "releases", ["commit"], if_not_exists=True)
    op.create_index("verdicts_by_deployment", "verdicts", ["deployment", "id"], if_not_exists=True)
    op.create_index(
        "runs_deployed", "runs", ["application", "id"], sqlite_where=text("purpose = 'deploy'"), if_not_exists=True
    )
