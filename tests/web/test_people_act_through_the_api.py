"""What people ask for over HTTP is checked, recorded with who asked, and queued."""

from __future__ import annotations

import re

from shipway.state import applications, deployments, facts, releases
from web.server import Site

PROD = "/api/v1/applications/topup/environments/prod"


def delivered(site: Site) -> list[str]:
    """Two commits that went to prod, the older first."""
    made = site.send("POST", "/api/v1/applications", {"name": "topup"})
    assert made.status == 200, made.text
    commits = []
    for subject in ("One", "Two"):
        run = site.scene.push("topup", subject)
        site.scene.deliver(run)
        commits.append(run.commit)
    return commits


def test_making_an_application_twice_shows_the_first(site: Site) -> None:
    first = site.send("POST", "/api/v1/applications", {"name": "topup", "default_branch": "trunk"}, "ben").json
    again = site.send("POST", "/api/v1/applications", {"name": "topup"}).json
    assert first == again
    assert first["default_branch"] == "trunk"
    assert site.scene.places.repository("topup").is_dir()
    with site.scene.database.read() as conn:
        made = [fact for fact in facts.after(conn, 0) if fact.kind == "application.created"]
        assert [fact.who for fact in made] == ["ben"]
        assert len(applications.every(conn)) == 1


def test_a_name_that_cannot_be_part_of_an_address_is_refused(site: Site) -> None:
    for name in ("", "Top", "a--b", "-a", "a_b", "a" * 41, "../x", "a b"):
        answer = site.send("POST", "/api/v1/applications", {"name": name})
        assert answer.status == 400, name
        assert answer.json["error"]["actor"] == "you"


def test_values_and_secrets_are_set_seen_and_taken_away(site: Site) -> None:
    delivered(site)
    changed = site.send("PUT", f"{PROD}/env/GREETING", {"value": "hello"}, "ben").json
    assert changed["values"] == {"GREETING": "hello"}
    assert site.get(f"/api/v1/runs/{changed['run']}").json["who"] == "ben"
    secret = site.send("PUT", f"{PROD}/secrets/API_KEY", {"value": "do-not-show-this"})
    assert secret.status == 200
    assert "do-not-show-this" not in secret.text + site.get(PROD).text + site.get("/api/v1/facts").text
    assert site.send("DELETE", f"{PROD}/env/GREETING").json["values"] == {}
    assert site.send("DELETE", f"{PROD}/secrets/API_KEY").json["secrets"] == []
    assert site.send("DELETE", f"{PROD}/env/GREETING").status == 404
    assert site.send("PUT", f"{PROD}/env/PORT", {"value": "1"}).status == 400


def test_several_changes_at_once_are_one_version_and_one_run(site: Site) -> None:
    delivered(site)
    site.send("PUT", f"{PROD}/env/OLD", {"value": "x"})
    body = {"values": {"A": "1", "B": "2", "OLD": None}, "secrets": {"API_KEY": "do-not-show-this"}}
    changed = site.send("PATCH", f"{PROD}/configuration", body, "ben")
    assert changed.json["values"] == {"A": "1", "B": "2"}
    assert (changed.json["version"], changed.json["secrets"], changed.json["named"]) == (2, ["API_KEY"], True)
    assert "do-not-show-this" not in changed.text
    assert len(site.get("/api/v1/runs").json["runs"]) == 2 + 2
    assert site.get(f"{PROD}/configuration").json["values"] == {"A": "1", "B": "2"}
    with site.scene.database.read() as conn:
        told = [fact for fact in facts.after(conn, 0) if fact.kind == "configuration.changed"]
    assert (told[-1].who, told[-1].data["what"]) == ("ben", "set A, set B, removed OLD, set secret API_KEY")
    assert told[-1].data["names"] == ["A", "API_KEY", "B", "OLD"]


def test_of_several_changes_all_are_made_or_none(site: Site) -> None:
    delivered(site)
    assert site.send("PATCH", f"{PROD}/configuration", {"values": {"A": "1", "PORT": "2"}}).status == 400
    assert site.send("PATCH", f"{PROD}/configuration", {"values": {"A": "1", "GONE": None}}).status == 404
    for body in ({"values": []}, {"values": {"A": 1}}, {"secrets": "API_KEY"}, {"values": {"A": {}}}):
        assert site.send("PATCH", f"{PROD}/configuration", body).status == 400, body
    shown = site.get(f"{PROD}/configuration").json
    assert (shown["version"], shown["values"]) == (0, {})


def test_before_the_first_push_an_environment_that_nobody_named_can_be_configured(site: Site) -> None:
    site.send("POST", "/api/v1/applications", {"name": "topup"})
    staging = "/api/v1/applications/topup/environments/staging"
    assert site.get(f"{staging}/secrets").json == {"secrets": [], "version": 0}
    body = {"secrets": {"API_KEY": "do-not-show-this"}}
    changed = site.send("PATCH", f"{staging}/configuration", body).json
    assert (changed["named"], changed["run"]) == (False, None)
    assert site.get(staging).json["configuration"]["secrets"] == ["API_KEY"]
    assert site.get("/applications/topup/environments/staging", accept="text/html").status == 200
    site.scene.push("topup", "One")
    refused = site.send("PATCH", f"{staging}/configuration", body)
    assert (refused.status, refused.json["error"]["hint"]) == (404, "There are: dev, test, prod.")


def failed(site: Site) -> str:
    """A run that failed, as people call it."""
    site.scene.application("topup")
    run = site.scene.push("topup", "One")
    site.scene.begin(run)
    site.scene.step(run, "test", "failed")
    site.scene.end(run, "failed", "test failed")
    return f"topup:{run.number}"


def test_a_run_that_failed_is_done_again(site: Site) -> None:
    run = failed(site)
    before = site.get(f"/api/v1/runs/{run}").json["again"]
    made = site.send("POST", f"/api/v1/runs/{run}/retry", who="ben").json
    assert made["says"] == before
    assert site.get(f"/api/v1/runs/{run}").json["again"] == "", "it was done again"
    assert (made["number"], made["retry_of"], made["who"], made["state"]) == (2, 1, "ben", "queued")
    assert made["deliver"] == ["dev", "test", "prod"]
    refused = site.send("POST", f"/api/v1/runs/{run}/retry")
    assert (refused.status, refused.json["error"]["id"]) == (409, "pipelines.not_again")
    assert "waiting for its turn" in refused.json["error"]["message"]
    assert site.send("POST", "/api/v1/runs/topup:9/retry").status == 404


def test_the_page_of_a_run_does_it_again_and_says_from_where_it_came(site: Site) -> None:
    run = failed(site)
    form = {**site.sign_in("ben"), "origin": site.origin, "content-type": "application/x-www-form-urlencoded"}
    page = {**form, "accept": "text/html"}
    assert "Run again" in site.ask("GET", f"/runs/{run}", page).text
    answer = site.ask("POST", f"/runs/{run}/retry", form)
    assert (answer.status, answer.headers["location"]) == (303, "/runs/topup:2")
    text = site.ask("GET", "/runs/topup:2", page).text
    assert 'did <a href="/runs/topup:1">run 1</a> again' in text
    assert "Run again" not in text
    before = site.ask("GET", f"/runs/{run}", page).text
    assert '<a href="/runs/topup:2">Run 2</a> did it again' in before
    assert "Run again" not in before
    assert "run 1 again" in site.ask("GET", "/runs", page).text
    assert site.ask("POST", f"/runs/{run}/retry", page).status == 409


def test_rolling_back_and_deploying_queue_runs(site: Site) -> None:
    first, second = delivered(site)
    back = site.send("POST", f"{PROD}/rollback", {}, "ben").json
    shown = site.get(f"/api/v1/runs/{back['run']}").json
    assert (shown["purpose"], shown["commit"], shown["who"], shown["deliver"]) == (
        "rollback",
        first,
        "ben",
        ["prod"],
    )
    assert site.send("POST", f"{PROD}/rollback", {"to": "r1"}).status == 200
    assert site.send("POST", f"{PROD}/rollback", {"to": "r9"}).status == 404
    forward = site.send("POST", f"{PROD}/deploy", {"commit": second[:10]}).json
    assert forward["says"] == ""
    assert site.get(f"/api/v1/runs/{forward['run']}").json["purpose"] == "deploy"
    older = site.send("POST", f"{PROD}/deploy", {"commit": first}).json["says"]
    assert older.startswith(f"{first[:7]} is older than what serves, r2 ({second[:7]}). ")
    assert site.send("POST", f"{PROD}/deploy", {"commit": "0" * 40}).status == 404


def test_a_queued_run_can_be_cancelled(site: Site) -> None:
    delivered(site)
    run = site.scene.push("topup", "Three")
    assert site.send("POST", f"/api/v1/runs/{run.id}/cancel").json["state"] == "cancelled"


def test_a_person_at_a_page_can_do_the_same(site: Site) -> None:
    delivered(site)
    form = {**site.sign_in("ben"), "origin": site.origin, "content-type": "application/x-www-form-urlencoded"}
    answer = site.ask("POST", "/applications/topup/environments/prod/rollback", form, "to=r1")
    assert (answer.status, answer.headers["location"]) == (303, "/runs/topup:3")
    cancelled = site.ask("POST", "/runs/topup:3/cancel", form)
    assert cancelled.headers["location"] == "/runs/topup:3"
    assert site.get("/api/v1/runs/topup:3").json["state"] == "cancelled"


def test_what_cannot_be_rolled_back_is_told_on_a_page(site: Site) -> None:
    delivered(site)
    form = {**site.sign_in("ben"), "origin": site.origin, "content-type": "application/x-www-form-urlencoded"}
    page = {**form, "accept": "text/html"}
    answer = site.ask("POST", "/applications/topup/environments/prod/rollback", page, "to=r2")
    assert answer.status == 409
    assert "r2 is what prod serves" in answer.text


def test_after_a_rollback_the_page_says_so_and_shows_the_way_forward(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    before = scene.deliver(scene.push("topup", "One"))
    scene.deliver(scene.push("topup", "Two"))
    scene.roll_back("topup", "prod", before, who="ben")
    text = site.get("/applications/topup/environments/prod", accept="text/html").text
    assert "r1 serves in prod" in text
    assert "ben went back to it" in text
    assert "Rolled back, kept warm until" in text
    assert re.search(r'<summary class="btn *">(?:(?!</summary>).)*Go forward to r2', text), (
        "it is not the main act"
    )
    assert re.search(r"ben left it \d+ s ago, and gave no reason\.", text)
    with scene.database.write() as conn:
        after = releases.recent(conn, "topup", "prod", 1)[0]
        facts.record(
            conn,
            "release.silent",
            application="topup",
            environment="prod",
            commit=after.commit,
            data={"deployment": deployments.of_release(conn, after.id)[0].id, "reason": "Nothing was heard."},
        )
    silent = site.get("/applications/topup/environments/prod", accept="text/html").text
    assert "Go forward to" not in silent, "what did not do well is offered as a way to nobody"
    assert "Every request to prod moves from r1 to r2" in text
    assert "Roll back to" not in text
    assert "Rolled back" in site.get("/", accept="text/html").text


def test_going_forward_again_is_not_told_as_a_rollback(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    before = scene.deliver(scene.push("topup", "One"))
    after = scene.deliver(scene.push("topup", "Two"))
    for artifact in (before, after):
        scene.roll_back("topup", "prod", artifact)
    text = site.get("/applications/topup/environments/prod", accept="text/html").text
    assert "r2 serves in prod" in text
    assert "went back" not in text
    assert "Roll back to r1" in text
    assert "Rolled back" not in site.get("/", accept="text/html").text


def test_what_serves_is_on_its_page_however_many_releases_came_after(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "The one that serves"))
    run = scene.push("topup", "The one that does not start")
    scene.green(run)
    for number in range(25):
        scene.configure("topup", "prod", {"NUMBER": str(number)}, [])
        with scene.database.write() as conn:
            releases.make(
                conn,
                application="topup",
                environment="prod",
                digest=run.commit.ljust(64, "0"),
                commit=run.commit,
                configuration=number + 1,
            )
    text = site.get("/applications/topup/environments/prod", accept="text/html").text
    assert "r1 serves in prod" in text
    assert "The one that serves" in text
