"""What a share that is held waits for, in a sentence: by the rules of `deadline`."""

from __future__ import annotations

from shipway.signals.judge.deadline import Clocks, step
from shipway.signals.verdict import SLOW, Verdict


def waits(verdict: Verdict, at: Clocks) -> str:
    """Every rule that is not met yet, with its seconds, as `step` takes them; nothing once the next move may be
    made.
    """
    if step(verdict, at).act != "wait":
        return ""
    rules = []
    if at.unheard:
        rules.append(f"something is known of {' and of '.join(at.unknown) or 'it'} again")
    if at.heard < at.hold:
        rules.append(f"it was heard for {at.hold:.0f} s (`hold`; {at.heard:.0f} s by now)")
    if verdict.doubtful:
        rules.append("more requests tell, because something speaks against it")
    if at.compare_soon:
        rules.append(f"its durations are compared ({_far(verdict)}about {at.listens:.0f} s as requests come now)")
    most = f"for {at.deadline:.0f} s at most (`deadline`; {at.waited:.0f} s by now)"
    return f"It is held until {', until '.join(rules)}; {most}."


def _far(verdict: Verdict) -> str:
    why = next((one.why_not for one in verdict.findings if one.what == SLOW and one.why_not), "")
    return f"{why}; " if why else ""
