"""Somebody in front of the pages, in a real browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext

from web.server import Site


@dataclass(frozen=True)
class Look:
    """How wide a page is, and how light it is around whoever reads it."""

    width: int
    scheme: Literal["light", "dark"]

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}"


DESK, PHONE = 1440, 390
LOOKS = (Look(DESK, "light"), Look(PHONE, "dark"), Look(DESK, "dark"), Look(PHONE, "light"))
in_every_look = pytest.mark.parametrize(
    "look", [LOOKS[0], *(pytest.param(each, marks=pytest.mark.soak) for each in LOOKS[1:])], ids=str, indirect=True
)
"""For a test of an act, whose `page` has that look: `make test` takes the first, `make soak` the others."""


def person(browser: Browser, site: Site, look: Look | None = None, **options: object) -> BrowserContext:
    """A browser in which Ada is signed in, who likes it calm: what moves is painted anew sixty times a second."""
    if look is not None:
        options = {"viewport": {"width": look.width, "height": 900}, "color_scheme": look.scheme, **options}
    context = browser.new_context(**{"reduced_motion": "reduce", **options})  # type: ignore[arg-type]
    context.set_default_timeout(60_000)
    name, _, value = site.sign_in()["cookie"].partition("=")
    context.add_cookies([{"name": name, "value": value, "url": site.origin}])
    return context
