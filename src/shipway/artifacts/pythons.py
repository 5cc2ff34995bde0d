"""The Pythons of this machine: only one that runs is one.

Version managers put a `python3.12` on the PATH that may only print how to get it, and `uv python find` gives up
at the first of those. So each candidate is run, and what counts is what it says about itself.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from shipway.errors import UserError

SLOWEST_ANSWER = 20.0  # seconds; a cold disk takes one or two
OLDEST = 8  # of 3.x: uv makes no environments for older ones
_NAMED = re.compile(r"python3\.(\d{1,2})", re.ASCII)
_VERSIONED = re.compile(r"(?:cpython-)?3\.(\d{1,2})(?:\D|$)", re.ASCII)
_ASK = """\
import platform, sys
print(platform.python_version(), getattr(sys, "_base_executable", sys.executable), sep="\\n")
"""


class MissingPython(UserError):
    """The version of Python a project asks for is not on this machine."""

    id = "artifacts.missing_python"


@dataclass(frozen=True)
class Python:
    """An interpreter that ran: its full version and the path of its executable, links resolved."""

    version: str
    path: Path

    def is_a(self, wanted: str) -> bool:
        """Whether it is the wanted version: `3.12` is any 3.12.x."""
        return f"{self.version}.".startswith(f"{wanted}.")


def find(version: str | None = None, env: Mapping[str, str] | None = None) -> Path:
    """The interpreter for a version (`3.12` or `3.12.1`; None: the Python that Shipway runs with).

    Raises MissingPython, with how to get it, when none on this machine is of that version and runs.
    """
    broken: list[Path] = []
    for candidate in _candidates(os.environ if env is None else env):
        if not candidate.may_be(version):
            continue
        python = ask(candidate.path)
        if python is None:
            broken.append(candidate.path)
        elif version is None or python.is_a(version):
            return python.path
    raise _missing(version or "3", broken, env)


def installed(env: Mapping[str, str] | None = None) -> list[Python]:
    """Every Python of this machine that runs, Shipway's own first, then the newest."""
    candidates = _candidates(os.environ if env is None else env)
    found = [ask(candidate.path) for candidate in candidates if candidate.may_be(None)]
    own, *others = dict.fromkeys(python for python in found if python is not None)
    return [own, *sorted(others, key=lambda python: _numbers(python.version), reverse=True)]


def ask(path: Path) -> Python | None:
    """What the executable says it is; None when it does not run, or is no Python."""
    try:
        file = path.stat()
        return _answer(path, (file.st_ino, file.st_mtime_ns, file.st_size))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


@lru_cache(maxsize=256)
def _answer(path: Path, _file: tuple[int, ...]) -> Python:
    """Asks once for as long as the file stays what it is; an executable that does not run is asked again."""
    command = [str(path), "-I", "-S", "-c", _ASK]
    # from /, because a version manager's shim answers for the directory it is called in
    ran = subprocess.run(command, cwd="/", capture_output=True, timeout=SLOWEST_ANSWER, check=True)
    version, executable = ran.stdout.decode().splitlines()
    if not version.startswith("3."):
        raise ValueError(f"{path} is no Python 3")
    return Python(version, Path(executable).resolve())


@dataclass(frozen=True)
class _Candidate:
    path: Path
    minor: int | None  # of 3.x, as the path promises it

    def may_be(self, version: str | None) -> bool:
        if self.minor is None:
            return True
        return self.minor >= OLDEST if version is None else self.minor == _numbers(version)[1]


def _candidates(env: Mapping[str, str]) -> Iterator[_Candidate]:
    """Possible Pythons, surest first, each path once."""
    seen: set[Path] = set()
    for path, minor in _places(env):
        real = path.resolve()
        if real not in seen and os.access(path, os.X_OK):
            seen.add(real)
            yield _Candidate(path, minor)


def _places(env: Mapping[str, str]) -> Iterator[tuple[Path, int | None]]:
    yield Path(getattr(sys, "_base_executable", sys.executable)), sys.version_info.minor
    managers = list(_managers(env))
    for directory, _ in managers:
        for home in sorted(_entries(directory, "*3.*"), key=lambda each: _numbers(each.name), reverse=True):
            if match := _VERSIONED.match(home.name):
                yield home / "bin" / "python3", int(match[1])
    shims = {shims for _, shims in managers}
    for entry in env.get("PATH", os.defpath).split(os.pathsep):
        if os.path.isabs(entry) and Path(entry) not in shims:
            yield from _on_path(Path(entry))


def _on_path(directory: Path) -> Iterator[tuple[Path, int | None]]:
    for path in sorted(_entries(directory, "python3*")):
        if match := _NAMED.fullmatch(path.name):
            yield path, int(match[1])
        elif path.name == "python3":
            yield path, None


def _entries(directory: Path, pattern: str) -> list[Path]:
    """Nothing for what may not be read: after `su` variables may still name another person's directories."""
    try:
        return list(directory.glob(pattern))
    except PermissionError:
        return []


def _managers(env: Mapping[str, str]) -> Iterator[tuple[Path, Path | None]]:
    """Where uv, pyenv, asdf and mise keep Pythons, and the shims that only lead there."""
    home = Path(env.get("HOME") or Path.home())
    share = Path(env.get("XDG_DATA_HOME") or home / ".local" / "share")
    pyenv = Path(env.get("PYENV_ROOT") or home / ".pyenv")
    yield Path(env.get("UV_PYTHON_INSTALL_DIR") or share / "uv" / "python"), None
    yield pyenv / "versions", pyenv / "shims"
    yield home / ".asdf" / "installs" / "python", home / ".asdf" / "shims"
    yield share / "mise" / "installs" / "python", share / "mise" / "shims"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d{1,6}", version))


def _missing(version: str, broken: list[Path], env: Mapping[str, str] | None) -> MissingPython:
    shims = "".join(f" ({path} is there, but does not run)" for path in broken[:1])
    others = ", ".join(dict.fromkeys(python.version for python in installed(env)))
    return MissingPython(
        f"Python {version} is not on this machine{shims}.",
        hint=f"`uv python install {version}` gets it (or your system's packages do), "
        f"or set `build.python` in shipway.yml to one that is here: {others}.",
    )
