"""What a share that is held waits for, in a sentence: by the rules of `deadline`."""

from __future__ import annotations

from shipway.signals.judge.deadline import soon, step
from shipway.signals.verdict import Verdict


def waits(
    verdict: Verdict,
    *,
    heard: float,
    unheard: float,
    listens: float,
    waited: float,
    hold: float,
    deadline: float,
) -> str:
    """Every rule that is not met yet, with its seconds, as `step` takes them; nothing once the next move may be
    made.
    """
    then = step(
        verdict, heard=heard, unheard=unheard, listens=listens, waited=waited, hold=hold, deadline=deadline
    )
    if then.act != "wait":
        return ""
    rules = []
    if unheard:
        rules.append("something is known of it again")
    if heard < hold:
        rules.append(f"it was heard for {hold:.0f} s (`hold`; {heard:.0f} s by now)")
    if verdict.doubtful:
        rules.append("more requests tell, because something speaks against it")
    if soon(listens, waited=waited, hold=hold, deadline=deadline):
        rules.append(f"its durations are compared ({_far(verdict)}about {listens:.0f} s as requests come now)")
    most = f"for {deadline:.0f} s at most (`deadline`; {waited:.0f} s by now)"
    return f"It is held until {', until '.join(rules)}; {most}."


def _far(verdict: Verdict) -> str:
    why = next((one.why_not for one in verdict.findings if one.why_not), "")
    return f"{why}; " if why else ""
