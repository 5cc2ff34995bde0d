"""Searching the log of an environment, full to its bound, as the server does it: in a process of its own.

Baseline, in the same run: `grep` over the same files. Prints one JSON line per case, times in ms, medians of
ROUNDS; `ratio` is the search beside grep for the same. What is searched for stands nowhere, so all of it is read,
or only once in the oldest part; `newest` and `errors` are the first pages that somebody sees, of which grep has no
like.

Usage: bench/log_search.py [ROUNDS [MEGABYTES]]
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from shipway.hosts.keeper.segments import KEPT, Segments, tidy
from shipway.signals.logs.query import Query
from shipway.signals.logs.sources import Source, sources
from shipway.web.log_query import Asked
from shipway.web.log_searches import Searches

INSTANCES = 4
SECONDS = 120.0
PLAIN = "2026-11-27 12:00:00,123 INFO topup.web request GET /charge/%d took %d ms for the account of %d"
ERROR = ["2026-11-27 12:00:00,123 ERROR topup.web charge failed", "Traceback (most recent call last):"]
ERROR += ['  File "web.py", line 31, in charge', "KeyError: 'cents'"]


def main(rounds: int, megabytes: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        fill(folder, megabytes * 1_000_000)
        there = sources(folder, "topup", "prod")
        files = [str(file) for file in folder.iterdir()]
        size = sum(Path(file).stat().st_size for file in files)
        cases = [
            ("text that stands nowhere", Query(text="No Such Text"), ["-i", "-F", "no such text"]),
            ("text, once, in the oldest part", Query(text="Needle In It"), ["-i", "-F", "needle in it"]),
            ("a pattern that stands nowhere", Query(pattern=r"user=\d+x"), ["-E", "user=[0-9]+x"]),
            ("the newest lines", Query(), None),
            ("the newest errors", Query(level="error"), None),
        ]
        for what, query, words in cases:
            own = median(rounds, lambda query=query: find(there, query))
            told = {"what": what, "megabytes": round(size / 1e6), "ms": own}
            if words is not None:
                bare = median(rounds, lambda words=words: grep(words, files))
                told |= {"grep_ms": bare, "ratio": round(own / bare, 1)}
            print(json.dumps(told), flush=True)


def fill(folder: Path, size: int) -> None:
    """What some instances print: mostly requests, now and then an error, one needle at the beginning."""
    names = [f"topup.prod.r1.web.{number}.log" for number in range(INSTANCES)]
    logs = [Segments(str(folder / name)) for name in names]
    logs[0].append([b"INFO: a needle in it"])
    number = written = 0
    while written < min(size, KEPT * 9 // 10):
        for log in logs:
            lines = [PLAIN % (n, n % 97, n * 7919 % 100_003) for n in range(number, number + 500)]
            number += 500
            lines += ERROR if number % 20_000 == 0 else []
            log.append([line.encode() for line in lines])
            written += sum(map(len, lines)) + 29 * len(lines)
    tidy(str(folder), names)


def find(there: list[Source], query: Query) -> None:
    asked = Asked(query, None, oldest_first=False, limit=200, given={})
    page = asyncio.run(Searches().page(there, asked, [], SECONDS))
    assert page["reached"] is None


def grep(words: list[str], files: list[str]) -> None:
    subprocess.run(["grep", "-c", *words, *files], stdout=subprocess.DEVNULL, check=False)


def median(rounds: int, act: Callable[[], object]) -> float:
    """Milliseconds; the first round does not count."""
    took = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        act()
        took.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(took[1:]), 1)


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*(given + [5, 230][len(given) :]))
