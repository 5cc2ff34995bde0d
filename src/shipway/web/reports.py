"""Where applications report their errors, as Sentry's SDKs do it: `SENTRY_DSN` leads here.

Open to whoever shows a key (BARS S1): the key opens nothing else, and nothing is answered but an id. Browsers are
kept away by the doorman.
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from shipway.signals.errors import intake
from shipway.signals.errors.envelope import Envelope
from shipway.signals.errors.refusals import Flooded
from shipway.state import room
from shipway.state.error_keys import ErrorKey
from shipway.state.room import LittleRoom
from shipway.web import bodies
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site

SOON = 5  # seconds after which it may be tried again when there is no room


async def take_envelope(site: Site, call: Call) -> Response:
    """One report; when the request itself shows no key, the envelope has to have brought one."""
    key = _key(call)
    if key is not None:
        return await _take(site, call, key, is_envelope=True)
    opened = await _opened(site, call, "", is_envelope=True)
    try:
        known = await _admitted(site, call, opened.key)
    except LittleRoom as error:
        return _no_room(error)
    seconds = site.intake.wait_before(known.application)
    return _too_many(seconds) if seconds else _kept(site, known, opened)


async def take_event(site: Site, call: Call) -> Response:
    """One report in the older form: the event alone."""
    return await _take(site, call, _key(call), is_envelope=False)


async def _take(site: Site, call: Call, key: str | None, *, is_envelope: bool) -> Response:
    try:
        known = await _admitted(site, call, key)
    except LittleRoom as error:
        return _no_room(error)
    seconds = site.intake.wait_before(known.application)
    if seconds:
        return _too_many(seconds)
    try:
        opened = await _opened(site, call, known.application, is_envelope=is_envelope)
    except Flooded:
        return _too_many(SOON)
    return _kept(site, known, opened)


def _kept(site: Site, known: ErrorKey, opened: Envelope) -> Response:
    if opened.event is not None and not site.intake.offer(known, opened.event):
        return _too_many(SOON)
    return JSONResponse({} if opened.id is None else {"id": opened.id})


async def _admitted(site: Site, call: Call, key: str | None) -> ErrorKey:
    """Who reports; raises LittleRoom when nothing can be taken from anybody."""
    return await run_in_threadpool(_admit, site, call.place("project"), key)


def _admit(site: Site, project: str, key: str | None) -> ErrorKey:
    known = site.intake.admit(project, key)
    try:
        room.check_for_reports(site.places.data)
    except LittleRoom:
        site.intake.drop(known.application)
        raise
    return known


async def _opened(site: Site, call: Call, application: str, *, is_envelope: bool) -> Envelope:
    with site.intake.reading(application):
        body = await bodies.body(call, intake.PACKED)
        encoding = call.request.headers.get("content-encoding", "")
        return await run_in_threadpool(intake.opened, body, encoding, is_envelope=is_envelope)


def _key(call: Call) -> str | None:
    return intake.key_in(call.request.headers.get("x-sentry-auth"), call.request.query_params)


def _no_room(error: LittleRoom) -> Response:
    return JSONResponse({"detail": error.message}, error.status, {"retry-after": str(room.LATER)})


def _too_many(seconds: int) -> Response:
    """As SDKs understand it: for how long which kinds of reports (all), whose, are not wanted, and why."""
    headers = {"retry-after": str(seconds), "x-sentry-rate-limits": f"{seconds}::project:too_many"}
    return JSONResponse({"detail": "Too much is reported; come again later."}, 429, headers)


ROUTES = (
    declare("POST", "/api/{project}/envelope/", take_envelope, who="public"),
    declare("POST", "/api/{project}/store/", take_event, who="public"),
)
"""The addresses that the doorman opens to programs without a token."""
