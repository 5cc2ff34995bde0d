from __future__ import annotations

import os
from pathlib import Path

import pytest

from shipway.config.places import NotPrivate, Places


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """An installation whose runtime directory lies where everybody may write."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o1777)
    return Places.of(env={"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "shared")})


def test_nobody_else_can_look_in(places: Places) -> None:
    places.runtime.parent.mkdir(mode=0o755)
    places.create()
    made = [places.data, places.runtime.parent, places.runtime, places.instances, places.keys]
    assert [oct(path.stat().st_mode & 0o777) for path in made] == [oct(0o700)] * 5


def test_a_link_that_somebody_left_is_not_followed(places: Places, tmp_path: Path) -> None:
    (tmp_path / "trap").mkdir()
    places.runtime.parent.symlink_to(tmp_path / "trap")
    with pytest.raises(NotPrivate, match="no directory of your own"):
        places.create()
    assert list((tmp_path / "trap").iterdir()) == []


@pytest.mark.needs("root")
def test_a_directory_that_somebody_else_made_is_not_used(places: Places) -> None:
    places.runtime.parent.mkdir()
    os.chown(places.runtime.parent, 65534, 65534)
    with pytest.raises(NotPrivate, match="no directory of your own"):
        places.create()
