"""Whoever has never seen it finds at most three clicks from home what people come for, by what things say."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from shipway.incidents.suspects import Suspicion
from web.judged import bad
from web.past import topup
from web.server import Site
from web.visiting import in_every_look

pytestmark = pytest.mark.needs("chromium")

PRESSED = "a[href]:visible, button:visible, summary:visible, [role=option]:visible"


@dataclass
class Visitor:
    """Somebody who starts at home, and presses only what they can see and read."""

    page: Page
    home: str
    clicks: int = 0

    def comes(self) -> None:
        self.page.goto(self.home)
        self.clicks = 0

    def presses(self, says: str, within: str = "body") -> None:
        part = self.page.locator(within, has_text=says).first
        part.locator(PRESSED).filter(has_text=says).first.click()
        self.clicks += 1

    def reads(self, says: str, within: str = "main", clicks: int = 3) -> None:
        """Sees it after no more clicks than that."""
        expect(self.page.locator(within).first).to_contain_text(says)
        assert self.clicks <= clicks


@pytest.fixture
def visitor(page: Page, site: Site) -> Visitor:
    """To an installation with a commit that was judged bad, one whose test failed, and an open error."""
    scene = site.scene
    with scene.history():
        bad(scene)
        scene.until(20 * 24 * 3600.0)
        scene.application("topup")
        topup(scene)
    with scene.database.read() as conn:
        artifact = scene.artifact_of(conn, "topup", "prod", 3)
    error = scene.report(
        "topup", {"exception": [{"type": "KeyError", "value": "'CHF'"}], "release": artifact.commit}
    )
    scene.suspect(
        error, Suspicion("It changed it.", artifact.commit, "Ada Okafor", "ada@example.org", "Say why", "high")
    )
    return Visitor(page, site.origin)


@in_every_look
def test_what_people_come_for_is_at_most_three_clicks_from_home(visitor: Visitor, site: Site) -> None:
    page, scene = visitor.page, site.scene

    # Why is a commit not in prod, and who broke it? It was judged bad.
    visitor.comes()
    visitor.presses("Failed requests: 9 of 18")
    visitor.reads("Not in prod: r2 was judged bad at 10 %", clicks=1)
    visitor.reads("Ben Weber can mend it", clicks=1)

    # Why else is one not in prod? Its test failed, it is on another branch.
    visitor.comes()
    visitor.presses("test failed: assert 40 == 70")
    visitor.reads("Dev, test and prod were left as before.", clicks=1)
    visitor.comes()
    page.locator(".find:visible").click()
    visitor.clicks += 1
    expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    page.keyboard.type(scene.heads["topup", "retries"][:7])
    visitor.presses("Try charges again", "dialog")
    visitor.reads("retries is not delivered to prod", clicks=2)

    # Who broke what production reports?
    visitor.comes()
    visitor.presses("topup", "main li")
    visitor.presses("open error")
    visitor.reads("Ada Okafor", clicks=2)
    visitor.presses("KeyError")
    visitor.reads("It changed it.", clicks=3)

    # Add a secret.
    visitor.comes()
    visitor.presses("topup", "main li")
    visitor.presses("Add a secret")
    expect(page.locator("#secret-name")).to_be_focused()
    page.keyboard.type("API_KEY")
    page.keyboard.press("Tab")
    page.keyboard.type("seven-figures")
    visitor.presses("Save", "#add-secret")
    page.wait_for_url("**/runs/topup:6")
    assert visitor.clicks <= 3
    place = "/api/v1/applications/topup/environments/prod"
    assert "API_KEY" in site.get(f"{place}/secrets").json["secrets"]

    # Roll prod back.
    visitor.comes()
    visitor.presses("topup", "main li")
    visitor.presses("Roll back to r2")
    visitor.presses("Roll back to r2", "#roll-back form")
    visitor.reads("ada went back to", "main")
