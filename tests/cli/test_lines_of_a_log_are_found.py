"""What a page shows of a log, the command line does: what is in it, and when it came."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from cli.terminal import Said
from web.server import Site

Shipway = Callable[..., Said]


@pytest.fixture
def _logs(site: Site) -> None:
    """Two steps, of which one was tried twice."""
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.begin(run)
    scene.step(run, "install", log="got it\n" * 3)
    scene.step(run, "test", "failed", log="\x1b[31m1\x1b[0m FAILED\n")
    scene.step(run, "test", log="begin\n" + "passed\n" * 3000 + "none failed\n", attempt=2)
    scene.end(run)


@pytest.mark.usefixtures("_logs")
def test_words_are_found_in_every_step_and_attempt(shipway: Shipway) -> None:
    said = shipway("logs", "1", "--app", "topup", "--search", "failed")
    assert said.code == 0
    assert said.out.splitlines() == ["test 1: 1 FAILED", "test (attempt 2) 3002: none failed"]
    said = shipway("logs", "1", "--app", "topup", "--step", "test", "--search", "passed", "--json")
    found = [json.loads(line) for line in said.out.splitlines()]
    assert [line["number"] for line in found] == list(range(2, 3002))


@pytest.mark.usefixtures("_logs")
def test_each_line_is_shown_with_its_time_or_that_nobody_knows_it(shipway: Shipway) -> None:
    said = shipway("logs", "--app", "topup", "--step", "install", "--times")
    assert said.out.splitlines() == [f"........ install {number}: got it" for number in (1, 2, 3)]


@pytest.mark.usefixtures("_logs")
@pytest.mark.parametrize("chosen", [["--search", "x"], ["--times"]])
def test_lines_are_those_of_a_run_that_are_there(chosen: list[str], shipway: Shipway) -> None:
    said = shipway("logs", "1", "--app", "topup", "--follow", *chosen)
    assert said.code == 2
    assert "--search and --times are for what a run has written." in said.err


@pytest.mark.usefixtures("_logs")
def test_whoever_asks_for_the_times_of_an_environment_hears_that_they_are_there(shipway: Shipway) -> None:
    said = shipway("logs", "--app", "topup", "--env", "prod", "--times")
    assert said.code == 2
    assert "Each line of an environment has its time already." in said.err
    assert "shipway logs --env prod" in said.err
