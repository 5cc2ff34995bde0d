"""Whoever has no mouse does everything that a page is for: from its top, with the tabulator, letters and Enter.

Freezing, going back, finding and folding are tried by keyboard where their own tests are.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from web.judged import on_trial, stuck
from web.server import Site
from web.visiting import in_every_look

pytestmark = [pytest.mark.needs("chromium"), in_every_look]

PROD = "/applications/topup/environments/prod"
AT = """(says) => {
  const at = document.activeElement;
  const name = at.labels?.[0]?.innerText ?? at.getAttribute('aria-label') ?? at.innerText;
  return at !== document.body && name.trim().startsWith(says);
}"""


def to(page: Page, says: str) -> None:
    """Goes on to what is called so."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate(AT, says):
            return
    pytest.fail(f"{says} cannot be reached")


def press(page: Page, *says: str) -> None:
    for each in says:
        to(page, each)
        page.keyboard.press("Enter")


def test_what_comes_and_what_is_set(page: Page, site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    scene.deliver(scene.push("topup", "Two"))
    scene.deliver(scene.push("topup", "Three"))
    run = scene.push("topup", "Four")
    scene.deliver(run, environments=("dev", "test"))

    page.goto(site.origin + PROD)
    for choice in ("Compare r2", "Compare r1"):
        to(page, choice)
        page.keyboard.press("Space")
    press(page, "Compare")
    expect(page.locator("#compared h2")).to_have_text("From r1 to r3")

    page.goto(site.origin + PROD)
    promote = f"Promote {run.commit[:7]}"
    press(page, promote, promote)
    page.wait_for_url("**/runs/topup:5")
    press(page, "Cancel the run", "Cancel it")
    expect(page.locator(".by .pill")).to_contain_text("Cancelled")

    page.goto(site.origin + PROD)
    press(page, "Add a secret")
    expect(page.locator("#secret-name")).to_be_focused()
    page.keyboard.type("API_KEY")
    to(page, "Value")
    page.keyboard.type("seven-figures")
    press(page, "Save")
    page.wait_for_url("**/runs/topup:6")
    assert site.get(f"/api/v1{PROD}/secrets").json["secrets"] == ["API_KEY"]

    scene.report("topup", {"exception": [{"type": "KeyError", "value": "'cents'"}]})
    page.goto(f"{site.origin}/applications/topup/errors/1")
    press(page, "Resolve")
    expect(page.get_by_role("heading", level=1)).to_have_text("Resolved: KeyError: 'cents'")


def test_what_is_judged_and_who_may_come_in(page: Page, site: Site) -> None:
    with site.scene.history():
        for tell in (on_trial, stuck):
            tell(site.scene)

    page.goto(site.origin + PROD.replace("topup", "trying"))
    press(page, "Take r2 back", "Take r2 back")
    page.wait_for_url("**/applications/trying/environments/prod/releases/r2")

    page.goto(site.origin + PROD.replace("topup", "stuck"))
    press(page, "Give r1 all requests")
    to(page, "Reason")
    page.keyboard.type("The old ledger can be read")
    press(page, "Give r1 all requests")
    page.wait_for_url("**/runs/stuck:3")

    page.goto(f"{site.origin}/tokens")
    to(page, "For whom")
    page.keyboard.type("eve")
    press(page, "Make the token")
    expect(page.locator("#made")).to_contain_text("A token for eve, shown this once:")
    page.goto(f"{site.origin}/tokens")
    press(page, "Revoke", "Revoke it")
    expect(page.locator("#list")).to_contain_text("Revoked")
