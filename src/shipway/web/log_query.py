"""What an address asks of an environment's log."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from shipway.config import durations
from shipway.signals.logs.query import Query
from shipway.signals.logs.search import Key, key
from shipway.web.call import QUOTED, Call
from shipway.web.refusals import Unreadable

USUAL, MOST = 100, 1000  # entries of a page
_POSITION = re.compile(r"\d{1,17}\.[\w.~-]{0,200}", re.ASCII)
_NUMBER = re.compile(r"r?(\d{1,9})", re.ASCII)


@dataclass(frozen=True)
class Asked:
    """`start` is the position from which it goes on; `given` is what was said, for links."""

    query: Query
    start: Key | None
    oldest_first: bool
    limit: int
    given: Mapping[str, str]


GIVEN = ("search", "regex", "level", "release", "process", "instance", "since", "until", "order")


def read(call: Call, usual: int = USUAL) -> Asked:
    """What is asked for; raises Unreadable or BadSearch, with what would be right."""
    order = call.choice("order", ("newest", "oldest")) or "newest"
    query = Query(
        text=call.query("search"),
        pattern=call.query("regex"),
        level=(call.query("level") or "").lower() or None,
        release=_release(call.query("release")),
        process=call.query("process"),
        instance=call.query("instance"),
        since=moment("since", call.query("since")),
        until=moment("until", call.query("until")),
    )
    query.check()
    given = {name: value for name in GIVEN if (value := call.query(name)) is not None}
    limit = call.number("limit", usual, most=MOST) or 1
    return Asked(query, _start(call.query("from")), order == "oldest", limit, given)


def moment(name: str, said: str | None) -> float | None:
    """Unix seconds of `10m` (ago), `2026-11-27T14:00`, `14:00:11` (today) or a number of seconds since 1970."""
    if said is None:
        return None
    if re.fullmatch(r"\d{9,11}(\.\d{1,9})?", said, re.ASCII):
        return float(said)
    try:
        return time.time() - durations.seconds(said)
    except ValueError:
        pass
    try:
        today = f"{datetime.now():%Y-%m-%d}T" if re.match(r"\d\d:\d\d", said) else ""
        return datetime.fromisoformat(f"{today}{said}").timestamp()
    except (ValueError, OverflowError, OSError):
        raise Unreadable(
            f"`{name}` is not a time: {said[:QUOTED]!r}.",
            hint="Write how long ago (30s, 10m, 2h, 1d), a clock time (14:02:11) or 2026-11-27T14:02:11.",
        ) from None


def now() -> Key:
    """The place in a log at which nothing is written yet."""
    return int(datetime.now(UTC).timestamp() * 1e6), ""


def _release(said: str | None) -> int | None:
    if said is None:
        return None
    found = _NUMBER.fullmatch(said)
    if found is None:
        raise Unreadable(f"`release` is {said[:QUOTED]!r}, and must be the number of one, such as 12 or r12.")
    return int(found[1])


def _start(said: str | None) -> Key | None:
    if said is None:
        return None
    if not _POSITION.fullmatch(said):
        raise Unreadable(f"`from` is {said[:QUOTED]!r}, and must be a position as an answer tells it.")
    return key(said)
