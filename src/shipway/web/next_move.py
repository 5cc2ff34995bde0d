"""What is known so far of a release on trial, and what its next move waits for: the words of every page, `shipway
judge` and a push.

    Not known so far: 12 requests are too few to tell; 50 are enough. 50 % of the requests come next in about 48 s:
    it was heard for 12 s of 1 m 00 s by now, and 50 requests will have come in about 38 s. If it cannot be heard,
    everything goes back at 14:12:11.
"""

from __future__ import annotations

from shipway.incidents.letter import listed
from shipway.signals.verdict import Verdict
from shipway.signals.waits import Waits
from shipway.web.words import clock, length

EVERYTHING = 100
ASKING = "If the one before does no better, all requests come back; if it does, it gets the rest as well."


def so_far(verdict: Verdict) -> str:
    """What is thought of it at this moment; of what is good in few words, as nothing has to be explained."""
    reason = verdict.reason.split("; ")[0] if verdict.kind == "good" else verdict.reason
    return f"{verdict.kind.capitalize()} so far: {reason[:1].lower()}{reason[1:].rstrip('.')}."


def says(verdict: Verdict, *, asking: bool = False) -> str:
    """What the next move waits for just now, how far that is, and by when it ends at the latest; nothing once the
    move may be made. `asking`: the release before has most of the requests for a while.
    """
    if asking:
        return ASKING
    if (waits := verdict.waits) is None:
        return ""
    return {"known": _known, "doubt": _doubt, "hold": _hold, "durations": _durations}[waits.rule](waits)


def goes_back(*, keeps: bool) -> str:
    """What becomes of a share that cannot be judged in time."""
    return "it is frozen with its share" if keeps else "everything goes back"


def _known(waits: Waits) -> str:
    of = listed(list(waits.asked)) or "it"
    return f"{_next(waits)} once something is known of {of} again. If nothing is, {_end(waits)}."


def _doubt(waits: Waits) -> str:
    why = "because something speaks against it"
    return f"{_next(waits)} once more requests tell, {why}: at {clock(waits.by)} at the latest."


def _hold(waits: Waits) -> str:
    when = f"in about {_about(waits.left)}"
    heard = f"it was heard for {_about(waits.heard)} of {_about(waits.hold)} by now{_count(waits)}"
    return f"{_next(waits)} {when}: {heard}. If it cannot be heard, {_end(waits)}."


def _durations(waits: Waits) -> str:
    far = f" ({waits.far})" if waits.far else ""
    when = f"in about {_about(waits.left)}, at {clock(waits.by)} at the latest"
    return f"{_next(waits)} {when}: how long it takes to answer is compared first{far}{_count(waits)}."


def _next(waits: Waits) -> str:
    share = waits.move.share
    return f"{'All requests' if share == EVERYTHING else f'{share} % of the requests'} come next"


def _end(waits: Waits) -> str:
    return f"{goes_back(keeps=waits.move.keeps)} at {clock(waits.by)}"


def _count(waits: Waits) -> str:
    """Whether there will be enough requests to call it good."""
    count = waits.count
    if count.requests >= count.enough:
        return ""
    if count.comes <= waits.left:
        return f", and {count.enough} requests will have come in about {_about(count.comes)}"
    return f"; fewer than {count.enough} requests will have come, and it goes on as not known"


def _about(seconds: float) -> str:
    """In whole seconds: it is an estimate."""
    return f"{max(seconds, 0.0):.0f} s" if seconds < 59.5 else length(seconds)
