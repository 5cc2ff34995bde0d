"""The rules of tests/conftest.py hold: needs are listed or fail, and what is left running is found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import leftovers
import needs

TESTS = Path(needs.__file__).parent
NEEDY = """
import pytest, needs
needs.NEEDS["unicorn"] = needs.Need(lambda: "none was ever seen", "unicorn")
@pytest.mark.needs("unicorn")
def test_rides(): pass
"""
MESSY = """
import subprocess
def test_forgets(tmp_path):
    subprocess.Popen(["sleep", "60"], cwd=tmp_path, start_new_session=True)
"""


def run(directory: Path, test: str, **env: str) -> subprocess.CompletedProcess[str]:
    """pytest, with the rules of this house, over one test."""
    for name in ("conftest.py", "leftovers.py", "needs.py"):
        shutil.copy(TESTS / name, directory)
    (directory / "pytest.ini").write_text("[pytest]\nmarkers = needs: x\naddopts = -p no:cacheprovider\n")
    (directory / "test_it.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-q", "--basetemp", str(directory / "tmp")]
    clean = {name: value for name, value in os.environ.items() if name != "CI"}
    return subprocess.run(
        command, cwd=directory, env={**clean, **env}, text=True, capture_output=True, check=False
    )


def test_what_cannot_run_here_is_listed_at_the_end(tmp_path: Path) -> None:
    done = run(tmp_path, NEEDY)
    assert done.returncode == 0
    assert "could not run on this machine" in done.stdout
    assert "1 test needs unicorn: none was ever seen" in done.stdout


def test_under_ci_what_cannot_run_fails(tmp_path: Path) -> None:
    done = run(tmp_path, NEEDY, CI="true")
    assert done.returncode == 1
    assert "needs unicorn: none was ever seen" in done.stdout


def test_under_ci_every_skip_fails(tmp_path: Path) -> None:
    done = run(tmp_path, "import pytest\ndef test_shy(): pytest.skip('not today')\n", CI="true")
    assert done.returncode == 1
    assert "could not run here: not today" in done.stdout


def test_a_need_nobody_knows_is_a_mistake(tmp_path: Path) -> None:
    done = run(tmp_path, NEEDY.replace('s("unicorn")', 's("dragon")'))
    assert done.returncode == pytest.ExitCode.USAGE_ERROR


def test_a_process_left_behind_fails_the_file_that_left_it(tmp_path: Path) -> None:
    done = run(tmp_path, MESSY)
    assert done.returncode == 1
    assert "test_it.py left processes behind" in done.stdout
    assert "sleep 60" in done.stdout
    assert not leftovers.left([tmp_path])


@pytest.fixture
def neighbour(tmp_path: Path) -> Iterator[Path]:
    """A directory whose name begins with another's, with a process in it."""
    directory = tmp_path / "session-10"
    directory.mkdir()
    with subprocess.Popen(["sleep", "60"], cwd=directory) as process:
        yield directory
        process.kill()


def test_a_place_is_not_mistaken_for_one_whose_name_it_begins(neighbour: Path) -> None:
    assert leftovers.left([neighbour])
    assert not leftovers.left([neighbour.with_name("session-1")])


def test_a_session_has_a_home_of_its_own() -> None:
    assert Path(os.environ["HOME"]).parent == Path(os.environ["XDG_RUNTIME_DIR"])
