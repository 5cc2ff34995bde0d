"""Where the command was typed: which repository, which application, which server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from shipway.config.places import Places
from shipway.errors import UserError
from shipway.pushes import processes

REMOTE = "shipway"
PORT, PROXY_PORT = 8440, 8480


class NotARepository(UserError):
    """The command needs a git repository around it."""

    id = "cli.not_a_repository"
    default_hint = "`git init` makes one; then commit something."


class NoApplication(UserError):
    """It is not said which application is meant."""

    id = "cli.no_application"
    default_hint = "`shipway init` in its repository, or --app NAME."


def git(*arguments: str, cwd: Path | None = None) -> str | None:
    """What the person's own git answers, None when it refuses."""
    done = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def root() -> Path:
    """The top of the repository around the current directory; raises NotARepository."""
    top = git("rev-parse", "--show-toplevel")
    if top is None:
        raise NotARepository(f"There is no git repository at {Path.cwd()}.")
    return Path(top)


def remote() -> str | None:
    """The address of the remote called `shipway`."""
    return git("remote", "get-url", REMOTE)


def remote_address() -> str | None:
    """The server of that remote."""
    url = remote()
    return url.partition("/git/")[0] if url is not None and "/git/" in url else None


def is_local(address: str) -> bool:
    """Whether a server's address is one of this machine's own."""
    return urlsplit(address).hostname in ("127.0.0.1", "::1", "localhost")


def application(named: str | None) -> str:
    """The application that is meant; raises NoApplication."""
    if named is not None:
        return named
    url = remote()
    if url is None or "/git/" not in url:
        raise NoApplication("This repository belongs to no application, and --app names none.")
    return url.rpartition("/")[2].removesuffix(".git")


def commit(named: str | None) -> str:
    """The commit that is meant: as it was named, resolved when this repository knows it; HEAD by default."""
    known = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{named or 'HEAD'}^{{commit}}")
    if known is None and named is None:
        raise NotARepository(
            "No commit is named, and there is none here.",
            hint="Name a commit, a branch or a tag; or go to its repository, and commit something there.",
        )
    return known or str(named)


def commit_address(app: str | None, named: str | None) -> str:
    """Where the API has the commit that is meant; a branch may hold what an address gives a meaning."""
    return f"/applications/{application(app)}/commits/{quote(commit(named))}"


def running(places: Places) -> dict[str, Any] | None:
    """What the server of this installation says of itself, if one runs: pid, port, proxy_port.

    What a server that was killed has left says who it was, so that another process with its pid is not taken
    for it.
    """
    try:
        told: dict[str, Any] = json.loads(places.server_file.read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return told if processes.lives(told["process"]) else None


@dataclass(frozen=True)
class Start:
    """How a server is started: where it answers and its applications, its public address if it has one, how many
    times as much as by itself an application may report, and whether a TLS proxy passes requests on to those.
    """

    port: int = PORT
    proxy_port: int = PROXY_PORT
    public: str | None = None
    reports: int = 1
    behind_tls: bool = False


def last_start(places: Places) -> Start:
    """How the last server of this installation was started; the usual way if there was none."""
    try:
        return started(json.loads(places.ports_file.read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        return Start()


def started(told: Mapping[str, Any]) -> Start:
    """How a server was started, by what `running` says."""
    return Start(
        int(told["port"]),
        int(told["proxy_port"]),
        told.get("public"),
        int(told.get("reports", 1)),
        bool(told.get("behind_tls", False)),
    )


def running_address(places: Places) -> str | None:
    """Where the server of this installation answers, if one runs."""
    told = running(places)
    return None if told is None else f"http://127.0.0.1:{told['port']:.0f}"
