"""The envelope in which SDKs send what they have to say: a header, then items, each under a header of its own.

Of the items only an event is of use here; sessions, traces, profiles and what else comes are left unread.
https://develop.sentry.dev/sdk/data-model/envelopes/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from shipway.signals.errors.refusals import ReportUnreadable

HEADER = 16 * 1024  # bytes of a header line
ITEMS = 100
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Envelope:
    """`event` is the JSON of the report as it came, None when the envelope brought something else."""

    id: str | None
    key: str | None
    event: bytes | None


def parse(body: bytes) -> Envelope:
    """What came in an envelope; raises ReportUnreadable."""
    header, _, rest = body.partition(b"\n")
    told = _header(header)
    events = (payload for kind, payload in _items(rest) if kind == "event")
    return Envelope(identity(told.get("event_id")), _key(told.get("dsn")), next(events, None))


def identity(told: Any) -> str | None:
    """The id of a report as it is written in an answer, if it is one."""
    plain = told.replace("-", "").lower() if isinstance(told, str) else ""
    return plain if _ID.fullmatch(plain) else None


def object_in(text: bytes) -> dict[str, Any]:
    """The JSON object in a text; raises ReportUnreadable. Its depth is limited by the parser."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReportUnreadable("A part of the report is not JSON.") from error
    if not isinstance(value, dict):
        raise ReportUnreadable("A part of the report is not a JSON object.")
    return value


def _items(rest: bytes) -> Iterator[tuple[str, bytes]]:
    """A payload without a length ends with its line."""
    at = 0
    for _ in range(ITEMS):
        end = rest.find(b"\n", at)
        end = len(rest) if end < 0 else end
        if not rest[at:end].strip():
            return
        told = _header(rest[at:end])
        begin, length = end + 1, told.get("length")
        if isinstance(length, int) and 0 <= length <= len(rest) - begin:
            stop = begin + length
        else:
            stop = rest.find(b"\n", begin)
            stop = len(rest) if stop < 0 else stop
        yield str(told.get("type")), rest[begin:stop]
        at = stop + 1


def _header(line: bytes) -> Mapping[str, Any]:
    if len(line) > HEADER:
        raise ReportUnreadable("A header of the report is too long.")
    return object_in(line)


def _key(dsn: Any) -> str | None:
    try:
        return urlsplit(dsn).username if isinstance(dsn, str) else None
    except ValueError:
        return None
