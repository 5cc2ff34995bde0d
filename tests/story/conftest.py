"""An installation for each file of journeys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.installation import Installation, Repository
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
