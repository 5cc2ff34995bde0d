"""A deployment that was interrupted, anywhere, is finished or undone: never left half done, never done twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shipway.story import tend
from support.scene import Scene, a_scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with a_scene(tmp_path) as scene:
        yield scene


@pytest.mark.parametrize("place", ["deployment.processes before", "deployment.switched before"])
def test_what_it_has_started_is_not_retired_meanwhile(scene: Scene, place: str) -> None:
    """Before the record says so, nothing serves of it: only the deployment knows what it is for."""
    scene.serves("1")
    run = scene.ordered(scene.commit("2"))
    with scene.crashing(place):
        scene.deliver(run)
    before = scene.instances()
    tend.retire(scene.cast)
    assert scene.instances() == before
    assert scene.says() in ("1", "2")
    assert scene.deliver(run) == "passed"
    assert scene.says() == "2"
