"""Whether a build failed because of where packages come from: it did not answer, or with an error of its own.

Read from the end of the log, as uv and npm say it. No code that is built has to be looked for then.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from shipway.errors import OwnerError

_UV = re.compile(r"(error sending request|HTTP status server error \(\d+[^)\n]*\)) for url \((https?://[^\s)]+)\)")
_CAUSES = re.compile(r"(?:\n +(?:cause|Caused by): .*)*\n +(?:cause|Caused by): (.+)")
_NPM = re.compile(r"^npm (?:error|ERR!) .*request to (https?://\S+) failed, reason: *(.*)$", re.MULTILINE)


class IndexUnreachable(OwnerError):
    """Where packages come from did not answer, so nothing could be built; what serves goes on, and can go back."""

    id = "artifacts.index_unreachable"
    default_hint = (
        "Once it answers again, `shipway retry` the run. What serves needs nothing of it, and can go back."
    )


def reason(log: str) -> str | None:
    """In a sentence, by the end of a log, that packages could not be fetched and from where; None otherwise."""
    uv = _last(_UV, log)
    if uv is not None:
        below = _CAUSES.match(log, uv.end())
        return _said(uv[2], uv[1].removesuffix(")").partition("(")[2] or (below[1] if below else "no answer"))
    npm = _last(_NPM, log)
    return None if npm is None else _said(npm[1], npm[2] or "no answer")


def _last(pattern: re.Pattern[str], log: str) -> re.Match[str] | None:
    found = None
    for found in pattern.finditer(log):  # noqa: B007 - the last one counts
        pass
    return found


def _said(url: str, why: str) -> str:
    where = urlsplit(url)
    return f"Packages could not be fetched from {where.scheme}://{where.netloc.rpartition('@')[2]}: {why.strip()}."
