"""Before a commit goes on: N+1, N, N+1 on a copy of the data of the environment that rehearses.

    copy ─► release command, the new one ─► each old one that serves further on ─► the new one again ─► on record
               └──────────────── on any failure: on record, with the part and what the application said

Nobody's requests come, what runs has a port and a copy of its own, and only `web` runs. One that was interrupted
begins anew; what it left is ended and deleted first, or by `tidy` when its run is over. The release gate reads the
record: no old release serving further on is left for a new one that was not rehearsed with it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from shipway.durable.engine import PASSED, SKIPPED
from shipway.environments import data
from shipway.errors import DeploymentStopped
from shipway.releases import gate
from shipway.state import artifacts, ballast, rehearsals, releases, runs
from shipway.state.artifacts import Artifact
from shipway.state.database import Connection
from shipway.state.rehearsals import Old, Rehearsal
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.story import on_a_copy
from shipway.story.cast import Cast
from shipway.story.deliver import overtaken
from shipway.story.on_a_copy import Copy, Part

LOCK = "(rehearsal)"  # no environment can have that name
SPARE = 2 * ballast.SIZE
"""Bytes that a copy leaves free on the disk: so that what is kept back there for going back is not used up."""


class RehearsalFailed(DeploymentStopped):
    """The new release, or one that it should replace, does not work with the data as the new one leaves it."""

    id = "releases.rehearsal_failed"
    default_hint = (
        "It goes no further. Add what is new first; take away what is old once nothing that serves needs it."
    )


def rehearse(cast: Cast, run: Run, environment: str, before: Sequence[str]) -> str:
    """Rehearses the run's commit in `environment` with what serves in those `before` which it stands; the outcome.

    Raises RehearsalFailed, or GateClosed when something else serves there than what would go on.
    """
    with cast.alone(run.id, LOCK):
        try:
            return _rehearse(cast, run, environment, before)
        except gate.NotWanted:
            return SKIPPED
        except gate.Overtaken as error:
            return overtaken(cast, run, environment, error)


def tidy(cast: Cast) -> None:
    """Ends and deletes what is left of rehearsals whose run is over."""
    for directory in cast.machine.places.rehearsals.glob("*"):
        with cast.database.read() as conn:
            run = runs.find(conn, directory.name)
        if (run is None or run.over) and not cast.busy(directory.name, LOCK):
            with cast.alone(directory.name, LOCK):
                on_a_copy.clear(cast, directory)


def _rehearse(cast: Cast, run: Run, environment: str, before: Sequence[str]) -> str:
    with cast.database.read() as conn:
        ended = rehearsals.outcome(conn, run, environment)
        if ended is not None and ended.kind != "rehearsal.failed":
            return PASSED
        if ended is not None:
            raise _failed(environment, ended.data["part"], ended.data["reason"], ended.data["excerpt"])
        new = gate.to_rehearse(conn, run, before)
        planned = Rehearsal(run, environment, before, new.digest, _olds(conn, new, environment, before))
        serves = any(releases.now_serving(conn, run.application, name) is not None for name in before)
    if not planned.olds:
        _unneeded(cast, planned, serves=serves)
        return PASSED
    with on_a_copy.place(cast, run) as place:
        _carry_out(cast, planned, new, place)
    return PASSED


def _olds(conn: Connection, new: Artifact, environment: str, before: Sequence[str]) -> list[Old]:
    """What serves in those environments, each artifact once, unless the new one was rehearsed with it."""
    found: dict[str, Old] = {}
    for name in before:
        now = releases.now_serving(conn, new.application, name)
        release = None if now is None else releases.get(conn, now.release)
        if release is not None and not gate.is_rehearsed(conn, new, environment, release):
            found.setdefault(release.digest, Old.of(release))
    return list(found.values())


def _unneeded(cast: Cast, planned: Rehearsal, *, serves: bool) -> None:
    places = " and ".join(planned.before)
    reason = (
        f"it is what serves in {places}, or was rehearsed with that before"
        if serves
        else f"nothing serves in {places} yet, so there is no release before it"
    )
    with cast.database.write() as conn:
        rehearsals.unneeded(conn, planned, reason)


def _carry_out(cast: Cast, planned: Rehearsal, new: Artifact, place: Path) -> None:
    began = time.monotonic()
    copy = Copy(cast, planned.run, _copied(cast, planned, place), place)
    with cast.database.write() as conn:
        rehearsals.begin(conn, planned)
    for number, part in enumerate(_parts(cast, planned, new)):
        with cast.database.write() as conn:
            rehearsals.enter(conn, planned, part.words)
        try:
            copy.play(number, part)
        except DeploymentStopped as error:
            copy.check_wanted()
            with cast.database.write() as conn:
                rehearsals.failed(
                    conn,
                    planned,
                    part=part.words,
                    reason=error.message,
                    excerpt=error.excerpt,
                    seconds=time.monotonic() - began,
                )
            raise _failed(planned.environment, part.words, error.message, error.excerpt) from error
    with cast.database.write() as conn:
        rehearsals.passed(conn, planned, time.monotonic() - began)


def _failed(environment: str, part: str, reason: str, excerpt: str) -> RehearsalFailed:
    return RehearsalFailed(f"The rehearsal in {environment} failed with {part}: {reason}", excerpt=excerpt)


def _copied(cast: Cast, planned: Rehearsal, place: Path) -> Release:
    """Copies the data while no deployment changes it; the release that serves with it, which is the new one.

    Raises DiskFull where there is no room for it.
    """
    run, environment = planned.run, planned.environment
    with cast.in_turn(run.id, run.application, environment):
        with cast.database.read() as conn:
            release = gate.serves_here(conn, run, environment, planned.digest)
        places, copy = cast.machine.places, place / "data"
        data.check_room(places, run.application, environment, copy, SPARE)
        data.copy_into(places, run.application, environment, copy)
    return release


def _parts(cast: Cast, planned: Rehearsal, new: Artifact) -> list[Part]:
    name = new.commit[:7]
    with cast.database.read() as conn:
        olds = [
            Part(
                artifacts.get(conn, new.application, old.digest, old.commit),
                f"{old}, on the data as {name} leaves it",
            )
            for old in planned.olds
        ]
    first, again = (Part(new, words, migrates=True) for words in (name, f"{name} again, after {planned.olds[-1]}"))
    return [first, *olds, again]
