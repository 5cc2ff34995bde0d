"""A first push, watched from the empty page to production; then a bad one, taken back, and its author told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, expect

from support import receivers
from support.installation import Installation, Repository, eventually
from support.receivers import Mailbox, words
from support.shop import PROJECT, failing, shop
from support.visitors import Visitors
from web.visiting import LOOKS, Look

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(300)]

CANARY = PROJECT.replace(
    "traffic: {warm: 60 s, drain: 5 s}",
    "traffic: {strategy: canary, steps: [10, 50], hold: 6 s, deadline: 30 s, warm: 60 s, drain: 1 s}",
).replace("[dev, test, prod]", "[dev, prod]")
CHECK = """\
import ast, pathlib, unittest


class Shop(unittest.TestCase):
    def test_the_web_can_be_read(self):
        ast.parse(pathlib.Path("web.py").read_text())

    def test_the_worker_can_be_read(self):
        ast.parse(pathlib.Path("worker.py").read_text())

    def test_customers_are_counted_in_the_data_directory(self):
        self.assertIn("DATA_DIR", pathlib.Path("web.py").read_text())

    def test_the_web_listens_on_the_port_it_is_given(self):
        self.assertIn('os.environ["PORT"]', pathlib.Path("web.py").read_text())


unittest.main(verbosity=2)
"""
PATIENCE = 90_000  # milliseconds
PICTURES = os.environ.get("PICTURES")
"""Where `make screenshots` wants pictures of what is seen."""


@pytest.fixture(
    scope="module", params=[LOOKS[0], *(pytest.param(each, marks=pytest.mark.soak) for each in LOOKS[1:])], ids=str
)
def look(request: pytest.FixtureRequest) -> Look:
    """For each one all of it happens anew."""
    asked: Look = request.param
    return asked


@pytest.fixture(scope="module")
def installation(look: Look, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("shipway"))
    made.up()
    yield made
    made.take_down()


@pytest.fixture(scope="module")
def mailbox(look: Look) -> Iterator[Mailbox]:
    with receivers.mailbox() as made:
        yield made


@pytest.fixture(scope="module")
def repository(installation: Installation, mailbox: Mailbox) -> Repository:
    """The shop before its first commit. Ada has a channel."""
    added = installation.shipway("channels", "ada@example.org", "--private", stdin=f"{mailbox.url()}\n")
    assert added.code == 0, added.out
    return installation.repository("shop")


@pytest.fixture(scope="module")
def page(browser: Browser, installation: Installation, look: Look) -> Iterator[Page]:
    """Opened once, with the address that `up` prints; nobody reloads it."""
    context = browser.new_context(viewport={"width": look.width, "height": 900}, color_scheme=look.scheme)
    context.set_default_timeout(PATIENCE)
    made = context.new_page()
    made.goto(installation.json("open", "--pages", "--print")["url"])
    made.wait_for_url("**/")
    yield made
    context.close()


def shows(page: Page, selector: str, text: str) -> None:
    expect(page.locator(selector).first).to_contain_text(text, timeout=PATIENCE)


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def test_the_empty_page_comes_alive_with_the_first_push(page: Page, repository: Repository) -> None:
    shows(page, "h1", "Nothing is under way yet.")
    repository.write(shop("1", project=CANARY, check=CHECK))
    repository.init()
    repository.commit("Open the shop")
    repository.push("-o", "detach", "shipway", "main")
    shows(page, "#rows", "shop")
    shows(page, "#rows", "from push to prod")


def test_its_run_is_one_click_away_and_says_what_passed(page: Page, repository: Repository) -> None:
    page.locator("#rows a[href^='/runs/']").first.click()
    shows(page, "h1", "prod")
    shows(page, "main", repository.head)
    page.locator("#graph").get_by_role("link", name="test").click()
    shows(page, "#lines", "Ran 4 tests")
    page.evaluate("scrollTo(0, 0)")
    picture(page, "run")
    page.get_by_role("link", name="Applications").first.click()


def test_a_bad_one_is_seen_to_go_back_and_why(
    page: Page, installation: Installation, repository: Repository, mailbox: Mailbox
) -> None:
    files = shop("2", project=CANARY, check=CHECK)
    with Visitors(installation.proxy_port, "shop.localhost", 20.0) as people:
        eventually(lambda: len(people.visits) > 100, "people have come")
        bad = repository.commit("Sell no eggs", {**files, "web.py": failing(files["web.py"], 2)})
        repository.push("-o", "detach", "shipway", "main")
        shows(page, "#rows .back", "Failed requests")
        shows(page, "#rows .back", "ada@example.org was told")
    picture(page, "home")
    page.locator("#rows .back a").first.click()
    shows(page, "h1", "Sell no eggs")
    for told in ("back", "Quarantined", "Ada Test", "ada@example.org"):
        shows(page, "main", told)
    picture(page, "commit")
    (mail,) = mailbox.wait()
    assert mail["Subject"].startswith("[shop] prod: r")
    assert bad[:7] in words(mail)


def test_its_environment_says_what_serves_again_and_leads_to_its_settings(page: Page) -> None:
    page.goto(urljoin(page.url, "/applications/shop/environments/prod"))
    shows(page, "h1", "r1 serves in prod")
    shows(page, "#releases", "Sell no eggs")
    picture(page, "environment")
    page.get_by_role("link", name="settings", exact=True).click()
    shows(page, "h1", "shop")
    shows(page, "main", "Kept by this server")
    picture(page, "settings")
