from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from shipway.artifacts import pythons
from shipway.artifacts.pythons import MissingPython

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
OWN_EXACTLY = ".".join(map(str, sys.version_info[:3]))
UNKNOWN = "3.98"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A machine on which nothing but Shipway's own Python is installed."""
    return {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}


def _script(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return path


def _pretends(path: Path, version: str) -> Path:
    """An executable that runs and says it is this Python."""
    return _script(path, f"echo '{version}'", f"echo '{path}'")


def _does_not_run(path: Path) -> Path:
    """What a version manager leaves on the PATH for versions that are not active."""
    return _script(path, f"echo '{path.name}: command not found' >&2", "exit 127")


@pytest.mark.parametrize("version", [None, OWN, OWN_EXACTLY])
def test_shipways_own_python_is_preferred_and_runs(version: str | None, env: dict[str, str]) -> None:
    found = pythons.find(version, env)
    asking = [found, "-c", "import sys; print(sys.prefix == sys.base_prefix)"]
    said = subprocess.run(asking, capture_output=True, check=True)
    assert said.stdout == b"True\n", "a virtual environment is not an installation"
    assert pythons.ask(found) == pythons.Python(OWN_EXACTLY, found)


def test_a_shim_that_does_not_run_is_not_a_python(env: dict[str, str], tmp_path: Path) -> None:
    shim = _does_not_run(tmp_path / "bin" / f"python{UNKNOWN}")
    with pytest.raises(MissingPython) as caught:
        pythons.find(UNKNOWN, env)
    assert str(shim) in caught.value.message
    assert "does not run" in caught.value.message


def test_directories_of_somebody_else_are_passed_over(env: dict[str, str], tmp_path: Path) -> None:
    """As after `su`: variables name another person's directories. (Root may read everything.)"""
    _pretends(tmp_path / "theirs" / "versions" / f"{UNKNOWN}.4" / "bin" / "python3", f"{UNKNOWN}.4")
    (tmp_path / "theirs").chmod(0)
    theirs = {"PYENV_ROOT": str(tmp_path / "theirs"), "PATH": f"{tmp_path / 'theirs' / 'versions'}:{env['PATH']}"}
    try:
        found = pythons.installed({**env, **theirs})
    finally:
        (tmp_path / "theirs").chmod(0o755)
    assert OWN_EXACTLY in [python.version for python in found]


def test_one_that_runs_further_down_the_path_is_found(env: dict[str, str], tmp_path: Path) -> None:
    _does_not_run(tmp_path / "bin" / f"python{UNKNOWN}")
    good = _pretends(tmp_path / "other" / f"python{UNKNOWN}", f"{UNKNOWN}.4")
    env["PATH"] += f":{tmp_path / 'other'}"
    assert pythons.find(UNKNOWN, env) == good
    assert pythons.find(f"{UNKNOWN}.4", env) == good


def test_a_missing_version_is_told_with_how_to_get_it(env: dict[str, str]) -> None:
    with pytest.raises(MissingPython) as caught:
        pythons.find(UNKNOWN, env)
    assert UNKNOWN in caught.value.message
    assert f"uv python install {UNKNOWN}" in caught.value.hint
    assert OWN in caught.value.hint
    assert caught.value.actor == "you"


@pytest.mark.parametrize(
    "place",
    [
        ".pyenv/versions/3.98.4",
        ".local/share/uv/python/cpython-3.98.4-linux-x86_64-gnu",
        ".asdf/installs/python/3.98.4",
        ".local/share/mise/installs/python/3.98.4",
    ],
)
def test_what_a_version_manager_installed_is_found_although_its_shim_fails(
    place: str, env: dict[str, str], tmp_path: Path
) -> None:
    _does_not_run(tmp_path / ".pyenv" / "shims" / f"python{UNKNOWN}")
    env["PATH"] = f"{tmp_path / '.pyenv' / 'shims'}:{env['PATH']}"
    installed = _pretends(tmp_path / place / "bin" / "python3", f"{UNKNOWN}.4")
    assert pythons.find(UNKNOWN, env) == installed


def test_a_name_that_lies_is_not_believed(env: dict[str, str], tmp_path: Path) -> None:
    _pretends(tmp_path / "bin" / f"python{UNKNOWN}", "3.97.1")
    with pytest.raises(MissingPython):
        pythons.find(UNKNOWN, env)


def test_a_version_is_not_another_that_begins_alike(env: dict[str, str], tmp_path: Path) -> None:
    _pretends(tmp_path / "bin" / "python3", "3.98.11")
    assert pythons.find("3.98", env)
    assert pythons.find("3.98.11", env)
    for other in ("3.9", "3.98.1"):
        with pytest.raises(MissingPython):
            pythons.find(other, env)


def test_a_python_that_comes_later_is_found_then(env: dict[str, str], tmp_path: Path) -> None:
    shim = _does_not_run(tmp_path / "bin" / f"python{UNKNOWN}")
    with pytest.raises(MissingPython):
        pythons.find(UNKNOWN, env)
    _pretends(shim, f"{UNKNOWN}.0")
    assert pythons.find(UNKNOWN, env) == shim


@pytest.mark.parametrize(
    "says", ["hello", "", "3.98.1", "Python 3.98.1", "2.7.18\n/usr/bin/python", "3.98.1\n/a\n/b", "\\0377"]
)
def test_something_else_by_that_name_is_no_python(says: str, tmp_path: Path) -> None:
    assert pythons.ask(_script(tmp_path / "python3.98", f"echo '{says}'")) is None


def test_what_is_not_there_or_may_not_be_run_is_no_python(tmp_path: Path) -> None:
    assert pythons.ask(tmp_path / "python3") is None
    (tmp_path / "python3").write_text("")
    assert pythons.ask(tmp_path / "python3") is None
    assert pythons.ask(tmp_path) is None


def test_all_that_run_are_listed_shipways_own_first(env: dict[str, str], tmp_path: Path) -> None:
    _pretends(tmp_path / "bin" / "python3.97", "3.97.1")
    _pretends(tmp_path / "bin" / "python3.98", "3.98.0")
    _does_not_run(tmp_path / "bin" / "python3.99")
    (tmp_path / "bin" / "python3").symlink_to("python3.98")
    assert [python.version for python in pythons.installed(env)] == [OWN_EXACTLY, "3.98.0", "3.97.1"]


def test_a_relative_entry_of_the_path_is_never_run(env: dict[str, str], tmp_path: Path) -> None:
    _pretends(tmp_path / "here" / f"python{UNKNOWN}", f"{UNKNOWN}.0")
    env["PATH"] = "here:.::" + env["PATH"]
    with pytest.raises(MissingPython):
        pythons.find(UNKNOWN, env)
