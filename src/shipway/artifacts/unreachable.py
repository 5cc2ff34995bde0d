"""Whether a build failed because of where packages come from: it did not answer, or with an error of its own.

Read from the end of the log, in the very words of uv and npm: any other program of a build, or an install script
of a package, may have asked somebody else in vain. No code that is built has to be looked for then.
"""

from __future__ import annotations

import re
from collections import deque
from urllib.parse import urlsplit

from shipway.errors import OwnerError

_LINK = r"\n[ \t]+(?:cause:|Caused by:|[├╰]─▶) "
_UV = re.compile(
    rf"\bFailed to fetch: .*(?:{_LINK}.*)*?"
    rf"{_LINK}(error sending request|HTTP status server error \(\d+.*\)) for url \((https?://[^\s)]+)\)"
)
_CAUSES = re.compile(rf"(?:{_LINK}.*)*{_LINK}(.+)")
_NPM_BEGINS = re.compile(r"^npm (?:error|ERR!) code E[A-Z_]+$", re.MULTILINE)
_NPM = re.compile(r"^npm (?:error|ERR!) .*request to (https?://\S+) failed, reason: *(.*)$", re.MULTILINE)
_AFTERWARDS = ("hint:", "npm ", "make:", "make[")
"""What lines begin with that follow such words without anything else having been done."""
_USER = re.compile(r"(\w://)[^\s/]*@")


class IndexUnreachable(OwnerError):
    """Where packages come from did not answer, so nothing could be built; what serves goes on, and can go back."""

    id = "artifacts.index_unreachable"
    default_hint = (
        "Once it answers again, `shipway retry` the run. What serves needs nothing of it, and can go back."
    )

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"Packages could not be fetched from {where}: {why}.")
        self.about = where


def read(log: str) -> IndexUnreachable | None:
    """By the end of a log, that packages could not be fetched, from where and why; None otherwise."""
    return _by_uv(log) or _by_npm(log)


def _by_uv(log: str) -> IndexUnreachable | None:
    found = _last(_UV, log)
    if found is None:
        return None
    below = _CAUSES.match(log, found.end())
    if not _is_the_end(log[(below or found).end() :]):
        return None
    return _said(found[2], found[1].removesuffix(")").partition("(")[2] or (below[1] if below else "no answer"))


def _by_npm(log: str) -> IndexUnreachable | None:
    """The code is a number where a script of a package failed."""
    begins = _last(_NPM_BEGINS, log)
    found = None if begins is None else _NPM.search(log, begins.end())
    return (
        None if found is None or not _is_the_end(log[found.end() :]) else _said(found[1], found[2] or "no answer")
    )


def _is_the_end(rest: str) -> bool:
    return all(line.strip().startswith(_AFTERWARDS) for line in rest.splitlines() if line.strip())


def _last(pattern: re.Pattern[str], log: str) -> re.Match[str] | None:
    found = deque(pattern.finditer(log), maxlen=1)
    return found[0] if found else None


def _said(url: str, why: str) -> IndexUnreachable:
    where = urlsplit(url)
    return IndexUnreachable(f"{where.scheme}://{where.netloc.rpartition('@')[2]}", _USER.sub(r"\1", why.strip()))
