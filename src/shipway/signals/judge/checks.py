"""Whether what is asked of an environment fails since the new release serves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shipway.signals.judge.against import Against
from shipway.signals.judge.past import UNKNOWN
from shipway.signals.judge.reading import Check
from shipway.signals.verdict import CHECKS, Finding


@dataclass(frozen=True)
class Unanswered:
    """A probe or an invariant that is not known at this moment, and why. `holds`: it holds the new release, with
    which it `came`.
    """

    name: str
    why: str
    holds: bool
    came: bool = False

    @property
    def finding(self) -> Finding:
        why_not = f"not known: {self.why}"
        return Finding(f"{CHECKS}{self.name}", 0, 0, 0, 0, 1.0, why_not=why_not, new_question=self.came)


class Asked:
    """One probe or invariant: a failure counts only while the old release passes it, or passed it last."""

    def __init__(self, flaky: float) -> None:
        self.old_failed = self.old_of = 0
        self.against: Against | None = None
        self.unanswered: Unanswered | None = None
        self._flaky = flaky
        self._old_passed = True
        self._says = ""
        self._unknown_before = False

    @property
    def old_fails(self) -> bool:
        return not self._old_passed and self.old_failed < self.old_of

    def finding(self, name: str) -> Finding:
        seen = self.against or Against(self._limit)
        return Finding(
            f"{CHECKS}{name}",
            seen.bad,
            seen.of,
            self.old_failed,
            self.old_of,
            seen.evidence,
            says=self._says,
            new_question=self._unknown_before and not self.old_of,
        )

    def see(self, check: Check) -> None:
        if not check.known:
            said = self.unanswered.why if self.unanswered is not None else "it was not answered"
            self.unanswered = Unanswered(check.name, check.says or said, check.holds, check.unknown_before)
            return
        if not check.new:
            self.old_failed, self.old_of = self.old_failed + (not check.passed), self.old_of + 1
            self._old_passed = check.passed
            return
        self.unanswered = None
        self._unknown_before = check.unknown_before
        if not check.passed:
            self._says = check.says or self._says
        self.against = self.against or Against(self._limit)
        if self._old_passed:
            self.against.see(int(not check.passed), 1)

    @property
    def _limit(self) -> float:
        """Fixed with the first result of the new release: by then its history is what it is."""
        if not self.old_of:
            return UNKNOWN
        return min(max(self._flaky, 2 * self.old_failed / self.old_of), 0.98)


class Checks:
    def __init__(self, flaky: float) -> None:
        self._asked: dict[str, Asked] = {}
        self._flaky = flaky

    @property
    def old_fails(self) -> bool:
        """Whether the old release, which is still warm, failed what it passed before."""
        return any(asked.old_fails for asked in self._asked.values())

    @property
    def unanswered(self) -> list[Unanswered]:
        """What is not known at this moment, what holds the release first."""
        found = [asked.unanswered for asked in self._asked.values() if asked.unanswered is not None]
        return sorted(found, key=lambda one: not one.holds)

    def see(self, check: Check) -> None:
        self._asked.setdefault(check.name, Asked(self._flaky)).see(check)

    def findings(self) -> Iterator[tuple[float, Finding]]:
        """Each with its part of the whole: the first a half, the next a sixth, a twelfth and so on."""
        for place, (name, asked) in enumerate(self._asked.items()):
            if asked.against is not None:
                yield 1 / ((place + 1) * (place + 2)), asked.finding(name)
