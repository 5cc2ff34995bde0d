"""Sees reading after reading, and says what is to be thought of the new release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from shipway.signals.judge import telling
from shipway.signals.judge.beside import Beside, More, Table
from shipway.signals.judge.checks import Checks, Unanswered
from shipway.signals.judge.doubt import SLOW_QUANTILE, Doubt
from shipway.signals.judge.earlier import Earlier
from shipway.signals.judge.later import Later
from shipway.signals.judge.listening import Listening
from shipway.signals.judge.mute import Mute
from shipway.signals.judge.past import Past
from shipway.signals.judge.policy import Policy
from shipway.signals.judge.ranks import Ranks
from shipway.signals.judge.reading import Reading
from shipway.signals.judge.restarts import Restarts
from shipway.signals.judge.together import Together
from shipway.signals.judge.warmth import Warmth
from shipway.signals.verdict import (
    CHECKS,
    FAILED,
    NOTICEABLE,
    RESTARTS,
    SLOW,
    UNCOUNTED,
    Finding,
    Verdict,
    at_each_share,
    too_few,
)
from shipway.signals.waits import Count

ERRORS = ((0.08, More(0.01)), (0.1, More(0.04)), (0.17, More(0.15)), (0.35, More(0.5)), (0.3, More(0.97)))


@dataclass(frozen=True)
class Part:
    """A finding, and what part of the stake at the beginning was put on it."""

    weight: float
    finding: Finding

    @property
    def worth(self) -> float:
        return self.weight * self.finding.evidence


class Judge:
    """Looks at one deployment. The same readings in the same order lead to the same verdict.

    `asks`: while the new release serves alone, who carries its readings here can give a share back to the old one
    whenever `doubts` says so. As long as that is so nothing is held against the new one that was not seen beside
    the old one, nor afterwards.
    """

    def __init__(self, policy: Policy | None = None, *, asks: bool = False) -> None:
        self.policy = policy or Policy()
        self.asks = asks
        self.heard = 0.0
        """Seconds for which the source was heard since the new release began to serve."""
        self.silent = 0.0
        """Seconds, up to the last reading, for which it was not."""
        self._mute = Mute()
        self._together = Together(self.policy.minimum_failures)
        self.requests = 0
        """What the new release answered so far."""
        self._past, self._lately = Past(), Past()
        """Of the old release: all, and since it was asked, over questions until that is enough."""
        self._share = self._settled_at = 0.0
        self._errors = Beside(ERRORS)
        self._slow = Ranks(self.policy.tolerance)
        self._restarts = Restarts(self.policy.restarts_an_hour)
        self._checks = Checks(self.policy.flaky)
        self._unanswered = 0.0
        self._later: Later | None = None
        self._doubt: Doubt | None = None
        self._earlier = Earlier()
        self._warmth = Warmth(self.policy)
        self._listening = Listening(self._warmth, self._past)
        self._old_out = self._asked_for_slowness = False
        self._bad: Verdict | None = None

    def see(self, reading: Reading) -> None:
        """Takes in the next interval. One that cannot be (a count below nothing) was not heard."""
        if not reading.sound:
            self.silent += reading.seconds
            return
        self.silent = 0.0
        for check in reading.checks:
            self._checks.see(check)
        holds = any(one.holds for one in self._checks.unanswered)
        self._unanswered = self._unanswered + reading.seconds if holds else 0.0
        if reading.share > 0:
            self._compare(reading)
        if reading.share < 1:
            self._past.learn(reading.old, reading.seconds)
            self._lately.learn(reading.old, reading.seconds)
        self._listening.see(reading, self._slow.heard)
        if self._bad is None and self.evidence >= self.policy.proof:
            self._bad = Verdict("bad", self._why_bad(), self._findings())

    @property
    def unheard(self) -> float:
        """Seconds, up to the last reading, for which nothing was known: the source was silent, the new release did
        not answer one of the requests that wait for it, both releases failed, or a probe or an invariant that was
        known before was not.
        """
        return max(self.silent, self._mute.long, self.both_fail, self.unanswered)

    @property
    def unanswered(self) -> float:
        """Seconds, up to the last reading, for which a probe or an invariant that was known before, or
        came with the new release, was not known. Once the new one has served alone there is no share to hold, and
        this is 0.
        """
        return self._unanswered if self._later is None else 0.0

    @property
    def unanswered_anew(self) -> tuple[str, ...]:
        """The names of what holds the new release, if all of it came with that."""
        held = self._held_by if self.unanswered else []
        return tuple(one.name for one in held) if all(one.came for one in held) else ()

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of the probes and invariants that hold the new release, as they are not known."""
        return tuple(one.name for one in self._held_by) if self.unanswered else ()

    @property
    def _held_by(self) -> list[Unanswered]:
        return [one for one in self._checks.unanswered if one.holds]

    @property
    def both_fail(self) -> float:
        """Seconds, up to the last reading, for which both failed as the old one seldom did before the trial.

        Once the new one has served alone the old one is there to be compared with, and this is 0.
        """
        return self._together.long if self._later is None else 0.0

    @property
    def listens(self) -> float:
        """Seconds until enough durations of the new release are compared with the old one's, if requests go on to
        come as they did: 0 once they are, infinite while none come.
        """
        return self._listening.lasts

    @property
    def count(self) -> Count:
        """How many requests the new release has answered, and when they are enough."""
        enough = self.policy.enough_requests
        return Count(self.requests, enough, self._listening.comes(enough - self.requests))

    @property
    def doubts(self) -> bool:
        """Whether the new release looks worse than what was known of the old one before it served alone, or does
        not answer: reason enough to ask the old one, if it can be asked, and to go on asking.
        """
        return self._doubt is not None and (self._doubt.shows or self._mute.long > 0)

    @property
    def hears_out(self) -> bool:
        """Whether the old one, asked for slow requests, has answered too few to say how long it takes now: what is
        not waited for is asked again.
        """
        return self._share < 1 and self._asked_for_slowness and self._lately.place(SLOW_QUANTILE) is None

    @property
    def suspects(self) -> bool:
        """Whether failed requests speak against the new release, also where they are too few to be evidence."""
        return self._bad is None and self._errors.finding(FAILED).evidence > 1

    @property
    def evidence(self) -> float:
        """Everything compared so far as one e-value: a mean, weighted beforehand, of those of the parts."""
        return sum(part.worth for part in self._parts())

    def verdict(self) -> Verdict:
        """What is to be thought now. Bad stays bad; no data is never good."""
        if self._bad is not None:
            return self._bad
        findings = self._findings()
        if unknown := self._why_nothing_is_known():
            return Verdict("not known", unknown, findings)
        if self.requests < self.policy.enough_requests:
            return Verdict("not known", telling.too_few(self.requests, self.policy), findings)
        if self.evidence >= self.policy.doubt:
            return Verdict("not known", telling.unsure(findings[0]), findings)
        if unanswered := self._checks.unanswered:
            return Verdict("not known", telling.unanswered(unanswered, self._unanswered), findings)
        return Verdict("good", telling.good(findings, self.requests), findings)

    def _why_nothing_is_known(self) -> str:
        """Of what is heard now; empty where something is."""
        if self.silent:
            return telling.silent(self.silent)
        if self._mute.long:
            return telling.mute(self._mute.waiting, self._mute.long)
        if self.both_fail:
            return telling.together(self._together.lately)
        if self.unanswered:
            return telling.unanswered(self._checks.unanswered, self._unanswered)
        return telling.alike(self.doubt().findings) if self._fails_alike and self.doubts else ""

    def doubt(self) -> Verdict:
        """Why it `doubts`, with the numbers: compared with what was before, which decides nothing."""
        findings = () if self._doubt is None else self._doubt.findings()
        if findings or not self._mute.long:
            return Verdict("not known", telling.doubt(findings), findings)
        return Verdict("not known", telling.mute(self._mute.waiting, self._mute.long))

    # --- comparing

    def _compare(self, reading: Reading) -> None:
        self.heard += reading.seconds
        self.requests += reading.new.requests
        self._mute.see(reading, self._past.settles)
        self._restarts.see(reading)
        self._warmth.feel(reading, self._past.settles)
        before, self._share = self._share, reading.share
        self._old_out = reading.old_out
        if self._doubt is not None:
            if reading.share < before:
                self._asked_for_slowness = self._doubt.shows_slowness
            self._doubt.see(reading, self._warmth.warm)
        if reading.share >= 1:
            self._alone(reading, began=before < 1)
            return
        if reading.share != before:
            self._settled_at = self.heard + self._past.settles
            self._forget_open()
        if reading.share < before:
            if self._lately.place(SLOW_QUANTILE) is not None:
                self._lately = Past()
            self._earlier.fell(reading)
        else:
            self._earlier.see(reading)
            self._both(reading)

    def _both(self, reading: Reading) -> None:
        old, new = reading.old, reading.new
        table = self._earlier.without(Table(old.errors, old.requests, new.errors, new.requests))
        see = self._errors.see if self.heard > self._settled_at else self._errors.see_bad
        see(table, reading.share, self._past.failing, most=max(reading.share, reading.most))
        self._together.see(reading, self._past)
        if self._warmth.warm:
            self._slow.see(old, self._earlier.without_slow(new), reading.share, self._past)

    def _alone(self, reading: Reading, *, began: bool) -> None:
        if began:
            policy = self.policy
            self._doubt = Doubt(self._past, self._lately, policy.tolerance, policy.doubts_slower)
            self._doubt.see(reading, self._warmth.warm)
            self._later = Later(self._past, self.policy.later_tolerance)
        if not self._fails_alike and self._later is not None:
            self._later.see(reading, self._warmth.warm, counts=not self.asks)

    @property
    def _fails_alike(self) -> bool:
        """Whether the old release, without requests and still warm, fails as well: it is not the new one alone."""
        return self._share >= 1 and (self._checks.old_fails or self._old_out)

    def _forget_open(self) -> None:
        self._errors.drop()
        self._slow.drop()

    # --- telling

    def _why_bad(self) -> str:
        deciding = self._deciding()
        rows = [one for part in deciding for one in self._rows(part)]
        return telling.bad(rows, sum(part.worth for part in deciding))

    def _deciding(self) -> list[Part]:
        """The fewest, the worst first, that are proof by themselves; what says nothing is none of them."""
        found: list[Part] = []
        for part in self._worst_first():
            if sum(one.worth for one in found) >= self.policy.proof:
                break
            if part.finding.evidence >= NOTICEABLE:
                found.append(part)
        return found

    def _worst_first(self) -> list[Part]:
        return sorted(self._parts(), key=self._weight, reverse=True)

    def _rows(self, part: Part) -> list[Finding]:
        return [one for one in self._at_each_share(part.finding) if one.new_of]

    def _findings(self) -> tuple[Finding, ...]:
        told = [one for part in self._worst_first() for one in self._rows(part)]
        told += [one.finding for one in self._checks.unanswered]
        return tuple(told) if self._hears_durations else (*told, self._not_yet())

    def _at_each_share(self, whole: Finding) -> tuple[Finding, ...]:
        if not whole.beside or whole.what == RESTARTS or whole.what.startswith(CHECKS):
            return (whole,)
        seen = self._errors.at_each_share(FAILED) if whole.what == FAILED else self._slow.at_each_share()
        return at_each_share(whole, seen)

    @property
    def _hears_durations(self) -> bool:
        return self._slow.heard > 0 or (self._later is not None and self._later.slow().new_of > 0)

    def _not_yet(self) -> Finding:
        """Nothing is known of durations: that is told, with the reason."""
        return Finding(SLOW, 0, 0, 0, 0, 1.0, beside=self._later is None, why_not=self._listening.says)

    def _weight(self, part: Part) -> tuple[bool, float]:
        """What is slow because it fails is told as what fails, if that is proof by itself."""
        return part.finding.what == FAILED and part.worth >= self.policy.proof, part.worth

    def _parts(self) -> Iterator[Part]:
        """The weights never add up to more than 1."""
        yield Part(0.54, self._counted(self._errors.finding(FAILED)))
        yield Part(0.18, self._counted(self._slow.finding()))
        yield Part(0.06, self._restarts.finding())
        for share, finding in self._checks.findings():
            yield Part(0.07 * share, finding)
        if self._later is not None:
            yield Part(0.11, self._held_against(self._later.errors()))
            yield Part(0.04, self._held_against(self._later.slow()))

    def _held_against(self, finding: Finding) -> Finding:
        """What was seen while nothing served beside it: told, and no evidence where the old one can be asked."""
        if not self.asks:
            return self._counted(finding)
        return replace(finding, evidence=min(finding.evidence, 1.0), uncounted=UNCOUNTED)

    def _counted(self, finding: Finding) -> Finding:
        """A few bad requests are no evidence, however unlikely they are."""
        least = self.policy.minimum_failures
        if finding.new_count >= least:
            return finding
        why = too_few(least) if finding.evidence >= NOTICEABLE else ""
        return replace(finding, evidence=min(finding.evidence, 1.0), uncounted=why)
