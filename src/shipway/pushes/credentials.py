"""The token of this person, in a file that git reads through its own `store` helper."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

USER = "shipway"


def token(file: Path, address: str) -> str | None:
    """The token for the server at `address`."""
    wanted = urlsplit(address)
    for found in map(_parsed, _lines(file)):
        if (found.scheme, found.hostname, found.port) == (wanted.scheme, wanted.hostname, wanted.port):
            return found.password
    return None


def keep(file: Path, address: str, token: str) -> None:
    """Keeps the token, 0600, in place of the one that was kept for the same server."""
    parts = urlsplit(address)
    entry = f"{parts.scheme}://{USER}:{token}@{parts.netloc}"
    others = [line for line in _lines(file) if _parsed(line).netloc.rpartition("@")[2] != parts.netloc]
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as written:
        written.write("".join(f"{line}\n" for line in [*others, entry]))
    scratch.replace(file)


def _parsed(line: str) -> SplitResult:
    """An entry as git's helper may have rewritten it: it writes the colon before a port as %3a."""
    return urlsplit(unquote(line))


def _lines(file: Path) -> list[str]:
    try:
        return [line for line in file.read_text().splitlines() if line]
    except FileNotFoundError:
        return []
