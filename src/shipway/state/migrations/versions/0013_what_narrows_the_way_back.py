"""What changed the data for good, and what was said last of a cause, is found by an index too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    narrows = sa.text("json_extract(project, '$.release.migration') <> 'expand'")
    key = ["application", "digest", "commit"]
    op.create_index("artifacts_that_narrow", "artifacts", key, unique=False, sqlite_where=narrows)
    op.create_index("messages_by_cause", "messages", ["cause"], unique=False)
