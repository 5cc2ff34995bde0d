"""Whether a step or a build failed because of where packages come from: no answer, or an error of its own.

Read from the end of the log, in the very words of uv, pip and npm: any other program, or an install script of a
package, may have asked somebody else in vain. No code that was pushed has to be looked for then. Of an error that
an index answers with pip says as much as of a package that is not there, and so it is taken for that.
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
_PIP_ASKED = re.compile(
    r"^WARNING: Retrying \(Retry\(total=0, .*?\)\) after connection broken by '(.+)': (?:\S*/)?([^\s/]+)/?$",
    re.MULTILINE,
)
_PIP_FOUND_NONE = re.compile(
    r"\n(?:WARNING: Retrying .*\n)*ERROR: Could not find a version .* \(from versions: none\)"
    r"\nERROR: No matching distribution found for ([\w.-]+).*"
)
_PIP_FETCHED = re.compile(
    r"^ERROR: Could not install packages due to an OSError: "
    r"(HTTPS?ConnectionPool\(.*?\): Max retries exceeded .*)$",
    re.MULTILINE,
)
_PIP_LOOKS = re.compile(r"^Looking in indexes: (\S+)$", re.MULTILINE)
_PIP_HOST = re.compile(r"\b(HTTPS?)Connection(?:Pool)?\(host='([^']+)', port=(\d+)\)")
_PIP_WHY = re.compile(r"\[Errno -?\d+\] ([\w ,-]+)|([A-Z][a-z]+ [^'\"()<>:]+|too many 5\d\d error responses)")
_USUAL_PORTS = {"HTTP": "80", "HTTPS": "443"}
_AFTERWARDS = ("hint:", "npm ", "make:", "make[", "Packages could not be fetched from", "Once it answers again,")
"""What lines begin with that follow such words without anything else having been done."""
_USER = re.compile(r"(\w://)[^\s/]*@")


class IndexUnreachable(OwnerError):
    """Where packages come from did not answer, so nothing was built; what serves goes on, and can go back."""

    id = "artifacts.index_unreachable"
    default_hint = (
        "Once it answers again, `shipway retry` the run. What serves needs nothing of it, and can go back."
    )

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"Packages could not be fetched from {where}: {why}.")
        self.about = where


def read(log: str) -> IndexUnreachable | None:
    """By the end of a log, that packages could not be fetched, from where and why; None otherwise."""
    return _by_uv(log) or _by_pip(log) or _by_npm(log)


def _by_uv(log: str) -> IndexUnreachable | None:
    found = _last(_UV, log)
    if found is None:
        return None
    below = _CAUSES.match(log, found.end())
    if not _is_the_end(log[(below or found).end() :]):
        return None
    return _said(found[2], found[1].removesuffix(")").partition("(")[2] or (below[1] if below else "no answer"))


def _by_pip(log: str) -> IndexUnreachable | None:
    """It asks for the list of what there is, as often as it is to, or fetches what it found in one."""
    asked, fetched = _last(_PIP_ASKED, log), _last(_PIP_FETCHED, log)
    if fetched is not None and _is_the_end(log[fetched.end() :]):
        return _said_by_pip(fetched[1], None)
    none = None if asked is None else _PIP_FOUND_NONE.match(log, asked.end())
    if asked is None or none is None or not _is_the_end(log[none.end() :]):
        return None
    looks = _last(_PIP_LOOKS, log[: asked.start()])
    return _said_by_pip(asked[1], looks) if _project(none[1]) == _project(asked[2]) else None


def _project(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _said_by_pip(told: str, looks: re.Match[str] | None) -> IndexUnreachable:
    """Older ones do not say whom they asked, but where they look if that is not the usual place."""
    reasons = [found[1] or found[2] for found in _PIP_WHY.finditer(told)]
    why = reasons[-1].strip(" .") if reasons else "no answer"
    host = _PIP_HOST.search(told)
    if host is not None:
        port = "" if host[3] == _USUAL_PORTS[host[1]] else f":{host[3]}"
        return _said(f"{host[1].lower()}://{host[2]}{port}", why)
    return IndexUnreachable("the index that pip asks", why) if looks is None else _said(looks[1], why)


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
