"""The settings of an application: ruled by its file, with lines, and one by the server, which can be changed."""

from __future__ import annotations

from urllib.parse import urlencode

from shipway.pushes.git import Git
from shipway.state import facts
from web.server import Answer, Site

PAGE = "/applications/topup/settings"


def submit(site: Site, branch: str) -> Answer:
    form = {**site.sign_in(), "origin": site.origin, "content-type": "application/x-www-form-urlencoded"}
    return site.ask("POST", PAGE, form, urlencode({"default_branch": branch}))


def test_before_a_push_nothing_rules_it(site: Site) -> None:
    site.scene.application("topup")
    assert "Nothing rules topup yet" in site.get(PAGE).text
    assert site.get(f"/api/v1{PAGE}").json["settings"] == []


def test_every_setting_is_shown_with_its_line(site: Site) -> None:
    site.scene.application("topup")
    run = site.scene.push("topup", "One")
    text = site.get(PAGE).text
    assert "shipway.yml rules topup" in text
    assert run.commit[:7] in text
    assert "How requests move to a new release" in text or "traffic.hold" in text
    told = {one["key"]: one for one in site.get(f"/api/v1{PAGE}").json["settings"]}
    assert told["build.kind"]["line"] == 1
    assert told["traffic.hold"]["line"] is None


def test_the_default_branch_is_one_that_was_pushed(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    refused = submit(site, "trunk")
    assert (refused.status, "Nothing was pushed yet." in refused.text) == (400, True)
    scene.push("topup", "One")
    scene.push("topup", "Two", branch="trunk")
    refused = submit(site, "nope<b>")
    assert refused.status == 400
    assert "There are: main, trunk." in refused.text
    assert "nope&lt;b&gt;" in refused.text
    assert submit(site, "trunk").headers["location"] == PAGE
    assert site.get("/api/v1/applications/topup").json["default_branch"] == "trunk"
    head = scene.places.repository("topup") / "HEAD"
    assert head.read_text() == "ref: refs/heads/trunk\n"
    assert Git(scene.places.repository("topup")).resolve("HEAD") == scene.heads["topup", "trunk"]
    again = site.send("PATCH", "/api/v1/applications/topup", {"default_branch": "trunk"})
    assert again.json["default_branch"] == "trunk"
    with scene.database.read() as conn:
        changed = [fact for fact in facts.after(conn, 0) if fact.kind == "application.changed"]
    assert [(fact.who, fact.data["default_branch"]) for fact in changed] == [("ada", "trunk")]
