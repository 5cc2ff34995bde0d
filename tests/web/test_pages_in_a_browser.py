"""The pages, as a person has them before their eyes: in a real browser, while things happen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from shipway.incidents.suspects import Suspicion
from shipway.state import messages
from shipway.state.messages import Draft
from shipway.state.runs import Run
from web import telling
from web.scene import Scene
from web.server import Site
from web.visiting import in_every_look, person

pytestmark = pytest.mark.needs("chromium")


def test_what_fails_stands_first_and_is_only_text(browser: Browser, past: Site) -> None:
    context = person(browser, past)
    page = context.new_page()
    page.goto(f"{past.origin}/applications/topup/environments/prod")
    rows = page.locator("#probes li")
    expect(rows).to_have_count(5)
    expect(rows.first).to_contain_text("queue of r3")
    expect(rows.first).to_contain_text("<img src=x onerror=alert(1)>")
    expect(rows.nth(1)).to_contain_text("Not known")
    expect(rows.nth(2)).to_contain_text("charges equal the ledger invariant")
    context.close()


MARK = "(step) => getComputedStyle(step, '::after').backgroundColor"


@pytest.mark.parametrize("width", [1440, 390])
def test_a_failed_deployment_shows_all_of_what_the_application_said_and_no_step_that_passed(
    browser: Browser, past: Site, width: int
) -> None:
    context = person(browser, past, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(f"{past.origin}/runs/ledger:2")
    said = page.locator("#failure pre")
    expect(page.locator("#failure h2")).to_have_text("deployment to test")
    expect(said).to_contain_text("ModuleNotFoundError: No module named 'psycopg'")
    assert said.evaluate("(pre) => pre.scrollWidth <= pre.clientWidth"), "it is cut at the edge"
    expect(page.locator("#log")).not_to_contain_text("exit status 0")
    page.get_by_role("link", name="test 12 s").click()
    expect(page.locator("#log")).to_contain_text("exit status 0")
    chosen = page.locator(".step[aria-current]")
    expect(chosen).to_have_count(1)
    assert chosen.evaluate(MARK) != page.locator(".step:not([aria-current])").first.evaluate(MARK), "not marked"
    context.close()


TOP = "(each) => each.getBoundingClientRect().top"


def test_a_commit_is_watched_to_its_end_and_what_is_open_or_read_stays(browser: Browser, site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Two", who="ben")
    context = person(browser, site, viewport={"width": 390, "height": 500})
    page = context.new_page()
    page.goto(f"{site.origin}/applications/topup/commits/{run.commit[:8]}")
    expect(page.locator("#life > li")).to_have_count(2)
    say(scene, run, "It waits.")
    page.get_by_text("What was said").focus()
    page.keyboard.press("Enter")
    said = page.locator("#life details", has_text="It waits.")
    read = page.locator("#life h3", has_text="ben@example.org")
    read.evaluate("(each) => scrollTo(0, scrollY + each.getBoundingClientRect().top - 60)")
    before = read.evaluate(TOP)
    scene.green(run)
    for environment in ("dev", "test", "prod"):
        scene.deploy(run, environment)
    scene.end(run)
    error = scene.report("topup", {"message": "gateway answered after 4711 ms", "release": run.commit})
    scene.suspect(
        error, Suspicion("It changed the gateway.", run.commit, "Ben Weber", "ben@example.org", "Two", "low")
    )
    expect(page.locator("#turn")).to_contain_text("Ben Weber can mend it")
    expect(page.locator("#suspected")).to_contain_text("It changed the gateway.")
    told = page.locator("#life > li h3").all_inner_texts()
    assert sorted(told) == sorted(set(told)), "something is told twice"
    assert [name for name in ("dev", "test", "prod") if f"r2 serves in {name}" not in told] == []
    ids = page.locator("main [id]").evaluate_all("(all) => all.map((each) => each.id)")
    assert sorted(ids) == sorted(set(ids))
    assert said.evaluate("(fold) => fold.open && fold.contains(document.activeElement)"), "it was closed, or left"
    assert abs(read.evaluate(TOP) - before) <= 2, "what was read has moved"
    context.close()


def say(scene: Scene, run: Run, text: str) -> None:
    """Ben is to be told something of a run."""
    about = {"application": run.application, "commit": run.commit, "run": run.id}
    with scene.database.write() as conn:
        messages.write(conn, Draft("ben@example.org", text, "stopped", "[topup] of yours", text, 0.0, **about))


@in_every_look
def test_each_try_of_a_message_is_shown_while_its_text_is_read(page: Page, site: Site) -> None:
    refused = telling.say(site.scene, "ben@example.org", "c", "stopped", "[topup] test failed")
    telling.refused(site.scene, refused, "it answered 500")
    site.scene.now -= 120  # its next try is due
    telling.refused(site.scene, refused, "it answered 501")
    page.goto(f"{site.origin}/messages")
    page.locator("summary", has_text="test failed").click()
    expect(page.locator("#list")).to_contain_text("it answered 501")
    telling.refused(site.scene, refused, "it answered 502")  # which is no fact
    expect(page.locator("#list")).to_contain_text("it answered 502")
    expect(page.locator("#list pre")).to_be_visible()
    page.get_by_role("button", name="Send again").click()
    expect(page).to_have_url(re.compile(rf"/messages\?person=ben%40example.org#m-{refused.id}$"))
    with site.scene.database.read() as conn:
        now = messages.get(conn, refused.id)
    assert now is not None
    assert now.next_try > site.scene.now + 60  # just now, by the clock


PROBLEMS = """\
shipway.yml has 2 problems:
  shipway.yml:2:1: helth is not known; did you mean health?
  shipway.yml:5:9: steps.test.run should be text"""


def test_each_problem_of_a_file_has_a_line_and_nothing_is_said_to_be_tested(page: Page, site: Site) -> None:
    site.scene.application("topup")
    run = site.scene.push("topup", "Break the file", deliver=(), readable=False)
    site.scene.end(run, "failed", PROBLEMS)
    page.goto(f"{site.origin}/runs/topup:{run.number}")
    lines = page.locator("#failure pre").inner_text().splitlines()
    assert lines == [line.strip() for line in PROBLEMS.splitlines()[1:]]
    expect(page.locator("#failure header")).to_contain_text(re.compile(r"2 problems$"))
    expect(page.locator("#goes")).to_contain_text("Nothing was tested, and nothing is delivered.")
    expect(page.locator("#goes")).not_to_contain_text("default branch")
    page.goto(site.origin)
    expect(page.locator(".back")).to_have_text("shipway.yml has 2 problems")


@in_every_look
def test_a_first_push_is_watched_from_the_empty_page_to_prod(page: Page, site: Site) -> None:
    scene = site.scene
    page.goto(site.origin)
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is under way yet.")
    scene.application("topup")
    expect(page.locator(".app")).to_contain_text("Nothing was pushed to main yet")
    run = scene.push("topup", "Say hello")
    expect(page.locator(".app .st.pill")).to_have_text("Queued")
    scene.begin(run)
    scene.step(run, "test", "running")
    expect(page.get_by_role("heading", level=1)).to_have_text("topup is under way.")
    expect(page.locator(".path li").nth(1)).to_contain_text("test")
    page.get_by_role("link", name="Under way for").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("test is running")
    expect(page.locator("#lines")).to_contain_text("all is well")
    scene.log(run, "test", "a line that came later\n")
    expect(page.locator("#lines")).to_contain_text("a line that came later")
    scene.end_step(run, "test", "passed")
    scene.step(run, "build", "running", log="building\n")
    expect(page.locator("#lines")).to_contain_text("building")
    scene.end_step(run, "build", "passed")
    scene.artifact(run)
    for name in ("dev", "test", "prod"):
        scene.deploy(run, name)
    scene.end(run)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{run.commit[:7]} serves in dev, test and prod")
    page.locator("#goes").get_by_role("link", name="prod", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("r1 serves in prod")


@in_every_look
def test_a_rollback_says_what_moves_and_is_done_by_keyboard(page: Page, site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    first = scene.deliver(scene.push("topup", "One"))
    scene.deliver(scene.push("topup", "Two"))
    page.goto(f"{site.origin}/applications/topup/environments/prod")
    summary = page.locator("summary", has_text="Roll back to r1")
    summary.focus()
    page.keyboard.press("Enter")
    asked = page.locator(".sure[open] form")
    expect(asked).to_contain_text("Every request to prod moves from r2 to r1")
    expect(asked).to_contain_text(first.commit[:7])
    scene.application("other")  # a fact that would draw the page anew does not take the question away
    page.wait_for_timeout(500)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/topup:3")
    expect(page.locator(".by")).to_contain_text("ada went back to")
    expect(page.locator("#log")).to_contain_text("No step had to run")


@in_every_look
def test_a_run_that_failed_is_done_again_at_a_button(page: Page, site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.begin(run)
    scene.step(run, "test", "failed")
    page.goto(f"{site.origin}/runs/topup:1")
    cancel = page.locator("#cancel")
    cancel.locator("summary").click()
    expect(cancel.get_by_role("button", name="Cancel it")).to_be_visible()
    cancel.locator("summary").click()  # while it is open it is left alone
    scene.end(run, "failed", "test failed")
    again = page.locator("#again")
    again.locator("summary").click()
    expect(again).to_contain_text("once they pass it goes to dev, test and prod. No request moves by that")
    again.get_by_role("button", name="Run it again").click()
    page.wait_for_url("**/runs/topup:2")
    expect(page.locator(".by")).to_contain_text("ada did run 1 again for")
    page.get_by_role("link", name="run 1").click()
    expect(page.locator("#acts")).to_contain_text("Run 2 did it again.")
    expect(page.locator("#again")).to_have_count(0)


@pytest.mark.parametrize("width", [1440, 390])
def test_everything_on_the_first_page_leads_to_where_it_came_from(
    browser: Browser, past: Site, width: int
) -> None:
    context = person(browser, past, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(past.origin)
    ledger = page.locator(".app", has=page.get_by_role("heading", name="ledger"))
    way = ledger.locator(".path")
    expect(way.get_by_role("link", name="prod")).to_have_attribute(
        "href", "/applications/ledger/environments/prod"
    )
    expect(way.locator("li").first.get_by_role("link")).to_have_attribute(
        "href", re.compile("^/applications/ledger/commits/[0-9a-f]{10}$")
    )
    expect(way.locator("li").nth(1)).to_contain_text("steps passed in")
    way.get_by_role("link", name="run 2").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The deployment to test was undone")
    context.close()


def test_an_address_that_is_not_there_keeps_the_way_back(page: Page, site: Site) -> None:
    answer = page.goto(f"{site.origin}/runs/nothing:1")
    assert answer is not None
    assert answer.status == 404
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Runs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("No run yet")


@in_every_look
def test_older_releases_are_one_click_away(page: Page, site: Site) -> None:
    site.scene.application("topup")
    for number in range(21):
        site.scene.deliver(site.scene.push("topup", f"Change {number}"), environments=("dev",))
        if number == 19:
            page.goto(f"{site.origin}/applications/topup/environments/dev")
            expect(page.locator("#releases")).not_to_contain_text("Older")
    page.goto(f"{site.origin}/applications/topup/environments/dev")
    page.get_by_role("button", name="Older than r2").click()
    page.get_by_label("Compare r1").check()
    page.get_by_label("r20, chosen before").uncheck()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("#compared h2")).to_have_text("From r1 to r21")
    page.get_by_role("link", name="Newest").click()
    expect(page.get_by_label("Compare r21")).to_be_visible()


def test_signing_in_and_out(browser: Browser, site: Site) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site.origin}/runs")
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".bad")).to_contain_text("No such token")
    page.get_by_label("Token").fill(site.scene.tokens["ada"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("No run yet")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    page.goto(f"{site.origin}/runs")
    expect(page.get_by_label("Token")).to_be_visible()
    context.close()


def test_a_link_that_was_used_leads_whoever_is_signed_in_home(browser: Browser, site: Site) -> None:
    site.scene.application("topup")
    context = person(browser, site)
    page = context.new_page()
    page.goto(f"{site.origin}/signin?code=used")
    expect(page.get_by_role("heading", level=1)).to_have_text("topup rests.")
    context.clear_cookies()
    page.goto(f"{site.origin}/signin?code=used")
    expect(page.locator(".bad")).to_contain_text("used before")
    context.close()


@in_every_look
def test_an_error_is_resolved_by_its_button(page: Page, site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    page.goto(f"{site.origin}/applications/topup/errors")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing reported an error in topup")
    scene.report("topup", {"exception": [{"type": "KeyError", "value": "'cents'"}]})
    page.get_by_role("link", name="KeyError: 'cents'").click()
    expect(page.locator("#suspect-1")).to_contain_text("No commit is suspected")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Resolved: KeyError: 'cents'")
    expect(page.locator(".lead")).to_contain_text("ada resolved it")
    expect(page.locator("#acts")).to_contain_text("It opens again by itself")
    page.get_by_role("button", name="Reopen").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("KeyError: 'cents'")
    expect(page.get_by_role("button", name="Resolve")).to_be_visible()


def test_a_page_that_cannot_listen_says_so_and_comes_anew(browser: Browser, site: Site) -> None:
    """The server may go away between a page and what it listens with."""
    context = person(browser, site)
    page = context.new_page()
    listens = re.compile(r"/static/.*stream.*\.js")
    page.route(listens, lambda route: route.abort())
    page.goto(f"{site.origin}/runs")
    line = page.locator("[data-line]")
    expect(line).to_contain_text("What you see is from")
    page.unroute(listens)
    expect(line).to_have_text("Live")
    context.close()


def test_a_page_whose_server_cannot_answer_says_of_when_it_is_until_it_is_well(
    browser: Browser, site: Site
) -> None:
    """It listens still, so its line alone would say that all is live."""
    context = person(browser, site)
    page = context.new_page()
    page.goto(f"{site.origin}/runs")
    line = page.locator("[data-line]")
    expect(line).to_have_text("Live")
    page.route("**/runs", lambda route: route.fulfill(status=500, body="broken"))
    site.scene.application("topup")
    expect(line).to_contain_text("What you see is from")
    site.scene.push("topup", "While nobody could be told")
    page.unroute("**/runs")
    expect(page.locator("#list")).to_contain_text("While nobody could be told")
    expect(line).to_have_text("Live")
    context.close()


def test_a_lost_line_says_so_and_comes_back(browser: Browser, scene: Scene) -> None:
    site = Site.start(scene)
    context = person(browser, site)
    page = context.new_page()
    page.goto(f"{site.origin}/runs")
    line = page.locator("[data-line]")
    expect(line).to_have_text("Live")
    site.stop()
    expect(line).to_contain_text("What you see is from")
    scene.application("topup")
    scene.push("topup", "While nobody looked")
    site = Site.start(scene, site.port)
    expect(line).to_have_text("Live")
    expect(page.locator("#list")).to_contain_text("While nobody looked")
    context.close()
    site.stop()
