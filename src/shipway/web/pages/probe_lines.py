"""The lines of an environment's page that tell what is asked of it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from shipway.signals.questions import results
from shipway.signals.questions.answer import State
from shipway.signals.questions.results import Line
from shipway.web.site import Site

SHOWN = {"passed": "passed", "failed": "failed", "not known": "unknown"}


@dataclass(frozen=True)
class Probe:
    """One thing that is asked, and what is known of it; `release` is whose answer it is, if it is one's."""

    name: str
    icon: str
    state: str
    says: str
    release: str | None
    since: float | None
    invariant: bool


def lines(site: Site, application: str, environment: str) -> list[Probe]:
    """What fails first, then what is not known."""
    order, now = list(SHOWN), time.time()
    shown = [_probe(one, one.known(now)) for one in results.read(site.places, application, environment)]
    return sorted(shown, key=lambda one: (one.state == "passed", order.index(one.state)))


def _probe(one: Line, state: State) -> Probe:
    release = None if one.release is None else one.release.rpartition(".")[2]
    says = one.says if state == one.state else "nobody has asked for a while"
    return Probe(one.name, SHOWN[state], state, says, release, one.since, one.wanted is not None)
