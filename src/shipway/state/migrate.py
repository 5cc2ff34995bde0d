"""Brings a record to the newest schema. Alembic is imported only when there is something to do."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect, text

NEWEST = "0013"


def to_newest(engine: Engine) -> None:
    """Runs the migrations that `engine` lacks; a killed migration is run again from its beginning."""
    if _version(engine) == NEWEST:
        return
    from alembic import command  # noqa: PLC0415 - costs half a second, needed once per schema change
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.connect().execution_options(shipway_write=True) as conn, conn.begin():
        config.attributes["connection"] = conn
        command.upgrade(config, "head")


def _version(engine: Engine) -> str | None:
    with engine.connect() as conn:
        if not inspect(conn).has_table("alembic_version"):
            return None
        return conn.execute(text("select version_num from alembic_version")).scalar()
