"""How Alembic reaches the record: over the connection that `state.migrate` gives it."""

from __future__ import annotations

from alembic import context

from shipway.state.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
