"""What a terminal is told while a share of the requests is held: what the judge sees, and what is waited for.

… prod         10 % since 14:02:11: 0 of 98 requests failed, 2 of 880 of the old one. All requests come next in
      about 52 s: it was heard for 8 s of 1 m 00 s by now. If it cannot be heard, everything goes back at 14:12:11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shipway.signals.verdict import FAILED, Finding, Verdict
from shipway.state.deployments import Deployment
from shipway.state.facts import Fact
from shipway.traffic.settings import TrafficSettings
from shipway.web import next_move
from shipway.web.journey import Journey
from shipway.web.words import clock, sentences

SoFar = Mapping[tuple[str, str], tuple[str, Verdict]]
"""By application and environment: the id of the deployment that is judged, and what the judge says of it now."""
FIRST = 5.0
"""Seconds from the beginning of a share to its first line, and between two lines at least."""
GROWS = 3
"""The longer a share is held, the rarer its lines: a third of that time lies between two."""


@dataclass(frozen=True)
class Held:
    """A share that the release of a deployment has since `at` (seconds since 1970), until the judge has spoken;
    `asked` if the release before has the others for a while, to be compared with.
    """

    share: int
    at: float
    asked: bool


def held(now: Journey, environment: str) -> Held | None:
    """The share that is held in an environment, if one is: none once there is a verdict on it."""
    deployment = now.deployments.get(environment)
    if deployment is None:
        return None
    told = [fact for fact in (*now.trials, *now.asked) if fact.environment == environment]
    last = max(told, key=lambda fact: fact.id, default=None)
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
        verdict = None if share is None else of_deployment(self._so_far, now.deployments[environment])
        if share is None or verdict is None:
            return ""
        before, spoke, words = self._told.get(environment, (share, share.at, ""))
        if before != share:
            spoke, words = share.at, ""
        says = said(share, verdict)
        if says == words or at - spoke < max(FIRST, (at - share.at) / GROWS if words else 0.0):
            return ""
        self._told[environment] = (share, at, says)
        return says


def of_deployment(so_far: SoFar, deployment: Deployment) -> Verdict | None:
    """What the judge says of the release of a deployment at this moment, if it looks at that."""
    judged, verdict = so_far.get((deployment.application, deployment.environment), ("", None))
    return verdict if judged == deployment.id else None


def said(share: Held, verdict: Verdict) -> str:
    """What share since when, what was counted of it, and what is waited for; nothing where nothing is."""
    waits = next_move.says(verdict, asking=share.asked)
    counted, unsure = _seen(verdict, share), verdict.reason if verdict.kind == "not known" else ""
    return f"{share.share} % since {clock(share.at)}: {sentences(counted, unsure, waits)}" if waits else ""


def _seen(verdict: Verdict, share: Held) -> str:
    """Nothing while none of its requests was compared: then the reason says so."""
    found = _failed(verdict, share)
    if found is None:
        return ""
    new, old = f"{found.new_count:,} of {found.new_of:,}", f"{found.old_count:,} of {found.old_of:,}"
    return f"{new} requests failed, {old} of the old one"


def _failed(verdict: Verdict, held: Held) -> Finding | None:
    """The finding of this share, as far as there are several. The one of both serving first: where all requests
    have moved there may be one of before as well.
    """
    found = [one for one in verdict.findings if one.what == FAILED and one.new_of]
    here = [one for one in found if one.share in (0, held.share)]
    return min(here, key=lambda one: not one.beside, default=None)


def settings(now: Journey) -> TrafficSettings:
    return TrafficSettings.model_validate(now.run.plan.get("project", {}).get("traffic") or {})
