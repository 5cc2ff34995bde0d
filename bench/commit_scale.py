"""How long the server takes over an old commit, with 1,000 or 90,000 deployments of its application on record.

Asked are the page of a commit, which tells all that happened to it, and why it is not in prod any more; each
commit once, of those of the first half, so that nothing of it is remembered. Prints one JSON line for each length
of the record: the very first request after a start, the median and the 95th of 100 others, in milliseconds, and
the same in processor time with the client and git in it, which a busy machine changes less. Then the ratios of the
longest record to the shortest (bars: 95th at most 50 ms, and flat).
Usage: bench/commit_scale.py [DEPLOYMENTS …]
"""

from __future__ import annotations

import gc
import http.client
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from home_scale import write

from shipway.pushes import repositories
from shipway.pushes.git import environment
from web.scene import ENVIRONMENTS, FILE, Scene
from web.server import Site

NAME = "app-00"
ASKED = 100
WAYS = {"page": "/applications/{}/commits/{}", "why": "/api/v1/applications/{}/commits/{}/why?environment=prod"}
Figures = dict[str, dict[str, float]]


def main() -> None:
    lengths = [int(word) for word in sys.argv[1:]] or [1_000, 90_000]
    compared(lengths, [measure(length) for length in lengths])


def compared(lengths: Sequence[int], found: Sequence[Figures]) -> None:
    for way in found[0]:
        shortest, longest = found[0][way], found[-1][way]
        ratios = {
            f"{what}_ratio": round(longest[f"{what}_ms"] / shortest[f"{what}_ms"], 2)
            for what in ("p95", "cpu_p95")
        }
        print(json.dumps({"of": way, "deployments": [lengths[0], lengths[-1]], **ratios}))


def measure(length: int) -> Figures:
    with recorded(length) as (scene, commits):
        gc.freeze()  # what was loaded is not searched for garbage, as in the server itself
        old = [commits[number * len(commits) // 2 // (ASKED + 1)] for number in range(ASKED + 1)]
        told = {way: asked(scene, [path.format(NAME, one) for one in old]) for way, path in WAYS.items()}
    print(json.dumps({"deployments": length, **told}), flush=True)
    return told


@contextmanager
def recorded(length: int) -> Iterator[tuple[Scene, list[str]]]:
    """A record with so many deployments of one application, and its commits, oldest first."""
    with tempfile.TemporaryDirectory() as home:
        scene = Scene.empty(Path(home))
        try:
            scene.application(NAME)
            commits = history(scene, length // len(ENVIRONMENTS))
            write(scene, commits, 1)
            yield scene, commits
        finally:
            scene.database.close()


def history(scene: Scene, length: int) -> list[str]:
    """So many commits one on top of the other, oldest first, with the ancestry that each push writes down."""
    repository, began = scene.places.repository(NAME), int(time.time()) - 60 * length
    subprocess.run(
        ["git", f"--git-dir={repository}", "fast-import", "--quiet", f"--export-marks={repository}/marks"],
        input="".join(told(length, began)).encode(),
        check=True,
        env=environment(),
    )
    repositories.tidy(repository)
    marks = (repository / "marks").read_text().splitlines()
    return [commit for _, commit in sorted((int(mark[1:]), commit) for mark, commit in map(str.split, marks))]


def told(length: int, began: int) -> Iterator[str]:
    for number in range(1, length + 1):
        subject = f"Change {number} of what customers see"
        yield f"commit refs/heads/main\nmark :{number}\n"
        yield f"committer Ada Okafor <ada@example.org> {began + 60 * number} +0000\n"
        yield f"data {len(subject)}\n{subject}\n"
        yield f"M 644 inline shipway.yml\ndata {len(FILE)}\n{FILE}\n" if number == 1 else ""
        yield f"M 644 inline file-{number % 50}\ndata {len(subject)}\n{subject}\n"


def asked(scene: Scene, paths: Sequence[str]) -> dict[str, float]:
    """What these take of a server that has just started; the first of them is told apart."""
    site = Site.start(scene)
    try:
        return timed(site, paths)
    finally:
        site.stop()


def timed(site: Site, paths: Sequence[str]) -> dict[str, float]:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    headers = {"host": site.origin.removeprefix("http://"), "accept-encoding": "gzip", **site.bearer()}
    times, spent = [], []
    for path in paths:
        began, cost = time.perf_counter(), processor()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        times.append((time.perf_counter() - began) * 1000)
        spent.append((processor() - cost) * 1000)
        assert answer.status == 200, answer.status
    first = {"first_ms": round(times.pop(0), 1), "cpu_first_ms": round(spent.pop(0), 1)}
    return first | {
        "p50_ms": round(statistics.median(times), 1),
        "p95_ms": round(statistics.quantiles(times, n=100)[94], 1),
        "cpu_p50_ms": round(statistics.median(spent), 1),
        "cpu_p95_ms": round(statistics.quantiles(spent, n=100)[94], 1),
    }


def processor() -> float:
    """Seconds of it that this process and what it has started took."""
    took = [resource.getrusage(which) for which in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in took)


if __name__ == "__main__":
    main()
