"""One address at work: asks who calls before anything else, then answers by method."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shipway.errors import DiskFull, NotAllowed, NotFound, ShipwayError, is_full
from shipway.pushes.access import METRICS
from shipway.state import facts
from shipway.web.access import Caller
from shipway.web.call import Call, read_body
from shipway.web.doorman import READING
from shipway.web.failures import Failures, wants_page
from shipway.web.refusals import Broken, InTheOpen, NoSuchMethod, NotSignedIn
from shipway.web.routes import Declared
from shipway.web.site import Site

SIGN_IN = "/signin"
OWNERS = "Ask one; on the machine itself `shipway token create NAME --owner` makes one."
MORE = "An owner makes one that may more: `shipway token create NAME`."

NO_ROOM = "There is no room left on the disk that holds Shipway's data."
AFTERWARDS = "Make room there, then ask for the same again. What serves goes on serving."

SMALL, LEVEL = 1024, 5  # bytes that are not worth packing; zlib's own scale from 1 (fast) to 9 (small)


class Address:
    """Answers for the methods declared for one address.

    What was never declared, be it a method or (with nothing declared at all) an address, is for people who are
    signed in: without a token the answer is 401, whatever was asked for.
    """

    def __init__(self, site: Site, failures: Failures, declared: Sequence[Declared]) -> None:
        self.site = site
        self.failures = failures
        self.declared = {one.method: one for one in declared}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope, receive)
        request.state.who, request.state.fact = "", 0
        try:
            reply = await self._reply(request)
        except ClientDisconnect:
            return
        except ShipwayError as error:
            reply = self.failures.answer(error, scope, request.state.who)
        except Exception as mistake:  # noqa: BLE001 - the log has all of it, the asker its name
            reply = self.failures.answer(_fault(mistake), scope, request.state.who)
        await (packed(reply) if isinstance(reply, Response) else reply)(scope, receive, send)

    async def _reply(self, request: Request) -> ASGIApp:
        declared = self.declared.get("GET" if request.method == "HEAD" else request.method)
        if self._belongs_to_pages(request):
            return RedirectResponse(f"{self.site.pages}{_target(request)}", 307)
        caller = await run_in_threadpool(self.site.caller, request)
        request.state.who = "" if caller is None else caller.who
        self._admit(request, declared, caller)
        if declared is None:
            raise self._nothing(request)
        if inspect.iscoroutinefunction(declared.answer):
            value = await declared.answer(self.site, Call(request, caller))
        else:
            if wants_page(request.scope):
                request.state.fact = await run_in_threadpool(self._newest_fact)  # before the page is read
            call = Call(request, caller, await read_body(request))
            value = await run_in_threadpool(declared.answer, self.site, call)
        return _as_reply(value)

    def _newest_fact(self) -> int:
        with self.site.database.read() as conn:
            return facts.newest(conn)

    def _belongs_to_pages(self, request: Request) -> bool:
        """Whether a browser asks for a page, or somebody for a session, by a name that has none."""
        if self.site.way(request) != "programs" or request.method not in READING:
            return False
        path = str(request.scope["path"])
        if path == SIGN_IN:
            return True
        is_page = not path.startswith(("/api/", "/git/")) and wants_page(request.scope)
        return is_page and "authorization" not in request.headers

    def _admit(self, request: Request, declared: Declared | None, caller: Caller | None) -> None:
        if declared is not None and declared.who == "public":
            return
        if caller is None and self.site.way(request) == "open" and wants_page(request.scope):
            raise InTheOpen()
        if caller is None:
            raise NotSignedIn("Nobody is signed in.")
        if caller.metrics_alone and (declared is None or declared.who != METRICS):
            raise NotAllowed("This token reads /metrics and nothing else.", hint=MORE)
        if declared is not None and declared.who == "owner" and not caller.owner:
            raise NotAllowed("Only an owner of this installation may do this.", hint=OWNERS)

    def _nothing(self, request: Request) -> ShipwayError:
        if self.declared:
            return NoSuchMethod(f"{request.method} is not something this address does.")
        return NotFound("There is nothing at this address.", hint="It may be mistyped, or what it named is gone.")


def _fault(mistake: Exception) -> ShipwayError:
    """What is said of what nobody foresaw: mostly that it is a mistake of ours, but for a disk that is full."""
    if isinstance(mistake, OSError) and is_full(mistake):
        return DiskFull(NO_ROOM, hint=AFTERWARDS)
    return Broken(mistake)


def packed(reply: ASGIApp) -> ASGIApp:
    """A whole answer, compressed for whoever takes that; what is sent as it comes never goes through here."""
    return GZipMiddleware(reply, minimum_size=SMALL, compresslevel=LEVEL)


def _target(request: Request) -> str:
    """Path and query as they were sent."""
    query = request.scope["query_string"].decode("latin-1")
    return quote(request.scope["path"], safe="/:@!$&'()*+,;=~") + (f"?{query}" if query else "")


def _as_reply(value: Any) -> ASGIApp:
    """An answer is itself something that replies, or a value to be shown as JSON."""
    return value if callable(value) else JSONResponse(value)
