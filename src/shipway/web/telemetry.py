"""Where applications send logs and metrics, as OpenTelemetry's SDKs do: `OTEL_EXPORTER_OTLP_ENDPOINT` leads here.

Open to whoever shows a key (BARS S1), like the addresses of reports. Traces are taken, and none is kept.
https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import logging

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from shipway.environments.secrets import KeyLost
from shipway.errors import ShipwayError
from shipway.releases.reporting import KEY
from shipway.signals.errors import intake
from shipway.signals.errors.refusals import Flooded
from shipway.signals.otlp import answers
from shipway.signals.otlp.request import JSON, PROTOBUF, Signal
from shipway.state import room
from shipway.state.room import LittleRoom
from shipway.web import bodies
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site

LATER = 60  # seconds after which it may be tried again when nothing can be kept

log = logging.getLogger(__name__)


async def take_logs(site: Site, call: Call) -> Response:
    """Takes log records of an instance, in OpenTelemetry's protocol; they are lines of its log.

    The key stands in the header `x-shipway-key`.
    """
    return await _take(site, call, "logs")


async def take_metrics(site: Site, call: Call) -> Response:
    """Takes what an instance has measured, in OpenTelemetry's protocol."""
    return await _take(site, call, "metrics")


async def take_traces(site: Site, call: Call) -> Response:
    """Takes traces, in OpenTelemetry's protocol; none is kept, which is said once an hour."""
    return await _take(site, call, "traces")


async def _take(site: Site, call: Call, signal: Signal) -> Response:
    """Whatever is wrong is told in the encoding that the sender speaks; a status of 429 or 503 means: again."""
    kind = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (PROTOBUF, JSON):
        return _refused(PROTOBUF, 415, f"The body has to be {PROTOBUF} or {JSON}.")
    try:
        known = await run_in_threadpool(site.otlp.admit, call.request.headers.get(KEY), signal)
        await run_in_threadpool(room.check_for_reports, site.places.data)
        with site.otlp.reading(known.application):
            body = await bodies.body(call, intake.UNPACKED)
            encoding = call.request.headers.get("content-encoding", "")
            taken = await run_in_threadpool(site.otlp.take, known, body, encoding, kind, signal)
    except Flooded as error:
        return _refused(kind, 429, error.message, error.seconds)
    except LittleRoom as error:
        return _refused(kind, error.status, error.message, room.LATER)
    except (KeyLost, OSError) as error:
        log.warning("%s could not be kept: %s", signal, error)
        return _refused(kind, 503, "It cannot be kept just now.", LATER)
    except ShipwayError as error:
        return _refused(kind, error.status, error.message)
    return Response(answers.taken(kind, signal, taken.refused, taken.why), 200, {"content-type": kind})


def _refused(kind: str, status: int, why: str, seconds: int = 0) -> Response:
    headers = {"content-type": kind, **({"retry-after": str(seconds)} if seconds else {})}
    return Response(answers.refused(kind, why), status, headers)


ROUTES = (
    declare("POST", "/otlp/v1/logs", take_logs, who="public"),
    declare("POST", "/otlp/v1/metrics", take_metrics, who="public"),
    declare("POST", "/otlp/v1/traces", take_traces, who="public"),
)
"""The addresses that the doorman opens to programs without a token."""
