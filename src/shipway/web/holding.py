"""What a terminal is told while a share of the requests is held: what the judge sees, and what is waited for.

… prod         10 % since 14:02:11: 0 of 12 requests compared so far failed, 1 of 108 of the old one; the next
      move is made when it was heard for 1 m 00 s, its durations too (warming up: 12 of 20 requests): in about
      55 s at the earliest
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shipway.signals.verdict import FAILED, SLOW, Finding, Verdict
from shipway.state.deployments import Deployment
from shipway.state.facts import Fact
from shipway.traffic.settings import TrafficSettings
from shipway.web.journey import Journey
from shipway.web.words import clock, length

SoFar = Mapping[tuple[str, str], tuple[str, Verdict]]
"""By application and environment: the id of the deployment that is judged, and what the judge says of it now."""
FIRST = 5.0
"""Seconds from the beginning of a share to its first line, and between two lines at least."""
GROWS = 3
"""The longer a share is held, the rarer its lines: a third of that time lies between two."""


@dataclass(frozen=True)
class Held:
    """A share that the release of a deployment has since `at` (seconds since 1970), until the judge has spoken."""

    share: int
    at: float
    asked: bool


def held(now: Journey, environment: str) -> Held | None:
    """The share that is held in an environment, if one is."""
    deployment = now.deployments.get(environment)
    if deployment is None:
        return None
    moves = [fact for fact in (*now.trials, *now.asked) if fact.environment == environment]
    moves = sorted((fact for fact in moves if not fact.kind.startswith("verdict.")), key=lambda fact: fact.id)
    last = moves[-1] if moves else None
    return None if last is None or not _stands(deployment, last) else _held(last)


def _stands(deployment: Deployment, last: Fact) -> bool:
    if last.kind == "deployment.try":
        return not deployment.over and deployment.phase == "try"
    return last.kind == "deployment.asked" and deployment.state == "done"


def _held(last: Fact) -> Held:
    return Held(int(last.data["share"]), last.at, last.kind == "deployment.asked")


class Holding:
    """Remembers what was told of each share, so that the same is not told twice, and not too much."""

    def __init__(self, so_far: SoFar) -> None:
        self._so_far = so_far
        self._told: dict[str, tuple[Held, float, str]] = {}

    def news(self, now: Journey, environment: str, at: float) -> str:
        """A line, if there is something new to say at this time (seconds since 1970); else nothing."""
        share = held(now, environment)
        verdict = self._verdict(now, environment)
        if share is None or verdict is None:
            return ""
        before, spoke, words = self._told.get(environment, (share, share.at, ""))
        if before != share:
            spoke, words = share.at, ""
        traffic = settings(now)
        late = at - share.at >= traffic.hold
        says = said(share, verdict, traffic, late=late)
        if says == words or at - spoke < max(FIRST, (at - share.at) / GROWS if words else 0.0):
            return ""
        self._told[environment] = (share, at, says)
        return f"{says}{'' if late and verdict.waits else _when(share, traffic, at)}"

    def _verdict(self, now: Journey, environment: str) -> Verdict | None:
        deployment, verdict = self._so_far.get((now.run.application, environment), ("", None))
        return verdict if deployment == now.deployments[environment].id else None


def said(share: Held, verdict: Verdict, traffic: TrafficSettings, *, late: bool) -> str:
    """What share since when, what was counted of it, and what is waited for; `late` is longer than `hold`."""
    unsure = verdict.reason.rstrip(".") if verdict.kind == "not known" else ""
    parts = filter(None, (_seen(verdict, share), unsure, _waits(share, verdict, traffic, late)))
    return f"{share.share} % since {clock(share.at)}: {'; '.join(parts)}"


def _seen(verdict: Verdict, share: Held) -> str:
    """Nothing while none of its requests was compared: then the reason says so."""
    found = _finding(verdict, FAILED, share)
    if found is None:
        return ""
    new, old = f"{found.new_count:,} of {found.new_of:,}", f"{found.old_count:,} of {found.old_of:,}"
    return f"{new} requests compared so far failed, {old} of the old one"


def _waits(share: Held, verdict: Verdict, traffic: TrafficSettings, late: bool) -> str:
    """After `hold` the rules that hold it still, as the judge's page has them: that is no delay."""
    if share.asked:
        return "all requests come back if the old one does no better"
    if late and verdict.waits:
        return f"{verdict.waits[:1].lower()}{verdict.waits[1:].rstrip('.')}"
    slow = _finding(verdict, SLOW, share)
    far = f" ({slow.why_not})" if slow is not None and slow.why_not else " if enough requests come"
    return f"the next move is made when it was heard for {length(traffic.hold)}, its durations too{far}"


def _when(share: Held, traffic: TrafficSettings, at: float) -> str:
    """How long that takes from now on, if all of it is heard; of what takes longer, by when it ends."""
    if share.asked:
        return ""
    left = share.at + traffic.hold - at
    if left > 0:
        return f": in about {f'{left:.0f} s' if left < 60 else length(left)} at the earliest"
    return f": by {clock(share.at + traffic.deadline)} at the latest"


def _finding(verdict: Verdict, what: str, held: Held) -> Finding | None:
    """The one of this share, as far as there are several. The one of both serving first: where all requests have
    moved there may be one of before as well.
    """
    found = [one for one in verdict.findings if one.what == what and (one.new_of or one.why_not)]
    here = [one for one in found if one.share in (0, held.share)]
    return min(here, key=lambda one: not one.beside, default=None)


def settings(now: Journey) -> TrafficSettings:
    return TrafficSettings.model_validate(now.run.plan.get("project", {}).get("traffic") or {})
