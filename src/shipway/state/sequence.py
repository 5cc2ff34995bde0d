"""What came before what: facts tell, for clocks may step back (BARS R20)."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from shipway.state import runs
from shipway.state.runs import Run, Step
from shipway.state.tables import facts

_BEGAN = "step.started"


def begun(conn: Connection, run: str) -> list[Step]:
    """Every attempt of a step, in the order in which it was recorded that they began."""
    return _in_order(conn, run, began=True)


def ended(conn: Connection, run: str) -> list[Step]:
    """The attempts that have ended, in the order in which that was recorded."""
    return _in_order(conn, run, began=False)


def moved_since(conn: Connection, run: Run, environment: str) -> str | None:
    """The id of the run that last moved the traffic of an environment, if that was after all there is of `run`."""
    last = select(func.coalesce(func.max(facts.c.id), 0)).where(facts.c.run == run.id).scalar_subquery()
    query = select(facts.c.run).where(
        facts.c.application == run.application,
        facts.c.environment == environment,
        facts.c.kind == "deployment.switched",
        facts.c.id > last,
    )
    return conn.execute(query.order_by(facts.c.id.desc()).limit(1)).scalars().first()


def _in_order(conn: Connection, run: str, *, began: bool) -> list[Step]:
    query = select(facts.c.data).where(facts.c.run == run, facts.c.kind.startswith("step."))
    query = query.where(facts.c.kind == _BEGAN if began else facts.c.kind != _BEGAN)
    told = conn.execute(query.order_by(facts.c.id)).scalars()
    found = {(step.name, step.attempt): step for step in runs.steps_of(conn, run)}
    return [found[each["step"], each["attempt"]] for each in told]
