"""A release on trial: what production says of it, beside the one before or after it, brought before the judge.

    shares stand ─► a look, four a second ─► nothing against it for as long as it is held ─► the next move
                          ├── bad: everything goes back, and the commit is quarantined
                          └── nothing can be heard: held, and at the deadline everything goes back

That nothing is heard is never a pass (promise 5). That few people come is another fact: the judge then asks for
the application's own paths, and what it cannot know is recorded as not known. While both releases fail, or a probe
or an invariant is not known that was, nothing is heard of the new one: such times use up nothing of that for which
a share is held. A trial can be begun anew at any moment: what was seen before is on the disk and is played again.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from shipway.errors import DeploymentStopped
from shipway.incidents.letter import listed
from shipway.signals.judge import Clocks, Judge, Step, step, waits
from shipway.signals.verdict import Verdict
from shipway.signals.waits import Move
from shipway.state import deployments, runs
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.story import unanswered
from shipway.story.cast import Cast
from shipway.story.evidence import Evidence
from shipway.traffic.plan import Judged

ENOUGH = 10  # requests after which a release that fails hardly any does better than one that fails them all
LOOK = 0.25  # seconds between two looks, where none is waited for


class BadVerdict(DeploymentStopped):
    """Production speaks against the release: everything goes back, and its commit does not return."""

    id = "signals.bad_verdict"

    def __init__(self, release: Release, share: int, verdict: Verdict) -> None:
        super().__init__(
            f"r{release.number} was taken back at {share} % of the requests: {verdict.reason}",
            hint=f"shipway judge r{release.number} --env {release.environment} shows the numbers, "
            "and which exception it was once that is known.",
        )
        self.share = share
        self.verdict = verdict


class NotJudged(DeploymentStopped):
    """What production says did not arrive in time: everything goes back, and nobody is blamed."""

    id = "signals.not_judged"
    default_hint = "The routers' own words are in proxy/ of the data directory; then deploy it again."

    def __init__(self, message: str, *, hint: str = "", share: int = 0, verdict: Verdict | None = None) -> None:
        super().__init__(message, hint=hint)
        self.share = share
        self.verdict = verdict
        """What was counted of the share by then, where anything was: never good."""


class NoAnswers(NotJudged):
    """Requests waited for the release, and it answered none: everything goes back, and its commit is not held."""

    id = "signals.no_answers"
    default_hint = "The log of the release may say what its requests wait for; mend that, and push again."


class NewQuestionUnanswered(NotJudged):
    """A probe or an invariant that came with the release says nothing: everything goes back, and its commit is not
    held.
    """

    id = "signals.new_question_unanswered"
    default_hint = "Mend what is asked, or the question in shipway.yml, and push again."


class HeardTooShort(NotJudged):
    """It was heard, but not for long enough to be judged: everything goes back, and nobody is blamed."""

    id = "signals.heard_too_short"
    default_hint = "Leave it more time: `hold` and `deadline` under `traffic` in shipway.yml."


NOT_JUDGED = (NotJudged.id, NoAnswers.id, NewQuestionUnanswered.id, HeardTooShort.id)


class TakenBack(DeploymentStopped):
    """Somebody asked for the release before while this one was tried."""

    id = "signals.taken_back"


def too_short(heard: float, condition: Judged) -> str:
    """What to do where production is heard, but was not for long enough."""
    return (
        f"It was heard for {heard:.0f} of the {condition.hold:.0f} s of `hold` in {condition.deadline:.0f} s. "
        "A longer `deadline` or a shorter `hold` under `traffic` in shipway.yml leaves time to judge."
    )


def look_at_its_log(release: Release) -> str:
    """What to do where requests wait for a release, and none is answered."""
    log = f"shipway logs --env {release.environment} --release r{release.number}"
    return f"`{log}` shows what it said while they waited; mend it, and push again."


def look_at_its_questions(release: Release) -> str:
    """What to do where a probe or an invariant says nothing."""
    return (
        f"`shipway judge r{release.number} --env {release.environment}` shows what was answered instead; "
        "mend what is asked there, or the question in shipway.yml, and push again."
    )


def once_more(cast: Cast, deployment: Deployment) -> str:
    """What to do where a release could not come because of something else."""
    with cast.database.read() as conn:
        number = runs.get(conn, deployment.run).number
    return f"See what both depend on; `shipway retry {number}` brings it once that is back."


def check_wanted(cast: Cast, conn: Connection, deployment: Deployment, release: Release) -> None:
    """Raises TakenBack when somebody asked for the release before while this one was tried."""
    who = deployments.taken_back_by(conn, deployment) or cast.unrecorded.get(deployment.id)
    if who is not None:
        again = f"`shipway deploy {release.commit[:7]} --env {release.environment}` tries it again."
        raise TakenBack(f"{who} took r{release.number} back while it was tried.", hint=again)


class Trial:
    """The trial of the release that `deployment` brings, beside `before`."""

    def __init__(self, cast: Cast, deployment: Deployment, release: Release, before: Release) -> None:
        self._cast = cast
        self._deployment = deployment
        self._release = release
        self._judge = Judge()
        self._evidence = Evidence(cast, deployment, release, before)
        self._heard: defaultdict[float, float] = defaultdict(float)
        self._out: defaultdict[float, float] = defaultdict(float)
        self._unanswered: defaultdict[float, float] = defaultdict(float)
        self._stands, self._stands_heard = 0.0, 0.0

    def look(self, *, asks: bool = False) -> Verdict:
        """Shows the judge what came since the last look; what it says now, for everybody to read.

        `asks`: where it only doubts, whoever looks gives a share back to the release before.
        """
        self._judge.asks = asks
        verdict = self._hear()
        if not self._is_another_tried:
            self._publish(verdict)
        return verdict

    def _publish(self, verdict: Verdict) -> None:
        self._cast.so_far[self._place] = (self._deployment.id, verdict)

    @property
    def _place(self) -> tuple[str, str]:
        return self._release.application, self._release.environment

    @property
    def _is_another_tried(self) -> bool:
        """Whether what comes after this release, which is watched still, is before the judge already."""
        known, _verdict = self._cast.so_far.get(self._place, (self._deployment.id, None))
        return known != self._deployment.id and self._cast.busy(*self._place)

    def _hear(self) -> Verdict:
        for interval in self._evidence.news():
            heard = self._judge.heard
            self._judge.see(interval)
            heard = self._judge.heard - heard
            if self._judge.both_fail:
                self._out[interval.share] += heard
                heard = 0.0
            elif self._judge.unanswered:
                self._unanswered[interval.share] += heard
                heard = 0.0
            self._heard[interval.share] += heard
            if interval.share != self._stands:
                self._stands, self._stands_heard = interval.share, 0.0
            self._stands_heard += heard
            if interval.new.errors and self._judge.suspects:
                self._cast.collector.hurry()
        return self._verdict

    @property
    def _verdict(self) -> Verdict:
        """The judge's, with what this release did to the one before."""
        verdict, says = self._judge.verdict(), self._evidence.shaken.says
        return replace(verdict, reason=f"{says} {verdict.reason}") if says and verdict.kind != "bad" else verdict

    @property
    def doubts(self) -> bool:
        """Whether it looks as if it had become worse since it has all requests."""
        return self._judge.doubts

    @property
    def hears_out(self) -> bool:
        """Whether the release before, asked for slow requests, is still to say how long it takes."""
        return self._judge.hears_out

    def doubt(self) -> Verdict:
        """Why, with the numbers."""
        return self._judge.doubt()

    def step(self, share: int, condition: Judged, waited: float) -> Step:
        """What is to be done after `waited` seconds with a share that was given after all others."""
        heard = self._stands_heard if self._stands == share / 100 else 0.0
        return step(self._judge.verdict(), self._clocks(condition, heard, waited, listens=0.0))

    def hold(self, share: int, condition: Judged, following: int, *, keeps: bool = False) -> Verdict:
        """Returns the verdict with which the next move may be made, which gives it `following` of 100 requests:
        good, or not known where few people come. One that `keeps` its share is frozen where others go back.

        Raises BadVerdict, NotJudged at the deadline, and TakenBack when somebody asks for the release before.
        """
        stood, began = self._stood(share), time.monotonic()
        move = Move(following, time.time() - stood, keeps)
        while True:
            seen = self._cast.collector.looks
            verdict, waited = self._hear(), stood + time.monotonic() - began
            clocks = self._clocks(condition, self._heard[share / 100], waited, listens=self._judge.listens)
            then = step(verdict, clocks)
            self._publish(replace(verdict, waits=waits(verdict, clocks, move, self._judge.count)))
            if then.quarantine:
                raise BadVerdict(self._release, share, verdict)
            with self._cast.database.read() as conn:
                check_wanted(self._cast, conn, self._deployment, self._release)
            if then.act == "go on" or self._alone_works(verdict):
                return verdict
            if then.act == "go back":
                raise self._not_judged(share, condition, waited)
            self._cast.collector.wait(seen, timeout=2 * LOOK)

    def _alone_works(self, verdict: Verdict) -> bool:
        """Whether nothing is to be waited for: its release command ended what serves, and it does well itself, as
        far as few requests can tell.
        """
        if verdict.kind == "bad" or verdict.doubtful or self._judge.unheard > 0:
            return False
        return self._judge.requests >= ENOUGH and self._evidence.shaken.all_with_the_old

    def _not_judged(self, share: int, condition: Judged, waited: float) -> NotJudged:
        """With whose trouble it may be: of what both depend on, of the signals, its own, or of the settings."""
        release, heard = self._release, self._heard[share / 100]
        said = f"r{release.number} could not be judged in {waited:.0f} s. {self._verdict.reason}"
        seen = self._never_good(heard, condition)
        if self._judge.both_fail or self._missed(self._out, share, condition):
            return NotJudged(said, hint=once_more(self._cast, self._deployment), share=share, verdict=seen)
        if self._judge.silent:
            return NotJudged(said, share=share, verdict=seen)
        if came := self._judge.unanswered_anew:
            asked = f"{listed(came)} {'is' if len(came) == 1 else 'are'} new with this commit. "
            hint = f"{asked}{unanswered.before(self._cast, release, came)}{look_at_its_questions(release)}"
            return NewQuestionUnanswered(said, hint=hint, share=share, verdict=seen)
        if self._judge.unanswered or self._missed(self._unanswered, share, condition):
            return NotJudged(said, hint=look_at_its_questions(release), share=share, verdict=seen)
        if self._judge.unheard:
            return NoAnswers(said, hint=look_at_its_log(release), share=share, verdict=seen)
        return HeardTooShort(said, hint=too_short(heard, condition), share=share, verdict=seen)

    def _never_good(self, heard: float, condition: Judged) -> Verdict:
        """What was counted of a share that goes back because it was not heard for long enough."""
        verdict = self._verdict
        if verdict.kind != "good":
            return verdict
        why = f"It was heard for {heard:.0f} of {condition.hold:.0f} s, too short to tell. {verdict.reason}"
        return replace(verdict, kind="not known", reason=why)

    def _missed(self, times: Mapping[float, float], share: int, condition: Judged) -> bool:
        """Whether only this time was missing for its share to have been held long enough."""
        missed = times.get(share / 100, 0.0)
        return missed > 0 and self._heard[share / 100] + missed >= condition.hold

    def _clocks(self, condition: Judged, heard: float, waited: float, *, listens: float) -> Clocks:
        judge = self._judge
        return Clocks(heard, judge.unheard, listens, waited, condition.hold, condition.deadline, judge.unknown)

    def _stood(self, share: int) -> float:
        """For how many seconds the share has been tried already: a trial that goes on keeps its deadline."""
        with self._cast.database.read() as conn:
            since = next((at for at, of in deployments.shares(conn, self._deployment) if of == share), time.time())
        return max(0.0, time.time() - since)
