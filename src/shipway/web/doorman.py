"""Refuses what a page in a browser that is not ours could send here, before anything else looks at it.

The server answers on loopback, where every program and every page of this machine can knock. A page elsewhere
can make a browser send requests, by our address (cross-site forgery) or by a name of its own that it points at
127.0.0.1 (rebinding). So: the Host must be ours; an Origin, when there is one, must be ours; what changes state
without a token in its header must carry our Origin (browsers always send it then); and a browser that says the
request began on another site may only be following a link. BARS S1, S14, S17.

One kind of request is neither: an SDK reports an error, logs or metrics, with a key of its own and nothing a
browser would send.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from shipway.web.failures import Failures
from shipway.web.names import Names
from shipway.web.refusals import Foreign

READING = ("GET", "HEAD")
REPORTS = re.compile(r"/api/[0-9]{1,18}/(envelope|store)/|/otlp/v1/(logs|metrics|traces)")
OF_BROWSERS = (b"origin", b"cookie", b"referer", b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest")


class Doorman:
    """Lets through what came by one of the server's own names and, if from a page, from one of its own."""

    def __init__(self, app: ASGIApp, names: Names, failures: Failures) -> None:
        self.app = app
        self.failures = failures
        self.names = names
        self.hosts = names.every()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            reason = self.objection(scope["method"], scope["headers"], scope["path"])
            if reason is not None:
                await self.failures.answer(Foreign(reason), scope)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def objection(self, method: str, headers: Sequence[tuple[bytes, bytes]], path: str) -> str | None:
        """Why this request is refused, or nothing."""
        hosts = _values(headers, b"host")
        if len(hosts) != 1 or hosts[0].lower() not in self.hosts:
            return "This server is not called by that name."
        if method == "POST" and REPORTS.fullmatch(path):
            sent = [name.decode() for name in OF_BROWSERS if _values(headers, name)]
            return f"Reports come from programs, and this has {sent[0]}." if sent else None
        origins = _values(headers, b"origin")
        if any(origin.lower() != self.names.origin(hosts[0].lower()) for origin in origins):
            return "The request came from a page of another site."
        reading = method in READING
        if not reading and not origins and not _values(headers, b"authorization"):
            return "A request that changes something must carry a token, or come from a page of this server."
        following = reading and _values(headers, b"sec-fetch-mode") == ["navigate"]
        site = _values(headers, b"sec-fetch-site")
        if any(one not in ("same-origin", "none") for one in site) and not following:
            return "The request began on a page of another site."
        return None


def _values(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in headers if key.lower() == name]
