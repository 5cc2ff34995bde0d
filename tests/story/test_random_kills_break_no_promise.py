"""Minutes of pushes, rollbacks and kills at random; then the record is judged. For `make soak`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.crashing import House
from support.history import History, summary, violations

MINUTES = float(os.environ.get("SOAK_MINUTES", "10"))
SEED = int(os.environ.get("SOAK_SEED", time.time()))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House.at(tmp_path)
    try:
        house.open()
        yield house
    finally:
        house.installation.take_down()


@pytest.mark.soak
@pytest.mark.timeout(MINUTES * 60 + 600)
def test_whatever_is_killed_whenever(house: House) -> None:
    history = History(house, SEED)
    history.live(MINUTES)
    print(summary(history))
    assert violations(history) == [], summary(history)
