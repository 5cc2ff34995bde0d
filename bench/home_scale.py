"""How long the server takes over its first page, with 50 applications and 1,000 or 100,000 runs on record.

Between any two requests a fact is recorded, of a step or of a deployment to the last environment in turn, as
on a day with much traffic. Prints one JSON line for each length of the record: milliseconds of the first
request after a start, the median and the 95th of 200 others, the same in processor time with the client in
it, which a busy machine changes less; bytes and requests of a first view as a browser makes it. Then the
ratios of the longest record to the shortest (bars: 95th at most 50 ms and flat, 150 kB, 20 requests).
Usage: bench/home_scale.py [RUNS …]
"""

from __future__ import annotations

import gc
import http.client
import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from sqlalchemy import insert
from ulid import ULID

from shipway.state import facts, tables
from web.scene import ENVIRONMENTS, STEPS, Scene, plan, project
from web.server import Site

APPLICATIONS = 50
ROUNDS = 200
TEAMS = ("payments", "search", "storefront", "platform", "data")
PEOPLE = ("ada", "ben", "cho", "dan", "eli", "fay", "gus", "hal")
MANY = 500  # runs written at a time


def main() -> None:
    lengths = [int(word) for word in sys.argv[1:]] or [1_000, 100_000]
    found = [measure(length) for length in lengths]
    ratios = {
        f"{what}_ratio": round(found[-1][f"{what}_ms"] / found[0][f"{what}_ms"], 2) for what in ("p95", "cpu_p95")
    }
    print(json.dumps({"runs": [lengths[0], lengths[-1]], **ratios}))


def measure(length: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home:
        scene = Scene.empty(Path(home))
        record(scene, length)
        site = Site.start(scene)
        gc.freeze()  # what was loaded is not searched for garbage, as in the server itself
        try:
            told = {"runs": length, **asked(site), **viewed(site)}
        finally:
            site.stop()
            scene.database.close()
    print(json.dumps(told), flush=True)
    return told


def asked(site: Site) -> dict[str, float]:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    headers = {"host": site.origin.removeprefix("http://"), "accept-encoding": "gzip", **site.bearer()}
    times, spent = [], []
    for number in range(ROUNDS + 1):
        with site.scene.database.write() as conn:
            name = f"app-{number % APPLICATIONS:02d}"
            if number % 2:
                facts.record(conn, "step.started", application=name, data={"step": "test", "attempt": 1})
            else:
                facts.record(conn, "deployment.start", application=name, environment=ENVIRONMENTS[-1])
        began, cost = time.perf_counter(), time.process_time()
        connection.request("GET", "/", headers=headers)
        answer = connection.getresponse()
        answer.read()
        times.append((time.perf_counter() - began) * 1000)
        spent.append((time.process_time() - cost) * 1000)
        assert answer.status == 200, answer.status
    first, *others = times
    return {
        "first_ms": round(first, 1),
        "p50_ms": round(statistics.median(others), 1),
        "p95_ms": round(statistics.quantiles(others, n=100)[94], 1),
        "cpu_p95_ms": round(statistics.quantiles(spent[1:], n=100)[94], 1),
    }


def viewed(site: Site) -> dict[str, int]:
    """What a browser asks for that has nothing yet: the page, what it names, the fonts, the last hour of each
    application, and the live events."""
    got = {path: _got(site, path) for path in ("/", "/api/v1/overview/hours")}
    for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', got["/"][1]):
        got.setdefault(path, _got(site, path))
    for style in [path for path in got if path.endswith(".css")]:
        for font in re.findall(r"url\((fonts/[^)]+)\)", got[style][1]):
            path = f"{style.rpartition('/')[0]}/{font}"
            got.setdefault(path, _got(site, path))
    return {"bytes": sum(size for size, _ in got.values()), "requests": len(got) + 1}


def _got(site: Site, path: str) -> tuple[int, str]:
    """The bytes of an answer with its headers, about; and its text."""
    import gzip  # noqa: PLC0415

    answer = site.get(path, **{"accept-encoding": "gzip"})
    size = len(answer.body) + sum(len(name) + len(value) + 4 for name, value in answer.headers.items())
    packed = answer.headers.get("content-encoding") == "gzip"
    return size, (gzip.decompress(answer.body) if packed else answer.body).decode(errors="replace")


def record(scene: Scene, length: int) -> None:
    """So many runs among 50 applications, each with its push, steps, artifact, releases, deployments and facts."""
    heads = []
    for number in range(APPLICATIONS):
        name = f"app-{number:02d}"
        scene.application(name)
        heads.append(scene.commit(name, f"Change {number} of what customers see"))
    commits = [f"{number:040x}" for number in range(length)]
    for number in range(max(0, length - APPLICATIONS), length):
        commits[number] = heads[number % APPLICATIONS]
    write(scene, commits, APPLICATIONS)


def write(scene: Scene, commits: Sequence[str], applications: int) -> None:
    """A run of each of these commits, oldest first, the applications in turn."""
    for first in range(0, len(commits), MANY):
        rows: dict[str, list[dict[str, Any]]] = {}
        for number in range(first, min(first + MANY, len(commits))):
            for table, row in _rows(number, commits, applications):
                rows.setdefault(table, []).append(row)
        with scene.database.write() as conn:
            for table in ("pushes", "runs", "steps", "artifacts", "releases", "deployments", "facts", "serving"):
                if table in rows:
                    conn.execute(insert(tables.metadata.tables[table]), rows[table])


def _rows(number: int, commits: Sequence[str], applications: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of one good run, and what serves if it is the last of its application."""
    name, round_ = f"app-{number % applications:02d}", number // applications + 1
    last = number + applications >= len(commits)
    at = time.time() - 60.0 * (len(commits) - number)
    commit = commits[number]
    run, who = _id(number, 1), PEOPLE[number % len(PEOPLE)]
    about = {"application": name, "commit": commit}
    yield (
        "pushes",
        {
            **{
                "id": _id(number, 0),
                "application": name,
                "ref": "refs/heads/main",
                "old": "0" * 40,
                "new": commit,
            },
            **{"sequence": round_, "who": who, "state": "accepted", "process": "", "at": at},
        },
    )
    planned = plan(STEPS, ENVIRONMENTS) | {"project": {**project(), **_project(name, number)}}
    yield (
        "runs",
        {
            **{"id": run, "number": round_, "push": _id(number, 0), "branch": "main", "who": who, **about},
            **{"purpose": "push", "deliver": list(ENVIRONMENTS), "plan": planned, "tier": "bubblewrap"},
            **{"state": "passed", "reason": "", "created": at, "started": at, "ended": at + 60, "retry_of": None},
        },
    )
    yield "facts", _fact("run.queued", at, run, about, {"number": round_})
    for place, step in enumerate((*STEPS, "build")):
        times = {"started": at, "ended": at + 12}
        done = {"state": "passed", "exit_code": 0, "excerpt": "", "needs": [], "position": place, **times}
        yield "steps", {"run": run, "name": step, "attempt": 1, **done}
        yield "facts", _fact("step.started", at, run, about, {"step": step, "attempt": 1})
        ended = {"step": step, "attempt": 1, "exit_code": 0, "seconds": 12.0}
        yield "facts", _fact("step.passed", at + 12, run, about, ended)
    digest = f"{number:064x}"
    made = {"digest": digest, "run": run, "project": project(), "size": 18_200_000, "created": at + 13}
    yield "artifacts", {**made, "pruned": None, **about}
    for place, environment in enumerate(ENVIRONMENTS):
        release, deployment, switched = _id(number, 2 + place), _id(number, 5 + place), at + 20 + place
        here = {**about, "environment": environment}
        numbered = {"id": release, "number": round_, "digest": digest, "configuration": 0, "created": at}
        yield "releases", {**numbered, **here}
        yield (
            "deployments",
            {
                **{"id": deployment, "run": run, "release": release, "kind": "deploy", "epoch": round_, **here},
                **{"state": "done", "phase": "finish", "reason": "", "excerpt": "", "started": switched},
                **{"switched": switched, "ended": switched + 2},
            },
        )
        said = {"deployment": deployment, "release": round_, "kind": "deploy", "epoch": round_, "seconds": 2.0}
        for kind in ("begun", "switched", "done"):
            yield "facts", _fact(f"deployment.{kind}", switched, run, here, said)
        if last:
            served = {"application": name, "environment": environment, "release": release}
            warm = {"warm": None, "warm_until": None}
            yield "serving", {**served, "deployment": deployment, "epoch": round_, "since": switched, **warm}


def _project(name: str, number: int) -> dict[str, Any]:
    team = TEAMS[number % APPLICATIONS % len(TEAMS)]
    return {"name": name, "team": team, "processes": {"web": {"run": "python app.py"}}}


def _fact(kind: str, at: float, run: str, about: dict[str, str], data: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "at": at, "run": run, "environment": None, "who": None, "data": data, **about}


def _id(number: int, place: int) -> str:
    return str(ULID.from_int((number + 1) * 16 + place)).lower()


if __name__ == "__main__":
    main()
