"""What became of the newest commit of an application, as far as one word goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.releases.gate import Frozen
from shipway.state.facts import Fact
from shipway.state.stuck import Stuck
from shipway.web.journey import TAKEN_BACK, Journey
from shipway.web.overview.places import Coming, Place


@dataclass(frozen=True)
class Tried:
    """A release that has a share of 100 requests to an environment, and its last verdict, if there is one."""

    environment: str
    release: int
    share: int
    verdict: Fact | None


def fate(head: Journey, places: Sequence[Place], bad: Sequence[Fact], now: float) -> str:
    """stuck, hurt, unknown, failed, blocked, running, queued, rolled, replaced, frozen, serving, or ended: nothing
    serves. `bad` are the bad verdicts on the commit, whichever run brought it.

    What is frozen with its share of the requests is stuck; frozen is what somebody froze.
    """
    if head.run.over and stuck(places) is not None:
        return "stuck"
    if hurts(places, bad) is not None:
        return "hurt"
    if any(one.state == "unknown" for one in head.deployments.values()):
        return "unknown"
    if head.run.state == "failed" and not (
        _is_given(head, places) or _goes_on(head, places) or _has_gone(head, places)
    ):
        return "rolled" if taken_back(head) else "blocked" if head.blocked is not None else "failed"
    return head.run.state if head.run.state in ("running", "queued") else _at_rest(places, now)


def stuck(places: Sequence[Place]) -> Stuck | None:
    """What is frozen in the last environment where anything is."""
    return next((place.stuck for place in reversed(places) if place.stuck is not None), None)


def coming(places: Sequence[Place]) -> Coming | None:
    """What is on its way to the last environment to which anything is."""
    return next((place.coming for place in reversed(places) if place.coming is not None), None)


def _at_rest(places: Sequence[Place], now: float) -> str:
    if coming(places) is not None:
        return "running"
    if any(place.rolled_back for place in places):
        return "rolled"
    if any(place.taken is not None for place in places):
        return "replaced"
    its = [place for place in places if not place.apart]
    if any(place.held(now) is not None for place in its):
        return "frozen"
    return "serving" if any(place.release is not None for place in its) else "ended"


def serves_in(places: Sequence[Place]) -> list[str]:
    """The environments that serve something and that the commit is delivered to, or came to."""
    return [place.name for place in places if not place.apart and place.release is not None]


def hurts(places: Sequence[Place], bad: Sequence[Fact]) -> Fact | None:
    """The bad verdict on what serves all the same; unless a person gave it the requests by name."""
    serving = {place.by.id for place in places if place.by is not None and not _by_a_person(place)}
    return next((fact for fact in bad if fact.data.get("deployment") in serving), None)


def _is_given(head: Journey, places: Sequence[Place]) -> bool:
    """Whether a person gave all requests to what it left frozen."""
    return any(place.name in head.stuck and _by_a_person(place) for place in _serving(head, places))


def _serving(head: Journey, places: Sequence[Place]) -> list[Place]:
    """Where its commit serves."""
    return [one for one in places if is_there(head, one)]


def is_there(head: Journey, place: Place) -> bool:
    """Whether it serves there, by whatever run."""
    return place.release is not None and place.release.commit == head.run.commit


def _goes_on(head: Journey, places: Sequence[Place]) -> bool:
    """Whether another run has brought it to the end of its way, where its own did not arrive, or brings it on."""
    other = coming(places)
    return any(is_there(head, end) for end in places[-1:]) or (
        other is not None and other.release.commit == head.run.commit
    )


def _has_gone(head: Journey, places: Sequence[Place]) -> bool:
    """Whether another run has brought it past the gate that stopped its own, and it was taken away since."""
    if head.blocked is None:
        return False
    names = head.run.deliver
    beyond = names[names.index(head.blocked.environment) :] if head.blocked.environment in names else names
    return any(place.taken is not None and place.name in beyond for place in places)


def _by_a_person(place: Place) -> bool:
    """Whether what serves there was given the requests by name."""
    return place.by is not None and place.by.kind == "rollback"


def tried(head: Journey) -> Tried | None:
    """What is before the judge just now, on a share of the requests."""
    going = next((one for one in head.deployments.values() if not one.over), None)
    if going is None:
        return None
    here = [fact for fact in head.trials if fact.environment == going.environment]
    share = next((int(fact.data["share"]) for fact in reversed(here) if fact.kind == "deployment.try"), 0)
    judged = next((fact for fact in reversed(here) if fact.kind != "deployment.try"), None)
    return Tried(going.environment, head.releases[going.release], share, judged) if share else None


def judged(head: Journey) -> Fact | None:
    """The bad verdict on the commit, or else the last one."""
    found = [fact for fact in head.trials if fact.kind != "deployment.try"]
    bad = next((fact for fact in found if fact.kind == "verdict.bad"), None)
    return bad or next(reversed(found), None)


def furthest_bad(places: Sequence[Place], bad: Sequence[Fact]) -> Fact | None:
    """The newest bad verdict for which the commit is not in an environment, in the last that has one."""
    newest = {fact.environment: fact for fact in bad}
    found = ((place, newest[place.name]) for place in reversed(places) if place.name in newest)
    return next((fact for place, fact in found if _keeps_away(place, fact)), None)


def _keeps_away(place: Place, bad: Fact) -> bool:
    """Whether it was said of what served there last with the commit, or since that was taken away."""
    gone = place.taken
    return gone is None or bad.data.get("deployment") == gone.last.id or bad.at > gone.by.started


def taken_back(head: Journey) -> Fact | None:
    """The fact that a share of the requests was taken from it again, by a verdict, a deadline or a person."""
    return next((fact for fact in head.stopped if fact.data.get("id") in TAKEN_BACK), None)


def waits(head: Journey, places: Sequence[Place]) -> Place | None:
    """The environment that it waits before since a gate stopped it: the first in which it never was."""
    if head.blocked is None:
        return None
    bound = [place for place in places if place.name in head.run.deliver]
    return next((place for place in bound if not reached(head, place)), None)


def frozen_out(head: Journey, places: Sequence[Place], now: float) -> bool:
    """Whether it waits until what a person froze is open again: they know, and nobody else has to act."""
    before = waits(head, places)
    if before is None or head.blocked is None or head.blocked.data.get("id") != Frozen.id:
        return False
    return before.held(now) is not None


def further(head: Journey, places: Sequence[Place]) -> Place | None:
    """The last environment to which another run has brought it since a gate stopped its own."""
    if head.blocked is None:
        return None
    own = {*head.deployments, *head.unneeded}
    return next((place for place in reversed(_serving(head, places)) if place.name not in own), None)


def reached(head: Journey, place: Place) -> bool:
    """Whether it came there, by its own run or by another, and may be gone again."""
    own = place.name in head.deployments or place.name in head.unneeded
    return own or is_there(head, place) or place.taken is not None
