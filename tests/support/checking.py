"""What must hold after a kill, whoever was killed and wherever."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

from support.crashing import Crash, House
from support.installation import eventually

CAUSED = 60.0  # seconds before a kill in which what happened may belong to the same push
CLIENTS = 7  # of the load, each with one request at a time


def check(house: House, crash: Crash) -> None:
    """Nothing lost, nothing stuck, nothing done twice, nothing served wrong."""
    told = house.evidence(crash)
    assert crash.kill.pids, f"nobody was killed\n{told}"
    assert one_run_each(house) == [], told
    assert ended_once(house) == [], told
    assert tried_too_often(house) == [], told
    assert done_too_often(house) == [], told
    assert disagreements(house) == [], told
    _ended_as_it_should(house, crash, told)
    _serves(house, crash, told)
    _nothing_lost(crash, told)


def one_run_each(house: House) -> list[str]:
    """Accepted pushes that have no run, or more than one (I1)."""
    counted = house.query(
        """select pushes.id, count(runs.id) from pushes left join runs on runs.push = pushes.id
           where pushes.state = 'accepted' group by pushes.id having count(runs.id) != 1"""
    )
    return [f"push {push} has {count} runs" for push, count in counted]


def ended_once(house: House) -> list[str]:
    """Runs that did not end exactly once, or went on after it (I2)."""
    order = {"run.queued": 0, "run.started": 1, "run.stopped": 2}
    last: dict[str, int] = {}
    wrong = []
    for run, kind in house.query("select run, kind from facts where kind like 'run.%' order by id"):
        stage = order.get(kind, 3)
        if stage < last.get(run, 0) or (stage != 2 and stage == last.get(run)):
            wrong.append(f"{kind} of run {run} came late or twice")
        last[run] = stage
    return wrong + [f"run {run} did not end" for run, stage in last.items() if stage != 3]


def tried_too_often(house: House) -> list[str]:
    """Steps that were tried more than twice."""
    found = house.query("select run, name, attempt from steps where attempt > 2")
    return [f"{name} of run {run} was tried {attempt} times" for run, name, attempt in found]


def done_too_often(house: House) -> list[str]:
    """Release commands that ran more often than their release was deployed, epochs that were given twice (I3)."""
    lines = Counter(house.released())
    tried = dict(house.query('select "commit", count(*) from deployments group by "commit"'))
    wrong = [f"{commit} was released {n} times" for commit, n in lines.items() if n > tried.get(commit, 0)]
    epochs = [row[0] for row in house.query("select epoch from deployments order by id")]
    return wrong if epochs == sorted(set(epochs)) else [*wrong, f"epochs go back: {epochs}"]


def disagreements(house: House) -> list[str]:
    """Between git, the record, the files of artifacts, and what the router does (I4, I5)."""
    return [*_of_git(house), *_of_artifacts(house), *_of_the_router(house)]


def _of_git(house: House) -> list[str]:
    git = ["--git-dir", str(house.installation.places.repository("shop")), "rev-parse", "refs/heads/main"]
    head = house.repository.git(*git).out.strip()
    newest = house.query("select new from pushes where state = 'accepted' order by sequence desc limit 1")
    return [] if newest == [(head,)] else [f"main is at {head}, and {newest} on record"]


def _of_artifacts(house: House) -> list[str]:
    wrong = []
    for (digest,) in house.query("select distinct digest from artifacts where pruned is null"):
        archive = house.installation.places.artifacts / f"{digest}.tar"
        if not archive.exists() or hashlib.sha256(archive.read_bytes()).hexdigest() != digest:
            wrong.append(f"artifact {digest} is not what its name says")
    for commit, name, state in house.query(
        """select releases."commit", steps.name, steps.state from releases
           join artifacts on artifacts.digest = releases.digest and artifacts."commit" = releases."commit"
           join steps on steps.run = artifacts.run
           where steps.attempt = (select max(attempt) from steps as s
                                  where s.run = steps.run and s.name = steps.name) and steps.state != 'passed'"""
    ):
        wrong.append(f"{commit} was released, and its step {name} has {state}")
    return wrong


def _of_the_router(house: House) -> list[str]:
    """While the release before is asked the two share the requests, for about a minute at most."""
    newest = (
        "select kind from facts where kind in ('deployment.asked', 'deployment.answered') order by id desc limit 1"
    )
    if _misled(house) and house.query(newest) == [("deployment.asked",)]:
        eventually(lambda: not _misled(house), "the release before was asked long enough", 150)
    return _misled(house)


def _misled(house: House) -> list[str]:
    ((name, epoch),) = house.query(
        """select 'shop.prod.r' || releases.number, serving.epoch from serving
           join releases on releases.id = serving.release where serving.environment = 'prod'"""
    )
    desired = json.loads((house.installation.places.proxy / "desired.json").read_text())
    routed = desired["environments"]["shop.prod"]
    if routed["shares"] == {name: 100} and routed["epoch"] == epoch:
        return []
    return [f"{name} of epoch {epoch} serves on record, and the router has {routed}"]


def _ended_as_it_should(house: House, crash: Crash, told: str) -> None:
    ((state, reason),) = house.query("select state, reason from runs where id = ?", crash.run)
    assert state == crash.ending[0], told
    assert crash.ending[1] in reason, told


def _serves(house: House, crash: Crash, told: str) -> None:
    assert house.installation.says("shop") == crash.right, told
    assert set(crash.load.seen) <= {crash.old, crash.new, *_asked(house, crash)}, told
    beat = house.installation.places.environment("shop", "prod") / "data" / "worker"
    eventually(lambda: beat.read_text() == crash.right, f"the worker is {crash.right}\n{told}", 5)


def _asked(house: House, crash: Crash) -> list[str]:
    """The version before the old one, where production doubted that one and asked the release kept warm."""
    asked = "select 1 from facts where kind = 'deployment.asked' and at > ? limit 1"
    before = """select max(releases.number) from releases join deployments on deployments.release = releases.id
                where deployments.state = 'done' and releases.number < ?"""
    ((number,),) = house.query(before, int(crash.old))
    return [str(number)] if house.query(asked, crash.kill.at - CAUSED) else []


def _nothing_lost(crash: Crash, told: str) -> None:
    """No request fails that the dead one was not holding."""
    failures = crash.load.failures
    if crash.victim in ("instance", "newcomer"):
        assert len(failures) <= CLIENTS, told
        assert all(each.at <= crash.kill.at + 0.5 for each in failures), told
    elif crash.victim == "router":
        assert len(failures) <= CLIENTS, told
        assert all(each.at <= crash.kill.at + 1 and not each.refused for each in failures), told
    else:
        assert failures == [], told
