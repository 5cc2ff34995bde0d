"""What the instances of a release printed last with a stack in it, read from the ends of their logs alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from shipway.signals import stacks
from shipway.signals.logs.blocks import Files
from shipway.signals.logs.entries import TRACEBACK, grouped
from shipway.signals.logs.masks import Masks
from shipway.signals.logs.query import Query
from shipway.signals.logs.search import Entry, matching
from shipway.signals.logs.sources import Source
from shipway.signals.stacks import Call

BLOCKS = 4  # of 64 KB, from the end of each instance's log
LOGS = 20  # of a release that has more instances


@dataclass(frozen=True)
class Raised:
    """A failure that an application printed at `at` (unix seconds): what it calls it, and the calls, the innermost
    first.
    """

    at: float
    title: str
    calls: tuple[Call, ...]


def newest(sources: Sequence[Source], release: int, since: float, secrets: Sequence[bytes]) -> list[Raised]:
    """What a release printed with a stack since then, the newest first, without what is in `secrets`.

    Only what it says of level error or above counts: other lines name files of a program as well.
    """
    printed = [one for one in sources if one.release == release and not one.kind][:LOGS]
    query, masks = Query(level="error", since=since), Masks(secrets)
    found = [raised for one in printed for raised in _of(one, query, masks)]
    return sorted(found, key=lambda one: -one.at)


def _of(source: Source, query: Query, masks: Masks) -> list[Raised]:
    files = Files(source)
    try:
        blocks = list(islice(files.newest_first(1 << 60), BLOCKS))
    finally:
        files.close()
    groups = (group for block in blocks if query.may_match(block.data) for group in grouped(block.lines()))
    entries = (matching(source, group, query, masks) for group in groups)
    return [raised for entry in entries if entry is not None and (raised := _raised(entry)) is not None]


def _raised(entry: Entry) -> Raised | None:
    said = entry.stack or entry.text
    last = said[max(0, said.rfind(TRACEBACK)) :]
    calls = stacks.calls_in(last)
    return Raised(entry.at, _title(last, entry.message), tuple(calls)) if calls else None


def _title(said: str, message: str) -> str:
    """`KeyError: 'maps'`: of a Python it stands below its calls, elsewhere above them."""
    heads = [line for line in said.splitlines() if line[:1].strip() and not line.startswith(TRACEBACK)]
    if TRACEBACK in said:
        return heads[-1] if heads else message
    return message.partition("\n")[0] or (heads[0] if heads else "")
