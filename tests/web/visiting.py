"""Somebody in front of the pages, in a real browser."""

from __future__ import annotations

from playwright.sync_api import Browser, BrowserContext

from web.server import Site


def person(browser: Browser, site: Site, **options: object) -> BrowserContext:
    """A browser in which Ada is signed in, who likes it calm: what moves is painted anew sixty times a second."""
    context = browser.new_context(**{"reduced_motion": "reduce", **options})  # type: ignore[arg-type]
    context.set_default_timeout(60_000)
    name, _, value = site.sign_in()["cookie"].partition("=")
    context.add_cookies([{"name": name, "value": value, "url": site.origin}])
    return context
