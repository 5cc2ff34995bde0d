"""Which of two releases gets all requests, where one is frozen beside the other: a person says so, and why."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.errors import UserError
from shipway.releases.reason import needed
from shipway.rollbacks.choose import NowhereToGo
from shipway.state.releases import Release
from shipway.state.stuck import EVERYTHING, Stuck


class InvalidDecision(UserError):
    """A decision without a reason, or one that does not say which release or past which change."""

    id = "rollbacks.invalid_decision"


@dataclass(frozen=True)
class Will:
    """What somebody wants all the same: `why`, and `past` which release's change of the data, if past any."""

    why: str
    past: int | None


def will(why: str, past: int | None) -> Will | None:
    """What was said; None where nothing was. Raises InvalidDecision where the reason is missing or too long."""
    return None if not why.strip() and past is None else Will(reason(why), past)


def reason(why: str) -> str:
    """The reason in one line. Raises InvalidDecision where it is missing or too long."""
    return needed(why, InvalidDecision, "A decision", "It is shown with what it did.")


def chosen(left: Stuck, to: int | None, past: int | None) -> Release:
    """Which of the two it is. Raises InvalidDecision where it is not said, or not that the change of the data is
    known to stay; NowhereToGo where it has all requests already.
    """
    both = [left.release, *([] if left.before is None else [left.before])]
    release = next((one for one in both if one.number == to), None)
    if release is None:
        names = " or ".join(f"r{one.number}" for one in both)
        raise InvalidDecision(f"{left.title}: all requests can go to {names}.", hint=f"Name it: --to {names}.")
    if release.id == left.release.id and left.share == EVERYTHING:
        raise NowhereToGo(f"r{release.number} has all requests already.")
    if release.id != left.release.id and past != left.by:
        raise InvalidDecision(
            f"r{release.number} may not know what r{left.by} did to the data: {left.cause}.",
            hint=f"If it works with that all the same, say so: --past r{left.by}.",
        )
    return release


def undecided(left: Stuck, tried: Release) -> InvalidDecision:
    """Why nothing is decided while what may mend it is tried: undone, that leaves it frozen."""
    return InvalidDecision(
        f"r{tried.number} is on trial, and {left.title} again if it comes to nothing.",
        hint=f"Decide when its trial is over: `shipway rollback --env {tried.environment}` takes it back.",
    )
