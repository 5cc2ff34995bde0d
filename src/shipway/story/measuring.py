"""What instances use of their machine, kept beside what they measure themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from shipway.signals.instances import Usage
from shipway.signals.series.meter import gauge
from shipway.signals.series.sample import Sample
from shipway.signals.series.series import Kind, Series
from shipway.story.cast import Cast


def measure(cast: Cast) -> None:
    """One look at every instance. Raises KeeperGone, and OSError when what is over cannot be kept."""
    cast.collector.instances.look()
    found = defaultdict[tuple[str, str], list[Sample]](list)
    for usage in cast.collector.instances.latest.values():
        application, environment, _release = usage.release.split(".")
        found[application, environment] += samples(usage)
    for where, told in found.items():
        cast.meters.of(*where).take(told, list)


def samples(usage: Usage) -> Iterator[Sample]:
    """Cores and bytes while it runs, and how often the keeper has started it again."""
    if usage.state == "running":
        yield gauge(_series(usage, "instance.cpu", "gauge", "cores"), usage.instance, usage.cpu)
        yield gauge(_series(usage, "instance.memory", "gauge", "bytes"), usage.instance, float(usage.memory))
    restarts = (float(usage.restarts),)
    yield Sample(_series(usage, "instance.restarts", "counter", ""), usage.instance, restarts, running=True)


def _series(usage: Usage, name: str, kind: Kind, unit: str) -> Series:
    return Series(name, kind, unit, (("process", usage.process),), usage.release.rpartition(".")[2])
