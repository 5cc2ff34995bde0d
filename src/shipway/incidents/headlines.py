"""What stands in the subject of a mail and on a telephone: which environment, which release, and what."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from shipway.incidents.cause import Cause
from shipway.incidents.letter import shortened
from shipway.signals.verdict import CHECKS, FAILED, RESTARTS

LONGEST = 70  # characters of what happened
ABOUT_HALF = (0.45, 0.55)
FEW = 20  # requests of which a share says less than their number
_END = re.compile(r"[:.;] |[.;]$")


def of(cause: Cause, *, is_back: bool) -> str:
    """The headline of a cause; `is_back`: something else serves instead by now."""
    commit, brief = (cause.commit or "")[:7], cause.brief or first_words(cause.what)
    which = commit if cause.release is None else f"r{cause.release}"
    there = f"{cause.environment}: " if cause.environment else ""
    if cause.stuck:
        bad = "is bad and " if cause.kind == "bad" else ""
        return f"{there}{which} {bad}stays, you decide: {brief}"
    taken = "taken back" if is_back else "is being taken back"
    return {
        "stopped": f"{brief} on {commit}",
        "undone": f"{there}{commit} does not serve, {brief}",
        "bad": f"{there}{which} {taken}, {brief}",
        "silent": f"{there}{which} {taken}, {brief}",
        "error": f"{there}{f'{which} has ' if which else ''}{brief}",
        "failing": f"{there}{brief}",
        "machine": f"Shipway needs its owner: {brief}",
        "well": f"Shipway is well again: {brief}",
    }[cause.kind]


def waits(cause: Cause) -> str:
    """The headline for who wrote what does not get on meanwhile."""
    what = cause.brief or first_words(cause.what)
    return f"{(cause.commit or '')[:7]} waits: {what[:1].lower()}{what[1:]}"


def worst(findings: Sequence[object]) -> str:
    """What is worst about a release, from what the judge found, the worst first."""
    finding = next(iter(findings), None)
    if not isinstance(finding, Mapping):
        return "worse than what served before"
    what = str(finding.get("what", ""))
    if what.startswith(CHECKS):
        asked = what.removeprefix(CHECKS)
        return f"{asked}, a new question, failed" if finding.get("new_question") else f"{asked} failed"
    if what == RESTARTS:
        return "its instances restarted"
    if what == FAILED:
        return f"{_part(finding.get('new_count') or 0, finding.get('new_of') or 0)} requests failed"
    return "its requests are slower"


def error(title: str, *, back: bool) -> str:
    return f"{'an error again' if back else 'a new error'}, {shortened(title, LONGEST)}"


def first_words(what: str) -> str:
    """The first part of a sentence."""
    return shortened(_END.split(what.strip(), maxsplit=1)[0], LONGEST)


def _part(count: int, of: int) -> str:
    if 1 < of < FEW:
        return f"{count} of {of}"
    if count >= of:
        return "all its" if of else "some of its"
    if ABOUT_HALF[0] <= count / of <= ABOUT_HALF[1]:
        return "half its"
    percent = 100 * count / of
    return f"{percent:.0f} % of its" if percent >= 1 else "some of its"
