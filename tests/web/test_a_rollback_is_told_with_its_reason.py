"""Who rolled back and said why: told as that on each page, and never as if something frozen had been decided."""

from __future__ import annotations

import html
import re

import pytest

from shipway.state import decisions
from web.scene import Scene
from web.server import Site

WHY = "it greets wrongly"
BACK = f"ben rolled prod back to r1: “{WHY}”"


@pytest.fixture
def commits(scene: Scene) -> tuple[str, str]:
    """What is back, and what was taken away."""
    scene.application("topup")
    good = scene.deliver(scene.push("topup", "One"))
    bad = scene.push("topup", "Two")
    scene.deliver(bad)
    scene.roll_back("topup", "prod", good, why=WHY)
    return good.commit, bad.commit


def test_a_rollback_with_a_reason_is_told_as_a_rollback(site: Site, commits: tuple[str, str]) -> None:
    good, _bad = commits
    run = words(site.get("/runs/topup:3").text)
    assert f"{good[:7]} serves in prod again" in run
    assert "ben went back to" in run
    assert BACK in run
    assert site.get("/api/v1/runs/topup:3").json["decided"]["says"] == BACK
    assert BACK in words(site.get("/applications/topup/environments/prod").text)
    pages = [words(site.get(f"/applications/topup/commits/{one}").text) for one in commits]
    assert f"ben went back to it in prod: “{WHY}”." in pages[0]
    assert "ben rolled prod back to r1" in pages[1]
    assert f"“{WHY}”. It had requests for" in pages[1]
    told = [event["says"] for one in commits for event in why(site, one)]
    assert told.count(BACK) == 1
    assert told.count(f"ben rolled prod back to r1, and that has all requests again: “{WHY}”") == 1
    for shown in (run, *pages, *told):
        assert "decided" not in shown
        assert "gave" not in shown


def test_the_reason_is_on_the_first_page_and_in_where(site: Site, commits: tuple[str, str]) -> None:
    good, bad = commits
    took = f"ben rolled prod back to r1, {good[:7]}: “{WHY}”"
    assert took in words(site.get("/").text)
    found = site.get(f"/api/v1/applications/topup/commits/{bad}/where").json["environments"]
    assert next(one["reason"] for one in found if one["name"] == "prod") == took


def test_what_an_older_shipway_recorded_is_told_as_it_was(site: Site, commits: tuple[str, str]) -> None:
    """It did not say whether somebody went back, or decided between two of which one is frozen."""
    data = {"release": 1, "past": None, "why": WHY}
    assert decisions.of_data("ben", data).says == f"ben gave r1 all requests: “{WHY}”"


def words(page: str) -> str:
    """What stands on it, without its markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def why(site: Site, commit: str) -> list[dict[str, str]]:
    found = site.get(f"/api/v1/applications/topup/commits/{commit}/why?environment=prod").json
    events: list[dict[str, str]] = found["events"]
    return events
