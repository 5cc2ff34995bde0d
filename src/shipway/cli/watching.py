"""Watching a run from the command line until it is over."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from shipway.cli import here, show
from shipway.cli.server import NoServer, Refused, Server


def outcome(
    server: Server,
    run: str,
    *,
    as_json: bool = False,
    also: Mapping[str, Any] | None = None,
    back: str = "",
) -> int:
    """Shows the run live, and then its outcome as an exit code: 0 it passed, 1 it did not.

    As JSON it is one object: the run when it is over, and what is `also` to be said of it. Who asked for a release
    back while another was tried got that where it was taken back, and all of it: half way it is not back. That
    the run of the other has failed is what they wanted: then `back` is said instead.
    """
    ended = watch(server, run, quiet=as_json or bool(back))
    if as_json:
        show.as_json({**ended, **(also or {})})
    if not back:
        return 0 if ended["state"] == "passed" else 1
    if not as_json:
        show.prose(back) if _is_back(ended) else watch(server, run)
    return 0 if _is_back(ended) else 1


def _is_back(ended: Mapping[str, Any]) -> bool:
    return bool(ended["taken_back"]) and not any(one["half_undone"] for one in ended["deployments"])


def watch(server: Server, run: str, *, quiet: bool = False) -> dict[str, Any]:
    """Shows the run live, unless `quiet`; what is known of it when it is over."""
    try:
        for line in server.lines(f"/runs/{run}/watch"):
            if not quiet and not line.startswith("outcome: "):
                print(line, flush=True)
    except KeyboardInterrupt:
        print(
            f"\nThe run goes on. `shipway runs {_typed(server, run)}` shows it; with --cancel it is stopped, "
            "unless it deploys.",
            file=sys.stderr,
        )
        raise
    ended: dict[str, Any] = server.get(f"/runs/{run}")
    return ended


def _typed(server: Server, run: str) -> str:
    """A run as people type it: its number, with the application where that is not the one of this repository."""
    try:
        known = server.get(f"/runs/{run}")
    except (NoServer, Refused):
        return run
    here_too = here.remote() is not None and here.application(None) == known["application"]
    return f"{known['number']}" if here_too else f"{known['number']} --app {known['application']}"
