"""The first page and the page of a commit in a browser: live, by keyboard, still where that is wanted."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from web.judged import BAD, Trials
from web.scene import Scene
from web.server import Site
from web.visiting import in_every_look, person

pytestmark = pytest.mark.needs("chromium")


class Watched(Trials):
    """What happens to an application that is there already."""

    def __init__(self, scene: Scene, application: str) -> None:
        self.scene, self.application = scene, application


PAGES = (
    "/",
    "/?who=needs",
    "/?team=nobody",
    "/search",
    "/search?q=topup",
    "/applications/topup/commits/main",
    "/applications/ledger/commits/main",
    "/applications/search/commits/main",
    "/applications/mailer/commits/main",
)


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_and_says_nothing_to_the_console(
    browser: Browser, past: Site, width: int, scheme: str
) -> None:
    context = person(browser, past, viewport={"width": width, "height": 900}, color_scheme=scheme)
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for path in PAGES:
        answer = page.goto(past.origin + path)
        assert answer is not None
        assert answer.status == 200
        assert page.locator("h1").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert complaints == []
    context.close()


def test_an_hour_that_was_not_heard_whole_is_drawn_with_a_gap(browser: Browser, past: Site) -> None:
    """A line that runs on over it would tell of requests that nobody counted."""
    minutes = [None, *[30] * 20, *[None] * 18, *[30] * 20, None]
    search = {"name": "search", "environment": "prod", "requests": minutes, "failed": minutes}
    whole = {"name": "storefront", "environment": "prod", "requests": [23_400] * 60, "failed": [0] * 59 + [22]}
    hours = {"applications": [search, whole]}
    context = person(browser, past)
    page = context.new_page()
    page.route("**/api/v1/overview/hours*", lambda route: route.fulfill(json=hours))
    page.goto(past.origin)
    spark = page.locator("[data-hour=search]")
    expect(spark).to_have_attribute("aria-label", re.compile("1,200 requests to prod in 40 min of the last hour"))
    well = page.locator("[data-answered]")
    expect(well.first).to_have_text("; 1.4 million requests in the last hour, 22 failed")
    assert [one.get_attribute("data-answered") for one in well.all()] == ["storefront"], "others have more to say"
    for part in (".ln", ".area"):
        drawn = spark.locator(part).get_attribute("d")
        assert drawn is not None
        assert drawn.count("M") == 2, part
    context.close()


@pytest.mark.parametrize("width", [1440, 390])
def test_it_is_narrowed_down_by_keyboard_and_the_address_says_so(browser: Browser, past: Site, width: int) -> None:
    context = person(browser, past, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(past.origin)
    expect(page.locator(".app")).to_have_count(6)
    expect(page.locator("[data-hour=search]")).to_have_attribute(
        "aria-label", re.compile(r"[0-9,]+ requests to prod")
    )
    needs = page.get_by_role("link", name=re.compile("Needs a person"))
    needs.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/?who=needs")
    expect(page.locator(".app")).to_have_count(3)
    expect(page.get_by_role("link", name=re.compile("Needs a person"))).to_have_attribute("aria-current", "true")
    page.get_by_label("Person").focus()
    page.keyboard.type("ada")
    page.wait_for_url("**/?who=needs&person=ada")
    expect(page.locator(".app")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_text("topup needs you.")
    page.reload()
    expect(page.locator(".app h2")).to_have_text(["topup"])
    context.close()


def test_nothing_moves_for_who_wants_no_motion(browser: Browser, past: Site) -> None:
    context = person(browser, past, reduced_motion="reduce")
    page = context.new_page()
    for path in ("/", "/applications/mailer/commits/main", "/applications/search/commits/main"):
        page.goto(past.origin + path)
        page.keyboard.press("/")
        expect(page.get_by_role("dialog")).to_be_visible()
        assert page.evaluate("document.getAnimations().length") == 0, path
    context.close()


@in_every_look
def test_a_push_is_watched_from_the_empty_page_through_a_bad_canary_to_the_message(page: Page, site: Site) -> None:
    """Without a reload; the engine's part in it is told by the record's own functions."""
    scene = site.scene
    hours: list[str] = []
    page.on("request", lambda request: hours.append(request.url) if "/hours" in request.url else None)
    page.goto(site.origin)
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is under way yet.")
    expect(page.locator("#three-lines li")).to_have_count(3)
    scene.application("topup")
    first = scene.push("topup", "Say hello")
    pill = page.locator(".app .st.pill")
    expect(pill).to_have_text("Queued")
    expect(page.locator("#picture")).to_have_attribute(
        "aria-label", f"What is under way: topup, commit {first.commit[:7]}."
    )
    scene.deliver(first)
    expect(pill).to_have_text("Serving")
    second = scene.push("topup", "Take a charge once per key", who="ben")
    scene.green(second, traffic={"strategy": "canary"})
    scene.deploy(second, "dev")
    scene.deploy(second, "test")
    trial = scene.begin_deployment(second, "prod")
    told = Watched(scene, "topup")
    told.share(trial, 10)
    expect(pill).to_have_text("10 % of prod")
    assert len(hours) == 1, "a fact makes the page ask for itself, and for nothing else"
    page.get_by_role("link", name=second.commit[:7]).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Take a charge once per key")
    expect(page.locator("#life")).to_contain_text("r2 is on its way to prod")
    expect(page.locator("#life .curve svg")).to_have_count(2)
    told.condemned(second, trial, 10)
    expect(page.locator("#life")).to_contain_text("Judged bad at 10 % in prod")
    told.undone(second, trial, f"r2 was taken back at 10 % of the requests: {BAD}", "signals.bad_verdict")
    told.reverted(second)
    expect(page.locator("#says")).to_contain_text("Rolled back")
    expect(page.locator("#says")).to_contain_text("Quarantined")
    expect(page.locator("#told")).to_contain_text("ben@example.org")
    expect(page.locator("#voyage .turn").first).to_be_attached()
    page.get_by_role("link", name="Shipway", exact=True).click()
    expect(pill).to_have_text("Quarantined")
    expect(page.locator(".app .back")).to_contain_text("ben@example.org was told")
