"""A record to stand on, and a server that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from web.past import afternoon
from web.scene import Scene
from web.server import Site
from web.visiting import LOOKS, Look, person


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A record with two people who may call, and nothing else."""
    made = Scene.empty(tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def site(scene: Scene) -> Iterator[Site]:
    """A server over that record, with a story that can act, but no keeper and no router."""
    started = Site.start(scene)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server for all tests of a file that change nothing: with one application, `topup`."""
    scene = Scene.empty(tmp_path_factory.mktemp("shared"))
    scene.application("topup")
    started = Site.start(scene)
    yield started
    started.stop()
    scene.database.close()


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server over an afternoon with much in it, that nobody changes."""
    scene = Scene.empty(tmp_path_factory.mktemp("past"))
    afternoon(scene)
    started = Site.start(scene)
    yield started
    started.stop()
    scene.database.close()


@pytest.fixture
def look(request: pytest.FixtureRequest) -> Look:
    """At a desk by day, unless a test is `in_every_look`."""
    asked: Look = getattr(request, "param", LOOKS[0])
    return asked


@pytest.fixture
def page(browser: Browser, site: Site, look: Look) -> Iterator[Page]:
    context = person(browser, site, look)
    yield context.new_page()
    context.close()
