"""A verdict's reason, in one sentence with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shipway.signals.judge.beside import Table
from shipway.signals.judge.checks import Unanswered
from shipway.signals.judge.policy import Policy
from shipway.signals.verdict import (
    FAILED,
    NEW_QUESTION,
    RESTARTS,
    UNASKED,
    UNCOMPARED,
    Finding,
    by_chance,
    is_unasked,
)

MANY = 0.05
"""The share of failed requests above which nobody would understand that nothing speaks against a release."""

NOT_BESIDE = f"{UNCOMPARED}, so what changed around it counts as well"
"""Instead of a chance, which is known only of what was dealt out to both."""

BOTH = "what both depend on may be out, so nobody can tell how this release does"

ALIKE = "The one before, still warm, fails at the same time: it is not known whether it is this release."


def bad(deciding: Sequence[Finding], evidence: float) -> str:
    """Of what decides, the worst first, each with what it counted at other shares; `evidence` is theirs together.

    Another share at which the new release was no worse took no part in it.
    """
    said = [one for one in deciding if one.evidence or one.new_share > one.old_share]
    told = "; ".join([numbers(said[0]), *map(_besides, said[1:])])
    if any(one.new_question for one in said):
        return f"{told}. {_sentence(NEW_QUESTION)}"
    if not all(one.beside for one in said):
        some = "where it is compared with before, " if any(one.beside for one in said) else ""
        return f"{told}; {some}{NOT_BESIDE}."
    return f"{told}; {'all together ' if len(said) > 1 else ''}{by_chance(evidence)}."


def _besides(one: Finding) -> str:
    """Another finding, or the numbers alone where it is the one above at another share."""
    return _lower(numbers(one)) if one.evidence else f"{_when(one)}, {_counts(one)}"


def unsure(worst: Finding) -> str:
    said = f"{numbers(worst)}: not enough to tell yet."
    return f"{said} {_sentence(NEW_QUESTION)}" if worst.new_question else said


def doubt(findings: Sequence[Finding]) -> str:
    """Of a release that serves alone."""
    return f"{'; '.join(map(numbers, findings))}." if findings else "It looked worse for a moment."


def alike(findings: Sequence[Finding]) -> str:
    """Of a release that looks worse while the one before, which has no requests, is not well either."""
    return f"{doubt(findings)} {ALIKE}" if findings else ALIKE


def together(lately: Table) -> str:
    """Of two releases that fail at the same time, by what both answered lately."""
    new, old = f"{lately.new_bad:,} of {lately.new_of:,}", f"{lately.old_bad:,} of {lately.old_of:,}"
    return f"Both releases fail: {new} requests lately, {old} of the old one. {_sentence(BOTH)}"


def good(findings: Sequence[Finding], requests: int) -> str:
    """The failed requests of each time by itself, so that the parts add up to the requests."""
    failed = [one for one in findings if one.what == FAILED and one.new_of]
    failed.sort(key=lambda one: (not one.beside, one.share))
    worse = any(one.new_share > MANY for one in failed)
    said = [f"{'No worse than the old one in' if worse else 'Nothing speaks against'} {requests:,} requests"]
    said += [f"{_when(one)}, {_lower(numbers(replace(one, share=0)))}" for one in failed[:1]]
    said += [f"{_when(one)}, {_counts(one)}" for one in failed[1:]]
    return f"{'; '.join(said)}."


def _when(one: Finding) -> str:
    if one.share:
        return f"at {one.share} %"
    return "while both served" if one.beside else "since it serves alone"


def _counts(one: Finding) -> str:
    """Without the words that were said of the one before."""
    old = f" and {one.old_count:,} of {one.old_of:,}" if one.beside else ""
    return f"{one.new_count:,} of {one.new_of:,}{old}"


def too_few(requests: int, policy: Policy) -> str:
    few = f"{requests} request{' is' if requests == 1 else 's are'} too few to tell"
    return f"{few}; {policy.enough_requests} are enough."


def silent(seconds: float) -> str:
    return f"Nothing was heard for {seconds:.0f} s."


def unanswered(asked: Sequence[Unanswered], seconds: float) -> str:
    """Of probes and invariants that are not known; `seconds` for which at least one held the release."""
    said = [f"{one.name}{f' for {seconds:.0f} s' if one.holds else ''} ({one.why})" for one in asked]
    return f"Nothing is known of {' or of '.join(said)}."


def mute(waiting: int, seconds: float) -> str:
    return f"{waiting:,} requests wait for the new release, and none was answered for {seconds:.0f} s."


def numbers(finding: Finding) -> str:
    at = f", at {finding.share} %" if finding.share else ""
    when = f"in the same time{at}" if finding.beside else "before"
    if finding.what == RESTARTS:
        return f"Restarts: {finding.new_count} of the new release, {finding.old_count} of the old one {when}"
    says = f" ({finding.says})" if finding.says else ""
    new = f"{finding.new_count:,} of {finding.new_of:,} of the new release{says}"
    return f"{finding.what[0].upper()}{finding.what[1:]}: {new}{_of_the_old(finding, when)}"


def _of_the_old(finding: Finding, when: str) -> str:
    if finding.new_question:
        return ""
    if is_unasked(finding):
        return f"; {UNASKED}"
    return f", {finding.old_count:,} of {finding.old_of:,} of the old one {when}"


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
