"""A keeper for each test."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipway.config.places import Places
from shipway.hosts.keeper.client import Keeper
from shipway.hosts.sandbox import probe
from support.keeping import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A keeper without instances; whatever it keeps at the end of the test ends with it."""
    places = Places.of(tmp_path / "data")
    places.create()
    house = House(places, Keeper(places))
    house.keeper.start()
    yield house
    house.keeper.quit(stop_instances=True)


@pytest.fixture(params=["no sandbox", pytest.param("bubblewrap", marks=pytest.mark.needs("bubblewrap"))])
def any_house(house: House, request: pytest.FixtureRequest) -> House:
    """The same without a sandbox and under real bubblewrap."""
    if request.param == "bubblewrap":
        house.tier = probe({**os.environ, "SHIPWAY_SANDBOX": "bubblewrap"})
    return house


@pytest.fixture
def port() -> int:
    """A port that is free now."""
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        return int(attempt.getsockname()[1])
