"""What the judge says: good, bad or not known, and the numbers it says it from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import sqrt
from typing import Any, Literal

from shipway.signals.waits import Waits

Kind = Literal["good", "bad", "not known"]
RESTARTS = "restarts"
FAILED = "failed requests"
SLOW = "slow requests"
CHECKS = "failures of "
NOTICEABLE = 2.0
"""Evidence below which nothing is said of it."""
DOUBTFUL = 10.0
"""Evidence with which a release gets no larger share yet; chance alone shows as much in a tenth of comparisons."""
NEW_QUESTION = "the question is new: there is nothing to compare it with, and it may itself be wrong"
UNASKED = "the old one was not asked this"
"""Of a question that is not new, and that was not answered lately either."""
COVERS = (
    "Failed requests count from the first on, durations once an instance is warm; what was sent while its share "
    "was larger counts for neither."
)
"""Of which requests the numbers are: why those of durations are fewer than those of failures."""
STRONG = 100.0
"""Evidence from which on a finding alone speaks against a release."""
UNCOMPARED = "nothing served beside it to compare with"
"""Said instead of a chance, which is known only of what was dealt out to both."""
UNCOUNTED = "not counted: nothing served beside it"
"""Of what a release did alone, where the one before can be asked: it raises a doubt, and is no evidence."""


@dataclass(frozen=True)
class Finding:
    """One thing that was compared: of `of` observations of each release, `count` were bad.

    `evidence` is an e-value: how many times likelier what was seen is if the new release is worse than if it is
    not. It may be looked at as often as one likes; by chance it exceeds N at most once in N comparisons.
    `beside`: both served in the same time. Otherwise the old release's numbers are from before, and what happened
    to the world in between counts against the new one. `why_not`: why there is nothing to compare yet. Of a
    question, `says` is its last bad answer, as far as that is known; `new_question`: the old release lacks it.
    `share`: of 100 requests the new release had so many while this was counted; 0 where it is of all that time.
    What was counted at several shares is several findings of one evidence, which stands with the first of them
    and is 0 with the others. `uncounted`: why it is told all the same, and is no evidence.
    """

    what: str
    new_count: int
    new_of: int
    old_count: int
    old_of: int
    evidence: float
    beside: bool = True
    why_not: str = ""
    says: str = ""
    new_question: bool = False
    share: int = 0
    uncounted: str = ""

    @property
    def new_share(self) -> float:
        return self.new_count / self.new_of if self.new_of else 0.0

    @property
    def old_share(self) -> float:
        return self.old_count / self.old_of if self.old_of else 0.0


def counted(what: str, count: int, of: int) -> str:
    """What a finding counted of one release: `9 of 18 requests`, `1 of 40 times`, `2 restarts`."""
    if what == RESTARTS:
        return f"{count:,} restart{'' if count == 1 else 's'}"
    noun = "time" if what.startswith(CHECKS) else "request"
    return f"{count:,} of {of:,} {noun}{'' if of == 1 else 's'}"


def titled(one: Finding) -> str:
    """What was compared, and of which time its numbers are where a verdict may have two rows of the same."""
    if one.why_not or one.what == RESTARTS or one.what.startswith(CHECKS):
        return one.what
    if one.share:
        return f"{one.what}, at {one.share} %"
    return f"{one.what}, {'both serving' if one.beside else 'serving alone'}"


def noted(one: Finding) -> str:
    """What has to be known of a question besides its counts: what was answered, and that it is new."""
    return "; ".join(filter(None, (one.says, NEW_QUESTION if one.new_question else "")))


def is_unasked(one: Finding) -> bool:
    """Whether it is a question to which the old release gave no answer: there is nothing to compare."""
    return one.what.startswith(CHECKS) and not one.old_of


def slower_than(milliseconds: int) -> str:
    """What a finding on durations is called."""
    return f"requests slower than {milliseconds} ms"


def by_chance(evidence: float) -> str:
    """What the evidence of the comparisons that decide means: how rarely a release that is no worse shows as much.

    Said of a verdict, once: each finding has a number of its own, which is not the one that decides.
    """
    return f"by chance at most once in {f'{evidence:,.0f}' if evidence < 1e6 else 'a million'} deployments"


def weight(one: Finding) -> str:
    """How far one finding speaks against the new release, in words; nothing where there is nothing to compare."""
    if one.why_not:
        return ""
    if one.uncounted:
        return one.uncounted
    if not one.evidence:
        return "counted with the one above"
    if one.evidence < NOTICEABLE:
        return "no more than chance brings" if one.beside else UNCOMPARED
    return "speaks against it" if one.evidence >= STRONG else "perhaps against it"


def too_few(least: int) -> str:
    """Why a few bad requests are no evidence, however unlikely they are."""
    return f"too few to count: {least} are the least"


def apart(one: Finding) -> float:
    """By how much the shares of both releases differ, in units of what chance does to them."""
    share = (one.new_count + one.old_count + 1) / (one.new_of + one.old_of + 2)
    return (one.new_share - one.old_share) / sqrt(share * (1 - share))


def at_each_share(whole: Finding, each: Mapping[float, Finding]) -> tuple[Finding, ...]:
    """A finding as those of `each` share (0 to 1) at which requests were dealt out, the one that says most first:
    of what came at different shares the sums of both releases are of different times, and cannot be compared.
    """
    seen = [replace(one, evidence=0.0, share=round(100 * share)) for share, one in each.items() if one.new_of]
    if len(each) < 2 or not seen:
        return (whole,)
    most = max(reversed(seen), key=apart)
    return (replace(most, evidence=whole.evidence), *(one for one in seen if one is not most))


def finding(recorded: Mapping[str, Any]) -> Finding:
    """The finding that stands in the record as a mapping of its fields."""
    return Finding(**recorded)


@dataclass(frozen=True)
class Verdict:
    """`reason` is one sentence for people; `findings` the worst first. `waits` is what the next move waits for
    meanwhile, where a share is held.
    """

    kind: Kind
    reason: str
    findings: tuple[Finding, ...] = ()
    waits: Waits | None = None

    @property
    def numbers(self) -> list[dict[str, Any]]:
        """The findings, as they are recorded."""
        return [asdict(each) for each in self.findings]

    @property
    def doubtful(self) -> bool:
        """Whether something speaks against the release, though not enough to take it back."""
        return any(each.evidence >= DOUBTFUL for each in self.findings)
