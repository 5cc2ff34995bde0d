"""How fast a commit came back: what was decided when, when its requests were elsewhere, and when somebody knew."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.incidents import heard
from shipway.web.life.record import Record
from shipway.web.trials import Trial

BACK = ("undone", "gone back")


@dataclass(frozen=True)
class Comeback:
    """Of `release` (its number) in `environment`: `decided` is when it was given up, `elsewhere` when its requests
    were served by another, `told` when `person` was, the first of all; in seconds since 1970, None while not so.
    """

    environment: str
    release: int
    decided: float
    elsewhere: float | None
    person: str = ""
    told: float | None = None


def comeback(record: Record, trial: Trial) -> Comeback | None:
    """None of what was not taken back, or was by people: when they decided that is not on record."""
    decided = _decided(record, trial)
    if decided is None:
        return None
    environment = trial.release.environment
    sent = [one for one in record.told if one.sent is not None and one.state == "sent" and one.sent >= decided]
    first = min(
        (one for one in sent if one.environment == environment), key=lambda one: one.sent or 0.0, default=None
    )
    return Comeback(
        environment,
        trial.release.number,
        decided,
        _elsewhere(record, trial),
        "" if first is None else heard.who(first),
        None if first is None else first.sent,
    )


def _decided(record: Record, trial: Trial) -> float | None:
    if trial.fate not in BACK or not trial.moves:
        return None
    bad = trial.decisive
    if bad is not None and bad.kind == "bad":
        return bad.at
    given_up = record.fact(("deployment.undo",), environment=trial.release.environment)
    return given_up.at if given_up is not None and trial.fate == "undone" else None


def _elsewhere(record: Record, trial: Trial) -> float | None:
    if trial.fate == "gone back":
        return trial.ended
    run = None if trial.deployment is None else trial.deployment.run
    moved = record.fact(("deployment.switched_back",), run=run, environment=trial.release.environment)
    return None if moved is None else moved.at
