"""Values, secrets and tokens: what is said of them is what counts."""

from __future__ import annotations

import html
import subprocess
from collections.abc import Callable

import pytest

from cli.terminal import Said
from shipway.state import deployments, verdicts
from web.server import Site

Shipway = Callable[..., Said]


@pytest.fixture
def topup(site: Site) -> str:
    """The address of an application whose remote is this repository's."""
    site.scene.application("topup")
    url = f"http://127.0.0.1:{site.port}/git/topup.git"
    subprocess.run(["git", "remote", "add", "shipway", url], check=True)
    return url


def secret(site: Site) -> None:
    path = "/api/v1/applications/topup/environments/prod/secrets/API_KEY"
    assert site.send("PUT", path, {"value": "do-not-show-this"}).status == 200


def test_a_value_with_the_name_of_a_secret_is_refused(topup: str, site: Site, shipway: Shipway) -> None:
    secret(site)
    said = shipway("env", "GREETING=hi", "API_KEY=clash")
    assert said.code == 2
    assert "API_KEY is a secret in prod" in said.told
    assert "`shipway secrets --unset API_KEY --env prod`" in said.told
    assert shipway("env").told == "Nothing is set."


def test_a_secret_can_become_a_value_in_one_change(topup: str, site: Site) -> None:
    secret(site)
    body = {"values": {"API_KEY": "public"}, "secrets": {"API_KEY": None}}
    changed = site.send("PATCH", "/api/v1/applications/topup/environments/prod/configuration", body).json
    assert (changed["values"], changed["secrets"]) == ({"API_KEY": "public"}, [])


def test_a_change_of_nothing_is_not_said_to_be_one(topup: str, shipway: Shipway) -> None:
    assert "Recorded; the next release in prod has it." in shipway("env", "GREETING=hi").out
    again = shipway("env", "GREETING=hi")
    assert (again.code, again.out) == (0, "Nothing changed: it was so in prod already.\n")
    assert shipway("env", "GREETING=hi", "--json").json["changed"] is False
    assert shipway("env", "GREETING=ho", "--json").json["changed"] is True


def test_what_is_set_and_does_not_serve_is_told_where_all_is_listed_and_at_a_deployment(
    topup: str, site: Site, shipway: Shipway
) -> None:
    """As after a rollback. What serves as it is set is listed as ever."""
    scene = site.scene
    scene.configure("topup", "prod", {"GREETING": "hi", "OLD": "1", "SAME": "1"}, [])
    scene.deliver(scene.push("topup", "One"))
    assert shipway("env").out.split("\n")[1:4] == ["GREETING  hi", "OLD       1", "SAME      1"]
    scene.configure("topup", "prod", {"GREETING": "ho", "SAME": "1"}, ["API_KEY"])
    listed = shipway("env").out
    assert "ho     r1, which serves, has hi; this comes with the next deployment\n" in listed
    assert "taken away; r1, which serves, has it until the next deployment\n" in listed
    assert "\nSAME      1\n" in listed
    assert "API_KEY  not in r1, which serves; comes with the next deployment\n" in shipway("secrets").out
    assert [one["name"] for one in shipway("secrets", "--json").json["waiting"]] == ["API_KEY"]
    run = scene.push("topup", "Two")
    scene.green(run)
    done = site.send("POST", "/api/v1/applications/topup/environments/prod/deploy", {"commit": run.commit})
    assert done.json["says"].startswith("What is set and not in r1 comes along: API_KEY (secret) is set, ")


def test_what_is_set_back_to_what_serves_waits_for_nothing_and_is_not_deployed(
    topup: str, site: Site, shipway: Shipway
) -> None:
    """As after a rollback, once somebody has mended by hand what would come along with the next deployment."""
    scene, path = site.scene, "/api/v1/applications/topup/environments/prod/configuration"
    site.send("PATCH", path, {"values": {"GREETING": "hi"}, "secrets": {"API_KEY": "a long one"}})
    artifact = scene.deliver(scene.push("topup", "One"))
    scene.configure("topup", "prod", {"GREETING": "ho"}, ["API_KEY"])
    assert [one["name"] for one in shipway("env", "--json").json["waiting"]] == ["GREETING"]
    back = shipway("env", "GREETING=hi")
    assert (back.code, back.out) == (0, "Recorded; nothing is deployed: r1, which serves in prod, has it so.\n")
    assert shipway("env", "--json").json["waiting"] == []
    anew = site.send("PATCH", path, {"secrets": {"API_KEY": "another one"}}).json
    assert (anew["serves"], anew["run"] is None) == (None, False)
    again = site.send("PATCH", path, {"secrets": {"API_KEY": "a long one"}}).json
    assert (again["changed"], again["serves"], again["run"]) == (True, 1, None)
    scene.begin_deployment(scene.begin_deploy("topup", "prod", artifact), "prod")
    site.send("PATCH", path, {"secrets": {"API_KEY": "another one"}})
    late = site.send("PATCH", path, {"secrets": {"API_KEY": "a long one"}}).json
    assert late["run"] is not None, "what is on its way may have it otherwise"


def test_a_new_token_stands_alone_and_is_told_how_it_ends(topup: str, shipway: Shipway) -> None:
    said = shipway("token", "create", "bob")
    assert said.out.startswith("shipway_")
    assert len(said.out.split()) == 1
    assert "For bob, shown this once." in said.err
    made = shipway("token", "create", "bob", "--json").json
    assert shipway("token", "revoke", made["id"]).out == f"{made['id']} is revoked.\n"


def test_the_token_in_use_is_not_revoked_by_the_way(topup: str, shipway: Shipway) -> None:
    (mine,) = [each for each in shipway("token", "--json").json if each["yours"]]
    assert "used here" in shipway("token").out
    said = shipway("token", "revoke", mine["id"])
    assert said.code == 2
    assert f"`shipway token revoke {mine['id']} --own`" in said.told
    assert shipway("runs").code == 0


@pytest.mark.parametrize(
    "verb", [["runs"], ["where"], ["push"], ["init", "--no-write"], ["logs", "--env", "prod"]]
)
def test_after_it_was_revoked_every_verb_says_how_to_get_in(verb: list[str], topup: str, shipway: Shipway) -> None:
    (mine,) = [each for each in shipway("token", "--json").json if each["yours"]]
    with open("index.html", "w") as page:
        page.write("hello")
    subprocess.run(["git", "add", "--all"], check=True)
    subprocess.run(["git", "commit", "--quiet", "--message", "One"], check=True)
    assert shipway("token", "revoke", mine["id"], "--own").code == 0
    said = shipway(*verb)
    assert said.code == 2
    assert "`shipway down`, then `shipway up -d`" in said.told


def test_a_rollback_says_before_it_is_done_that_nothing_serves_beside_what_is_tried(
    topup: str, site: Site, shipway: Shipway
) -> None:
    run = site.scene.push("topup", "One")
    site.scene.begin(run)
    site.scene.artifact(run)
    tried = site.scene.begin_deployment(run, "prod")
    with site.scene.database.write() as conn:
        deployments.enter(conn, tried, "try", {"share": 10})
    said = shipway("rollback", "--dry-run")
    says = f"r1 ({run.commit[:7]}) would be taken back from prod, which serves nothing then. Nothing was done.\n"
    assert (said.code, said.out) == (0, says)
    found = shipway("rollback", "--dry-run", "--json").json
    assert (found["from"]["number"], found["to"]) == (1, None)
    path = "/api/v1/applications/topup/environments/prod/rollback"
    assert site.send("POST", path, {}).json["run"] == run.id


def test_a_rollback_says_before_it_is_done_which_secret_is_lost(topup: str, site: Site, shipway: Shipway) -> None:
    scene = site.scene
    scene.deliver(scene.push("topup", "One"))
    scene.configure("topup", "prod", {"GREETING": "ho"}, ["API_KEY"])
    scene.deliver(scene.push("topup", "Two"))
    said = shipway("rollback", "--dry-run")
    assert said.code == 0
    assert said.out.startswith("prod would go from r2 (")
    assert ", which still runs. r1's configuration comes along: API_KEY (secret) is not set any more, " in said.out
    assert said.out.endswith("Nothing was done.\n")
    assert shipway("rollback", "--dry-run", "--json").json["to"]["number"] == 1
    again = shipway("rollback", "--dry-run", "--to", "r2")
    assert (again.code, "r2" in again.told) == (2, True)
    assert [one["number"] for one in site.get("/api/v1/runs?application=topup").json["runs"]] == [2, 1]


def test_a_rollback_says_before_it_is_done_that_the_release_before_fails_since_a_release_command(
    topup: str, site: Site, shipway: Shipway
) -> None:
    """Which declared that it only adds. What was judged of it has it on record; of the first one nothing is."""
    scene, place = site.scene, "/applications/topup/environments/prod"
    scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Two")
    scene.deliver(run)
    assert "fails since" not in shipway("rollback", "--dry-run").out
    fails = "r1, the one before, fails since r2's release command began: 40 of 40 requests, 0 of 800 before that."
    with scene.database.write() as conn:
        deployment = deployments.of_run(conn, run.id, "prod")
        assert deployment is not None
        reason = f"{fails} 3 of 40 requests failed."
        verdicts.record(conn, deployment, release=2, share=100, kind="good", reason=reason, findings=[])
    assert shipway("rollback", "--dry-run").out.endswith(f"\n{fails}\nNothing was done.\n")
    shown = html.unescape(site.get(place).text)
    assert shown.count(f"<b>{fails}</b>") == 1
    assert f'<p class="quiet small">{fails}</p>' in shown
    assert site.get(f"/api/v1{place}/compare").json["fails"] == fails
