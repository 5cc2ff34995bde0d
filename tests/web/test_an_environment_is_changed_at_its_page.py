"""At the page of an environment things are promoted, frozen, set and compared, by forms that need no script."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from markupsafe import Markup
from playwright.sync_api import Page, expect

from shipway.state import artifacts, holds, releases, runs
from web.judged import Trials, stuck, unjudged
from web.server import Answer, Site
from web.visiting import in_every_look

PROD = "/applications/topup/environments/prod"


def submit(site: Site, act: str, /, **fields: str) -> Answer:
    """What a browser gets that sends the form."""
    form = {**site.sign_in(), "origin": site.origin, "content-type": "application/x-www-form-urlencoded"}
    return site.ask("POST", f"{PROD}/{act}", form, urlencode(fields))


@pytest.mark.needs("chromium")
@in_every_look
def test_prod_is_frozen_and_thawed_by_keyboard(page: Page, site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    page.goto(site.origin + PROD)
    page.locator("summary", has_text="Freeze").focus()
    for keys in ("Enter", "Tab"):
        page.keyboard.press(keys)
    page.keyboard.type("Month end")
    page.keyboard.press("Tab")
    page.keyboard.type("yesterday")
    page.keyboard.press("Enter")
    expect(page.locator("#until-bad")).to_contain_text('Try "2h", "Monday 08:00"')
    expect(page.get_by_label("Reason")).to_have_value("Month end")
    page.get_by_label("Until").fill("2h")
    page.keyboard.press("Enter")
    expect(page.locator("#holds")).to_contain_text("ada")
    expect(page.locator("#holds")).to_contain_text("“Month end”")
    page.locator("summary", has_text="Thaw prod").focus()
    for keys in ("Enter", "Tab", "Enter"):
        page.keyboard.press(keys)
    expect(page.locator("summary", has_text="Freeze")).to_be_visible()
    expect(page.locator("#holds .note")).to_have_count(0)


@pytest.mark.needs("chromium")
@in_every_look
def test_two_releases_are_chosen_and_compared(page: Page, site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    scene.configure("topup", "prod", {"ROUNDING": "half_up", "LIMIT": "5"}, ["KEY"])
    scene.deliver(scene.push("topup", "One"))
    scene.deliver(scene.push("topup", "Two"))
    wide = "far " * 200
    scene.configure("topup", "prod", {"ROUNDING": "half_even", "LIMIT": "5", "WIDE": wide}, ["KEY", "OTHER"])
    scene.deliver(scene.push("topup", "Three", who="ben"))
    page.goto(site.origin + PROD)
    page.locator("#acts").get_by_role("link", name="Add a secret").click()
    expect(page.locator("#secret-name")).to_be_focused()
    page.goto(site.origin + PROD)
    expect(page.locator("#compared h2")).to_have_text("From r2 to r3")
    page.get_by_label("Compare r2").uncheck()
    page.get_by_label("Compare r1").check()
    scene.application("other")  # a fact that would draw the page anew does not take the choice away
    page.get_by_role("button", name="Compare", exact=True).click()
    compared = page.locator("#compared")
    expect(compared.locator("h2")).to_have_text("From r1 to r3")
    expect(compared.locator(".cm")).to_contain_text("Three Ben Weber")
    expect(compared.locator(".cm")).to_contain_text("Two Ada Okafor")
    expect(compared.locator("del")).to_have_text("- ROUNDING = half_up")
    expect(compared.locator("ins")).to_have_text(
        ["+ OTHER = secret, new", "+ ROUNDING = half_even", f"+ WIDE = {wide}"]
    )
    stack = page.locator(".stack", has=compared)
    assert stack.evaluate("(it) => it.scrollWidth <= it.clientWidth"), "it lies under the cards beside it"
    expect(compared).not_to_contain_text("a long one")
    expect(compared.locator(".n").first).to_have_css("display", "inline")  # as wide as what it says
    expect(compared.locator(".diff")).not_to_have_css("scrollbar-color", "auto")  # white in Firefox by night
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        asked = page.locator("#add-secret")
        expect(asked).to_contain_text("Saving starts a deployment to prod")
        asked.locator("summary").evaluate("(it) => it.scrollIntoView({ block: 'end' })")
        asked.locator("summary").click()
        expect(asked.get_by_role("button", name="Save")).to_be_in_viewport(ratio=1)
        asked.locator("summary").click()


def test_any_two_of_many_releases_can_be_chosen(site: Site) -> None:
    """The list has pages, and what is chosen on one stays chosen on the next."""
    scene = site.scene
    scene.application("topup")
    for number in range(1, 24):
        scene.deliver(scene.push("topup", f"Change {number}"), environments=("prod",))
    newest = site.get(PROD).text
    assert 'name="before" value="4"' in newest
    assert 'value="r3"' not in newest
    older = site.get(f"{PROD}?before=4&compare=r23&compare=r22").text
    assert re.findall(r'name="compare" value="(r\d+)"( checked)?', older) == [
        ("r23", " checked"),
        ("r22", " checked"),
        ("r3", ""),
        ("r2", ""),
        ("r1", ""),
    ]
    assert "From r2 to r23" in site.get(f"{PROD}?before=4&compare=r23&compare=r2").text
    none_older = site.get(f"{PROD}?before=1").text
    assert "None that is older." in none_older
    assert '<section id="signals" aria-label="What production says" data-live>' in none_older, "its charts stay"


def test_what_serves_before_is_promoted_unless_it_is_frozen_here(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    assert "Promote" not in site.get(PROD).text
    run = scene.push("topup", "Two")
    scene.deliver(run, environments=("dev", "test"))
    text = site.get(PROD).text
    assert f"Promote {run.commit[:7]}" in text
    assert "moves from r1 to a new release of it" in text
    made = submit(site, "deploy", commit=run.commit)
    assert (made.status, made.headers["location"]) == (303, "/runs/topup:3")
    submit(site, "freeze", why="Month end")
    text = site.get(PROD).text
    assert "disabled>Promote" in text
    assert "prod is frozen" in text


def test_what_was_given_up_is_offered_as_that_and_never_as_new(site: Site) -> None:
    with site.scene.history():
        unjudged(site.scene)
    text = site.get(PROD.replace("topup", "unjudged")).text
    offered = re.search(r'<details class="sure" id="promote">\s*<summary class="btn ([^"]*)">.*?</summary>', text)
    assert offered is not None
    assert ("again" in offered.group(), offered[1].strip()) == (True, "")
    before = "It was here before: r2 could not be judged at 10 %, and r1 has all requests again."
    assert f"{before} It may come once more; nothing in it is new." in text
    site.send("PUT", f"/api/v1{PROD}/env/WORKERS".replace("topup", "unjudged"), {"value": "2"})
    text = site.get(PROD.replace("topup", "unjudged")).text
    assert f"{before} It may come once more, with other values." in text


@contextmanager
def broken(repository: Path) -> Iterator[None]:
    """One that git cannot read."""
    head = repository / "HEAD"
    kept = head.read_bytes()
    head.unlink()
    yield
    head.write_bytes(kept)


def test_what_no_deployment_would_take_is_not_offered(site: Site) -> None:
    """The page asks all that the gate would."""
    scene = site.scene
    with scene.history():
        stuck(scene)
    scene.heads["stuck", "aside"] = f"{scene.heads['stuck', 'main']}^"
    aside = scene.push("stuck", "Beside what is frozen", branch="aside")
    scene.deliver(aside, environments=("dev", "test"))
    text = site.get(PROD.replace("topup", "stuck")).text
    assert f"disabled>Promote {aside.commit[:7]}" in text
    assert f"{aside.commit[:7]} is not on top of" in text
    once_more = scene.push("stuck", "Beside it, once more", branch="aside")
    scene.deliver(once_more, environments=("dev", "test"))
    with broken(scene.places.repository("stuck")):
        shown = site.get(PROD.replace("topup", "stuck"))
    assert shown.status == 200
    assert f"Promote {once_more.commit[:7]}" in shown.text
    assert f"{once_more.commit[:7]} is not on top of" not in shown.text, "nobody knows"
    scene.application("topup")
    under_way = scene.push("topup", "One")
    scene.green(under_way)
    for name in ("dev", "test"):
        scene.deploy(under_way, name)
    assert "run 1 takes it there already" in site.get(PROD).text


def test_a_full_disk_is_called_that_and_what_was_asked_can_be_asked_again(site: Site) -> None:
    site.scene.application("topup")
    site.scene.push("topup", "One")
    scratch = site.scene.places.secret_key.with_suffix(f".{os.getpid()}.new")
    scratch.symlink_to("/dev/full")
    refused = submit(site, "configuration", form="secret", name="API_KEY", value="seven-figures", secret="1")
    error = refused.json["error"]
    assert (refused.status, error["id"], error["actor"]) == (500, "machine.disk_full", "owner")
    assert error["message"] == "There is no room left on the disk that holds Shipway's data."
    assert error["hint"] == "Make room there, then ask for the same again. What serves goes on serving."
    assert not scratch.is_symlink()
    again = submit(site, "configuration", form="secret", name="API_KEY", value="seven-figures", secret="1")
    assert again.status == 303


def test_a_secret_is_saved_and_never_shown_again(site: Site) -> None:
    site.scene.application("topup")
    site.scene.push("topup", "One")
    saved = submit(site, "configuration", form="secret", name="API_KEY", value="line one\r\nline two", secret="1")
    assert (saved.status, saved.headers["location"]) == (303, PROD)
    short = submit(site, "configuration", form="secret API_KEY", name="API_KEY", value="hush!", secret="1")
    assert short.status == 400
    assert "a secret needs at least 6 characters" in short.text
    confused = submit(site, "configuration", form="value", name="API_KEY", value="hush!", secret="1")
    assert confused.status == 400
    for text in (
        site.get(PROD).text,
        short.text,
        confused.text,
        site.get(f"/api/v1{PROD}").text,
        site.get("/api/v1/facts").text,
    ):
        assert "line one" not in text
        assert "hush!" not in text
    assert "API_KEY" in site.get(PROD).text
    submit(site, "configuration", name="API_KEY", value="", secret="1", act="unset")
    assert site.get(f"/api/v1{PROD}/secrets").json["secrets"] == []


def test_a_value_that_is_refused_stands_in_its_form(site: Site) -> None:
    site.scene.application("topup")
    site.scene.deliver(site.scene.push("topup", "One"))
    refused = submit(site, "configuration", form="value", name="1ST", value="kept <b>")
    assert refused.status == 400
    assert "is not a name of an environment variable" in refused.text
    assert "kept &lt;b&gt;" in refused.text
    assert f'data-here="{PROD}"' in refused.text, "the page would ask for itself where it can only be sent to"
    assert not re.search(r'<a [^>]*href="\?|action="[?#]', refused.text)
    changed = submit(site, "configuration", form="value", name="FIRST", value="x")
    assert changed.headers["location"] == "/runs/topup:2"


def test_the_data_of_an_environment_is_listed(site: Site) -> None:
    site.scene.application("topup")
    root = site.scene.places.environment("topup", "prod")
    (root / "data" / "uploads").mkdir(parents=True)
    (root / "data" / "uploads" / "photo").write_bytes(b"x" * 1500)
    (root / "data" / "db.sqlite3").write_bytes(b"y" * 10)
    (root / "backups" / "r1").mkdir(parents=True)
    told = site.get(f"/api/v1{PROD}/data").json
    assert [(one["name"], one["size"], one["whole"]) for one in told["data"]] == [
        ("db.sqlite3", 10, True),
        ("uploads/", 1500, True),
    ]
    assert [one["name"] for one in told["copies"]] == ["r1/"]
    assert "1.5 kB" in site.get(PROD).text
    run = site.scene.push("topup", "One")
    site.scene.green(run)
    made = site.scene.begin_deployment(run, "prod")
    (root / "backups" / made.id).mkdir()
    assert f'before r1 <code class="faint">{made.id}/</code>' in site.get(PROD).text


def test_a_merge_between_two_releases_is_one_of_their_commits(site: Site) -> None:
    scene = site.scene
    scene.application("till")
    scene.deliver(scene.push("till", "One"))
    side = scene.push("till", "Two", branch="idea", deliver=())
    scene.push("till", "Three")
    scene.deliver(scene.push("till", "", commit=scene.commit("till", "Merge idea", merges=side.commit)))
    told = site.get("/api/v1/applications/till/environments/prod/compare").json
    assert {one["subject"] for one in told["commits"]} == {"Merge idea", "Three", "Two"}
    page = site.get("/applications/till/environments/prod?compare=r1&compare=r2").text
    assert "<h3>Three commits</h3>" in page


def test_two_releases_are_compared_as_data(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    assert site.get(f"/api/v1{PROD}/compare").status == 404
    first = scene.deliver(scene.push("topup", "One"))
    assert "first release" in site.get(f"/api/v1{PROD}/compare").json["error"]["message"]
    scene.deliver(scene.push("topup", "Two"))
    told = site.get(f"/api/v1{PROD}/compare").json
    assert [one["subject"] for one in told["commits"]] == ["Two"]
    assert told["commits_taken_back"] == []
    back = site.get(f"/api/v1{PROD}/compare?from=r2&to=r1").json
    assert [one["subject"] for one in back["commits_taken_back"]] == ["Two"]
    scene.roll_back("topup", "prod", first)
    assert site.get(f"/api/v1{PROD}/compare?from=r9").status == 404


def test_any_release_that_has_served_is_gone_back_to_at_its_page(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    made = [scene.deliver(scene.push("topup", f"Change number {number}")) for number in range(23)]
    for _ in range(21):  # the newest twenty of the list have never served
        failing = scene.push("topup", "Break it")
        scene.green(failing)
        scene.fail_deployment(scene.begin_deployment(failing, "prod"), "it does not answer")
        scene.end(failing, "failed", "it does not answer")
    assert "Roll back to r22" in site.get(PROD).text
    old = site.get(f"{PROD}/releases/r2").text
    assert "Roll back to r2, <code>" + made[1].commit[:7] in old
    assert f'action="{PROD}/rollback"' in old
    for other in ("r23", "r30"):  # it serves, it never did
        assert "Roll back" not in site.get(f"{PROD}/releases/{other}").text
    assert submit(site, "rollback", to="r2").headers["location"] == "/runs/topup:45"
    with scene.database.read() as conn:
        assert runs.numbered(conn, "topup", 45).commit == made[1].commit


def test_who_goes_back_at_the_page_may_say_why(site: Site) -> None:
    """As with `--why`: it is on record with the run, and shown; without one nothing is asked for."""
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    scene.deliver(scene.push("topup", "Two"))
    assert re.search(r'name="why"[^>]*(?<! required)aria-describedby="why-roll-back-help"', site.get(PROD).text)
    run = submit(site, "rollback", to="r1", why=" It greets\nwrongly ").headers["location"]
    assert "ada asked for prod to go back to r1: “It greets wrongly”" in site.get(run).text
    run = submit(site, "rollback", to="r1", why=" ").headers["location"]
    assert "decided" not in site.get(run).text
    refused = submit(site, "rollback", to="r1", why="x" * 501)
    assert (refused.status, "more than 500 characters" in refused.text) == (400, True)


LONG = "It greets wrongly. " * 30


@pytest.mark.parametrize(
    ("act", "sent"),
    [
        ("rollback", {"to": "r1", "form": "roll-back"}),
        ("rollback", {"to": "r1", "form": "go-to"}),
        ("freeze", {"until": "2h"}),
    ],
)
def test_a_reason_that_is_too_long_is_written_in_its_form_still(
    site: Site, act: str, sent: dict[str, str]
) -> None:
    """With what is wrong at its field: nobody writes it a second time."""
    scene = site.scene
    scene.application("topup")
    for subject in ("One", "Two"):
        scene.deliver(scene.push("topup", subject))
    page = submit(site, act, why=LONG, **sent)
    assert page.status == 400
    (form,) = re.findall(
        rf'<details class="sure" id="{sent.get("form", act)}" open>.*?</details>', page.text, re.S
    )
    (field,) = re.findall('<input [^>]*name="why"[^>]*>', form)
    assert f'value="{LONG}"' in field
    assert 'aria-invalid="true"' in field
    assert form.count("The reason has more than 500 characters. A sentence is enough.") == 1
    assert all(f'value="{value}"' in form for value in sent.values())
    with scene.database.read() as conn:
        assert len(runs.recent(conn, application="topup")) == 2
        assert holds.frozen(conn, "topup", "prod") == []


def test_what_cannot_be_gone_back_to_says_why(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    made = [scene.deliver(scene.push("topup", f"Change number {number}")) for number in range(2)]
    with scene.database.write() as conn:
        artifacts.prune(conn, made[0])
    said = f"The files of r1 ({made[0].commit[:7]}) were pruned since."
    for path in (PROD, f"{PROD}/releases/r1"):
        page = site.get(path).text
        assert said in page
        assert f'action="{PROD}/rollback"' not in page
    assert submit(site, "rollback", to="r1").status == 409
    with scene.database.read() as conn:
        assert len(runs.recent(conn, application="topup")) == 2


def test_going_back_says_which_configuration_comes_along(site: Site) -> None:
    """At the page before, and through the API when it is done; of secrets only the names."""
    scene = site.scene
    scene.application("topup")
    scene.configure("topup", "prod", {"GREETING": "hi", "SAME": "1"}, [])
    scene.deliver(scene.push("topup", "One"))
    scene.configure("topup", "prod", {"GREETING": "hello <all>", "SAME": "1", "NEW": ""}, ["API_KEY"])
    scene.deliver(scene.push("topup", "Two"))
    words = (
        "r1's configuration comes along: API_KEY (secret) is not set any more, "
        'GREETING hello <all> → hi, NEW "" → not set. '
        "What is set now stays so, and comes with the next deployment."
    )
    assert str(Markup.escape(words)) in site.get(PROD).text
    plan = site.get(f"/api/v1{PROD}/rollback").json
    assert (plan["from"]["number"], plan["to"]["number"], plan["warm"], plan["says"]) == (2, 1, True, words)
    assert site.get(f"/api/v1{PROD}/rollback?to=r2").status == 409
    assert len(site.get("/api/v1/runs?application=topup").json["runs"]) == 2, "nothing was done"
    told = site.send("POST", f"/api/v1{PROD}/rollback", {}).json
    assert told["says"] == words
    assert told["variables"][0] == {
        "name": "API_KEY",
        "secret": True,
        "change": "removed",
        "old": None,
        "new": None,
    }


def test_what_a_rollback_took_away_is_said_to_be_set_and_to_come_again(site: Site) -> None:
    """In the list, before it is promoted, and through the API; what is as it serves stands there as ever."""
    scene = site.scene
    scene.application("topup")
    scene.configure("topup", "prod", {"GREETING": "hi", "OLD": "1", "SAME": "1"}, [])
    scene.deliver(scene.push("topup", "One"))
    scene.configure("topup", "prod", {"GREETING": "hello", "SAME": "1"}, ["API_KEY"])
    run = scene.push("topup", "Two")
    scene.deliver(run, environments=("dev", "test"))
    page = site.get(PROD).text
    says = "What is set and not in r1 comes along: API_KEY (secret) is set, GREETING hi → hello, OLD 1 → not set."
    assert says in page
    beside = {
        "API_KEY": "not in r1, which serves; comes with the next deployment",
        "GREETING": "r1, which serves, has hi; this comes with the next deployment",
        "OLD": "taken away; r1, which serves, has it until the next deployment",
    }
    assert re.findall(r'waits">(.*?)</span>', page) == [beside[name] for name in ("GREETING", "API_KEY", "OLD")]
    listed = site.get(f"/api/v1{PROD}/configuration").json["waiting"]
    assert {one["name"]: one["says"] for one in listed} == beside
    assert site.send("POST", f"/api/v1{PROD}/deploy", {"commit": run.commit}).json["says"] == says


def test_a_value_says_which_others_come_with_it_in_the_answer_and_at_its_form(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    scene.configure("topup", "prod", {"LOWER": "1", "LIMIT": "2"}, ["API_KEY"])
    says = "What is set and not in r1 comes along: API_KEY (secret) is set, LIMIT not set → 2, LOWER not set → 1."
    page = site.get(PROD).text
    assert says in page.partition('id="add-value"')[2].partition("</form>")[0]
    answer = site.send("PATCH", f"/api/v1{PROD}/configuration", {"values": {"OTHER": "1", "LIMIT": None}}).json
    assert answer["says"] == says.replace(" LIMIT not set → 2,", "")


def test_what_a_deployment_under_way_brings_is_not_said_to_wait_for_the_next(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    scene.configure("topup", "prod", {"NEW": "1"}, [])
    run = scene.push("topup", "Two")
    scene.green(run)
    scene.begin_deployment(run, "prod")
    assert "not in r1, which serves; comes with r2, on its way" in site.get(PROD).text


def test_going_back_says_that_the_configuration_stays(site: Site) -> None:
    site.scene.application("topup")
    site.scene.deliver(site.scene.push("topup", "One"))
    site.scene.deliver(site.scene.push("topup", "Two"))
    assert "The configuration of r1 is the same as now." in site.get(PROD).text
    told = site.send("POST", f"/api/v1{PROD}/rollback", {}).json
    assert (told["variables"], told["says"]) == ([], "The configuration of r1 is the same as now.")


def test_a_rollback_in_a_trial_says_before_what_it_would_do(site: Site) -> None:
    """Also of one that names the release beside it, with a reason: that takes back what is tried."""
    told = Trials(site.scene, "topup")
    _run, tried = told.comes(30, "Two")
    told.share(tried, 10)
    for query in ("", "?to=r1&why=It+hurts"):
        plan = site.get(f"/api/v1{PROD}/rollback{query}").json
        assert (plan["from"]["number"], plan["to"]["number"], plan["warm"]) == (2, 1, True)
    done = site.send("POST", f"/api/v1{PROD}/rollback", {"to": "r1", "why": "It hurts"}).json
    assert done["run"] == tried.run
    assert [done["takes_back"][one]["number"] for one in ("from", "to")] == [2, 1]


def test_much_that_comes_along_is_said_in_short(site: Site) -> None:
    scene, many = site.scene, {f"N{n}": "1" for n in range(10)}
    scene.application("topup")
    scene.configure("topup", "prod", {**many, "LONG": "x" * 100 + "1"}, [])
    scene.deliver(scene.push("topup", "One"))
    scene.configure("topup", "prod", {**dict.fromkeys(many, "2\n\x1b[31m3"), "LONG": "x" * 100 + "2"}, [])
    scene.deliver(scene.push("topup", "Two"))
    says = site.send("POST", f"/api/v1{PROD}/rollback", {}).json["says"]
    assert says.startswith("r1's configuration comes along: LONG changes, N0 2 3 → 1, ")
    assert "N6 2 3 → 1, and 3 more. What is set now" in says


def test_a_freeze_that_is_over_is_shown_no_more(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    with scene.database.write() as conn:
        holds.freeze(conn, "topup", "prod", why="The fair", who="ben", until=scene.real + 3600)
        assert releases.now_serving(conn, "topup", "prod") is not None
    assert "“The fair”" in site.get(PROD).text
    with scene.database.write() as conn:
        for hold in holds.frozen(conn, "topup", "prod"):
            holds.thaw(conn, hold, who="ada")
    assert "“The fair”" not in site.get(PROD).text
