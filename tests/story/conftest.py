"""An installation for each file of journeys, or a story that is told without one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import receivers
from support.installation import Installation, Repository
from support.receivers import Mailbox
from support.scene import Scene, a_scene
from support.shop import shop


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("shipway"))
    made.up()
    yield made
    made.take_down()


@pytest.fixture(scope="module")
def repository(installation: Installation) -> Repository:
    """The shop, delivered in its first version."""
    made = installation.repository("shop")
    made.write(shop("1"))
    made.commit("Open the shop")
    made.init()
    made.deliver("Open the shop for real")
    return made


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with receivers.mailbox() as made:
        yield made


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with a_scene(tmp_path) as scene:
        yield scene
