"""A day of 50 requests, 10 errors and 1 MB of lines a second, replayed; what it takes beside what the docs allow.

The real rings, error intake, record, keeper's output and files; the clock of the signals runs as fast as they can
be written. Baseline, in the same run: the bounds. Prints one JSON line; `ratio` is the largest share of a bound
that was used (bar: 1), and `memory_mb` is what this process has grown by at the utmost: the server's part and the
keeper's together.

Usage: bench/replayed_day.py [REQUESTS [ERRORS [LINES]]]   seconds of each: a day by default, which takes two hours
and writes 86 GB of lines; what is kept of those is bounded by size, and full after 256 s
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from shipway.hosts.keeper import output, segments
from shipway.signals.errors import recording, samples
from shipway.signals.history import LIMITS
from support.day import Day
from web.scene import Scene

REQUESTS, ERRORS, LINES = 50, 10, 1_000_000  # a second
AN_ERROR = 12_000  # bytes that an error takes in the record at the utmost, with its requests and releases
BOUNDS = {
    "log": segments.KEPT,
    "signals": 2 * sum(LIMITS.values()),
    "reports": samples.ALL + 600 * samples.LARGEST // 10,  # and what comes in a minute
    "record": recording.ERRORS * AN_ERROR + 8 * 1024 * 1024,  # and the journal
    "memory_of_the_instance": output.MOST_WAITING,
}
MEMORY = 64 * 1024 * 1024


def main(seconds: int, of_errors: int, of_lines: int) -> None:
    memory = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory(dir=memory) as shared:
        scene = Scene.empty(Path(home))
        scene.application("topup")
        day = Day(scene, Path(shared))
        for number in range(60):
            second(day, number, with_errors=True, with_lines=True)
        forget_peak()
        before, began = peak(), time.perf_counter()
        for number in range(seconds):
            second(day, number, with_errors=number < of_errors, with_lines=number < of_lines)
        day.tidy()
        took = time.perf_counter() - began
        grown = peak() - before
        used = {**day.most_disk, "memory_of_the_instance": day.most_memory}
        day.close()
        scene.database.close()
    shares = {what: round(used[what] / bound, 3) for what, bound in BOUNDS.items()}
    print(
        json.dumps(
            {
                "seconds": seconds,
                "seconds_of_errors": min(of_errors, seconds),
                "seconds_of_lines": min(of_lines, seconds),
                "took_s": round(took, 1),
                **{f"{what}_mb": round(size / 1e6, 1) for what, size in used.items()},
                "shares_of_bounds": shares,
                "memory_mb": round(grown / 1e6, 1),
                "memory_bound_mb": round(MEMORY / 1e6, 1),
                "ratio": max(*shares.values(), round(grown / MEMORY, 3)),
            }
        )
    )


def second(day: Day, number: int, *, with_errors: bool, with_lines: bool) -> None:
    day.requests(REQUESTS)
    if with_errors:
        day.errors(ERRORS)
    if with_lines:
        for _ in range(4):
            day.lines(LINES // 4)
    if number % 60 == 0 or (with_lines and number % 5 == 0):
        day.tidy()


def forget_peak() -> None:
    """From now on the largest size is counted anew (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")


def peak() -> int:
    """The largest resident size, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*(given + [86_400, 86_400, 86_400][len(given) :]))
