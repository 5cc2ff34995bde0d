"""What is answered, in the encoding of the request: all taken, taken in part, or refused and why.

https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
"""

from __future__ import annotations

import json

from shipway.signals.otlp.request import JSON, Signal

_REJECTED = {"logs": "rejectedLogRecords", "metrics": "rejectedDataPoints", "traces": "rejectedSpans"}


def taken(kind: str, signal: Signal, refused: int, why: str) -> bytes:
    """That a request was taken; `refused` of its records were not."""
    if kind == JSON:
        partial = {_REJECTED[signal]: str(refused), "errorMessage": why}
        return json.dumps({"partialSuccess": partial} if refused or why else {}).encode()
    partly = (b"\x08" + _varint(refused) if refused else b"") + _text(why)
    return b"\x0a" + _varint(len(partly)) + partly if partly else b""


def refused(kind: str, why: str) -> bytes:
    """That nothing of it was: a Status, as gRPC has it."""
    return json.dumps({"message": why}).encode() if kind == JSON else _text(why)


def _text(why: str) -> bytes:
    """The message of either answer is its second field."""
    text = why.encode()
    return b"\x12" + _varint(len(text)) + text if text else b""


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)
