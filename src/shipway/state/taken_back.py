"""Which of some runs brought a release that lost all requests to the one before: for a list, in two questions."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, func, select

from shipway.state.tables import deployments, serving, verdicts


def runs(conn: Connection, those: Collection[str]) -> set[str]:
    """Of the runs with these ids, those whose release a rollback took the place of since it served last."""
    ours, again, later = (deployments.alias(name) for name in ("ours", "again", "later"))
    last = select(func.max(again.c.epoch)).where(again.c.release == ours.c.release, again.c.switched.is_not(None))
    taker = (
        select(later.c.kind)
        .where(
            later.c.application == ours.c.application,
            later.c.environment == ours.c.environment,
            later.c.epoch > last.correlate(ours).scalar_subquery(),
            later.c.switched.is_not(None),
            later.c.release != ours.c.release,
        )
        .order_by(later.c.epoch)
        .limit(1)
        .correlate(ours)
        .scalar_subquery()
    )
    query = select(ours.c.run, ours.c.state, taker).where(ours.c.run.in_(those))  # by state all would be looked at
    return {run for run, state, kind in conn.execute(query) if state == "done" and kind == "rollback"}


def bad_and_serving(conn: Connection, those: Collection[str]) -> list[tuple[str, str]]:
    """Of the runs with these ids, those that brought what serves and was judged bad, each with its release."""
    query = (
        select(deployments.c.run, deployments.c.release)
        .join(
            serving,
            (serving.c.application == deployments.c.application)
            & (serving.c.environment == deployments.c.environment)
            & (serving.c.deployment == deployments.c.id),
        )
        .join(verdicts, verdicts.c.deployment == deployments.c.id)
        .where(deployments.c.run.in_(those), verdicts.c.kind == "bad")
        .distinct()
    )
    return [(run, release) for run, release in conn.execute(query)]
