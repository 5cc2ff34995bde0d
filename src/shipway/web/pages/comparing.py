"""What a verdict compared, drawn: both releases as bars on one axis, with the counts they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shipway.signals.verdict import RESTARTS, STRONG, Finding, counted, finding, is_unasked, noted, titled, weight
from shipway.web.words import percent

WIDTH = 240  # of a whole axis
LEAST = 1.5  # of a bar that stands for something
TOPS = [first / 10**digits for digits in (5, 4, 3, 2, 1) for first in (1, 2, 5)] + [1.0]


@dataclass(frozen=True)
class Bar:
    """One release: how wide, its share, the counts."""

    width: float
    share: str
    counts: str


@dataclass(frozen=True)
class Compared:
    """One finding; `top` stands at the end of the axis, `strong`: it speaks against the new release, `why_not`:
    there is nothing to draw. `note`: what has to be known of a question besides.
    """

    what: str
    new: Bar
    old: Bar
    top: str
    evidence: str
    strong: bool
    beside: bool
    why_not: str
    note: str


def compared(findings: Sequence[Mapping[str, Any]]) -> Sequence[Compared]:
    """Everything that a verdict came from, as it is on record, the worst first."""
    return [_compared(finding(each)) for each in findings]


def doubted(findings: Sequence[Mapping[str, Any]]) -> Sequence[Compared]:
    """What looked bad of a release that served alone: reason enough to ask the one before, and no evidence."""
    return [replace(each, evidence="a doubt") for each in compared(findings)]


def _compared(one: Finding) -> Compared:
    restarts = one.what == RESTARTS
    values = (one.new_count, one.old_count) if restarts else (one.new_share, one.old_share)
    top = max(*values, 1.0) if restarts else _top(max(values))
    new, old = (
        Bar(_width(value / top), "" if restarts else percent(value), counted(one.what, count, of))
        for value, count, of in zip(values, (one.new_count, one.old_count), (one.new_of, one.old_of), strict=True)
    )
    if is_unasked(one):
        old = Bar(0.0, "", "was not asked")
    what = titled(one)
    return Compared(
        what=what[0].upper() + what[1:],
        new=new,
        old=old,
        top=f"{top:.0f}" if restarts else f"{100 * top:g} %",
        evidence=weight(one),
        strong=one.evidence >= STRONG,
        beside=one.beside,
        why_not=one.why_not[:1].upper() + one.why_not[1:],
        note=noted(one),
    )


def _top(highest: float) -> float:
    """The end of an axis for shares; where all are 0 it is one of 100."""
    return next(each for each in TOPS if each >= min(highest or 0.01, 1.0))


def _width(part: float) -> float:
    return round(max(min(part, 1.0) * WIDTH, LEAST), 1) if part else 0.0
