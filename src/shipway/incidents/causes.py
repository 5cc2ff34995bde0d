"""What happened, read from a fact: the same trouble has the same key, however many facts tell of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from shipway.incidents import failing, machine, new_errors, production, stops
from shipway.incidents.cause import Cause
from shipway.state.database import Connection
from shipway.state.facts import Fact

_READERS: Mapping[str, Callable[[Connection, Fact], Cause | None]] = {
    "step.failed": stops.step,
    "step.timed_out": stops.step,
    "step.suspected": stops.step,
    "run.failed": stops.end,
    "verdict.bad": production.verdict,
    "commit.quarantined": production.taken_back,
    "release.stuck": production.taken_back,
    new_errors.PRINTED: production.taken_back,
    "release.silent": production.silent,
    "deployment.failed": production.taken_back,
    "revert.ready": production.taken_back,
    "revert.left_out": production.taken_back,
    "deployment.switched_back": production.taken_back,
    "deployment.switched": production.gone_back,
    "error.suspected": production.suspected,
    "probe.failed": failing.failed,
    "probe.unknown": failing.failed,
    "machine.little_room": machine.room,
    "machine.room_again": machine.room,
}
KINDS = tuple(_READERS)


def of(conn: Connection, fact: Fact) -> Cause | None:
    """The trouble that a fact tells of, if it tells of any that somebody has to hear of."""
    return _READERS[fact.kind](conn, fact)
