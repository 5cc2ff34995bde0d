"""How many people's requests failed at a release while it was tried: what the routers counted, or the judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.signals.reading import Reading, total
from shipway.signals.verdict import FAILED
from shipway.web.trials import Trial

LATE = 5.0  # seconds after it lost its requests in which the last of them are counted


@dataclass(frozen=True)
class Hurt:
    """Of `requests` that a release was asked `failed` did."""

    failed: int
    requests: int


def is_bad(trial: Trial) -> bool:
    """Whether it had requests and was judged bad."""
    return bool(trial.moves) and trial.decisive is not None and trial.decisive.kind == "bad"


def hurt(trial: Trial, readings: Sequence[Reading]) -> Hurt | None:
    """Of a release that was judged bad, by the readings of it; by its verdict where those are no longer kept. None
    where no request failed.
    """
    bad = trial.decisive
    if bad is None or not is_bad(trial):
        return None
    since, until = trial.moves[0].at, float("inf") if trial.ended is None else trial.ended + LATE
    answered = total(one for one in readings if since < one.at <= until)
    found = Hurt(answered.errors, answered.requests)
    if not answered.requests:
        counts = [one for one in bad.findings if one["what"] == FAILED]
        found = Hurt(sum(one["new_count"] for one in counts), sum(one["new_of"] for one in counts))
    return found if found.failed else None
