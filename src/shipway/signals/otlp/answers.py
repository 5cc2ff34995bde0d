"""What is answered, in the encoding of the request: all taken, taken in part, or refused and why.

https://opentelemetry.io/docs/specs/otlp/#otlphttp-response . The library that knows the answers is loaded with the
first of them, as with the first request.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from shipway.signals.otlp.request import JSON, Signal

_ANSWERS = {
    "logs": ("logs.v1.logs_service_pb2", "ExportLogsServiceResponse", "rejected_log_records"),
    "metrics": ("metrics.v1.metrics_service_pb2", "ExportMetricsServiceResponse", "rejected_data_points"),
    "traces": ("trace.v1.trace_service_pb2", "ExportTraceServiceResponse", "rejected_spans"),
}


def taken(kind: str, signal: Signal, refused: int, why: str) -> bytes:
    """That a request was taken; `refused` of its records were not."""
    from google.protobuf import json_format  # noqa: PLC0415 - with the first answer

    answer, rejected = _answer(signal)
    if refused or why:
        setattr(answer.partial_success, rejected, refused)
        answer.partial_success.error_message = why
    if kind == JSON:
        return json_format.MessageToJson(answer, indent=None).encode()
    return bytes(answer.SerializeToString())


def refused(kind: str, why: str) -> bytes:
    """That nothing of it was: a google.rpc.Status, whose message is its second field, as of a partial success."""
    if kind == JSON:
        return json.dumps({"message": why}).encode()
    answer, _ = _answer("logs")
    answer.partial_success.error_message = why
    return bytes(answer.partial_success.SerializeToString())


def _answer(signal: Signal) -> tuple[Any, str]:
    """An empty one, and what its partial success calls the number of those that were not taken."""
    module, name, rejected = _ANSWERS[signal]
    return getattr(import_module(f"opentelemetry.proto.collector.{module}"), name)(), rejected
