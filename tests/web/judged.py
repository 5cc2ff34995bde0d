"""Releases before the judge, one of each kind, told through the record's own functions."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict

from shipway.signals.verdict import Finding, Verdict
from shipway.signals.waits import Count, Move, Waits
from shipway.state import deployments, facts, holds, messages, releases, runs
from shipway.state.deployments import Deployment
from shipway.state.messages import Draft
from shipway.state.runs import Run
from shipway.story import condemn
from shipway.story.migrations import NoWayBack
from support.receivers import MAIL
from support.said import Answers, Happening, kept
from web.scene import Scene

MINUTE = 60.0
HOSTILE = "<img src=x onerror=alert(1)>"

BAD = (
    "Failed requests: 9 of 18 of the new release, 0 of 172 of the old one in the same time; "
    "by chance at most once in 671 deployments."
)
FEW = "12 requests are too few to tell; 50 are enough."
SILENT = "Nothing was heard for 5 s."
FAILING = (
    Finding("failed requests", 9, 18, 0, 172, 1243.2),
    Finding("requests slower than 40 ms", 5, 9, 88, 172, 1.02),
    Finding(f"failures of GET /{HOSTILE}", 1, 12, 0, 12, 0.9),
    Finding("restarts", 1, 2, 0, 2, 2.6),
)


DOUBT = "Failed requests: 7 of 9 of the new release, 4 of 1,720 of the old one before."
DOUBTED = Finding("failed requests", 7, 9, 4, 1720, 1.0, beside=False)
COLD = Finding("slow requests", 0, 0, 0, 0, 1.0, why_not="warming up: 12 of 20 requests")


def fine(requests: int) -> Verdict:
    reason = (
        f"Nothing speaks against {requests:,} requests; failed requests: 1 of {requests:,} of the new release."
    )
    return Verdict("good", reason, (Finding("failed requests", 1, requests, 6, 9 * requests, 0.8),))


def waiting_for(requests: int) -> Verdict:
    """Of a share that was heard for 12 of 60 seconds, with so few requests."""
    waits = Waits("hold", Move(50, 0.0), 600.0, 48.0, 12.0, 60.0, Count(requests, 50, 30.0))
    return Verdict("not known", f"{requests} requests are too few to tell; 50 are enough.", waits=waits)


class Trials:
    """Tells of an application whose r1 has served for a day, and of what came after it."""

    def __init__(self, scene: Scene, application: str) -> None:
        self.scene, self.application = scene, application
        scene.until(24 * 60 * MINUTE)
        scene.application(application)
        self.first = scene.deliver(scene.push(application, "Charge in cents"))

    def comes(
        self, seconds_ago: float, subject: str, release: Mapping[str, str] | None = None, **traffic: object
    ) -> tuple[Run, Deployment]:
        """The next commit is about to get its first requests in prod; with a release command, if it has one."""
        self.scene.until(seconds_ago + 30)
        run = self.scene.push(self.application, subject, who="ben")
        command = {} if release is None else {"release": dict(release)}
        self.scene.green(run, traffic={"strategy": "canary", **traffic}, **command)
        self.scene.deploy(run, "dev")
        self.scene.deploy(run, "test")
        self.scene.until(seconds_ago)
        return run, self.scene.begin_deployment(run, "prod")

    def share(self, deployment: Deployment, share: int, **said: object) -> None:
        with self.scene.database.write() as conn:
            deployments.enter(conn, deployment, "try", {"share": share, **said})

    def judge(self, deployment: Deployment, share: int, verdict: Verdict) -> None:
        with self.scene.database.write() as conn:
            condemn.judge(conn, deployment, share, verdict)

    def serves(self, deployment: Deployment, warm_for: float = 0.0) -> None:
        with self.scene.database.write() as conn:
            release = releases.get(conn, deployment.release)
            until = self.scene.now + warm_for
            releases.serve(conn, release, deployment=deployment.id, epoch=deployment.epoch, warm_until=until)
            deployments.switched(conn, deployment)
            deployments.end(conn, deployment, "done")

    def asked(self, deployment: Deployment, share: int) -> None:
        with self.scene.database.write() as conn:
            deployments.asked(conn, deployment, share, DOUBT, [asdict(DOUBTED)])

    def answered(self, deployment: Deployment, answer: Verdict) -> None:
        with self.scene.database.write() as conn:
            findings = [asdict(each) for each in answer.findings]
            deployments.answered(conn, deployment, answer.kind, answer.reason, findings)

    def condemned(self, run: Run, deployment: Deployment, share: int) -> None:
        """A bad verdict, the quarantine, who was told, and the branch that takes it back."""
        release = f"{self.application}.prod"
        with self.scene.database.write() as conn:
            good = releases.numbered(conn, self.application, "prod", 1)
            assert good is not None, release
            condemn.condemn(conn, deployment, good, share, Verdict("bad", BAD, FAILING))
            self._tell(conn, run)

    def _tell(self, conn, run: Run) -> None:  # type: ignore[no-untyped-def]
        about = {"application": self.application, "environment": "prod", "commit": run.commit, "run": run.id}
        subject = f"[{self.application}] prod is back on r1: {run.commit[:7]} was bad, {HOSTILE}"
        messages.write(
            conn, Draft("ben@example.org", f"bad {run.id}", "bad", subject, BAD, self.scene.now, **about)
        )
        messages.sent(conn, messages.recent(conn)[0], MAIL)

    def mended(self, run: Run, by: Run) -> None:
        """Whoever was told that it is bad is told that it is mended."""
        subject = f"{run.commit[:7]} is mended by others"
        with self.scene.database.write() as conn:
            first = next(iter(messages.recent(conn, application=self.application, commit=run.commit)))
            draft = Draft(
                first.person,
                f"fixed {first.id}",
                "fixed",
                subject,
                subject,
                self.scene.now,
                application=self.application,
                environment="prod",
                run=by.id,
                commit=by.commit,
                answers=first.id,
            )
            messages.write(conn, draft)

    def reverted(self, run: Run) -> None:
        branch = holds.revert_branch(run.commit)
        made = self.scene.commit(self.application, f"Revert {run.commit[:7]}", "ben", branch)
        with self.scene.database.write() as conn:
            data = {"branch": branch, "commit": made}
            facts.record(
                conn,
                "revert.ready",
                application=self.application,
                run=run.id,
                environment="prod",
                commit=run.commit,
                who="shipway",
                data=data,
            )

    def goes_bad(self, seconds_ago: float, subject: str) -> Run:
        """A commit that is tried on 10 % of the requests, and taken back."""
        run, deployment = self.comes(seconds_ago, subject)
        self.share(deployment, 10)
        self.condemned(run, deployment, 10)
        self.undone(run, deployment, "r2 was taken back at 10 % of the requests", "signals.bad_verdict")
        return run

    def undone(self, run: Run, deployment: Deployment, reason: str, error: str) -> None:
        with self.scene.database.write() as conn:
            deployments.give_up(conn, deployment, reason, "")
        self.scene.now += 0.04
        with self.scene.database.write() as conn:
            deployments.switched_back(conn, deployment)
        self.scene.now += 0.36
        with self.scene.database.write() as conn:
            deployments.end(conn, deployment, "failed", reason)
        self.scene.remark(run, "run.stopped", id=error, at="deploy", message=reason, hint="")
        self.scene.end(run, "failed", reason)


def good(scene: Scene) -> None:
    told = Trials(scene, "good")
    run, deployment = told.comes(15 * MINUTE, "Say why a charge was refused")
    told.share(deployment, 10)
    scene.until(14 * MINUTE)
    told.judge(deployment, 10, fine(1310))
    told.share(deployment, 50)
    scene.until(13 * MINUTE)
    told.judge(deployment, 50, fine(7840))
    told.serves(deployment)
    scene.end(run)
    scene.until(9 * MINUTE)
    told.asked(deployment, 25)
    scene.until(8 * MINUTE)
    told.answered(deployment, fine(4210))
    scene.until(3 * MINUTE)
    told.judge(deployment, 100, fine(138_400))


def bad(scene: Scene) -> None:
    told = Trials(scene, "bad")
    run, deployment = told.comes(40, f"Take a charge once per key {HOSTILE}")
    told.share(deployment, 10)
    scene.until(31)
    told.condemned(run, deployment, 10)
    told.undone(run, deployment, f"r2 was taken back at 10 % of the requests: {BAD}", "signals.bad_verdict")
    told.reverted(run)


def unjudged(scene: Scene) -> None:
    told = Trials(scene, "unjudged")
    run, deployment = told.comes(12 * MINUTE, "Ask the gateway twice")
    told.share(deployment, 10)
    scene.until(2 * MINUTE)
    reason = f"r2 could not be judged in 600 s. {SILENT}"
    told.judge(
        deployment, 10, Verdict("not known", SILENT, (Finding("failed requests", 0, 12, 1, 108, 0.7), COLD))
    )
    told.undone(run, deployment, reason, "signals.not_judged")


def taken_back(scene: Scene) -> None:
    """All requests at once, and bad: a run of shipway's own brings r1 back."""
    told = Trials(scene, "blue-green")
    run, deployment = told.comes(3 * MINUTE, "Round to the nearest cent", strategy="blue_green")
    told.serves(deployment, warm_for=600)
    scene.end(run)
    scene.until(2 * MINUTE + 48)
    told.condemned(run, deployment, 100)
    scene.until(2 * MINUTE + 47)
    scene.roll_back("blue-green", "prod", told.first, who="shipway")
    told.reverted(run)


def stuck(scene: Scene) -> None:
    """Bad at a share, and nothing can go back past what it did to the data."""
    told = Trials(scene, "stuck")
    run, deployment = told.comes(6 * MINUTE, "Drop the old ledger")
    told.share(deployment, 10)
    scene.until(5 * MINUTE)
    told.condemned(run, deployment, 10)
    with scene.database.write() as conn:
        left = condemn.leave_stuck(conn, deployment, NoWayBack("r2 changed the data irreversibly.", by=2))
        deployments.end(conn, deployment, "stuck", f"{left.says}.")
    scene.end(run, "failed", f"{left.says}.")


def asked(scene: Scene) -> None:
    """It looked bad soon after it had everything, and the one before has most requests at this moment."""
    told = Trials(scene, "asked")
    run, deployment = told.comes(3 * MINUTE, "Ask the bank in the background", strategy="blue_green")
    told.serves(deployment, warm_for=600)
    scene.end(run)
    scene.until(12)
    told.asked(deployment, 25)


def unheard_of(scene: Scene) -> None:
    """Nothing was ever judged: r1 came first. Its dev and prod are frozen, and another commit waits in test."""
    told = Trials(scene, "alone")
    scene.until(5 * MINUTE)
    scene.deliver(scene.push("alone", "Charge in euros"), environments=("dev", "test"))
    with scene.database.write() as conn:
        holds.freeze(conn, "alone", "dev", why="Month end", who="ben", until=None)
        holds.freeze(conn, "alone", "prod", why=f"Month end {HOSTILE}", who="ben", until=scene.real + 3600)
    assert told.first


def on_trial(scene: Scene) -> None:
    told = Trials(scene, "trying")
    _run, deployment = told.comes(80, "Keep the receipt")
    told.share(deployment, 10)
    scene.until(20)
    told.judge(deployment, 10, Verdict("not known", FEW, (Finding("failed requests", 0, 12, 1, 108, 0.7), COLD)))
    told.share(deployment, 50)


SAID: Mapping[str, Happening] = {
    "good": lambda ago: _moves(ago, ((15, 10), (14, 50), (13, 100), (9, 25), (8, 100)), 0.001),
    "asked": lambda ago: _moves(ago, ((3, 100), (0.2, 25)), 0.001 if ago > 15 else 0.4),
    "bad": lambda ago: _moves(ago, ((40 / 60, 10), (31 / 60, 0)), 0.5),
    "unjudged": lambda ago: {} if 2 < ago / 60 < 11.7 else {1: (20, 0.001, 40)},
    "blue-green": lambda ago: _moves(ago, ((3, 100), (2.78, 0)), 0.5),
    "stuck": lambda ago: _moves(ago, ((6, 10),), 0.5),
    "alone": lambda ago: {1: (3, 0.001, 40)},
    "trying": lambda ago: _moves(ago, ((80 / 60, 10), (20 / 60, 50)), 0.001),
}
"""What was read of them, by application."""


def everything(scene: Scene) -> None:
    with scene.history():
        for tell in (good, bad, unjudged, taken_back, stuck, asked, unheard_of, on_trial):
            tell(scene)
    for application, happening in SAID.items():
        late = time.time() - scene.real  # which telling took
        kept(scene.places, application, "prod", lambda ago: happening(ago - late), seconds=1200)  # noqa: B023


def and_done_again(scene: Scene) -> None:
    """All of that, and a run that was cancelled and done again: its row says from which run on it counts."""
    everything(scene)
    scene.application("again")
    scene.begin(cancelled := scene.push("again", "Wait for the bank"))
    scene.end(cancelled, "cancelled", "ben cancelled it")
    with scene.database.write() as conn:
        again = runs.repeat(conn, cancelled, "ben")
    scene.deliver(again)


def _moves(ago: float, moves: tuple[tuple[float, int], ...], failing: float) -> Mapping[int, Answers]:
    """20 requests a second, of which r2 gets a share from so many minutes ago on."""
    share = next((share for since, share in reversed(moves) if ago <= since * MINUTE), 0)
    said: dict[int, Answers] = {1: (0.2 * (100 - share), 0.0008, 40)}
    if share or ago < moves[0][0] * MINUTE < moves[-1][0] * MINUTE + 5:
        said[2] = (0.2 * share, failing, 44)
    return said
