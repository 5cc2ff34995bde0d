"""What both releases depend on goes out in the middle of a canary: it waits, and nothing is left half way."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from shipway.errors import NotHealthy
from shipway.state import deployments, facts
from shipway.state.runs import Run
from shipway.story.put_back import put_back
from shipway.web import journey
from shipway.web.untouched import untouched
from support.hearing import collecting
from support.installation import eventually
from support.scene import WEB_ONLY, Scene, a_scene, canary
from support.workshop import NAME

OUT = "out"


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """One in which a release serves, and every one of this application is ill while a file is there."""
    monkeypatch.setattr("shipway.traffic.proxy.ANSWERS_WITHIN", 1.0)
    with a_scene(tmp_path) as scene:
        scene.serves("first", project=WEB_ONLY, sick_if=OUT)
        yield scene


def tried(scene: Scene, deadline: str) -> Run:
    project = canary(50, hold="1 s", deadline=deadline)
    return scene.ordered(scene.commit("second", project=project, sick_if=OUT))


def has_half(scene: Scene) -> bool:
    return sorted(scene.shares().values()) == [50, 50]


def facts_of(scene: Scene, run: Run, kind: str) -> list[dict[str, object]]:
    with scene.cast.database.read() as conn:
        return [dict(fact.data) for fact in facts.after(conn, 0, runs=[run.id], kinds=[kind])]


def refused(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the router refused to do, from now on."""
    said: list[str] = []
    shift = scene.cast.proxy.shift

    def heard(*where: str, **how: Any) -> None:
        try:
            shift(*where, **how)
        except NotHealthy as error:
            said.append(error.message)
            raise

    monkeypatch.setattr(scene.cast.proxy, "shift", heard)
    return said


def test_a_release_waits_until_what_both_depend_on_is_back(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    run, out, said = tried(scene, "90 s"), scene.data / OUT, refused(scene, monkeypatch)
    with collecting(scene), ThreadPoolExecutor(1) as threads:
        going = threads.submit(scene.deliver, run)
        eventually(lambda: has_half(scene), "it is tried")
        out.touch()
        eventually(lambda: said, "it cannot have everything")
        out.unlink()
        assert going.result(timeout=90) == "passed"
    assert scene.says() == "second"


def test_what_served_has_all_requests_again_though_it_is_ill_too(scene: Scene) -> None:
    run, out = tried(scene, "3 s"), scene.data / OUT
    with collecting(scene), ThreadPoolExecutor(1) as threads:
        going = threads.submit(scene.deliver, run)
        eventually(lambda: has_half(scene), "it is tried")
        out.touch()
        said = going.result(timeout=90)
    assert scene.shares() == {"r1": 100}
    assert "r1, which serves, is not healthy either." in said
    assert "Undoing it stopped" not in said
    (stopped,) = facts_of(scene, run, "run.stopped")
    assert (stopped["id"], stopped["actor"]) == ("deployments.both_out", "you")
    assert "`shipway retry" in str(stopped["hint"])
    with scene.cast.database.read() as conn:
        deployment = deployments.of_run(conn, run.id, "prod")
    assert deployment is not None
    assert deployment.state == "failed"
    assert scene.quarantined() == []


def test_what_is_taken_back_keeps_its_share_until_what_served_before_is_healthy(scene: Scene) -> None:
    """Only the old one is ill: requests go nowhere where they would fail, and nothing says that they had."""
    project, out = canary(50, hold="60 s", deadline="90 s"), scene.data / OUT
    run = scene.ordered(scene.commit("second", project=project))
    with collecting(scene), ThreadPoolExecutor(1) as threads:
        going = threads.submit(scene.deliver, run)
        eventually(lambda: has_half(scene), "it is tried")
        out.touch()
        scene.story.roll_back(NAME, "prod", None, "ada")
        assert going.result(timeout=90).startswith("failed: ada took r2 back")
    put_back(scene.cast)
    assert scene.shares() == {"r1": 50, "r2": 50}
    assert facts_of(scene, run, "deployment.kept")[-1]["share"] == 50
    assert (_share(scene, run), _now(scene, run)) == (
        50,
        "it keeps 50 % of the requests until r1, which served before, is healthy",
    )
    out.unlink()
    eventually(lambda: put_back(scene.cast) or scene.shares() == {"r1": 100}, "r1 has all requests again")
    assert (_share(scene, run), _now(scene, run)) == (0, "what served in prod before has all requests again")
    assert scene.says() == "first"
    assert not [name for name in scene.instances() if name.startswith("shop.prod.r2.")]


def _share(scene: Scene, run: Run) -> int:
    with scene.cast.database.read() as conn:
        deployment = deployments.of_run(conn, run.id, "prod")
        assert deployment is not None
        return deployments.shares(conn, deployment)[-1][1]


def _now(scene: Scene, run: Run) -> str:
    with scene.cast.database.read() as conn:
        return untouched(journey.read(conn, run.id))[0]
