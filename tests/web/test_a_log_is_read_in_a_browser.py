"""A log in a real browser: however long, followed, folded, searched, and linked to by line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from shipway.hosts.supervisor.log import Log
from shipway.state.runs import Run
from support.installation import eventually
from web.server import Site
from web.visiting import person

pytestmark = pytest.mark.needs("chromium")

TOP = """() => {
  const pane = document.getElementById('lines').getBoundingClientRect();
  const all = [...document.querySelectorAll('#lines li')];
  const seen = all.find((line) => line.getBoundingClientRect().bottom > pane.top + 1);
  return Number(seen.dataset.number);
}"""
SLOW = """
const request = LockManager.prototype.request;
LockManager.prototype.request = async function (...asked) {
  await new Promise((wake) => setTimeout(wake, 500));
  return request.apply(this, asked);
};
"""  # in tabs, not in the worker: what a tab asks for may come after what was asked later
LEADER = "delete globalThis.SharedWorker;"
CHANGED = """() => {
  for (const part of document.querySelectorAll('[data-live]')) delete part.dataset.was;
  document.dispatchEvent(new Event('stale'));
}"""
ALONE = "delete globalThis.SharedWorker; delete globalThis.BroadcastChannel;"


def begun(site: Site, name: str = "topup") -> Run:
    """A run whose test is running."""
    site.scene.application(name)
    run = site.scene.push(name, "One")
    site.scene.begin(run)
    site.scene.step(run, "test", "running", log="the first line\n")
    return run


def logged(site: Site, *pieces: bytes) -> Run:
    """A run whose test passed, with this log as a supervisor writes it."""
    run = begun(site)
    path: Path = site.scene.places.step(run.id, "test", 1) / "log"
    path.unlink()
    log = Log(str(path), [], 1 << 30)
    for piece in pieces:
        log.feed(piece)
    log.end()
    site.scene.end_step(run, "test", "passed")
    return run


def lines(page: Page) -> list[str]:
    return page.locator("#lines li code").all_inner_texts()


def test_a_long_log_opens_at_its_end_and_a_long_line_harms_nothing(page: Page, site: Site) -> None:
    logged(site, b"a line of a log\n" * 200_000, b"x" * 3_000_000, b"\nthe end\n")
    page.goto(f"{site.origin}/runs/topup:1")
    expect(page.locator("#lines li").last).to_contain_text("the end")
    expect(page.locator(".search input")).to_have_attribute("placeholder", "Search 200,002 lines")
    assert page.locator("#lines li").count() <= 400
    rest = page.locator("#L200001 .rest")
    expect(rest).to_contain_text("the whole line, 3.0 MB")
    assert len(site.get(str(rest.get_attribute("href"))).body) == 3_000_000


def test_a_link_to_a_line_opens_at_it_and_every_pixel_scrolls(page: Page, site: Site) -> None:
    """Longer than an element may be high."""
    logged(site, *(b"".join(b"%d\n" % (part * 100_000 + at) for at in range(1, 100_001)) for part in range(10)))
    page.goto(f"{site.origin}/runs/topup:1?step=test#L500000")
    expect(page.locator("#L500000")).to_have_class("here")
    expect(page.locator("#L500000")).to_be_in_viewport()
    expect(page.locator("#L500000 code")).to_have_text("500000")
    before = page.evaluate(TOP)
    page.locator("#lines").hover()
    for _ in range(40):
        page.mouse.wheel(0, 420)
    eventually(lambda: page.evaluate(TOP) == before + 800, "each turn of the wheel has moved it by its pixels")
    page.evaluate("document.getElementById('lines').scrollTop = 0")
    expect(page.locator("#L1 code")).to_have_text("1")
    page.evaluate("document.getElementById('lines').scrollTop = 1e9")
    expect(page.locator("#L1000000 code")).to_have_text("1000000")
    page.evaluate("location.hash = '#L777777'")
    expect(page.locator("#L777777 code")).to_have_text("777777")
    page.locator("#wrap").check()
    expect(page.locator("#L777777")).to_be_in_viewport()


def test_a_log_that_grows_is_left_followed_again_and_taken_home_whole(page: Page, site: Site) -> None:
    run = begun(site)
    site.scene.log(run, "test", "".join(f"line {number}\n" for number in range(300)))
    page.goto(f"{site.origin}/runs/topup:1")
    follow = page.get_by_label("Follow")
    expect(page.locator("#lines li").last).to_contain_text("line 299")
    page.locator("#lines").hover()
    page.mouse.wheel(0, -900)
    expect(follow).not_to_be_checked()
    before = page.evaluate(TOP)
    site.scene.log(run, "test", "the newest line\n")
    expect(page.locator(".search input")).to_have_attribute("placeholder", "Search 302 lines")
    assert page.evaluate(TOP) == before, "whoever reads further up is moved"
    follow.check()
    expect(page.locator("#lines li").last).to_contain_text("the newest line")
    expect(page.locator("#L302")).to_be_in_viewport()
    with page.expect_download() as asked:
        page.get_by_role("link", name="The whole log").click()
    assert asked.value.suggested_filename == "topup-1.log"
    whole = Path(asked.value.path()).read_text()
    assert whole.splitlines()[-2:] == ["line 299", "the newest line"]
    assert len(whole.splitlines()) >= 302


def test_a_click_on_a_number_makes_an_address_of_the_line(browser: Browser, site: Site) -> None:
    context = person(browser, site, permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    logged(site, b"".join(b"line %d\n" % at for at in range(1000)))
    page.goto(f"{site.origin}/runs/topup:1")
    page.get_by_role("link", name="Line 990", exact=True).click()
    expect(page.locator("#told")).to_have_text("The address of line 990 is copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{site.origin}/runs/topup:1?step=test#L990"
    page.goto("about:blank")
    page.goto(copied)
    expect(page.locator("#L990")).to_have_class("here")
    context.close()


def test_commands_are_folded_but_for_the_last(page: Page, site: Site) -> None:
    logged(site, b"$ make deps\n" + b"got one\n" * 812, b"$ make test\n" + b"passed\n" * 3)
    page.goto(f"{site.origin}/runs/topup:1")
    expect(page.locator("#lines li")).to_have_count(5)
    first = page.get_by_role("button", name="Output of make deps")
    expect(first).to_have_attribute("aria-expanded", "false")
    expect(page.locator("#L1")).to_contain_text("812 lines")
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#L2")).to_contain_text("got one")
    expect(page.locator("#L814")).to_have_count(0)  # it is far below now
    page.keyboard.press("Enter")
    expect(page.locator("#lines li")).to_have_count(5)


def test_a_search_looks_at_the_whole_log_and_opens_what_is_folded(page: Page, site: Site) -> None:
    logged(
        site, b"$ make deps\n", b"got one\n" * 50_000, b"\x1b[31m1\x1b[0m Needle\n", b"$ make test\n", b"passed\n"
    )
    page.goto(f"{site.origin}/runs/topup:1")
    field = page.get_by_role("searchbox")
    field.press_sequentially("1 needle")  # it looks while one types
    expect(page.locator("#found")).to_have_text("1 of 1")
    expect(page.locator("#L50002")).to_have_class("here found")
    expect(page.locator("#L50002")).to_be_in_viewport()
    field.fill("nowhere at all")
    expect(page.locator("#found")).to_have_text("Nowhere in this log")
    field.fill("got")
    expect(page.locator("#found")).to_contain_text(re.compile(r"^1 of \d\d,\d+ and more"))
    field.press("Enter")
    expect(page.locator("#found")).to_contain_text(re.compile(r"^2 of \d\d,\d+ and more"))
    field.press("Shift+Enter")
    field.press("Shift+Enter")
    expect(page.locator("#found")).to_contain_text(re.compile(r"^(\d\d,\d+) of \1 "))
    expect(field).to_be_focused()
    field.press("Escape")
    expect(page.locator("#found")).to_be_empty()


def test_lines_can_show_when_they_came(page: Page, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        moments = iter([1_700_000_000.0, 1_700_000_061.0])
        patch.setattr("shipway.hosts.supervisor.log.time.time", lambda: next(moments))
        path = site.scene.places.data / "elsewhere"
        log = Log(str(path), [], 1 << 30)
        log.feed(b"one\n")
        log.feed(b"two\n")
        log.end()
    run = begun(site)
    for name in ("log", "log.index"):
        path.with_name(name.replace("log", path.name)).replace(site.scene.places.step(run.id, "test", 1) / name)
    page.goto(f"{site.origin}/runs/topup:1")
    page.get_by_label("Times").check()
    expect(page.locator("#lines li time")).to_have_text([re.compile("13:20$"), re.compile("14:21$")])


def test_what_failed_is_in_view_and_marked(page: Page, site: Site) -> None:
    run = begun(site)
    site.scene.log(
        run, "test", "$ pytest\n" + "passed\n" * 300 + "E  assert 40 == 70\nat test_it.py\n$ tidy\n" * 1
    )
    site.scene.end_step(run, "test", "failed", excerpt="E  assert 40 == 70\nat test_it.py")
    page.goto(f"{site.origin}/runs/topup:1")
    expect(page.locator("#lines li.here")).to_contain_text("assert 40 == 70")
    link = page.get_by_role("link", name="Show it in the log")
    link.hover()
    page.mouse.down()
    with page.expect_response(page.url):  # what happens meanwhile changes all there is
        page.evaluate(CHANGED)
    page.evaluate("new Promise((wake) => setTimeout(wake, 200))")
    page.mouse.up()
    expect(page.locator("#lines li.here")).to_be_in_viewport()


def freeze(page: Page) -> None:
    """As a browser does with a tab in the background. Playwright makes pages believe that they are seen, so that
    the page is told of it here."""
    page.evaluate("document.dispatchEvent(new Event('freeze'))")
    page.context.new_cdp_session(page).send("Page.setWebLifecycleState", {"state": "frozen"})


def thaw(page: Page) -> None:
    page.context.new_cdp_session(page).send("Page.setWebLifecycleState", {"state": "active"})
    page.bring_to_front()
    page.evaluate("document.dispatchEvent(new Event('resume'))")


@pytest.mark.parametrize("before", ["", LEADER, ALONE], ids=["worker", "elected", "alone"])
def test_a_tab_that_was_in_the_background_catches_up(browser: Browser, site: Site, before: str) -> None:
    """A log stood still in a tab that had been in the background (Coolify #7719)."""
    run = begun(site)
    context = person(browser, site)
    context.add_init_script(before)
    page = context.new_page()
    page.goto(f"{site.origin}/runs/topup:1")
    expect(page.locator("#lines")).to_contain_text("the first line")
    listed = context.new_page()
    listed.goto(f"{site.origin}/runs")
    expect(listed.locator("#list")).to_contain_text("Running")
    freeze(page)
    freeze(listed)
    for number in range(300):
        site.scene.log(run, "test", f"unseen {number}\n")
    site.scene.end_step(run, "test", "passed")
    site.scene.step(run, "build", "running", log="meanwhile\n")
    site.scene.push("topup", "Nobody saw it come")
    thaw(listed)
    expect(listed.locator("#list")).to_contain_text("Nobody saw it come")
    thaw(page)
    expect(page.locator("#graph")).to_contain_text("build")
    expect(page.locator("#lines")).to_contain_text("meanwhile")
    site.scene.log(run, "build", "and it goes on\n")
    expect(page.locator("#lines")).to_contain_text("and it goes on")
    page.goto(f"{site.origin}/runs/topup:1?step=test")
    expect(page.locator("#lines")).to_contain_text("unseen 299")
    context.close()


@pytest.mark.parametrize("before", [SLOW, LEADER], ids=["worker", "elected"])
def test_twelve_tabs_share_one_line_and_none_hangs(browser: Browser, site: Site, before: str) -> None:
    """Browsers allow six connections to a host; each tab follows a log of its own."""
    context = person(browser, site)
    context.add_init_script(before)
    names = [f"app-{number}" for number in range(12)]
    running = {name: begun(site, name) for name in names}
    tabs = {name: context.new_page() for name in names}
    for name, tab in tabs.items():
        tab.goto(f"{site.origin}/runs/{name}:1")
    for tab in tabs.values():
        expect(tab.locator("#lines")).to_contain_text("the first line")
    for name, run in running.items():
        site.scene.log(run, "test", f"only {name} says so\n")
    for name, tab in tabs.items():
        tab.bring_to_front()
        expect(tab.locator("#lines")).to_contain_text(f"only {name} says so")
    first, *others = tabs.values()
    first.close()  # in which the line was, if a tab was elected
    for name, tab in list(tabs.items())[1:]:
        site.scene.end_step(running[name], "test", "passed")
        site.scene.step(running[name], "build", "running", log=f"{name} builds\n")
        tab.bring_to_front()
        expect(tab.locator("#lines")).to_contain_text(f"{name} builds")
    assert others[0].goto(f"{site.origin}/runs") is not None
    context.close()
