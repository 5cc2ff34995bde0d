"""What applications measure, as people read it, in pages and terminals alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shipway.web.words import percent, size

BYTES = ("bytes", "By")  # the second is OpenTelemetry's


def said(kind: str, unit: str, figures: Mapping[str, Any]) -> str:
    """`2.5 cents/s`; `3, from 1 to 9`; `0.2/s, 95 of 100 up to 0.48 s`. What is not known is a dash."""
    if kind == "counter":
        return _rate(figures["rate"], unit)
    if kind == "gauge":
        return _level(figures, unit)
    count = _rate(figures["rate"], "")
    if figures["p95"] is not None:
        return f"{count}, 95 of 100 up to {amount(figures['p95'], unit)}"
    return count if figures["value"] is None else f"{count}, {amount(figures['value'], unit)} each"


def amount(value: float, unit: str) -> str:
    """With its unit: `4,210 cents`, `35.6 MB`, `2.5 % of a core`, `0.0417`."""
    if unit in BYTES:
        return _bare(value, unit)
    return f"{_bare(value, unit)} {'of a core' if unit == 'cores' else unit}".rstrip()


def _bare(value: float, unit: str) -> str:
    if unit in BYTES and value >= 0:
        return size(value)
    return percent(round(value, 4)) if unit == "cores" else number(value)


def labels(told: Mapping[str, str]) -> str:
    """`currency=EUR, item=map`."""
    return ", ".join(f"{name}={value}" for name, value in told.items())


def number(value: float) -> str:
    """Three digits of a small number, all of a large one: `0.0417`, `12`, `4,210`."""
    if abs(value) >= 1e15:
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _rate(rate: float | None, unit: str) -> str:
    return "-" if rate is None else f"{amount(rate, unit)}/s"


def _level(figures: Mapping[str, Any], unit: str) -> str:
    value, low, high = figures["value"], figures["low"], figures["high"]
    if value is None:
        return "-"
    lowest, highest = _bare(low, unit), _bare(high, unit)
    around = "" if lowest == highest else f", from {lowest} to {highest}"
    return f"{amount(value, unit)}{around}"
