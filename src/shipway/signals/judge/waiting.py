"""What a share that is held waits for: by the rules of `deadline`."""

from __future__ import annotations

from math import inf

from shipway.signals.judge.deadline import Clocks, step
from shipway.signals.verdict import SLOW, Verdict
from shipway.signals.waits import Count, Move, Rule, Waits


def waits(verdict: Verdict, at: Clocks, move: Move, count: Count) -> Waits | None:
    """Of the rules that are not met yet the one that takes longest; None once the next move may be made."""
    if step(verdict, at).act != "wait":
        return None
    rule, left = _longest(verdict, at)
    longest = at.longest if rule == "durations" else at.deadline
    far = _far(verdict) if rule == "durations" else ""
    asked = at.unknown if rule == "known" else ()
    return Waits(rule, move, move.began + longest, left, at.heard, at.hold, count, asked, far)


def _longest(verdict: Verdict, at: Clocks) -> tuple[Rule, float]:
    if at.unheard:
        return "known", inf
    if verdict.doubtful:
        return "doubt", inf
    left = at.hold - at.heard
    return ("durations", at.listens) if at.compare_soon and at.listens > left else ("hold", left)


def _far(verdict: Verdict) -> str:
    return next((one.why_not for one in verdict.findings if one.what == SLOW and one.why_not), "")
