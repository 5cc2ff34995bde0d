"""Which of the runs of a commit tells of its way: a commit may be tested on several branches, and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.web.journey import Journey


@dataclass(frozen=True)
class Way:
    """`now` is the journey that brought the commit where it is, or is to, and `first` the one that its branch
    began with; `elsewhere` are the newest ones of the branches on which it was only tested.
    """

    now: Journey
    first: Journey
    elsewhere: Sequence[Journey]


def way(journeys: Sequence[Journey]) -> Way | None:
    """That of the branch that delivers it; nothing where `journeys`, oldest first, has none."""
    pushed = [each for each in journeys if each.run.purpose == "push"] or list(journeys)
    if not pushed:
        return None
    branch = _delivering(pushed).run.branch
    own = [each for each in pushed if each.run.branch == branch]
    last = {each.run.branch: each for each in pushed if each.run.branch != branch}
    return Way(_telling(own), own[0], list(last.values()))


def _delivering(pushed: Sequence[Journey]) -> Journey:
    """The newest that came to an environment, or else that is to, or else the newest."""
    came = [each for each in pushed if _came(each)]
    bound = [each for each in pushed if each.run.deliver]
    return (came or bound or pushed)[-1]


def _telling(own: Sequence[Journey]) -> Journey:
    """The newest that is under way or moved something, that came where it served already, or at all."""
    moves = [each for each in own if not each.run.over or each.deployments]
    came = [each for each in own if _came(each)]
    return (moves or came or own)[-1]


def _came(one: Journey) -> bool:
    return bool(one.deployments or one.unneeded)
