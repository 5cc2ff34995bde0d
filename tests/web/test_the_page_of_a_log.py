"""The log of an environment at its page: searched without a script, live with one, and never more than fits."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from support.hostile import FOREIGN, PAYLOADS
from web.scene import Scene
from web.server import Site
from web.visiting import person
from web.written import write

pytestmark = pytest.mark.needs("chromium")

EARLIER = "2026-01-01T00:00:00Z"
LOG = "/applications/topup/environments/prod/log"
TRACE = "ERROR: charge failed\nTraceback (most recent call last):\n  File 'web.py', line 3\nKeyError: 'cents'"


@pytest.fixture
def serving(site: Site) -> Site:
    site.scene.application("topup")
    site.scene.deliver(site.scene.push("topup", "One"))
    return site


@pytest.fixture
def page(browser: Browser, serving: Site) -> Iterator[Page]:
    context = person(browser, serving)
    yield context.new_page()
    context.close()


def some_lines(scene: Scene) -> None:
    write(scene, "web", "INFO: started", position=0)
    write(scene, "worker", "\x1b[32mINFO\x1b[0m: tick", "WARNING: low on coins", *TRACE.split("\n"))
    said = {"level": "fatal", "msg": "no drawer", "account": 7, "stack": "E\n" + "  at f\n" * 30}
    write(scene, "web", json.dumps(said), position=1)


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_says_nothing_to_the_console(browser: Browser, serving: Site, width: int, scheme: str) -> None:
    context = person(browser, serving, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for path in (LOG, f"{LOG}?regex=none&since=1h"):
        page.goto(serving.origin + path)
        expect(page.locator("#nothing")).to_be_visible()
    some_lines(serving.scene)
    for path in (LOG, f"{LOG}?search=coins&level=warning", f"{LOG}?around=1."):
        page.goto(serving.origin + path)
        expect(page.locator("#lines li").first).to_be_visible()
        assert page.locator("h1").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        if shots := os.environ.get("SHOTS"):
            page.screenshot(path=f"{shots}/log_{len(path)}_{width}_{scheme}.png")
    page.goto(f"{serving.origin}{LOG}")
    page.locator(".below summary").click()
    if shots := os.environ.get("SHOTS"):
        page.locator("summary", has_text="More").click()
        page.screenshot(path=f"{shots}/log_open_{width}_{scheme}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []
    context.close()


def test_without_a_script_it_is_searched_and_paged(browser: Browser, serving: Site) -> None:
    some_lines(serving.scene)
    context = person(browser, serving, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{serving.origin}/applications/topup/environments/prod")
    page.get_by_role("link", name="What they print").click()
    lines = page.locator("#lines > li")
    expect(lines).to_have_count(5)
    expect(lines.nth(1).locator("span.g")).to_have_text("INFO")
    expect(lines.nth(3)).to_have_class("error")
    expect(lines.nth(3)).to_contain_text("KeyError: 'cents'")
    expect(lines.nth(4)).to_contain_text("account=7")
    expect(lines.nth(4).locator("summary")).to_have_text("31 lines below it")
    page.get_by_label("Text").fill("COINS")
    page.get_by_label("Level").select_option("warning")
    page.get_by_label("Process").select_option("worker")
    page.get_by_role("button", name="Search").click()
    expect(lines).to_have_count(1)
    assert "search=COINS" in page.url
    expect(page.get_by_role("heading", level=1)).to_have_text("One line of prod like that")
    lines.get_by_role("link").click()
    expect(lines).to_have_count(5)
    expect(page.locator(".here")).to_contain_text("low on coins")
    page.get_by_label("Level").select_option("")
    page.locator("summary", has_text="More").click()
    page.get_by_label("Pattern").fill("(")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("alert")).to_contain_text("The pattern cannot be read: missing ): (.")
    expect(page.get_by_label("Pattern")).to_have_value("(")
    write(serving.scene, "worker", *(f"row {number}" for number in range(300)))
    page.goto(f"{serving.origin}{LOG}?search=row")
    expect(lines).to_have_count(200)
    page.get_by_role("link", name="Older lines").click()
    expect(lines).to_have_count(100)
    expect(lines.last).to_contain_text("row 99")
    context.close()


def test_an_error_and_a_release_lead_to_the_log(page: Page, serving: Site) -> None:
    some_lines(serving.scene)
    serving.scene.report("topup", {"exception": [{"type": "KeyError", "value": "'cents'"}]})
    page.goto(f"{serving.origin}/applications/topup/errors/1")
    expect(page.locator("[data-between] > span")).to_be_hidden()
    page.evaluate(f"document.querySelector('#releases time').dateTime = '{EARLIER}'")
    expect(page.locator("[data-between] > span")).to_be_visible()
    page.get_by_role("link", name="the log around it").click()
    expect(page.locator("#lines > li")).to_have_count(5)
    page.goto(f"{serving.origin}/applications/topup/environments/prod/releases/r1")
    page.get_by_role("link", name="what it prints").click()
    expect(page.get_by_label("Release")).to_have_value("r1")
    expect(page.locator("#lines > li")).to_have_count(5)


def test_lines_come_as_they_are_printed_and_only_those_that_are_looked_for(page: Page, serving: Site) -> None:
    page.goto(f"{serving.origin}{LOG}?level=warning")
    expect(page.locator("[data-line]")).to_have_text("Live")
    some_lines(serving.scene)
    lines = page.locator("#lines > li")
    expect(lines).to_have_count(3)
    expect(lines.nth(1)).to_contain_text("KeyError: 'cents'")
    drawn = lines.evaluate_all("(some) => some.map((one) => one.innerHTML)")
    page.reload()
    expect(lines).to_have_count(3)
    assert lines.evaluate_all("(some) => some.map((one) => one.innerHTML)") == drawn, (
        "the template draws what the script draws"
    )


def test_whoever_reads_further_up_is_left_in_peace(page: Page, serving: Site) -> None:
    write(serving.scene, "worker", *(f"line {number}" for number in range(150)))
    page.goto(f"{serving.origin}{LOG}")
    lines, box, follow = page.locator("#lines > li"), page.locator("#lines"), page.locator("#follow")
    expect(page.locator("[data-line]")).to_have_text("Live")
    expect(follow).to_be_checked()
    box.hover()
    page.mouse.wheel(0, -900)
    expect(follow).not_to_be_checked()
    top = box.evaluate("(box) => box.scrollTop")
    write(serving.scene, "worker", *(f"more {number}" for number in range(50)))
    expect(lines).to_have_count(200)
    assert box.evaluate("(box) => box.scrollTop") == top
    follow.check()
    assert box.evaluate("(box) => box.scrollHeight - box.scrollTop - box.clientHeight") < 2
    expect(follow).to_be_checked()


def test_the_page_keeps_so_many_lines_and_says_where_the_others_are(page: Page, serving: Site) -> None:
    page.goto(f"{serving.origin}{LOG}")
    expect(page.locator("[data-line]")).to_have_text("Live")
    for part in range(5):
        write(serving.scene, "worker", *(f"line {part * 700 + number}" for number in range(700)))
        expect(page.locator("#lines > li").last).to_contain_text(f"line {part * 700 + 699}")
    assert page.locator("#lines > li").count() == 2000
    expect(page.locator("#cut")).to_contain_text("it shows the last 2,000")
    page.get_by_role("link", name="Older lines").click()
    expect(page.locator("#lines > li").last).to_contain_text("line 1499")


def test_what_is_printed_while_one_reads_waits_on_the_server(page: Page, serving: Site) -> None:
    write(serving.scene, "worker", *(f"line {number}" for number in range(150)))
    page.goto(f"{serving.origin}{LOG}")
    expect(page.locator("[data-line]")).to_have_text("Live")
    page.locator("#lines").hover()
    page.mouse.wheel(0, -900)
    expect(page.locator("#follow")).not_to_be_checked()
    for part in range(5):
        write(serving.scene, "worker", *(f"more {part * 700 + number}" for number in range(700)))
        page.wait_for_timeout(50)
    expect(page.locator("#end")).to_contain_text("More is printed while you read")
    assert page.locator("#lines > li").count() < 5000
    page.locator("#follow").check()
    expect(page.locator("#lines > li").last).to_contain_text("more 3499")
    assert page.locator("#lines > li").count() <= 2001


def test_a_tab_that_was_hidden_gets_what_it_missed(page: Page, serving: Site) -> None:
    """As Coolify's does not (#7719)."""
    write(serving.scene, "worker", "before")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "follow=1" in request.url else None)
    page.goto(f"{serving.origin}{LOG}")
    expect(page.locator("[data-line]")).to_have_text("Live")
    hide = "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
    hide += " document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(hide, True)
    count = len(asked)
    write(serving.scene, "worker", *(f"missed {number}" for number in range(30)))
    expect(page.locator("#lines > li")).to_have_count(1)
    page.evaluate(hide, False)
    expect(page.locator("#lines > li")).to_have_count(31)
    assert len(asked) == count + 1, "it asked once, and not while it was hidden"


def test_a_server_that_went_away_is_asked_again_without_gap_or_repeat(browser: Browser, scene: Scene) -> None:
    site = Site.start(scene)
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    context = person(browser, site)
    page = context.new_page()
    page.goto(f"{site.origin}{LOG}")
    write(scene, "worker", "one")
    expect(page.locator("#lines > li")).to_have_count(1)
    site.stop()
    expect(page.locator("[data-line]")).to_contain_text("What you see is from")
    write(scene, "worker", "two")
    site = Site.start(scene, site.port)
    write(scene, "worker", "three")
    expect(page.locator("#lines > li")).to_have_count(3)
    expect(page.locator("[data-line]")).to_have_text("Live")
    assert page.locator("#lines code").all_inner_texts() == ["one", "two", "three"]
    context.close()
    site.stop()


@pytest.mark.parametrize("live", [True, False])
def test_nothing_that_an_application_prints_becomes_markup(page: Page, serving: Site, live: bool) -> None:
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    for first in (live, not live):
        if first:
            page.goto(f"{serving.origin}{LOG}")
            if live:
                expect(page.locator("[data-line]")).to_have_text("Live")
        else:
            write(serving.scene, "worker", *PAYLOADS)
            for payload in PAYLOADS:
                said = {"msg": payload, "level": payload, "logger": payload, payload: payload, "stack": payload}
                write(serving.scene, "worker", json.dumps(said))
            write(serving.scene, "worker", "ERROR: x", *(f"  {payload}" for payload in PAYLOADS))
    expect(page.locator("#lines > li")).to_have_count(2 * len(PAYLOADS) + 1)
    assert page.locator(f"{FOREIGN}, #lines :is(svg, form), #lines [style]").count() == 0
    assert page.evaluate("[...document.querySelectorAll('*')].every((e) => !e.onerror && !e.onload)")
    assert page.locator("#lines code").nth(1).inner_text() == PAYLOADS[1]
    assert "\u202e" not in page.locator("#lines").inner_text()
    assert alerts == []


def test_a_line_of_a_hundred_megabytes_harms_nothing(page: Page, serving: Site) -> None:
    """As the keeper leaves it: in pieces."""
    write(serving.scene, "worker", "before")
    for _ in range(10):
        write(serving.scene, "worker", *["x" * 256 * 1024] * 40)
    page.goto(f"{serving.origin}{LOG}")
    lines = page.locator("#lines > li")
    expect(lines.last).to_contain_text("more characters")
    assert len(page.content()) < 200_000
    write(serving.scene, "worker", "after")
    expect(lines.last).to_contain_text("after", timeout=90_000)
    page.goto(f"{serving.origin}{LOG}?search=before")
    while not lines.count():  # on a slow machine a search stops, says so, and goes on
        expect(page.locator("#nothing")).to_contain_text("goes on")
        page.get_by_role("link", name="Older lines").click()
    expect(lines.last).to_contain_text("before")
