"""What applications measure, as people read it, in pages and terminals alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def said(kind: str, unit: str, figures: Mapping[str, Any]) -> str:
    """`2.5 cents/s`; `3, from 1 to 9`; `0.2/s, 95 of 100 up to 0.48 s`. What is not known is a dash."""
    named = f" {unit}" if unit else ""
    if kind == "counter":
        return _rate(figures["rate"], named)
    if kind == "gauge":
        return _level(figures, named)
    count = _rate(figures["rate"], "")
    if figures["p95"] is not None:
        return f"{count}, 95 of 100 up to {number(figures['p95'])}{named}"
    return count if figures["value"] is None else f"{count}, {number(figures['value'])}{named} each"


def labels(told: Mapping[str, str]) -> str:
    """`currency=EUR, item=map`."""
    return ", ".join(f"{name}={value}" for name, value in told.items())


def number(value: float) -> str:
    """Three digits of a small number, all of a large one: `0.0417`, `12`, `4,210`."""
    if abs(value) >= 1e15:
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _rate(rate: float | None, named: str) -> str:
    return "-" if rate is None else f"{number(rate)}{named}/s"


def _level(figures: Mapping[str, Any], named: str) -> str:
    value, low, high = figures["value"], figures["low"], figures["high"]
    if value is None:
        return "-"
    around = "" if low == high else f", from {number(low)} to {number(high)}"
    return f"{number(value)}{named}{around}"
