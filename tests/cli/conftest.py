"""A server with a record of its own, and the command line that asks it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.terminal import Said, announce
from shipway.cli import app
from web.scene import Scene
from web.server import Site


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository of an application, in which commands are typed."""
    path = tmp_path / "topup"
    path.mkdir()
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "main", str(path)], check=True)
    monkeypatch.chdir(path)
    monkeypatch.setenv("SHIPWAY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    monkeypatch.setenv("COLUMNS", "100")
    return path


@pytest.fixture
def site(here: Path, tmp_path: Path) -> Iterator[Site]:
    """The server of this machine, as the command line finds it; Ada, its owner, types."""
    scene = Scene.empty(tmp_path)
    started = Site.start(scene)
    announce(scene.places, started)
    yield started
    started.stop()
    scene.database.close()


@pytest.fixture
def shipway(here: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Types a command."""

    def typed(*words: str) -> Said:
        capsys.readouterr()
        code = app.run(list(words))
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return typed
