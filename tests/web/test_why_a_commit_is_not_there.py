"""`shipway why` of a commit, and the pages that say the same: what ended its way is quoted, and led to."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.state import deployments
from shipway.state.deployments import Deployment
from shipway.state.runs import Run
from web.past import TRACEBACK
from web.scene import Scene
from web.server import Site

DIED = "web ended with exit status 1 right after its start."


def dies(scene: Scene, environment: str, *, started: bool = True, error: bool = False) -> tuple[Run, Deployment]:
    """A release that ends as soon as it is started, and may report why with an SDK."""
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Two")
    scene.green(run)
    if environment != "dev":
        scene.deploy(run, "dev")
    dead = scene.begin_deployment(run, environment)
    with scene.database.write() as conn:
        if started:
            deployments.enter(conn, dead, "start")
    if error:
        told = {"exception": {"values": [{"type": "KeyError", "value": "'CHF'"}]}, "release": run.commit}
        scene.report("topup", told, environment)
    with scene.database.write() as conn:
        deployments.give_up(conn, dead, DIED, TRACEBACK)
    scene.fail_deployment(dead, DIED, TRACEBACK)
    scene.end(run, "failed", DIED)
    return run, dead


def why(site: Site, run: Run, environment: str) -> list[dict[str, Any]]:
    found = site.get(f"/api/v1/applications/topup/commits/{run.commit}/why?environment={environment}").json
    events: list[dict[str, Any]] = found["events"]
    return events


def test_a_release_that_died_at_its_start_is_quoted_and_leads_to_its_log(site: Site) -> None:
    """Where it died, and in the environment to which it did not get because of that."""
    run, _dead = dies(site.scene, "test", error=True)
    log = "(shipway logs --env test --release r2)"
    there = next(one for one in why(site, run, "test") if one["lines"])
    assert there["says"] == f"it was given up: {DIED.rstrip('.')} {log}"
    further = why(site, run, "prod")
    quoted = next(one for one in further if one["lines"])
    assert quoted["says"] == f"it did not get through test, which comes before prod: {DIED.rstrip('.')} {log}"
    assert there["lines"] == quoted["lines"] == TRACEBACK.splitlines()
    reported = "it reported a new error in test: KeyError: 'CHF' (shipway errors 1)"
    assert reported in [one["says"] for one in further]
    assert reported.replace(" in test", "") in [one["says"] for one in why(site, run, "test")]
    assert not any("did not get" in one["says"] for one in why(site, run, "dev"))


def test_what_failed_before_anything_was_started_leads_to_the_log_of_its_run(site: Site) -> None:
    run, _dead = dies(site.scene, "dev", started=False)
    assert any(one["says"].endswith("(shipway logs 2)") for one in why(site, run, "prod"))


def test_a_run_leads_to_all_that_its_application_printed(site: Site) -> None:
    """The page, and the log that `shipway logs RUN` prints: of each environment in which anything was started."""
    dies(site.scene, "test")
    page = site.get("/runs/topup:2").text.partition('id="apart"')[2].partition("</p>")[0]
    assert page.count('<a href="/applications/topup/environments/test/log?release=r2">r2 in test</a>') == 1
    assert page.count("<a ") == 1
    last = site.get("/api/v1/runs/topup:2/log").text.splitlines()[-1]
    assert last == "▸ all that r2 in test printed: shipway logs --env test --release r2"


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_page_of_a_dead_release_quotes_it(site: Site, environment: str) -> None:
    dies(site.scene, environment)
    page = site.get(f"/applications/topup/environments/{environment}/releases/r2").text
    assert "ModuleNotFoundError: No module named &#39;psycopg&#39;" in page
    assert f"/applications/topup/environments/{environment}/log?release=r2" in page.partition('id="facts"')[0]
    judged = site.get(f"/api/v1/applications/topup/environments/{environment}/releases/r2/verdicts").json
    assert judged["said"] == TRACEBACK.splitlines()
    assert judged["log"] == f"shipway logs --env {environment} --release r2"
