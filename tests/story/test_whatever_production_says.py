"""A canary is judged rightly whatever production says, and whatever stands beside it (BARS R9)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from shipway.incidents.channels import FIXED
from shipway.incidents.tell import Teller
from shipway.signals.questions import results
from shipway.signals.questions.answer import State
from shipway.signals.questions.results import Line
from shipway.signals.reading import Reading
from shipway.state import deployments, facts, messages, releases, runs
from shipway.state.runs import Run
from shipway.story.cast import Cast
from shipway.story.watch import Watch
from shipway.traffic.envoy.router import GROUP, MAIN
from support.hearing import Hearsay, Says, collecting, earlier, hear, read, tally
from support.scene import WEB_ONLY, Scene, a_scene, canary
from support.stopping import stopped
from support.visitors import Visitors
from support.workshop import NAME

AT_ONCE = WEB_ONLY.replace("warm: 60 s", "warm: 1 s")
INVARIANT = "invariants: {ledger: {command: ./audit, between: [0, 0], every: 5 m}}\n"
RATE = 60.0


def tried(hold: str, deadline: str) -> str:
    return canary(50, hold=hold, deadline=deadline, project=AT_ONCE)


@dataclass(frozen=True)
class Case:
    """What production says, and what has to come of it: `promoted`, `bad` or `unheard`.

    Without `says` it is so: people come (`visited`), and the new release answers one of `fails` of them with 500.
    """

    ends: str
    says: Says | None = None
    project: str = tried("500 ms", "1500 ms")
    visited: bool = False
    fails: int = 0
    past: int = 0


def slow(new: bool, _number: int) -> Reading:
    return read(tally(40, took=50 if new else 10), seconds=10)


CASES = {
    "good": Case("promoted", visited=True, project=tried("1.5 s", "20 s")),
    "no traffic": Case("promoted", project=tried("1.5 s", "20 s")),
    "bad": Case("bad", visited=True, fails=1, project=tried("10 s", "20 s")),
    "slow": Case("bad", slow, project=tried("1000 s", "1200 s"), past=10),
    "absent": Case("unheard", lambda _new, _number: None),
    "impossible": Case("unheard", lambda new, _number: read(tally(-3 if new else 20))),
    "stale": Case("unheard", lambda _new, number: read(tally(20)) if number < 1 else None),
    "error": Case("unheard", lambda _new, _number: read(tally(0), heard=False)),
}
"""What production says; of seconds that a reading tells some have passed faster than told."""


@dataclass
class Theatre:
    """One scene for all cases, with a stable release that is good and one that is bad."""

    scene: Scene
    good: str
    bad: str
    number: int = 0
    asked: list[str] = field(default_factory=list)

    def stand(self, *, bad: bool) -> None:
        """This one serves, and takes over at once if it did not."""
        commit = self.bad if bad else self.good
        if self.scene.serving().commit != commit:
            assert self.scene.deliver(self.scene.ordered(commit)) == "passed"

    def stand_asked(self) -> None:
        """One serves that has the invariant."""
        if self.scene.serving().commit not in self.asked:
            self.asked.append(self.scene.commit("asked", project=AT_ONCE + INVARIANT))
            assert self.scene.deliver(self.scene.ordered(self.asked[-1])) == "passed"

    def next(self, project: str, fails: int) -> str:
        self.number += 1
        return self.scene.commit(f"next {self.number}", project=project, fails=fails)

    def play(self, case: Case, *, restarted: bool) -> tuple[Run, str]:
        """Tries a new release; the run and its outcome."""
        scene, stable = self.scene, self.scene.serving()
        run = scene.ordered(self.next(case.project, case.fails))
        with ExitStack() as stack:
            hearsay = None
            if case.says is not None:
                hearsay = Hearsay(stable.name, case.says, earlier(range(case.past, 0, -1)))
                hear(scene.cast, hearsay)
            else:
                stack.enter_context(collecting(scene))
            if case.visited:
                stack.enter_context(Visitors(scene.cast.proxy.port, f"{NAME}.localhost", RATE))
            if restarted:
                with scene.crashing("deployment.try after"):
                    scene.deliver(run)
                assert set(scene.cast.proxy.serving(NAME, "prod").values()) == {50}
                if hearsay is not None:
                    hear(scene.cast, hearsay)
            return run, scene.deliver(run)


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    with a_scene(tmp_path_factory.mktemp("theatre")) as scene:
        good = scene.serves("good", project=AT_ONCE)
        yield Theatre(scene, good, scene.commit("bad", project=AT_ONCE, fails=2))


GOOD, BAD, RESTARTED = "a good stable release", "a bad stable release", "restarted"


@pytest.mark.parametrize("situation", [BAD, RESTARTED, pytest.param(GOOD, marks=pytest.mark.soak)])
@pytest.mark.parametrize("said", CASES)
def test_a_canary_is_judged_rightly(theatre: Theatre, said: str, situation: str) -> None:
    case, scene = CASES[said], theatre.scene
    theatre.stand(bad=situation == BAD)
    stable = scene.serving()
    run, outcome = theatre.play(case, restarted=situation == RESTARTED)
    told, kinds = [kind for _, kind in scene.verdicts(run)], scene.facts(run)
    assert kinds.count("deployment.try") == 1, "what is on record is not recorded again"
    if case.ends == "promoted":
        assert outcome == "passed"
        assert scene.serving().commit == run.commit
        assert told in (["good"], ["not known"])
        assert said != "no traffic" or told == ["not known"]
    else:
        assert ("taken back at 50 %" if case.ends == "bad" else "could not be judged") in outcome
        assert scene.shares() == {f"r{stable.number}": 100}
        assert scene.serving() == stable
        assert kinds.count("deployment.failed") == 1
        assert told == (["bad"] if case.ends == "bad" else ["not known"]), "kept, also of what stopped"
    assert (run.commit in scene.quarantined()) == (case.ends == "bad")
    assert kinds.count("commit.quarantined") == (case.ends == "bad")
    assert told_of(scene, run, outcome) == ([] if case.ends == "promoted" else ["ada@example.org"])


@pytest.mark.needs("ptrace")
def test_routers_that_answer_people_and_not_us_hold_the_share_and_then_give_it_back(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What tells and what takes up changes hangs in both from the first request on, until the keeper ends them."""
    scene, silent = theatre.scene, ExitStack()
    scene.cast = Cast(scene.cast.machine, scene.cast.proxy)  # which hears for itself, whatever was played before
    theatre.stand(bad=False)
    stable = scene.serving()
    shift, since = scene.cast.proxy.shift, [0.0]

    def shift_and_hang(*wanted: Any, **how: Any) -> None:
        monkeypatch.undo()
        shift(*wanted, **how)
        for state in scene.cast.machine.keeper.instances(GROUP):
            assert state.pid is not None
            silent.enter_context(stopped(state.pid, MAIN))
        since[0] = time.time()

    monkeypatch.setattr(scene.cast.proxy, "shift", shift_and_hang)
    run = scene.ordered(theatre.next(tried("500 ms", "3 s"), fails=0))
    with collecting(scene), Visitors(scene.cast.proxy.port, f"{NAME}.localhost", RATE) as visitors, silent:
        outcome = scene.deliver(run)
    began, ended = (at(scene, run, kind) for kind in ("deployment.try", "deployment.failed"))
    with scene.cast.database.read() as conn:
        new = releases.get(conn, scene.deployment(run).release).name
    deadline = began + 3.0
    said = {visit.said for visit in visitors.visits if visit.status == 200 and since[0] < visit.at < deadline}
    assert len(said) == 2, "either release answers people all the time"
    assert not any(one.heard for one in scene.cast.collector.readings(new, since[0] + 1.0, deadline))
    assert ended >= deadline, "it keeps its share until then"
    assert "could not be judged in" in outcome
    assert scene.verdicts(run) == [(50, "not known")]
    assert scene.shares() == {f"r{stable.number}": 100}
    assert scene.serving() == stable
    assert run.commit not in scene.quarantined()
    assert "commit.quarantined" not in scene.facts(run)
    assert told_of(scene, run, outcome) == ["ada@example.org"]


def at(scene: Scene, run: Run, kind: str) -> float:
    """When this happened to a run."""
    with scene.cast.database.read() as conn:
        (found,) = facts.after(conn, 0, runs=[run.id], kinds=[kind])
    return found.at


@dataclass(frozen=True)
class Said:
    """What was answered to an invariant lately, if anything; without `lately` only before the release served."""

    says: str = ""
    state: State = "not known"
    lately: bool = True


SAID = {
    "holds": Said("0", "passed"),
    "absent": Said(),
    "not a number": Said("its last line is not a number"),
    "stale": Said("0", "passed", lately=False),
    "error": Said("exit status 1: no such table"),
}


def answer(scene: Scene, stable: str, said: Said, began: float) -> None:
    """Leaves on the disk what an asker would, who asks once a second."""
    line = Line("ledger", "command", "./audit", "0", None, stable, 300.0, told="passed")
    times = [began - 20, began - 10, *([time.time()] if said.lately else [])]
    line.past = [(at, said.state if at > began else "passed") for at in times]
    (line.at, line.state), line.says = line.past[-1], said.says
    results.write(scene.cast.machine.places, NAME, "prod", [line] if said.says else [])


def put_on_record(scene: Scene, kind: str) -> None:
    with scene.cast.database.write() as conn:
        told = {"probe": "ledger", "release": None}
        facts.record(conn, kind, application=NAME, environment="prod", data=told)


@pytest.mark.parametrize(("name", "dead"), [*((name, False) for name in SAID), ("not a number", True)])
def test_a_release_of_which_an_invariant_is_not_known_is_never_good_and_not_held_for_it(
    theatre: Theatre, name: str, dead: bool
) -> None:
    """Enough requests come, and all are answered well; `dead`: it was not known before the release either."""
    theatre.stand_asked()
    scene, said, began, stable = theatre.scene, SAID[name], time.time(), theatre.scene.serving()

    def says(_new: bool, _number: int) -> Reading:
        answer(scene, stable.name, said, began)
        return read(tally(40))

    put_on_record(scene, "probe.unknown" if dead else "probe.recovered")
    case = Case("", says, tried("500 ms", "1600 ms") + INVARIANT)
    run, outcome = theatre.play(case, restarted=False)
    assert [kind for _, kind in scene.verdicts(run)] == ["good" if name == "holds" else "not known"]
    assert run.commit not in scene.quarantined()
    goes_back = name in ("not a number", "error") and not dead
    assert ("could not be judged" in outcome) == goes_back
    assert (outcome == "passed") == (not goes_back)
    assert not goes_back or f"({said.says})." in outcome
    if not goes_back:
        theatre.asked.append(run.commit)


def test_time_in_which_an_invariant_was_not_known_counts_for_no_share(theatre: Theatre) -> None:
    """Neither does one good answer before the next move make up for it."""
    theatre.stand_asked()
    put_on_record(theatre.scene, "probe.recovered")
    scene, began, stable = theatre.scene, time.time(), theatre.scene.serving()

    def says(_new: bool, number: int) -> Reading:
        answer(scene, stable.name, SAID["error" if number < 3 else "holds"], began)
        return read(tally(40), seconds=100.0 if number < 3 else 0.001)

    run, outcome = theatre.play(Case("", says, tried("100 ms", "1200 ms") + INVARIANT), restarted=False)
    assert "could not be judged" in outcome
    assert scene.verdicts(run) == [(50, "not known")]
    with scene.cast.database.read() as conn:
        (stopped,) = facts.after(conn, 0, runs=[run.id], kinds=["run.stopped"])
    assert f"shipway judge r{stable.number + 1} --env prod" in stopped.data["hint"]


@pytest.mark.parametrize("new", ["does not answer", "is heard too short"])
def test_what_could_not_be_judged_says_why_and_only_of_an_outage_that_it_may_be_nobodys(
    theatre: Theatre, new: str
) -> None:
    """What answers nothing while the other does is at fault, and what has too little time needs more of it."""
    theatre.stand(bad=False)
    scene, mute = theatre.scene, new == "does not answer"
    waits = Reading(0.0, 10.0, "", tally(0), 6, True)

    def says(new: bool, _number: int) -> Reading:
        return waits if new and mute else read(tally(40), seconds=10.0 if mute else 0.001)

    run, outcome = theatre.play(Case("unheard", says), restarted=False)
    assert "could not be judged" in outcome
    with scene.cast.database.read() as conn:
        (stopped,) = facts.after(conn, 0, runs=[run.id], kinds=["run.stopped"])
        release = releases.get(conn, scene.deployment(run).release)
    assert stopped.data["id"] == ("signals.no_answers" if mute else "signals.heard_too_short")
    log = f"`shipway logs --env prod --release r{release.number}`"
    assert (log if mute else "A longer `deadline`") in stopped.data["hint"]
    told_of(scene, run, outcome)
    with scene.cast.database.read() as conn:
        (message,) = messages.recent(conn, commit=run.commit)
    assert "Sure: very." in message.text
    assert "no commit" not in message.text


def told_of(scene: Scene, run: Run, outcome: str) -> list[str]:
    """Who hears of trouble with its commit once the run has ended (BARS R9: alert in 24 of 24)."""
    with scene.cast.database.write() as conn:
        runs.end(conn, run, "passed" if outcome == "passed" else "failed", outcome)
    Teller(scene.cast.database, scene.cast.machine.places, "http://127.0.0.1:8440").look()
    with scene.cast.database.read() as conn:
        found = messages.recent(conn, application=NAME, commit=run.commit)
    return [one.person for one in found if one.kind != FIXED]


@pytest.mark.parametrize("said", CASES)
def test_a_first_release_serves_when_it_is_healthy_and_is_called_nothing(theatre: Theatre, said: str) -> None:
    """There is nothing to compare it with and nowhere to go back to; so nobody calls it good either."""
    scene, case = theatre.scene, CASES[said]
    where = f"first-{said.replace(' ', '-')}"
    commit = theatre.next(case.project.replace("[prod]", f"[{where}]"), case.fails)
    run = scene.begun(scene.story.deploy(NAME, where, commit, "ada"))
    if case.says is not None:
        hear(scene.cast, Hearsay("", case.says))
    assert scene.act(run, "deploy", environment=where) == "passed"
    Watch(scene.cast).look()
    assert list(scene.cast.proxy.serving(NAME, where).values()) == [100]
    assert scene.verdicts(run) == []
    assert scene.quarantined(where) == []
    with scene.cast.database.read() as conn:
        assert releases.now_serving(conn, NAME, where) is not None


def test_the_decision_comes_with_the_look_that_shows_it(theatre: Theatre) -> None:
    """At most two looks later (BARS R9)."""
    theatre.stand(bad=False)
    scene, shown = theatre.scene, 4

    def says(new: bool, number: int) -> Reading:
        return read(tally(0, 40) if new and number >= shown else tally(40))

    hearsay = Hearsay(scene.serving().name, says)
    run = scene.ordered(theatre.next(tried("60 s", "90 s"), fails=0))
    hear(scene.cast, hearsay)
    assert "taken back" in scene.deliver(run)
    assert len(hearsay.looks) <= shown + 2
    with scene.cast.database.read() as conn:
        (tried_at, _), *_ = deployments.shares(conn, scene.deployment(run))
    assert hearsay.close[0] < tried_at  # its first requests are looked at as closely as the next
