"""A metric of OpenTelemetry as samples: sums, gauges, histograms of both kinds, summaries."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

from shipway.signals.otlp.request import attributes
from shipway.signals.otlp.resource import Sender
from shipway.signals.series.sample import Sample
from shipway.signals.series.series import Kind, Labels, Series, Value, level

DELTA, CUMULATIVE = 1, 2
NOTHING = 1  # the flag of a point that has no value
FINE = tuple(10 ** (place / 5) for place in range(-30, 31))
"""Bounds from a millionth to a million, five in a decade: for exponential histograms, whose own move."""


def samples(metric: Any, sender: Sender) -> Iterator[Sample | None]:
    """A sample for each point; None for one that cannot be added up."""
    kind = metric.WhichOneof("data")
    if kind is None:
        return
    data = getattr(metric, kind)
    for point in data.data_points:
        if not point.flags & NOTHING:
            yield _sample(metric, kind, data, point, sender)


def _sample(metric: Any, kind: str, data: Any, point: Any, sender: Sender) -> Sample | None:
    temporality = getattr(data, "aggregation_temporality", CUMULATIVE)
    if kind == "gauge" or (kind == "sum" and not data.is_monotonic and temporality == CUMULATIVE):
        return Sample(_series(metric, "gauge", point, sender), _source(sender), level(_number(point)))
    if (kind == "sum" and not data.is_monotonic) or temporality not in (DELTA, CUMULATIVE):
        return None  # what goes up and down by differences has no level that could be told
    running, began = temporality == CUMULATIVE, point.start_time_unix_nano / 1e9 or None
    bounds, value = _value(kind, point)
    series = _series(metric, "counter" if kind == "sum" else "histogram", point, sender, bounds)
    return Sample(series, _source(sender), value, running, began)


def _value(kind: str, point: Any) -> tuple[tuple[float, ...], Value]:
    if kind == "sum":
        return (), (_number(point),)
    if kind == "summary":
        return (), (float(point.count), point.sum)
    if kind == "exponential_histogram":
        return FINE, (float(point.count), point.sum, *_fine(point))
    bounds, buckets = tuple(point.explicit_bounds), tuple(map(float, point.bucket_counts))
    if not bounds or len(buckets) != len(bounds) + 1:
        bounds, buckets = (), ()
    return bounds, (float(point.count), point.sum, *buckets)


def _fine(point: Any) -> list[float]:
    """Each bucket in the one of FINE that its upper bound lies in (those below zero in the first).

    https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
    """
    counts = [0.0] * (len(FINE) + 1)
    counts[0] += point.zero_count + sum(point.negative.bucket_counts)
    growth = 2.0 ** -max(-20, min(20, point.scale))
    for place, count in enumerate(point.positive.bucket_counts, start=1):
        exponent = min(1000.0, (point.positive.offset + place) * growth)
        counts[bisect_left(FINE, 2.0**exponent)] += count
    return counts


def _number(point: Any) -> float:
    return float(getattr(point, point.WhichOneof("value") or "as_double"))


def _series(metric: Any, kind: Kind, point: Any, sender: Sender, bounds: Sequence[float] = ()) -> Series:
    unit = "" if metric.unit == "1" else metric.unit
    return Series(metric.name, kind, unit, _labels(point), sender.release, tuple(bounds))


def _labels(point: Any) -> Labels:
    return tuple(sorted((name, _text(value)) for name, value in attributes(point.attributes).items()))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _source(sender: Sender) -> str:
    return f"{sender.release}.{sender.instance}"
