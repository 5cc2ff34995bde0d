"""Which tier works on this machine: each is really run once, best first."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from shipway.errors import OwnerError
from shipway.hosts.sandbox.base import base_mounts
from shipway.hosts.sandbox.bubblewrap import Bubblewrap
from shipway.hosts.sandbox.landlock import Landlock
from shipway.hosts.sandbox.plain import Plain
from shipway.hosts.sandbox.room import Mount, Room, Tier

NAMES = ("bubblewrap", "landlock", "plain")


class NoSandbox(OwnerError):
    """The tier that SHIPWAY_SANDBOX asks for does not work on this machine."""

    id = "hosts.no_sandbox"
    default_hint = (
        "`shipway doctor` says what is missing; without SHIPWAY_SANDBOX the best tier that works is taken."
    )


def probe(env: Mapping[str, str] | None = None) -> Tier:
    """The best tier that works here, saying why not a better one; raises NoSandbox.

    SHIPWAY_SANDBOX in `env` names the only one to try.
    """
    forced = (os.environ if env is None else env).get("SHIPWAY_SANDBOX", "")
    if forced and forced not in NAMES:
        raise NoSandbox(f"SHIPWAY_SANDBOX={forced} is none of {', '.join(NAMES)}.")
    bubblewrap, problem = _bubblewrap() if forced in ("", "bubblewrap") else (None, "")
    if bubblewrap is not None:
        return bubblewrap
    if forced == "bubblewrap":
        raise NoSandbox(problem)
    return _lesser(forced, problem)


def _lesser(forced: str, why: str) -> Tier:
    why = why or f"SHIPWAY_SANDBOX={forced} asks for it."
    if forced == "plain":
        return Plain(why)
    problem = _trial(Landlock())
    if problem is None:
        return Landlock(why)
    if forced == "landlock":
        raise NoSandbox(f"Landlock does not work here: {problem}")
    return Plain(f"{why} Landlock does not work here: {problem}")


def _bubblewrap() -> tuple[Bubblewrap | None, str]:
    binary = shutil.which("bwrap")
    if binary is None:
        return None, "bubblewrap is not installed (the package `bubblewrap` has it)."
    tier = Bubblewrap(Path(binary).resolve())
    for candidate in (tier, replace(tier, recent=False)):
        problem = _trial(candidate)
        if problem is None:
            return candidate, ""
    return None, f"bubblewrap does not work here: {problem}"


def _trial(tier: Tier) -> str | None:
    """None when a command ran in a room under this tier, else the last line of what went wrong."""
    with tempfile.TemporaryDirectory(prefix="shipway-") as directory:
        tree = Path(directory) / "tree"
        tree.mkdir()
        mounts = (*base_mounts(), Mount(tree, "/app", writable=True))
        room = Room(mounts, cwd="/app", network=False, dies_with_parent=True)
        try:
            done = subprocess.run(
                tier.command(room, ["/bin/sh", "-c", "echo works > works"]),
                env={}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{error}."
        if done.returncode == 0 and (tree / "works").exists():
            return None
        return (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1] + "."
