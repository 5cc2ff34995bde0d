"""An application, its repository and the places around it, for each test anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shipway.hosts.sandbox import probe
from support.workshop import Workshop, opened


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    with opened(tmp_path, probe()) as workshop:
        yield workshop
