"""A record to stand on, and a server that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from web.scene import Scene
from web.server import Site


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
