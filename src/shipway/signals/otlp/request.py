"""What a request brought: records, each with who sent it. Written in protobuf, or as JSON.

https://opentelemetry.io/docs/specs/otlp/ says how. The library that knows the records is loaded with the first
request: it takes 3 MB of memory that an installation without OpenTelemetry does not need.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from shipway.signals.errors.envelope import object_in
from shipway.signals.errors.refusals import ReportTooLarge, ReportUnreadable
from shipway.signals.otlp import wire

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue

PROTOBUF, JSON = "application/x-protobuf", "application/json"
Signal = Literal["logs", "metrics", "traces"]
RECORDS = 20_000
"""Of one request, with the points in them, and the shells around them with every field that those have."""

LARGEST = 256 * 1024  # bytes of one record; a metric is one with all its points
LARGEST_JSON = 1024 * 1024  # bytes of a request as JSON: as objects of Python it is twenty times as large

_SHELLS = {
    "logs": ("resourceLogs", "scopeLogs", "logRecords"),
    "metrics": ("resourceMetrics", "scopeMetrics", "metrics"),
    "traces": ("resourceSpans", "scopeSpans", "spans"),
}
_IDS = ("traceId", "spanId")


@dataclass(frozen=True)
class Record:
    """A LogRecord or a Metric, with the attributes of the resource that sent it and the name of the scope; of
    traces nothing is read, and so `message` is None."""

    resource: Mapping[str, Any]
    scope: str
    message: Any


@dataclass
class _Room:
    left: int = RECORDS

    def take(self, many: int = 1) -> None:
        self.left -= many
        if self.left < 0:
            raise ReportTooLarge(f"The request has more than {RECORDS} parts.")


def records(body: bytes, kind: str, signal: Signal) -> Iterator[Record]:
    """One after the other. Raises ReportUnreadable or ReportTooLarge when it comes to what is wrong."""
    if kind == PROTOBUF:
        yield from _of_protobuf(memoryview(body), signal)
    else:
        yield from _of_json(body, signal)


def _of_protobuf(body: memoryview, signal: Signal) -> Iterator[Record]:
    room = _Room()
    for around in _shell(body, room)[1]:
        outer = _shell(around, room)
        resource = _resource(_first(outer[1]))
        for within in outer[2]:
            inner = _shell(within, room)
            scope = _scope(_first(inner[1]))
            for text in inner[2]:
                message = _message(signal, text)
                room.take(_points(signal, message))
                yield Record(resource, scope, message)


def _shell(text: memoryview, room: _Room) -> Mapping[int, Sequence[memoryview]]:
    """The messages in it, by the numbers of their fields."""
    found: defaultdict[int, list[memoryview]] = defaultdict(list)
    for number, part in wire.parts(text, room.take):
        found[number].append(part)
    return found


def _points(signal: Signal, message: Any) -> int:
    """How many there are in a metric: each becomes an object of its own."""
    kind = message.WhichOneof("data") if signal == "metrics" else None
    return len(getattr(message, kind).data_points) if kind else 0


def _of_json(body: bytes, signal: Signal) -> Iterator[Record]:
    if len(body) > LARGEST_JSON:
        raise ReportTooLarge(f"A request as JSON has at most {LARGEST_JSON} bytes.")
    arounds, withins, each = _SHELLS[signal]
    room = _Room()
    for around in _objects(object_in(body), arounds):
        room.take()
        resource = _attributes_of_json(around.get("resource"))
        for within in _objects(around, withins):
            room.take()
            scope = within.get("scope")
            name = str(scope.get("name", "")) if isinstance(scope, dict) else ""
            for told in _objects(within, each):
                room.take()
                message = _message_of_json(signal, told)
                room.take(_points(signal, message))
                yield Record(resource, name, message)


def _objects(around: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    found = around.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ReportUnreadable(f"`{name}` is not a list of objects.")
    return found


def _message(signal: Signal, text: memoryview) -> Message | None:
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - see above

    if signal == "traces":
        return None
    if len(text) > LARGEST:
        raise ReportTooLarge(f"One of its records has more than {LARGEST} bytes.")
    try:
        message = _empty(signal)
        message.ParseFromString(bytes(text))
        return message
    except DecodeError as error:
        raise ReportUnreadable("A record is not what the protocol says.") from error


def _message_of_json(signal: Signal, told: Mapping[str, Any]) -> Message | None:
    """Ids are written in hexadecimal there, other than in any other JSON of protobuf."""
    if signal == "traces":
        return None
    ids = {name: _as_base64(told[name]) for name in _IDS if name in told}
    return _parsed({**told, **ids}, _empty(signal))


def _parsed(told: Any, message: Message) -> Message:
    """The library says in five ways that JSON is not what it expects."""
    from google.protobuf import json_format  # noqa: PLC0415 - see above

    try:
        json_format.ParseDict(told, message, ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ReportUnreadable(f"A part is not what the protocol says: {error}"[:300]) from error
    return message


def _as_base64(told: Any) -> str:
    try:
        return base64.b64encode(bytes.fromhex(told)).decode()
    except (ValueError, TypeError) as error:
        raise ReportUnreadable("An id is not written in hexadecimal digits.") from error


def _empty(signal: Signal) -> Message:
    from opentelemetry.proto.logs.v1 import logs_pb2  # noqa: PLC0415 - see above
    from opentelemetry.proto.metrics.v1 import metrics_pb2  # noqa: PLC0415

    return logs_pb2.LogRecord() if signal == "logs" else metrics_pb2.Metric()


def _first(found: Sequence[memoryview]) -> bytes:
    text = bytes(found[0] if found else b"")
    if len(text) > LARGEST:
        raise ReportTooLarge(f"A resource or scope has more than {LARGEST} bytes.")
    return text


def _resource(text: bytes) -> dict[str, Any]:
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - see above
    from opentelemetry.proto.resource.v1 import resource_pb2  # noqa: PLC0415

    try:
        return attributes(resource_pb2.Resource.FromString(text).attributes)
    except DecodeError as error:
        raise ReportUnreadable("A resource is not what the protocol says.") from error


def _scope(text: bytes) -> str:
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - see above
    from opentelemetry.proto.common.v1 import common_pb2  # noqa: PLC0415

    try:
        return common_pb2.InstrumentationScope.FromString(text).name
    except DecodeError as error:
        raise ReportUnreadable("A scope is not what the protocol says.") from error


def _attributes_of_json(told: Any) -> dict[str, Any]:
    from opentelemetry.proto.resource.v1 import resource_pb2  # noqa: PLC0415 - see above

    found = resource_pb2.Resource()
    _parsed(told or {}, found)
    return attributes(found.attributes)


ATTRIBUTES = 64
"""Of a resource, a log or a point; what is more is not read."""


def attributes(told: Sequence[KeyValue]) -> dict[str, Any]:
    """Names and values, as JSON has them."""
    return {one.key: plain(one.value) for one in told[:ATTRIBUTES]}


def plain(value: Any, depth: int = 8) -> Any:
    """A value of any kind as JSON has it; bytes in hexadecimal, and nothing that is nested too deeply."""
    kind = value.WhichOneof("value")
    if kind is None or depth == 0:
        return None
    found = getattr(value, kind)
    if kind == "array_value":
        return [plain(one, depth - 1) for one in found.values[:ATTRIBUTES]]
    if kind == "kvlist_value":
        return {one.key: plain(one.value, depth - 1) for one in found.values[:ATTRIBUTES]}
    if kind == "bytes_value":
        return binascii.hexlify(found).decode()
    return str(found) if kind == "double_value" and not math.isfinite(found) else found
