"""Which tier holds a command is probed, said, and never lowered in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipway.hosts.sandbox import NoSandbox, base_mounts, probe
from support.rooms import LESSER


@pytest.mark.needs("bubblewrap")
def test_bubblewrap_is_taken_where_it_works() -> None:
    tier = probe({})
    assert (tier.name, tier.level) == ("bubblewrap", 1)


def test_without_bubblewrap_a_lesser_tier_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    tier = probe({})
    assert tier.level < 1
    assert "bubblewrap is not installed" in tier.says


def test_a_bubblewrap_that_does_not_work_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "setting up uid map: Permission denied" in probe({}).says
    with pytest.raises(NoSandbox, match="setting up uid map"):
        probe({"SHIPWAY_SANDBOX": "bubblewrap"})


@pytest.mark.parametrize("name", LESSER)
def test_a_tier_can_be_asked_for(name: str) -> None:
    tier = probe({"SHIPWAY_SANDBOX": name})
    assert tier.name == name
    assert f"SHIPWAY_SANDBOX={name}" in tier.says


def test_an_unknown_tier_is_refused() -> None:
    with pytest.raises(NoSandbox, match="jail"):
        probe({"SHIPWAY_SANDBOX": "jail"})


def test_of_a_python_in_a_home_only_the_installation_is_mounted(tmp_path: Path) -> None:
    installed = tmp_path / "python" / "cpython-3.12.1"
    for part in ("bin", "lib"):
        (installed / part).mkdir(parents=True)
    (installed / "bin" / "python3.12").write_text("")
    (tmp_path / "python" / "cpython-3.12").symlink_to("cpython-3.12.1")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3.12").symlink_to("../python/cpython-3.12/bin/python3.12")
    mine = {
        mount.target: mount.source
        for mount in base_mounts(tmp_path / "bin" / "python3.12")
        if mount.target.startswith(str(tmp_path))
    }
    assert mine == {
        f"{tmp_path}/python/{name}/{part}": installed / part
        for name in ("cpython-3.12", "cpython-3.12.1")
        for part in ("bin", "lib")
    }


def test_nothing_is_writable_in_what_every_room_has() -> None:
    assert not any(mount.writable for mount in base_mounts())
