"""A team with nothing to tell yet, and what its messages are sent to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from incidents.team import Team
from support import receivers
from support.receivers import Hook, Mailbox


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    made = Team.at(tmp_path)
    yield made
    made.close()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with receivers.mailbox() as made:
        yield made


@pytest.fixture
def hook() -> Iterator[Hook]:
    with receivers.hook() as made:
        yield made


@pytest.fixture
def other_hook() -> Iterator[Hook]:
    with receivers.hook() as made:
        yield made
