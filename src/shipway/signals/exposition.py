"""What an instance says of itself in Prometheus' text format, as samples.

https://prometheus.io/docs/instrumenting/exposition_formats/ ; the parser is that of Prometheus' own library for
Python.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise

from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from shipway.signals.series.sample import Sample
from shipway.signals.series.series import Kind, Labels, Series, Value, level

LONGEST = 8 * 1024  # characters of a line: the parser's time grows with the square of it
MOST = 5000  # samples that are read of one answer


class NotReadable(Exception):
    """It is not written in that format; the words say where."""


@dataclass(frozen=True)
class Instance:
    """Whose answer it is: its release (`r3`), its name, and when it began (unix seconds), if that is known."""

    release: str
    name: str
    began: float | None


def samples(text: str, of: Instance) -> list[Sample]:
    """The first MOST samples in it. Raises NotReadable."""
    if any(len(line) > LONGEST for line in text.split("\n")):
        raise NotReadable(f"a line has more than {LONGEST} characters")
    try:
        return list(islice(_samples(text, of), MOST))
    except (ValueError, IndexError, KeyError, RecursionError) as error:
        raise NotReadable(f"it is not in Prometheus' text format: {error}") from error


def _samples(text: str, of: Instance) -> Iterator[Sample]:
    for family in text_string_to_metric_families(text):
        if family.type == "counter":
            yield from _counters(family, of)
        elif family.type in ("histogram", "summary"):
            yield from _distributions(family, of)
        elif not family.name.endswith("_created"):  # when a counter began, which is known
            for one in family.samples:
                yield Sample(_series(one.name, "gauge", one.labels, of), of.name, level(float(one.value)))


def _counters(family: Metric, of: Instance) -> Iterator[Sample]:
    for one in family.samples:
        series = _series(one.name, "counter", one.labels, of)
        yield Sample(series, of.name, (float(one.value),), running=True, began=of.began)


@dataclass
class _Distribution:
    count: float = 0.0
    total: float = 0.0
    below: dict[float, float] = field(default_factory=dict)

    def parts(self) -> tuple[Sequence[float], Value]:
        """Its bounds, and its value; each bucket of the format has those below in it as well."""
        below = dict(sorted(self.below.items()))
        last = below.pop(math.inf, self.count)
        if not below:  # all are below infinity: that is their count
            return (), (self.count, self.total)
        counts = [after - before for before, after in pairwise((0.0, *below.values(), last))]
        return tuple(below), (self.count, self.total, *counts)


def _distributions(family: Metric, of: Instance) -> Iterator[Sample]:
    found: dict[Labels, _Distribution] = {}
    for one in family.samples:
        labels = _labels(one.labels)
        this = found.setdefault(labels, _Distribution())
        if one.name.endswith("_bucket"):
            this.below[float(one.labels["le"])] = float(one.value)
        elif one.name.endswith("_count"):
            this.count = float(one.value)
        elif one.name.endswith("_sum"):
            this.total = float(one.value)
    for labels, this in found.items():
        bounds, value = this.parts()
        series = Series(family.name, "histogram", "", labels, of.release, tuple(bounds))
        yield Sample(series, of.name, value, running=True, began=of.began)


def _series(name: str, kind: Kind, labels: Mapping[str, str], of: Instance) -> Series:
    return Series(name, kind, "", _labels(labels), of.release)


def _labels(found: Mapping[str, str]) -> Labels:
    """Without those that tell the parts of one histogram or summary apart."""
    return tuple(sorted((name, value) for name, value in found.items() if name not in ("le", "quantile")))
