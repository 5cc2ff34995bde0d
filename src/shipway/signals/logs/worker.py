"""A process that searches once and ends: `python -I -m shipway.signals.logs.worker`, a search in, a page out.

The server must go on while hundreds of megabytes are looked through, and Python runs one thread at a time. A
process of its own takes none of the server's time, gives way to everything else, and is over when it is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from shipway.signals.logs.query import Query
from shipway.signals.logs.search import Page, key, search
from shipway.signals.logs.sources import source

PRIORITY = 5


def asked(path: str, name: str) -> dict[str, str]:
    """A log in a search."""
    return {"path": path, "name": name}


def carry_out(said: Mapping[str, Any]) -> Page:
    """The page that is asked for; its logs are at `sources`."""
    found = (source(one["path"], one["name"]) for one in said["sources"])
    return search(
        [one for one in found if one is not None],
        Query.from_dict(said["query"]),
        start=None if said["start"] is None else key(said["start"]),
        oldest_first=said["oldest_first"],
        limit=said["limit"],
        seconds=said["seconds"],
        secrets=[one.encode("latin-1") for one in said["secrets"]],
    )


def main() -> None:
    with contextlib.suppress(OSError):
        os.nice(PRIORITY)
    json.dump(carry_out(json.load(sys.stdin)).as_dict(), sys.stdout)


if __name__ == "__main__":
    main()
