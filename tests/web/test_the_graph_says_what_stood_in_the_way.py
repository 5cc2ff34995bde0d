"""A step that never began names what failed of all that it needs, and not whatever failed first."""

from __future__ import annotations

from dataclasses import replace

from shipway.web import journey
from shipway.web.journey import Planned
from shipway.web.pages import graph
from web.scene import Scene


def test_of_two_that_failed_the_one_it_needs_is_named(scene: Scene) -> None:
    scene.application("topup")
    run = scene.push("topup", "First")
    scene.begin(run)
    scene.step(run, "net", "failed")
    scene.step(run, "lint", "failed")
    scene.end(run, "failed", "lint failed")
    planned = [
        Planned(name, needs) for name, needs in {"net": [], "lint": [], "mid": ["lint"], "after": ["mid"]}.items()
    ]
    with scene.database.read() as conn:
        columns = graph.columns(replace(journey.read(conn, run.id), planned=planned))
    said = {box.name: box.words for column in columns for box in column}
    assert said["after"] == "never began: lint failed"
    assert said["prod"] == "never began: net failed"
