"""Going back needs nothing but what this machine kept: no repository, no archive, no index (BARS R10)."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import text

from shipway.cli import rollbacks
from shipway.cli.server import Server
from shipway.errors import CannotRecord, NotHealthy
from shipway.pushes import access
from shipway.rollbacks.choose import NowhereToGo
from shipway.signals.reading import Reading
from shipway.signals.verdict import Verdict
from shipway.state import deployments, instances, nearly_full, releases, room, runs
from shipway.state.ballast import Ballast
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.state.room import LittleRoom
from shipway.state.runs import Run
from shipway.story import tend
from shipway.story.asking import Asking
from shipway.story.at_once import OnlyRequests
from shipway.story.conclude import conclude
from shipway.story.retire import Retirement
from shipway.story.watch import Watch
from support.hearing import Hearsay, earlier, hear, read, tally
from support.installation import eventually
from support.lacking import index, needing, nothing_can_be_recorded
from support.records import locked_by_another
from support.scene import WEB_ONLY, Scene, a_scene, canary
from support.workshop import NAME
from web.scene import Scene as Record
from web.server import Site

WARM = WEB_ONLY
PYTHON = WEB_ONLY.replace("warm: 60 s", "warm: 0 s").replace("name: shop", "name: shop\nbuild: {kind: python}")
COLD = canary(50, hold="60 s", deadline="90 s", project=WEB_ONLY.replace("warm: 60 s", "warm: 0 s"))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_scene(tmp_path_factory.mktemp("scene")) as scene:
        yield scene


def two_have_served(scene: Scene, project: str) -> None:
    at_once = project.replace("strategy: canary", "strategy: blue_green")
    number = scene.every_fact().count("deployment.done")
    scene.serves(f"first {number}", project=project if not number else at_once)
    scene.serves(f"second {number}", project=at_once)
    Retirement(scene.cast).look()


def what_serves_and_is_kept(scene: Scene) -> tuple[Deployment, Release]:
    """The deployment that brought what serves, and what is kept warm beside it."""
    with scene.cast.database.read() as conn:
        now = releases.now_serving(conn, NAME, "prod")
        assert now is not None
        assert now.warm is not None
        return deployments.get(conn, now.deployment), releases.get(conn, now.warm)


def test_a_release_that_cannot_be_looked_at_keeps_no_other_from_stopping(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_have_served(scene, COLD)
    at_once = COLD.replace("strategy: canary", "strategy: blue_green")
    over = [scene.serving().name]
    scene.serves("third", project=at_once)
    over.append(scene.serving().name)
    scene.serves("fourth", project=at_once)
    drained = scene.cast.proxy.drained

    def broken(cluster: str, timeout: float) -> bool:
        if cluster == min(over):
            raise OSError("its counters cannot be read")
        return drained(cluster, timeout)

    monkeypatch.setattr(scene.cast.proxy, "drained", broken)
    retirement = Retirement(scene.cast)
    eventually(lambda: retirement.look() or not left(scene, max(over)), "the other one is stopped")
    assert left(scene, min(over))
    monkeypatch.undo()
    eventually(lambda: retirement.look() or not left(scene, min(over)), "it is stopped once it can be looked at")


def left(scene: Scene, release: str) -> list[str]:
    return [name for name in scene.instances() if name.startswith(f"{release}.")]


def test_what_is_cold_comes_back_at_once_though_nothing_can_be_heard(scene: Scene) -> None:
    """Who goes back has decided: a trial, which would end at its deadline, is not held. Its command runs again."""
    two_have_served(scene, f"{COLD}release: 'true'\n")
    hear(scene.cast, Hearsay("", lambda _new, _number: None))
    run = scene.going_back()
    assert scene.go_back(run) == "passed"
    assert scene.says().startswith("first")
    assert scene.facts(run).count("deployment.try") == 0
    assert scene.facts(run).count("deployment.released") == 1


def without_its_archive(scene: Scene) -> None:
    kept = list(scene.cast.machine.places.artifacts.glob("*.tar"))
    assert kept
    for archive in kept:
        archive.unlink()


def without_the_repository(scene: Scene) -> None:
    shutil.rmtree(scene.cast.machine.places.repository(NAME))


@pytest.mark.parametrize("without", [without_its_archive, without_the_repository])
def test_it_comes_back(scene: Scene, without: Callable[[Scene], None], tmp_path: Path) -> None:
    two_have_served(scene, COLD)
    aside = tmp_path / "repository"
    repository = scene.cast.machine.places.repository(NAME)
    shutil.copytree(repository, aside)
    without(scene)
    try:
        assert scene.go_back(scene.going_back()) == "passed"
        assert scene.says().startswith("first")
    finally:
        if not repository.exists():
            shutil.copytree(aside, repository)


@pytest.fixture
def anew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_scene(tmp_path_factory.mktemp("anew")) as scene:
        yield scene


def test_without_an_index_what_serves_starts_anew_and_goes_back(
    anew: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with index(tmp_path, "eggs", "milk") as port:
        for package in ("eggs", "milk"):
            commit = anew.workshop.make(needing(package, port, package, PYTHON)).commit
            assert anew.deliver(anew.ordered(commit)) == "passed"
            Retirement(anew.cast).look()
    (instance,) = [name for name in anew.instances() if name.startswith(anew.serving().name)]
    anew.kill(instance)
    eventually(lambda: anew.restarts(instance) and anew.says() == "milk", "it serves again")
    assert anew.go_back(anew.going_back()) == "passed"
    assert anew.says() == "eggs"
    files = needing("cream", port, "cream", PYTHON)
    run = anew.workshop.queue(anew.workshop.commit(files), files["shipway.yml"])
    assert anew.workshop.build(run) == "failed"
    (step,) = anew.workshop.steps(run)
    assert f"Packages could not be fetched from http://127.0.0.1:{port}: Connection refused" in step.excerpt
    assert anew.says() == "eggs"


@pytest.fixture(scope="module")
def on_a_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """On a disk of its own, which can be filled."""
    home = tmp_path_factory.mktemp("disk")
    with disk(home, "64m"), a_scene(home) as scene:
        yield scene


@pytest.fixture
def full(on_a_disk: Scene) -> Iterator[Scene]:
    """It has room again after each test, also after one that failed."""
    yield on_a_disk
    (home_of(on_a_disk) / "full").unlink(missing_ok=True)


@pytest.mark.needs("root")  # who else may have a disk of his own to fill?
def test_what_a_full_disk_stops_changes_nothing_and_goes_on_when_there_is_room(full: Scene) -> None:
    two_have_served(full, WARM)
    home, run, served = home_of(full), full.going_back(), full.says()
    fill(home)
    with pytest.raises(CannotRecord, match="disk is full"):
        full.go_back(run)
    assert full.says() == served
    (home / "full").unlink()
    assert full.go_back(run) == "passed"
    assert full.says() != served


@pytest.mark.needs("root")
def test_a_full_disk_has_room_kept_back_for_going_back(full: Scene) -> None:
    """From asking for it to the traffic: whatever filled the disk is still there."""
    two_have_served(full, WARM)
    home, served = home_of(full), full.says()
    ballast = Ballast(home, size=2 << 20)
    ballast.keep()
    fill(home)
    run = full.going_back()
    assert not ballast.path.exists()
    assert full.go_back(run) == "passed"
    assert full.says() != served
    (home / "full").unlink()
    ballast.keep()
    assert ballast.path.stat().st_blocks * 512 >= 2 << 20


@pytest.mark.needs("root")
def test_the_room_kept_back_is_free_before_the_engine_takes_a_run(
    full: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes that into a file of its own, while the record may have room for a while."""
    two_have_served(full, WARM)
    ballast, served = Ballast(home_of(full), size=2 << 20), full.says()
    ballast.keep()
    run, kept = full.story.roll_back(NAME, "prod", None, "ada"), []
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=1 << 20))
        engine: Any = SimpleNamespace(submit=lambda _run, _plan: kept.append(ballast.path.exists()))
        tend.begin_runs(full.cast, engine, 1)
    assert kept == [False]
    assert full.go_back(run) == "passed"
    assert full.says() != served


@pytest.mark.needs("root")
def test_requests_go_back_on_a_disk_that_is_full_to_the_last_byte(full: Scene) -> None:
    """Though what was kept back is gone too: asked for then, and queued before by a verdict say."""
    two_have_served(full, WARM)
    home, engine, served = home_of(full), SimpleNamespace(submit=lambda _run, _plan: None), full.says()
    queued = full.story.roll_back(NAME, "prod", None, "ada")
    fill(home)
    with suppress(CannotRecord):
        tend.begin_runs(full.cast, cast(Any, engine), 1)
    assert full.says() != served
    (home / "full").unlink()
    assert full.go_back(full.begun(queued)) == "passed"
    two_have_served(full, WARM)
    fill(home)
    with suppress(OnlyRequests):
        full.story.roll_back(NAME, "prod", None, "ada")
    with suppress(CannotRecord):
        tend.begin_runs(full.cast, cast(Any, engine), 1)
    assert full.says().startswith("first")
    (home / "full").unlink()


@pytest.mark.needs("root")
def test_with_little_room_nothing_new_is_built_and_everything_else_goes_on(full: Scene) -> None:
    two_have_served(full, WARM)
    home, served, new = home_of(full), full.says(), full.workshop.queue(full.commit("9", project=WARM))
    left = room.left(home)
    with (home / "full").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, left.free - left.total // 30)
    try:
        for _ in range(3):
            nearly_full.tell(full.cast.database, home)
        with pytest.raises(LittleRoom, match=r"Only 0.0 GB \([23] %\) of the disk"):
            room.check_for_reports(home)
        assert "nothing new is built" in full.act(new, "check_out")
        assert full.go_back(full.going_back()) == "passed"
        assert full.says() != served
    finally:
        (home / "full").unlink()
    assert full.act(new, "check_out") == "passed"
    for _ in range(3):
        nearly_full.tell(full.cast.database, home)
    told = [kind for kind in full.every_fact() if kind.startswith("machine.")]
    assert told == ["machine.little_room", "machine.room_again"]


def home_of(scene: Scene) -> Path:
    return scene.cast.machine.places.data


@pytest.mark.parametrize("why", ["", "it is slow"])
def test_a_person_gets_the_requests_back_though_nothing_can_be_recorded(scene: Scene, why: str) -> None:
    two_have_served(scene, WARM)
    facts = scene.every_fact()
    with nothing_can_be_recorded(scene), pytest.raises(OnlyRequests, match="has all requests of prod again"):
        scene.story.roll_back(NAME, "prod", None, "ada", why=why)
    assert scene.says().startswith("first")
    assert scene.every_fact() == facts
    deployment, warm = what_serves_and_is_kept(scene)
    Asking(scene.cast, deployment, scene.serving(), warm).begin(Verdict("not known", "It looked bad."))
    assert scene.shares() == {f"r{warm.number}": 100}  # nothing goes back to what somebody has left
    assert scene.go_back(scene.going_back()) == "passed"
    assert scene.says().startswith("first")


def never_used(site: Site) -> dict[str, str]:
    return site.bearer()


def long_unused(site: Site) -> dict[str, str]:
    session = site.sign_in()
    with site.scene.database.write() as conn:
        conn.execute(text("update tokens set expires = expires - 3600 where kind = 'session'"))
    return {**session, "origin": site.origin}


@pytest.mark.parametrize("shown", [never_used, long_unused])
def test_who_asks_for_it_is_known_though_nothing_can_be_recorded(
    scene: Scene, shown: Callable[[Site], dict[str, str]]
) -> None:
    two_have_served(scene, WARM)
    with served(scene) as site:
        headers = {**shown(site), "content-type": "application/json"}
        with nothing_can_be_recorded(scene):
            answer = site.ask("POST", f"/api/v1/applications/{NAME}/environments/prod/rollback", headers, "{}")
    assert answer.json["error"]["id"] == "rollbacks.only_requests"
    assert scene.says().startswith("first")


@contextmanager
def served(scene: Scene) -> Iterator[Site]:
    """The server before it, where Ada has a token."""
    database = scene.cast.database
    site = Site.start(Record(scene.cast.machine.places, database, {"ada": access.create(database, "ada")}))
    try:
        yield site
    finally:
        site.stop()


def test_a_person_gets_the_requests_back_while_another_process_keeps_the_record_locked(
    scene: Scene, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within seconds, with the one who keeps it named; what is to be recorded follows by itself."""
    monkeypatch.setattr("shipway.story.acts.BRIEFLY", 0.05)
    two_have_served(scene, WARM)
    path = f"/applications/{NAME}/environments/prod/rollback"
    answers: list[Any] = []
    with served(scene) as site:
        server = Server(f"http://127.0.0.1:{site.port}", site.scene.tokens["ada"])
        asking = threading.Thread(target=lambda: answers.append(rollbacks.asked(server, path, {})))
        with locked_by_another(scene.cast.database.path) as pid:
            facts = scene.every_fact()
            asking.start()
            eventually(lambda: scene.says().startswith("first"), "the requests are back")
            eventually(lambda: f"kept locked by process {pid}" in capsys.readouterr().err, "it is told")
            assert scene.every_fact() == facts
        asking.join(30)
    (answer,) = answers
    with scene.cast.database.read() as conn:
        run = runs.find(conn, answer["run"])
    assert run is not None
    assert scene.go_back(scene.begun(run)) == "passed"
    assert scene.says().startswith("first")


def test_what_is_cold_is_started_though_nothing_can_be_recorded(scene: Scene) -> None:
    """It has the requests then, and the rollback that is recorded later leaves it running."""
    two_have_served(scene, COLD)
    facts = scene.every_fact()
    with nothing_can_be_recorded(scene), pytest.raises(OnlyRequests, match="has all requests of prod again"):
        scene.story.roll_back(NAME, "prod", None, "ada")
    assert scene.says().startswith("first")
    assert scene.every_fact() == facts
    started = pids(scene)
    assert scene.go_back(scene.going_back()) == "passed"
    assert scene.says().startswith("first")
    back = scene.serving()
    (name,) = left(scene, back.name)
    assert pids(scene)[name] == started[name]
    with scene.cast.database.read() as conn:
        (instance,) = instances.of_release(conn, back.id)
    assert scene.cast.machine.keeper.listens(name, instance.port or 0)


def test_what_was_started_unrecorded_runs_for_as_long_as_it_has_requests(scene: Scene) -> None:
    two_have_served(scene, COLD)
    with nothing_can_be_recorded(scene), pytest.raises(OnlyRequests):
        scene.story.roll_back(NAME, "prod", None, "ada")
    (started,) = scene.cast.proxy.serving(NAME, "prod")
    (instance,) = left(scene, started)
    keeper, group = scene.cast.machine.keeper, f"{NAME}.prod"
    epoch = keeper.highest_epoch(group)
    keeper.stop(instance, group=group, epoch=epoch, grace=0)  # as the end of the machine does
    tend.restore(scene.cast)
    assert scene.says().startswith("first")
    scene.serves("third", project=COLD.replace("strategy: canary", "strategy: blue_green"))
    retirement = Retirement(scene.cast)
    eventually(lambda: retirement.look() or not left(scene, started), "it is stopped")


def unwell(*_given: Any, **_how: Any) -> None:
    raise NotHealthy("It answers 503.")


def pids(scene: Scene) -> dict[str, int | None]:
    return {state.id: state.pid for state in scene.cast.machine.keeper.instances()}


def test_what_is_cold_and_does_not_start_changes_nothing_while_nothing_can_be_recorded(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_have_served(scene, COLD)
    before = pids(scene)

    monkeypatch.setattr(scene.cast.proxy, "ensure_cluster", unwell)
    with (
        nothing_can_be_recorded(scene),
        pytest.raises(CannotRecord, match=r"requests of prod either: It answers 503"),
    ):
        scene.story.roll_back(NAME, "prod", None, "ada")
    assert scene.says().startswith("second")
    assert pids(scene) == before


def test_of_a_warm_release_one_instance_is_enough_though_nothing_can_be_recorded(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other is down and does not come up: what runs goes on, and has the requests."""
    two_have_served(scene, WARM)
    _, warm = what_serves_and_is_kept(scene)
    with scene.cast.database.write() as conn:
        down = instances.want(conn, id=f"{warm.name}.web.2", release=warm.id, process="web", position=2, port=None)
    before = pids(scene)

    monkeypatch.setattr("shipway.story.at_once.make_reachable", unwell)
    with nothing_can_be_recorded(scene), pytest.raises(OnlyRequests):
        scene.story.roll_back(NAME, "prod", None, "ada")
    assert scene.says().startswith("first")
    assert pids(scene) == before
    with scene.cast.database.write() as conn:
        instances.unwant(conn, down.id)


def bad_while_nothing_can_be_recorded(scene: Scene, run: Run, stable: Release) -> dict[str, int]:
    """A canary that is bad from its second look on, when nothing can be recorded any more: the shares by then."""
    with nothing_can_be_recorded(scene, yet=True) as shut:

        def says(new: bool, number: int) -> Reading:
            if number == 1:
                shut()
            return read(tally(0, 40) if new and number else tally(40))

        hear(scene.cast, Hearsay(stable.name, says))
        with pytest.raises(CannotRecord):
            scene.deliver(run)
        return scene.shares()


def test_a_canary_loses_its_share_though_nothing_can_be_recorded(scene: Scene) -> None:
    two_have_served(scene, WARM)
    stable = scene.serving()
    run = scene.ordered(scene.commit("tried", project=canary(50, hold="60 s", deadline="90 s")))
    assert bad_while_nothing_can_be_recorded(scene, run, stable) == {f"r{stable.number}": 100}
    assert "taken back at 50 %" in scene.deliver(run)
    assert scene.verdicts(run) == [(50, "bad")]
    assert scene.shares() == {f"r{stable.number}": 100}
    with nothing_can_be_recorded(scene), pytest.raises(OnlyRequests):  # a newer deployment moved requests since
        scene.story.roll_back(NAME, "prod", None, "ada")
    assert scene.says().startswith("first")


def test_a_person_takes_a_share_back_though_nothing_can_be_recorded(scene: Scene) -> None:
    """Who did is on record once that can be."""
    two_have_served(scene, WARM)
    stable, ended = scene.serving(), list[str]()
    run = scene.ordered(scene.commit("tried for long", project=canary(50, hold="60 s", deadline="90 s")))
    hear(scene.cast, Hearsay(stable.name, lambda _new, _number: read(tally(40))))

    def deliver() -> None:
        try:
            scene.deliver(run)
        except CannotRecord as error:
            ended.append(error.message)

    trying = threading.Thread(target=deliver)
    trying.start()
    eventually(lambda: "deployment.try" in scene.facts(run), "it is tried")
    with nothing_can_be_recorded(scene):
        with pytest.raises(OnlyRequests, match=rf"r{stable.number} has all requests of prod again"):
            scene.story.roll_back(NAME, "prod", None, "ada")
        assert scene.shares() == {f"r{stable.number}": 100}
        trying.join(30)
    assert ended
    assert "ada took" in scene.deliver(run)
    assert scene.facts(run).count("deployment.taken_back") == 1
    assert scene.shares() == {f"r{stable.number}": 100}


def test_what_changed_the_data_irreversibly_keeps_its_share_though_nothing_can_be_recorded(scene: Scene) -> None:
    """What may not have all requests again gets none of them back: it is frozen once that can be recorded."""
    two_have_served(scene, WARM)
    stable = scene.serving()
    project = canary(50, hold="60 s", deadline="90 s") + "release: {run: 'true', migration: irreversible}\n"
    run = scene.ordered(scene.commit("tried", project=project))
    assert bad_while_nothing_can_be_recorded(scene, run, stable)[f"r{stable.number}"] == 50
    assert "is frozen at 50 %" in scene.deliver(run)
    assert scene.shares()[f"r{stable.number}"] == 50


def test_who_goes_back_to_one_that_is_asked_stays_there_though_nothing_can_be_recorded(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the moment on at which its deployment has begun: the bad one gets nothing more."""
    two_have_served(scene, WARM)
    asked, good = what_serves_and_is_kept(scene)
    Asking(scene.cast, asked, scene.serving(), good).begin(Verdict("not known", "It looked bad."))
    assert scene.shares()[f"r{good.number}"] == 75
    run = scene.going_back()
    with nothing_can_be_recorded(scene, yet=True) as shut:

        def conclude_without_record(*given: Any, **how: Any) -> str:
            shut()
            return conclude(*given, **how)

        monkeypatch.setattr("shipway.story.go_back.conclude", conclude_without_record)
        with pytest.raises(CannotRecord):
            scene.go_back(run)
        assert scene.shares() == {f"r{good.number}": 100}
    monkeypatch.undo()
    assert scene.go_back(run) == "passed"
    assert scene.serving() == good


def what_serves_looks_bad(scene: Scene) -> Release:
    """All of its requests fail, and none of the one before it, which is returned."""
    two_have_served(scene, WARM)
    _, stable = what_serves_and_is_kept(scene)

    def says(new: bool, _number: int) -> Reading:
        return read(tally(0, 40) if new else tally(40), seconds=3)

    hear(scene.cast, Hearsay(stable.name, says, earlier(range(20, 10, -1))))
    return stable


def test_a_bad_one_loses_its_requests_though_nothing_can_be_recorded(scene: Scene) -> None:
    """What it was judged is on record, and the rollback queued, once it can be."""
    stable = what_serves_looks_bad(scene)
    watch, facts = Watch(scene.cast), scene.every_fact()
    with nothing_can_be_recorded(scene):
        for _ in range(12):
            watch.look()
    assert scene.shares() == {f"r{stable.number}": 100}
    assert scene.every_fact() == facts
    watch.look()
    assert scene.every_fact()[len(facts) :][:2] == ["verdict.bad", "commit.quarantined"]
    with scene.cast.database.read() as conn:
        (run,) = (run for run in runs.in_state(conn, "queued") if run.purpose == "rollback")
    assert scene.go_back(scene.begun(run)) == "passed"
    assert scene.says().startswith("first")


def test_a_bad_one_loses_its_requests_while_another_process_keeps_the_record_locked(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does a revert that cannot be recorded keep the watch from looking."""
    for name in ("watch", "asking", "standby", "reverts"):
        monkeypatch.setattr(f"shipway.story.{name}.BRIEFLY", 0.05)
    stable = what_serves_looks_bad(scene)
    watch, facts = Watch(scene.cast), scene.every_fact()
    with locked_by_another(scene.cast.database.path):
        for _ in range(12):
            watch.look()
        assert scene.shares() == {f"r{stable.number}": 100}
        assert scene.every_fact() == facts
    watch.look()
    assert scene.every_fact()[len(facts) :][:2] == ["verdict.bad", "commit.quarantined"]


@contextmanager
def disk(at: Path, size: str) -> Iterator[None]:
    """A small disk of its own."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", at], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", at], check=True)


def fill(disk: Path) -> None:
    """Until nothing fits any more."""
    with (disk / "full").open("wb", buffering=0) as file, suppress(OSError):
        for size in (1 << 20, 4096, 1):
            with suppress(OSError):
                while True:
                    file.write(b"x" * size)


def test_a_first_release_that_is_ill_leaves_nothing(scene: Scene) -> None:
    project = WARM.replace("[prod]", "[new]").replace("timeout: 5 s", "timeout: 300 ms")
    run = scene.begun(
        scene.story.deploy(NAME, "new", scene.commit("ill", project=project, health="unwell"), "ada")
    )
    assert "not get healthy" in scene.act(run, "deploy", environment="new")
    assert scene.deployment(run).state == "failed"
    assert scene.cast.machine.keeper.instances(f"{NAME}.new") == []
    with pytest.raises(NowhereToGo, match="serves nothing yet"):
        scene.story.roll_back(NAME, "new", None, "ada")
