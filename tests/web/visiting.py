"""Somebody in front of the pages, in a real browser."""

from __future__ import annotations

from playwright.sync_api import Browser, BrowserContext

from web.server import Site


def person(browser: Browser, site: Site, **options: object) -> BrowserContext:
    """A browser in which Ada is signed in."""
    context = browser.new_context(**options)  # type: ignore[arg-type]
    context.set_default_timeout(60_000)
    name, _, value = site.sign_in()["cookie"].partition("=")
    context.add_cookies([{"name": name, "value": value, "url": site.origin}])
    return context
