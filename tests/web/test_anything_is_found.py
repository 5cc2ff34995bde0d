"""The palette, `/search` and `/api/v1/search`: applications, commits, runs, environments, people and acts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from shipway.pushes.git import Git
from shipway.state import runs
from shipway.web import pages
from shipway.web.finding.search import FEW, LATELY
from shipway.web.routes import Declared
from web.judged import Trials, fine, on_trial, stuck, unheard_of
from web.past import afternoon
from web.scene import Scene
from web.server import Site
from web.visiting import person

PROD = "/applications/topup/environments/prod"
PLACE = "/applications/{application}/environments/{environment}"
FORM = re.compile(r'<form[^>]* method="post" action="([^"]+)"')
ON_EVERY_PAGE = ("/signin", "/signout")
"""Acts that nobody has to look for: without a session there is no other page, and every page has the way out."""

SAID = {
    "/tokens": "make a token",
    "/tokens/{token}/revoke": "revoke a token",
    "/sessions/{session}/end": "end a session",
    "/messages/{message}/again": "send a message again",
    "/runs/{run}/cancel": "cancel run slow",
    "/runs/{run}/retry": "run topup again",
    "/applications/{application}/settings": "default branch topup",
    "/applications/{application}/errors/{error}/resolve": "resolve topup error 1",
    "/applications/{application}/errors/{error}/reopen": "reopen topup error",
    f"{PLACE}/rollback": "roll back topup prod",
    f"{PLACE}/releases/{{release}}/back": "take back trying prod",
    f"{PLACE}/decide": "decide stuck prod",
    f"{PLACE}/deploy": "promote ledger test",
    f"{PLACE}/freeze": "freeze topup prod",
    f"{PLACE}/thaw": "thaw alone prod",
    f"{PLACE}/configuration": "value topup prod away",
}
ACTS = [one for one in pages.ROUTES if one.method == "POST" and one.path not in ON_EVERY_PAGE]


def find(site: Site, said: str) -> list[tuple[str, str, str]]:
    found = site.ask("GET", f"/api/v1/search?q={said}", site.bearer()).json["results"]
    return [(one["kind"], one["title"], one["address"]) for one in found]


def head(site: Site, application: str) -> str:
    with site.scene.database.read() as conn:
        found = runs.newest_push(conn, application, "main")
    assert found is not None
    return found.commit


def test_each_kind_of_thing_is_found_and_the_best_comes_first(past: Site) -> None:
    commit = head(past, "search")
    address = f"/applications/search/commits/{commit[:10]}"
    place = "/applications/topup/environments/prod"
    assert find(past, "topup")[0] == ("application", "topup", place)
    assert find(past, "topup%20prod")[0] == ("environment", "topup prod", place)
    assert find(past, "topup%204")[0] == ("run", "topup 4", "/runs/topup:4")
    assert find(past, "ledger:2")[0] == ("run", "ledger 2", "/runs/ledger:2")
    assert find(past, commit[:6])[0] == ("commit", f"{commit[:7]} Guess the language", address)
    assert find(past, "guess%20lang")[0] == ("commit", f"{commit[:7]} Guess the language", address)
    assert find(past, "roll%20back%20topup%20prod")[0] == ("action", "Roll back topup prod", f"{place}#roll-back")
    assert find(past, "freeze%20topup%20prod")[0] == ("action", "Freeze topup prod", f"{place}#freeze")
    ledger = head(past, "ledger")[:7]
    promote = ("action", f"Promote {ledger} to ledger test", "/applications/ledger/environments/test#promote")
    assert find(past, "promote%20ledger%20test")[0] == promote
    assert find(past, "promote%20topup") == []
    assert find(past, "run%20topup%20again")[0] == ("action", "Run topup 5 again", "/runs/topup:5#again")
    assert ("person", "cho", "/?person=cho") in find(past, "cho")
    assert find(past, "TOPUP")[0] == find(past, "topup")[0]


@pytest.mark.parametrize(
    ("said", "kind", "title", "address"),
    [
        ("settings topup", "page", "Settings of topup", "/applications/topup/settings"),
        ("errors topup", "page", "Errors of topup", "/applications/topup/errors"),
        ("log topup prod", "page", "Log of topup prod", "/applications/topup/environments/prod/log"),
        ("secret topup prod", "action", "Set a secret of topup prod", f"{PROD}#add-secret"),
        ("set value topup prod", "action", "Set a value of topup prod", f"{PROD}#add-value"),
        ("configuration topup prod", "page", "Configuration of topup prod", f"{PROD}#configuration"),
        ("installation", "page", "Installation", "/installation"),
        ("sessions", "page", "Sessions", "/sessions"),
        ("api", "page", "API reference", "/reference/api"),
        ("tokens", "page", "Tokens", "/tokens"),
        ("make a token", "action", "Make a token", "/tokens#make"),
    ],
)
def test_a_page_or_an_act_is_found_by_its_words(
    past: Site, said: str, kind: str, title: str, address: str
) -> None:
    assert find(past, said.replace(" ", "%20"))[0] == (kind, title, address)


@pytest.fixture(scope="module")
def acting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An afternoon, with something on trial, something frozen and something under way besides."""
    scene = Scene.empty(tmp_path_factory.mktemp("acting"))
    with scene.history():
        for tell in (stuck, on_trial, unheard_of):
            tell(scene)
    afternoon(scene)
    scene.application("slow")
    scene.begin(scene.push("slow", "Wait for it"))
    site = Site.start(scene)
    site.sign_in("ben")
    yield site
    site.stop()
    scene.database.close()


@pytest.mark.parametrize("declared", ACTS, ids=lambda one: str(one.path))
def test_every_act_of_a_page_is_found_where_it_is_done(acting: Site, declared: Declared) -> None:
    said = SAID.get(declared.path)
    assert said is not None, f"say with which words {declared.path} is found"
    kind, title, address = find(acting, said.replace(" ", "%20"))[0]
    path, _, anchor = address.partition("#")
    page = acting.get(path).text
    assert kind == "action"
    assert does_it(declared.path, page), f"{title} leads to {address}"
    assert not anchor or f'id="{anchor}"' in page


@pytest.mark.parametrize("path", ["/runs/{run}/cancel", f"{PLACE}/decide", f"{PLACE}/releases/{{release}}/back"])
def test_what_is_harmful_is_asked_for_before_it_is_done(acting: Site, path: str) -> None:
    """What its line says of it: the page asks."""
    found = acting.get(f"/api/v1/search?q={SAID[path].replace(' ', '%20')}").json["results"][0]
    assert "asks" in found["about"]
    page, _, anchor = found["address"].partition("#")
    asked = acting.get(page).text.partition(f'id="{anchor}"')
    assert asked[0].endswith('<details class="sure" ')
    assert does_it(path, asked[2].partition("</details>")[0])


def does_it(path: str, html: str) -> bool:
    """Whether a form of it does what a path is for."""
    does = re.compile(re.sub(r"{\w+}", "[^/]+", path))
    return any(does.fullmatch(each) for each in FORM.findall(html))


def acts(site: Site, said: str) -> list[str]:
    return [title for kind, title, _ in find(site, said) if kind == "action"]


def test_going_back_is_offered_where_there_is_something_to_go_back_to(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    ill = scene.push("topup", "Never healthy")
    scene.green(ill)
    scene.fail_deployment(scene.begin_deployment(ill, "prod"), "web did not get healthy")
    scene.end(ill, "failed", "web did not get healthy")
    scene.deliver(scene.push("topup", "One"), environments=("prod",))
    assert acts(site, "roll%20back%20topup") == [], "r2 is the first that serves"
    scene.deliver(scene.push("topup", "Two"), environments=("prod",))
    assert acts(site, "roll%20back%20topup") == ["Roll back topup prod"]


def test_any_run_that_can_be_cancelled_is_found_and_what_is_on_trial_is_taken_back(site: Site) -> None:
    scene = site.scene
    with scene.history():
        on_trial(scene)
    aside = scene.push("trying", "Try it", branch="aside")
    assert acts(site, "cancel%20trying") == ["Cancel run trying 3", "Take r2 of trying prod back"]
    scene.green(aside)
    scene.begin_deployment(aside, "dev")
    assert acts(site, "cancel%20trying") == ["Take r2 of trying prod back"]


def test_an_old_commit_is_found_by_its_subject_and_its_author(site: Site) -> None:
    """Which the newest runs do not have: of the application that is named, and of all where there are few."""
    scene = site.scene
    scene.application("shop")
    first = scene.push("shop", "Weigh the parcels", who="ben")
    author = Git(scene.places.repository("shop")).commit(first.commit).author
    for number in range(3):
        scene.push("shop", f"Change {number}")
    scene.application("busy")
    commit = scene.commit("busy", "Tick")
    for _ in range(LATELY):
        scene.push("busy", "", commit=commit)
    expected = (
        "commit",
        f"{first.commit[:7]} Weigh the parcels",
        f"/applications/shop/commits/{first.commit[:10]}",
    )
    assert expected in find(site, "weigh%20parcels")
    assert expected in find(site, f"shop%20{author.split()[0]}")
    for number in range(FEW):
        scene.application(f"other-{number}")
    assert expected not in find(site, "weigh%20parcels")
    assert find(site, "shop%20weigh%20parcels")[0] == expected


def test_an_open_error_is_found_by_what_it_says(past: Site) -> None:
    kind, title, address = find(past, "topup%20error%201")[0]
    assert (kind, address) == ("error", "/applications/topup/errors/1")
    assert title.startswith("topup error 1 ")


def test_why_a_commit_is_not_in_an_environment_is_found(past: Site) -> None:
    commit = head(past, "ledger")
    why = (
        "commit",
        f"Why {commit[:7]} is not in ledger prod",
        f"/applications/ledger/commits/{commit[:10]}#where",
    )
    assert why in find(past, "why%20not%20in%20prod")
    assert find(past, "why%20not%20in%20prod")[0][0] == "commit"
    assert find(past, f"why%20is%20{commit[:7]}%20not%20in%20prod")[0] == why
    assert "Why" not in str(find(past, "why%20not%20in%20storefront"))


def test_who_broke_it_finds_the_open_errors(past: Site) -> None:
    assert {kind for kind, _, _ in find(past, "who%20broke%20it")} == {"error"}


def test_who_broke_it_finds_the_commit_that_was_judged_bad(site: Site) -> None:
    """And nobody where what came is on trial, or was judged good."""
    with site.scene.history():
        bad = Trials(site.scene, "till").goes_bad(30, "Count the till")
        on_trial(site.scene)
        well = Trials(site.scene, "well")
        run, came = well.comes(20, "Count it once")
        well.share(came, 10)
        well.judge(came, 10, fine(900))
        well.serves(came)
        site.scene.end(run)
    title, address = f"{bad.commit[:7]} Count the till", f"/applications/till/commits/{bad.commit[:10]}"
    assert find(site, "who%20broke%20it") == [("commit", title, address)]


def test_what_is_for_owners_is_found_by_owners(past: Site) -> None:
    results = past.get("/api/v1/search?q=token", "ben").json["results"]
    assert [one["address"] for one in results if one["address"].startswith("/tokens")] == []


def test_without_a_word_it_offers_what_needs_a_person(past: Site) -> None:
    assert [title for _, title, _ in find(past, "")][:2] == ["ledger", "topup"]


def test_what_is_asked_for_and_answered_is_bounded(past: Site) -> None:
    assert len(find(past, "e")) == 30
    assert past.get("/api/v1/search?q=e&limit=1000").json["results"][50:] == []
    assert past.get(f"/api/v1/search?q={'x' * 5000}").json["results"] == []
    assert past.get("/api/v1/search?q=%25_%27%22%00").status == 200


def test_an_older_run_is_done_again_and_its_log_is_found_by_its_number(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    scene.begin(failed := scene.push("topup", "One"))
    scene.end(failed, "failed", "test failed")
    scene.deliver(scene.push("topup", "Two"))
    assert ("action", "Run topup 1 again", "/runs/topup:1#again") in find(site, "run%20topup%201%20again")
    assert ("action", "Read the log of topup 1", "/runs/topup:1#log") in find(site, "download%20topup%201")


def test_nobody_finds_anything_without_a_token(past: Site) -> None:
    assert past.ask("GET", "/api/v1/search?q=topup").status == 401
    assert past.ask("GET", "/search?q=topup").status == 401


def test_the_page_finds_the_same_without_a_script(past: Site) -> None:
    page = past.get("/search?q=topup%20prod")
    assert page.text.index("topup prod") < page.text.index("Roll back topup prod")
    assert 'href="/applications/topup/environments/prod"' in page.text
    assert "<h1>The best 30 of more</h1>" in past.get("/search?q=topup").text
    hostile = past.get("/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").text
    assert "<script>alert" not in hostile


@pytest.fixture(params=[1440, 390])
def page(request: pytest.FixtureRequest, browser: Browser, past: Site) -> Iterator[Page]:
    context = person(browser, past, viewport={"width": request.param, "height": 900})
    yield context.new_page()
    context.close()


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("key", ["/", "Control+k"])
def test_it_is_opened_narrowed_down_chosen_and_followed_by_keyboard(page: Page, past: Site, key: str) -> None:
    page.goto(f"{past.origin}/runs")
    page.keyboard.press(key)
    box = page.get_by_role("combobox")
    expect(box).to_be_focused()
    page.keyboard.type("topup prod")
    options = page.get_by_role("option")
    expect(options.first).to_contain_text("topup prod")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", "finds-1")
    expect(options.first).to_have_attribute("aria-selected", "false")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Enter")
    page.wait_for_url("**/applications/topup/environments/prod")


@pytest.mark.needs("chromium")
def test_an_act_is_opened_where_it_is_filled_in_and_done_by_keyboard(page: Page, past: Site) -> None:
    page.goto(f"{past.origin}/runs")
    chosen_at(page, "freeze topup prod")
    page.wait_for_url("**/applications/topup/environments/prod#freeze")
    expect(page.locator("#why")).to_be_focused()
    chosen_at(page, "set a secret of topup prod")
    expect(page.locator("#secret-name")).to_be_focused()
    chosen_at(page, "freeze topup prod")
    chosen_at(page, "freeze topup prod")  # it is there already
    expect(page.locator("#why")).to_be_focused()
    chosen_at(page, "roll back topup prod")
    expect(page.locator("#roll-back summary")).to_be_focused()  # what moves is read before Enter does it
    expect(page.locator("#roll-back form")).to_be_visible()


def chosen_at(page: Page, words: str) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type(words)
    expect(page.get_by_role("option").first).to_contain_text(re.compile(words, re.IGNORECASE))
    page.keyboard.press("Enter")


@pytest.mark.needs("chromium")
def test_enter_goes_to_what_is_typed_and_not_to_what_was_listed_before(page: Page, past: Site) -> None:
    page.goto(f"{past.origin}/runs")
    for typed, place in (
        ("installation", "/installation"),
        (head(past, "search"), f"/applications/search/commits/{head(past, 'search')[:10]}"),
    ):
        page.keyboard.press("Control+k")
        expect(page.get_by_role("option").first).to_be_visible()
        page.evaluate(AT_ONCE, typed)
        page.wait_for_url(f"**{place}")


AT_ONCE = """(typed) => {
    const box = document.activeElement;
    box.value = typed;
    box.dispatchEvent(new Event("input"));
    box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
}"""


@pytest.mark.needs("chromium")
def test_escape_closes_it_and_gives_the_focus_back(page: Page, past: Site) -> None:
    page.goto(f"{past.origin}/runs")
    link = page.get_by_role("navigation", name="Main").get_by_role("link", name="Runs")
    link.focus()
    page.keyboard.press("/")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(link).to_be_focused()


@pytest.mark.needs("chromium")
def test_a_slash_that_is_typed_into_a_field_stays_there(page: Page, past: Site) -> None:
    page.goto(f"{past.origin}/search")
    page.locator("#q").fill("")
    page.locator("#q").press("/")
    expect(page.locator("#q")).to_have_value("/")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.needs("chromium")
def test_the_button_opens_it_and_what_is_not_there_is_said(page: Page, past: Site) -> None:
    page.goto(past.origin)
    page.get_by_role("link", name="Find a commit, run or act").click()
    page.keyboard.type("zebra")
    palette = page.get_by_role("dialog")
    expect(palette.get_by_role("status")).to_have_text("Nothing is called that.")
    expect(palette.get_by_role("option")).to_have_count(0)
    expect(palette.get_by_role("combobox")).to_have_attribute("aria-expanded", "false")


@pytest.mark.needs("chromium")
def test_without_a_script_the_same_link_leads_to_a_form(browser: Browser, past: Site) -> None:
    context = person(browser, past, viewport={"width": 390, "height": 900}, java_script_enabled=False)
    page = context.new_page()
    page.goto(past.origin)
    page.get_by_role("link", name="Find a commit, run or act").click()
    page.get_by_role("searchbox").fill("guess")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Guess the language").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Guess the language")
    context.close()
