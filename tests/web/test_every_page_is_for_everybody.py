"""Nobody is shut out: every page fits, stands still for whoever wants that, and axe finds nothing wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page, expect

from web import judged, past
from web.every_page import EVERY, Looked
from web.scene import Scene
from web.server import Site
from web.visiting import DESK, LOOKS, Look

pytestmark = pytest.mark.needs("chromium")

NARROW = 320
TELL = {"afternoon": past.afternoon, "judged": judged.and_done_again, "empty": lambda scene: None}
LOUD = ("error", "warning")
OPTIONS = {"resultTypes": ["violations"], "preload": False}  # nothing on a page is from elsewhere
TICKED = """[...document.querySelectorAll("h1, h2, h3, p, li, dd, td, span")]
    .filter((each) => !each.closest("pre, code") && each.innerText.includes("`")).map((each) => each.innerText)"""
SPILT = """[...document.querySelectorAll(".step, .btn, .pill, .top a")]
    .filter((each) => each.checkVisibility() && each.scrollHeight > each.clientHeight + 1)
    .concat([...document.querySelectorAll(".says p, .wrapped")]
        .filter((each) => each.checkVisibility() && each.scrollWidth > each.clientWidth + 1))
    .map((each) => each.innerText)"""
OPEN = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Site]]:
    """A server for each scene."""
    started: dict[str, Site] = {}
    for name, tell in TELL.items():
        scene = Scene.empty(tmp_path_factory.mktemp(name))
        tell(scene)
        started[name] = Site.start(scene)
    yield started
    for site in started.values():
        site.stop()
        site.scene.database.close()


@dataclass
class Tab:
    """Where one page after the other is looked at; `said` is what its console was told of the one in it."""

    page: Page
    said: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, context: BrowserContext) -> Tab:
        tab = cls(context.new_page())
        tab.page.on("console", lambda message: message.type in LOUD and tab.said.append(message.text))
        tab.page.on("pageerror", lambda error: tab.said.append(str(error)))
        return tab

    def leave(self) -> None:
        """Nothing of the page that was in it is left, its stream and its routes neither."""
        self.page.unroute_all()
        self.page.goto("about:blank")
        self.page.emulate_media(media="screen", color_scheme="light")
        self.page.set_viewport_size({"width": DESK, "height": 900})
        self.said.clear()


@pytest.fixture(scope="module")
def one(browser: Browser) -> Iterator[Tab]:
    """For all tests: for a new one a process is begun, which reads anew what every page needs."""
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(30_000)
    yield Tab.of(context)
    context.close()


@pytest.fixture
def tab(one: Tab) -> Iterator[Tab]:
    yield one
    one.leave()


@pytest.fixture
def page(tab: Tab) -> Page:
    return tab.page


def look(page: Page, site: Site, looked: Looked) -> None:
    """Goes to the page as it is looked at."""
    page.context.clear_cookies()
    if looked.signed_in:
        name, _, value = site.sign_in()["cookie"].partition("=")
        page.context.add_cookies([{"name": name, "value": value, "url": site.origin}])
    answer = page.goto(site.origin + looked.path)
    assert answer is not None
    assert answer.status == looked.status
    assert page.locator("h1").count() == 1
    if looked.status == 200 and looked.signed_in and looked.path != "/patterns":
        assert page.locator("footer a[href^='/api/v1/']").count() == 1, "it does not name its data"
    if looked.opened:
        page.evaluate(OPEN)
    if looked.does is not None:
        looked.does(page)


def complaints(page: Page) -> list[str]:
    """What axe says against the page as it is shown now; it is in the page already."""
    told = page.evaluate("(options) => axe.run(options).then((found) => found.violations)", OPTIONS)
    return [
        f"{rule['id']} at {' '.join(node['target'])}: {node['html'][:160]}: {node['failureSummary']}"
        for rule in told
        for node in rule["nodes"]
    ]


def soon(looked: Looked) -> Sequence[Look]:
    """The looks that `make test` has: a phone by night, and a desk by day."""
    return LOOKS[1:2] if looked.once else LOOKS[:2]


def check(page: Page, looks: Sequence[Look]) -> None:
    page.evaluate(AXE_SCRIPT)
    for each in looks:
        page.set_viewport_size({"width": each.width, "height": 900})
        page.emulate_media(color_scheme=each.scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= each.width, f"it is wider: {each}"
        assert page.evaluate(SPILT) == [], f"words run out of their box: {each}"
        assert page.evaluate("document.getAnimations().length") == 0, "something moves"
        found = complaints(page)
        assert not found, "\n".join([f"{each}:", *found])
    page.set_viewport_size({"width": NARROW, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, f"it is wider than {NARROW}"


@pytest.mark.parametrize("looked", EVERY, ids=str)
def test_a_page_fits_stands_still_and_is_clear_to_everybody(
    tab: Tab, sites: dict[str, Site], looked: Looked
) -> None:
    look(tab.page, sites[looked.scene], looked)
    assert tab.page.evaluate(TICKED) == [], "a command is shown between backticks, not as code"
    check(tab.page, soon(looked))
    if looked.status == 200 and looked.does is None:  # a browser itself complains of any other, as of a refusal
        assert tab.said == []


@pytest.mark.soak
@pytest.mark.parametrize("looked", EVERY, ids=str)
def test_a_page_is_clear_in_every_other_look_too(page: Page, sites: dict[str, Site], looked: Looked) -> None:
    look(page, sites[looked.scene], looked)
    check(page, [each for each in LOOKS if each not in soon(looked)])


def test_a_page_prints_in_light_colours_without_what_is_pressed_on_it(page: Page, sites: dict[str, Site]) -> None:
    look(page, sites["afternoon"], Looked("/applications/topup/environments/prod/log"))
    page.emulate_media(media="print", color_scheme="dark")
    for gone in (".top", ".filters", ".live"):
        expect(page.locator(gone)).to_be_hidden()
    expect(page.locator("html")).to_have_css("color-scheme", "light")
    expect(page.locator("#lines")).to_have_css("max-height", "none")


PRESSABLE = (
    "a[href], button:not([disabled]), summary, textarea, select, "
    "input:not([type=hidden], [type=radio]:not(:checked))"  # arrows lead to the others of a group
)
WATCH = "document.addEventListener('focusin', (event) => { event.target.dataset.reached = '1'; })"
LEFT = f"""[...document.querySelectorAll({PRESSABLE!r})]
    .filter((each) => each.checkVisibility() && !each.dataset.reached)
    .map((each) => each.outerHTML.slice(0, 120))"""


WALKED = (
    Looked("/applications/search/environments/prod", opened=True),
    Looked("/applications/topup/settings", opened=True),
    Looked("/tokens", opened=True),
)
REST = [each for each in EVERY if each not in WALKED and each.does is None]


@pytest.mark.parametrize(
    "looked", [*WALKED, *(pytest.param(each, marks=pytest.mark.soak) for each in REST)], ids=str
)
def test_everything_that_can_be_pressed_is_reached_by_the_tabulator(
    page: Page, sites: dict[str, Site], looked: Looked
) -> None:
    page.route("**/live.js", lambda route: route.abort())  # nothing is exchanged while we walk
    look(page, sites[looked.scene], looked)
    page.evaluate(WATCH)
    for _ in range(600):
        page.keyboard.press("Tab")
        if not page.evaluate(LEFT):
            break
    assert page.evaluate(LEFT) == []
