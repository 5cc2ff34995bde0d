"""The lines of an environment's page that tell what its application measures itself, and what it uses."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from shipway.signals.scraped import Scraped
from shipway.signals.series.kept import TENS
from shipway.signals.series.series import Kind
from shipway.signals.series.summing import Figures, Measured, measured
from shipway.state.instances import Name
from shipway.web.api.measured import OVER, asked
from shipway.web.measures import labels, said
from shipway.web.site import Site

SHOWN = 12  # series; more are counted
DRAWN = 900  # seconds that a line is drawn over
WIDE, HIGH = 120, 24  # pixels of a line
OF_EVERY_PROGRAM = ("process_", "python_", "nodejs_", "go_", "jvm_", "dotnet_", "otel.", "instance.")
"""What libraries tell of any program comes last, and then what Shipway measures of its instances."""

OF_OURS = re.compile(r"r[0-9]+")
OURS = {"instance.cpu": "CPU", "instance.memory": "Memory"}
"""What Shipway measures; how often an instance was restarted stands with the instances."""


@dataclass(frozen=True)
class Measure:
    """One series: `says` its figures of the last two minutes, `points` a line of the last quarter of an hour.

    `ours`: Shipway measures it, not the application.
    """

    name: str
    labels: str
    release: str
    says: str
    points: str
    ours: bool = False


@dataclass(frozen=True)
class Silent:
    """An instance (`web.1`) of a release (`r3`) that does not say what it measures, and why."""

    instance: str
    release: str
    says: str


@dataclass(frozen=True)
class Measures:
    """The first of them, how many there are besides, and which instances say nothing."""

    shown: Sequence[Measure]
    more: int
    silent: Sequence[Silent]


def lines(site: Site, application: str, environment: str, running: Collection[str]) -> Measures:
    """What was told lately, with what the application counts itself first: of the releases that are `running`
    (`r3`), and of what calls its release something that is none of ours."""
    now = time.time()
    meter = site.story.cast.meters.of(application, environment)
    drawn = measured(meter, TENS, now - DRAWN, now)
    lately = [
        one
        for one in drawn
        if one.steps[-1][0] > now - OVER
        and one.series.name != "instance.restarts"
        and (one.series.release in running or not OF_OURS.fullmatch(one.series.release))
    ]
    lately.sort(key=lambda one: one.series.name.startswith(OF_EVERY_PROGRAM))
    figures = {one.series: one.now for one in measured(meter, TENS, now - OVER, now)}
    found = [_measure(one, figures[one.series], now) for one in lately[:SHOWN] if one.series in figures]
    told = asked(site, application, environment)
    silent = [_silent(one) for one in told if not one.good]
    return Measures(found, max(0, len(lately) - SHOWN), [one for one in silent if one.release in running])


def _silent(one: Scraped) -> Silent:
    name = Name.read(one.instance)
    return Silent(name.short, name.release.rpartition(".")[2], one.says)


def _measure(one: Measured, lately: Figures, now: float) -> Measure:
    series = one.series
    says = said(series.kind, series.unit, asdict(lately))
    told, ours = labels(dict(series.labels)), OURS.get(series.name)
    return Measure(ours or series.name, told, series.release, says, _points(one, now), ours is not None)


def _points(one: Measured, now: float) -> str:
    """A line that begins at zero, unless there are numbers below it."""
    heights = [(at, _height(one.series.kind, figures)) for at, figures in one.steps]
    known = [(at, height) for at, height in heights if height is not None]
    lowest, highest = min([0.0, *(height for _, height in known)]), max([0.0, *(height for _, height in known)])
    whole = highest - lowest or 1.0
    return " ".join(
        f"{WIDE - (now - at) / DRAWN * WIDE:.1f},{HIGH - 1 - (height - lowest) / whole * (HIGH - 2):.1f}"
        for at, height in known
    )


def _height(kind: Kind, figures: Figures) -> float | None:
    return figures.value if kind == "gauge" else figures.rate
