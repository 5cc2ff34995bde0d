"""A rollback that was undone only in part: what comes next puts the rest right, and all is in agreement again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shipway.state import deployments, instances
from shipway.story import tend
from shipway.story.retire import Retirement
from shipway.web import journey
from shipway.web.untouched import untouched
from support.installation import eventually
from support.scene import PROJECT, Scene
from support.workshop import NAME

PATIENT = PROJECT.replace("grace: 0 s", "grace: 0.5 s")


def half_way_by_illness(scene: Scene) -> str:
    """What was to come back has no worker that lives, and what served, whose commit it is, has fallen ill."""
    scene.serves("1", project=PATIENT, on_strike_if="strike")
    second = scene.serves("2", project=PATIENT, sick_if="flu")
    (scene.data / "strike").touch()
    (scene.data / "flu").touch()
    eventually(lambda: scene.cast.proxy.is_well(scene.serving().name, directly=True) is False, "it is ill")
    goes_back_in_part(scene, "r1 has all requests")
    (scene.data / "flu").unlink()
    return second


def half_way_by_a_lost_key(scene: Scene) -> str:
    """The same, and the secrets of what served cannot be opened while it is to get its worker back."""
    scene.serves("1", project=PATIENT, on_strike_if="strike")
    scene.story.configure(NAME, "prod", "ada", secrets={"TOKEN": "eggs and milk"})
    second = scene.serves("2", project=PATIENT)
    (scene.data / "strike").touch()
    key = scene.cast.machine.places.secret_key
    aside = key.rename(key.with_suffix(".aside"))
    goes_back_in_part(scene, "r2 has all requests")
    aside.rename(key)
    return second


def goes_back_in_part(scene: Scene, left: str) -> None:
    run = scene.going_back()
    assert "worker ended" in scene.go_back(run)
    assert "Undoing it stopped" in scene.deployment(run).reason
    with scene.cast.database.read() as conn:
        assert untouched(journey.read(conn, run.id))[0].startswith(f"prod was put back only in part: {left}")


def in_agreement(scene: Scene, version: str) -> None:
    """The record, the router, the keeper and the worker say the same, and nothing is left over."""
    Retirement(scene.cast).look()
    tend.restore(scene.cast)
    assert scene.says() == version
    assert scene.works(version)
    serves = scene.serving()
    assert scene.shares() == {f"r{serves.number}": 100}
    with scene.cast.database.read() as conn:
        assert deployments.running(conn) == []
        wanted = [one.id for one in instances.wanted(conn)]
    assert scene.instances() == wanted
    assert [name for name in wanted if ".worker." in name] == [f"{serves.name}.worker.1"]


@pytest.mark.parametrize("half_way", [half_way_by_illness, half_way_by_a_lost_key])
def test_a_new_release_puts_it_right(scene: Scene, half_way: Callable[[Scene], str]) -> None:
    half_way(scene)
    assert scene.deliver(scene.ordered(scene.commit("3", project=PATIENT))) == "passed"
    in_agreement(scene, "3")


def test_what_serves_gets_its_worker_back_also_where_it_is_deployed_again(scene: Scene) -> None:
    """It serves already, so that deployment has nothing to do: what should run is on record, and is started."""
    second = half_way_by_a_lost_key(scene)
    run = scene.ordered(second)
    assert scene.deliver(run) == "passed"
    assert scene.facts(run).count("deployment.unneeded") == 1
    in_agreement(scene, "2")
