"""What is said of a release before the judge: one sentence, why, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence

from shipway.incidents.letter import listed
from shipway.signals.verdict import Verdict
from shipway.state.releases import Release
from shipway.web import next_move as moves
from shipway.web import printed
from shipway.web.trials import NOT_LOOKED, Trial
from shipway.web.words import clock, length

OVER = ("undone", "gone back", "replaced", "unknown")
"""The fates of a trial that has ended, and of a release that does not serve any more."""


def sentence(trial: Trial) -> str:
    """What was judged, at which share, and what happened then."""
    left = trial.beside
    beside = "" if left is None else f"; {left.title} beside it: {left.shares}"
    return f"r{trial.release.number} {_happened(trial)}{beside}"


def explanation(trial: Trial) -> str:
    """Why, and what comes next; sentences, or nothing at all."""
    decided = "" if trial.decided is None else f"{_capital(trial.decided.says)}."
    return " ".join(part for part in (decided, _reason(trial), _went(trial), _next(trial)) if part)


def headings(before: Sequence[Trial], trial: Trial) -> list[str]:
    """Where a release was tried, and how that ended: of each time that it was."""
    every = [*before, trial]
    where = trial.release.environment
    return [f"Trial {number} of {len(every)} in {where}{_how(one)}" for number, one in enumerate(every, 1)]


def ended(trial: Trial) -> float | None:
    """When a trial was over, if it is."""
    over = None if trial.deployment is None else trial.deployment.ended
    return (trial.ended or over) if trial.fate in OVER else None


def _how(trial: Trial) -> str:
    if trial.fate == "unknown":
        return ": nobody can know how that ended"
    if trial.fate not in OVER:
        return ""
    if not trial.moves:
        return ": it never had a request, and was undone"
    return f": it {_judged(trial)}, and {'served' if trial.fate == 'replaced' else 'was taken back'}"


def last_words(trial: Trial) -> list[str]:
    """The lines with which the release itself explains why its deployment was given up, if that is so."""
    came = trial.deployment
    return printed.explaining(came.excerpt) if came is not None and came.state != "done" else []


def _happened(trial: Trial) -> str:
    if trial.asking:
        return f"looked bad, and {named(trial.before)} has most of the requests until it is known why"
    everything = "has all requests, and " if trial.beside is None else ""
    simple = {
        "not deployed": "was never deployed",
        "coming": f"is on its way to {trial.release.environment}, and has no request yet",
        "on trial": f"is on trial with {trial.share} % of the requests",
        "watched": f"{everything}is judged until {clock(trial.deadline or 0.0)[:5]}",
        "unknown": "was deployed, and nobody can know how that ended",
    }
    if trial.stuck is not None:
        judged = _judged_at_last(trial) if trial.stuck.why else "was judged bad"
        return f"{judged}, and is {trial.stuck.state}: {trial.stuck.shares}"
    if trial.fate in simple:
        return simple[trial.fate]
    if trial.fate == "undone" and not trial.moves:
        none = "had no request this time" if trial.earlier else "never had a request"
        return f"{none}{_judged_before(trial)}: its deployment was undone"
    return f"{_judged_at_last(trial)}, {_ended(trial)}"


def _judged_at_last(trial: Trial) -> str:
    return f"{_judged(trial)}{_judged_before(trial)}"


def _judged_before(trial: Trial) -> str:
    """What counts until it is judged again: lists call it bad for that, and no rollback goes there."""
    return " (judged bad when it was tried before)" if trial.bad_before and not trial.verdicts else ""


def _judged(trial: Trial) -> str:
    decisive = trial.decisive
    if decisive is not None and decisive.kind == "bad":
        return f"was judged bad at {decisive.share} %"
    if trial.unjudged:
        return f"could not be judged at {trial.tried} %"
    if decisive is None:
        return "was not judged"
    same = [each.share for each in trial.verdicts if each.kind == decisive.kind]
    at = listed([f"{share} %" for share in dict.fromkeys(same)])
    return f"was judged good at {at}" if decisive.kind == "good" else f"is not known to be good at {at}"


def _ended(trial: Trial) -> str:
    instead = named(trial.instead)
    return {
        "going back": f"and {instead} is getting all requests again",
        "gone back": _gone_back(trial),
        "undone": _gone_back(trial),
        "replaced": _replaced(trial),
    }.get(trial.fate, "and serves")


def _replaced(trial: Trial) -> str:
    if trial.froze is not None:
        return f"was frozen there until its requests were moved, and {named(trial.serving)} serves now"
    return f"and served until {named(trial.instead)} took its place"


def _gone_back(trial: Trial) -> str:
    """What has its requests; where somebody went on from there, what has them now."""
    instead, now = trial.instead, trial.serving
    if trial.moves and trial.moves[-1].among:
        first, *others = [f"{number} has {share} %" for number, share in trial.moves[-1].among.items()]
        return f"and {listed([first, *(each.replace('has ', '') for each in others)])} of the requests again"
    if instead is None or now is None or now.id == instead.id:
        return f"and {named(instead)} has all requests again"
    return f"{named(instead)} had all requests again, and {named(now)} serves now"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def named(release: Release | None) -> str:
    """`r3`."""
    return "nothing" if release is None else f"r{release.number}"


def _reason(trial: Trial) -> str:
    decisive, came = trial.decisive, trial.deployment
    if trial.fate in ("on trial", "watched"):
        return ""
    if decisive is not None and decisive.kind == "bad":
        return decisive.reason
    if came is not None and came.reason and trial.fate in ("undone", "unknown", "going back", "stuck"):
        return came.reason
    if decisive is not None:
        return decisive.reason
    return _why_not(trial)


def _why_not(trial: Trial) -> str:
    """Why there is no verdict."""
    if trial.fate in ("not deployed", "coming", "undone", "unknown"):
        return ""
    if trial.before is None:
        return "Nothing served beside or before it, so there was nothing to compare it with."
    if not trial.traffic.judge:
        return "`traffic.judge` is off in its shipway.yml."
    if trial.ended is not None:
        return "It lost its requests before there was a verdict."
    return "There was no verdict as long as the release before was kept warm."


def _went(trial: Trial) -> str:
    if trial.ended is None or trial.fate not in ("undone", "gone back"):
        return ""
    said = trial.decided is not None and bool(trial.decided.back)
    by_hand = trial.fate == "gone back" and trial.who not in ("", "shipway") and not said
    who = f"{trial.who} took it back. " if by_hand else ""
    return f"{who}It had requests for {length(trial.had_in_all)}."


def so_far(trial: Trial, verdict: Verdict) -> str:
    """What is known of it at this moment, and what is waited for, where its page is not the one that is read."""
    return f"{moves.so_far(verdict)} {next_move(trial, verdict)}".strip()


def next_move(trial: Trial, verdict: Verdict) -> str:
    """What the judge waits for, who says `verdict` at this moment; before it has looked, only by when it ends."""
    if trial.fate == "on trial" and verdict.reason == NOT_LOOKED:
        then = moves.goes_back(keeps=trial.moves[-1].keeps)
        return f"If nothing can be heard, {then} at {clock(trial.deadline or 0.0)}."
    return moves.says(verdict, asking=trial.asking)


def _next(trial: Trial) -> str:
    if trial.fate == "on trial":
        others = f", beside {named(trial.before)} with the other {100 - trial.share} %"
        return f"Judged since {clock(trial.moves[-1].at)}{others}."
    if trial.asking:
        others = f"beside {named(trial.before)} with the other {100 - trial.share} %"
        since = f"Judged since {clock(trial.moves[-1].at)}, {others}."
        return " ".join(part for part in (trial.moves[-1].reason, since) if part)
    if trial.stuck is not None:
        return f"{_capital(trial.stuck.cause)}. {_capital(trial.stuck.way_out)}."
    if trial.fate == "watched":
        return f"{named(trial.before)} is kept warm until then; a bad verdict gives it all requests back."
    return ""
