"""BARS S30: what is installed to run, build and check Shipway is what the locks say, to the byte, and no more."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support.wheels import wheel

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt")
HASH = re.compile(r" --hash=sha256:([0-9a-f]{64})(?= |$)")


def locked(lock: str) -> dict[str, tuple[Requirement, set[str]]]:
    """What a lock names, each with its hashes. What is no requirement, an option of pip's say, cannot be read."""
    text = re.sub(r"(?m)^\s*#.*\n", "", (ROOT / lock).read_text()).replace("\\\n", " ")
    found = {}
    for line in (re.sub(r"\s+", " ", line).strip() for line in text.splitlines()):
        requirement = Requirement(HASH.sub("", line))
        assert requirement.name not in found, line
        found[str(canonicalize_name(requirement.name))] = requirement, set(HASH.findall(line))
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_one_version_with_its_hashes_and_no_address(lock: str) -> None:
    found = locked(lock)
    assert len(found) > 20
    for requirement, hashes in found.values():
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
        assert requirement.url is None, requirement
        assert hashes, requirement
    assert "://" not in re.sub(r"(?m)#.*$", "", (ROOT / lock).read_text())


def test_what_runs_is_what_was_checked() -> None:
    runs, checked = locked(LOCKS[0]), locked(LOCKS[1])
    assert {name: checked.get(name) for name in runs} == runs


def test_what_the_project_names_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    for lock, named in (
        (LOCKS[0], [*project["project"]["dependencies"], *groups["build"], *project["build-system"]["requires"]]),
        (LOCKS[1], groups["dev"]),
    ):
        found = locked(lock)
        for wanted in map(Requirement, named):
            version = str(found[canonicalize_name(wanted.name)][0].specifier).removeprefix("==")
            assert wanted.specifier.contains(version), wanted


AGREED = wheel("eggs", {"eggs.py": "GOOD = 1\n"})
HASHED = f"eggs==1.0 --hash=sha256:{hashlib.sha256(AGREED).hexdigest()}\n"


@pytest.mark.parametrize(
    ("lock", "found", "refused"),
    [
        (HASHED, AGREED, ""),
        (HASHED, AGREED.replace(b"GOOD", b"EVIL"), "DO NOT MATCH THE HASHES"),
        ("eggs==1.0\n", AGREED, "Hashes are required"),
    ],
    ids=["as agreed", "another byte", "no hash"],
)
def test_what_is_not_what_was_agreed_on_is_not_installed(
    tmp_path: Path, lock: str, found: bytes, refused: str
) -> None:
    """By the program that `make` installs with, and pip itself; its second step has nothing to install here."""
    (tmp_path / "eggs-1.0-py3-none-any.whl").write_bytes(found)
    (tmp_path / "lock").write_text(lock)
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    env = {**kept, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_TARGET": str(tmp_path / "installed")}
    env["PIP_CONFIG_FILE"] = os.devnull
    done = subprocess.run(
        [ROOT / "tools/venv", "lock"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert refused in done.stderr
    assert (tmp_path / "installed/eggs.py").exists() is not bool(refused)
