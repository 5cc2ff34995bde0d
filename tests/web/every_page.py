"""Every page in every state that looks different: one line for each. Whoever adds a page adds a line.

A line that is not in the list fails `tests/house/test_every_page_is_looked_at.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin

from playwright.sync_api import Page, expect

Scene = Literal["afternoon", "judged", "empty"]


@dataclass(frozen=True)
class Looked:
    """A page as Ada, the owner, finds it in a scene; `opened` are the closed parts that are opened first.

    What she `does` there comes before it is looked at. `make test` looks at it `once` instead of twice, where
    it has a neighbour that is like it, or axe takes seconds for it; `make soak` has all the other looks.
    """

    path: str
    scene: Scene = "afternoon"
    opened: bool = False
    status: int = 200
    signed_in: bool = True
    once: bool = False
    does: Callable[[Page], None] | None = None

    def __str__(self) -> str:
        return (
            f"{self.scene}:{self.path}{'+' if self.opened else ''}{f'-{self.does.__name__}' if self.does else ''}"
        )


def finds(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("topup")
    expect(page.get_by_role("dialog").get_by_role("option").first).to_be_visible()


def searches(page: Page) -> None:
    page.get_by_role("searchbox").fill("assert")
    expect(page.locator("#found")).to_contain_text("1 of")
    page.locator("#times").check()


def is_refused_a_freeze(page: Page) -> None:
    page.locator("#freeze summary").click()
    page.locator("#why").fill("Month end")
    page.locator("#until").fill("yesterday")
    page.locator("#freeze form button").click()
    expect(page.locator("#until-bad")).to_be_visible()


def is_refused_a_secret(page: Page) -> None:
    page.locator("#add-secret summary").click()
    page.locator("#secret-name").fill("1ST")
    page.locator("#secret-value").fill("seven-figures")
    page.locator("#add-secret form button").click()
    expect(page.locator("#secret-name-bad")).to_be_visible()


def is_refused_a_value(page: Page) -> None:
    page.locator("#add-value summary").click()
    page.locator("#new-name").fill("1ST")
    page.locator("#new-value").fill("two\nlines")
    page.locator("#add-value form button").click()
    expect(page.locator("#new-name-bad")).to_be_visible()


def is_refused_a_token(page: Page) -> None:
    page.locator("#role").evaluate("(choice) => { choice.options[0].value = 'root'; choice.selectedIndex = 0; }")
    page.locator("#who").fill("eve")
    page.locator("#make button").click()
    expect(page.locator("#role-bad")).to_be_visible()


def changes_a_value(page: Page) -> None:
    change = page.locator("#configuration li", has_text="CURRENCY")
    change.locator("summary").click()
    change.get_by_label("New value of CURRENCY").fill("CHF\nand more")
    change.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("Waiting for its turn")


def sends_again(page: Page) -> None:
    again = page.get_by_role("button", name="Send again to cho@example.org")
    if again.count():  # once: the next look finds it sent
        again.click()
    expect(again).to_have_count(0)
    expect(page.get_by_role("row", name="cho@example.org")).to_contain_text("On its way")


def shows_a_wrong_token(page: Page) -> None:
    page.get_by_label("Token").fill("shipway_of_nobody")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#refused")).to_be_visible()


def is_signed_in(page: Page) -> None:
    """As far as the page that leads on by itself, and does not do so here."""
    told = page.evaluate("fetch('/signin?code=used').then((answer) => answer.text())")
    stays = told.replace('http-equiv="refresh"', "")
    page.route("**/signin?*", lambda route: route.fulfill(body=stays, content_type="text/html"))
    page.goto(urljoin(page.url, "/signin?code=used"))
    expect(page.locator("h1")).to_have_text("You are signed in.")


def signs_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("h1")).to_have_text("Who is there?")


def judged(path: str) -> Looked:
    """A state of what is judged that no other line has."""
    return Looked(path, "judged", opened=True, once=True)


EVERY = (
    Looked("/", "empty"),
    Looked("/"),
    Looked("/signin", signed_in=False),
    Looked("/signin?code=used", signed_in=False, status=403),
    Looked("/nothing", status=404),
    Looked("/search?q=topup"),
    Looked("/applications/topup/commits/main"),
    Looked("/applications/bad/commits/main", "judged"),
    Looked("/c/0000000", status=404, once=True),
    Looked("/applications/nothing", status=404, once=True),
    Looked("/runs"),
    Looked("/runs", "empty", once=True),
    Looked("/runs/topup:5"),
    Looked("/runs/topup:4", once=True),
    Looked("/runs/ledger:2", once=True),
    Looked("/runs/statements:2"),
    Looked("/runs/search:3", once=True),
    Looked("/applications/topup/environments/prod", opened=True),
    Looked("/applications/mailer/environments/prod"),
    Looked("/applications/search/environments/prod?span=7d", once=True),
    Looked("/applications/mailer/environments/dev", once=True),
    Looked("/applications/statements/environments/prod", once=True),
    Looked("/applications/search/environments/prod?span=15m", opened=True),
    Looked("/applications/trying/environments/prod", "judged", opened=True),
    Looked("/applications/alone/environments/prod", "judged", opened=True),
    Looked("/applications/alone/environments/dev?compare=r1&compare=r2", "judged", opened=True),
    Looked("/applications/search/environments/prod/releases/r2", opened=True),
    Looked("/applications/good/environments/prod/releases/r2", "judged", once=True),
    Looked("/applications/bad/environments/prod/releases/r2", "judged", opened=True),
    Looked("/applications/trying/environments/prod/releases/r2", "judged", once=True),
    Looked("/applications/topup/settings"),
    Looked("/messages", "empty", once=True),
    Looked("/messages", opened=True),
    Looked("/messages?state=lost", status=400),
    Looked("/tokens", opened=True),
    Looked("/sessions", opened=True),
    Looked("/reference/api", once=True),
    Looked("/installation"),
    Looked("/patterns", opened=True),
    Looked("/applications/topup/environments/prod/log", opened=True),
    Looked("/applications/topup/environments/prod/log?regex=(", status=400),
    Looked("/applications/topup/errors"),
    Looked("/applications/topup/errors?environment=prod", once=True),
    Looked("/applications/ledger/errors", once=True),
    Looked("/applications/topup/errors/1"),
    Looked("/applications/topup/errors/2", once=True),
    Looked("/applications/topup/errors/3", opened=True),
    Looked("/", "judged", opened=True),
    judged("/runs"),
    *(judged(f"/applications/{name}/environments/prod") for name in ("stuck", "asked", "unjudged", "blue-green")),
    *(judged(f"/applications/{name}/environments/prod") for name in ("good", "bad")),
    *(judged(f"/applications/{name}/environments/prod/releases/r2") for name in ("stuck", "asked")),
    *(judged(f"/applications/{name}/environments/prod/releases/r2") for name in ("unjudged", "blue-green")),
    *(judged(f"/applications/{name}/commits/main") for name in ("stuck", "asked", "unjudged", "blue-green")),
    *(judged(f"/applications/{name}/commits/main") for name in ("trying", "good", "alone")),
    judged("/applications/stuck/environments/prod/releases/r1"),
    *(judged(f"/runs/{name}:2") for name in ("stuck", "trying", "alone")),
    Looked("/applications/topup/environments/prod?compare=r1&compare=r3", opened=True, once=True),
    Looked("/?who=needs", once=True),
    Looked("/?branch=retries", once=True),
    Looked("/", once=True, does=finds),
    Looked("/runs/topup:5", once=True, does=searches),
    Looked("/applications/topup/environments/prod", once=True, does=is_refused_a_freeze),
    Looked("/applications/topup/environments/prod", once=True, does=is_refused_a_secret),
    Looked("/applications/topup/environments/prod", once=True, does=is_refused_a_value),
    Looked("/tokens", once=True, does=is_refused_a_token),
    Looked("/signin", signed_in=False, once=True, does=shows_a_wrong_token),
    Looked("/search", once=True, does=is_signed_in),
    Looked("/runs", once=True, does=signs_out),
    # these change what the pages before them show, so they are the last
    Looked("/messages", once=True, does=sends_again),
    Looked("/applications/topup/environments/prod", once=True, does=changes_a_value),
)
