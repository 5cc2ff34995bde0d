"""How long the server takes over the other pages, with 1,000 or 90,000 deployments of one application on record.

Asked are the page of an environment, of a run, of an old release to which going back is weighed, of the list of
errors, and of one error. Every release has a release command; of errors there are as many as are kept, in three
environments, and those asked for have been in as many releases and requests as are told apart. Prints one JSON
line for each length of the record: of each page the very first after a start, the median and the 95th of 100
others, in milliseconds, and the same in processor time with the client and git in it, which a busy machine changes
less. Then the ratios of the longest record to the shortest (bars: 95th at most 50 ms, and flat).
Usage: bench/pages_scale.py [DEPLOYMENTS …]
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from commit_scale import ASKED, NAME, Figures, asked, compared, recorded
from sqlalchemy import delete, insert, update

from shipway.incidents.suspects import Evidence, Suspicion
from shipway.signals.errors import samples
from shipway.signals.errors.recording import ERRORS
from shipway.state import releases, tables
from shipway.state.database import Connection
from shipway.state.sightings import RELEASES, REQUESTS
from web.past import EVENT
from web.scene import ENVIRONMENTS, Scene, project

HERE = f"/applications/{NAME}"
MIGRATES = {
    **project(),
    "processes": {"web": {"run": "x"}},
    "release": {"run": "./migrate", "migration": "expand"},
}
Rows = dict[str, list[dict[str, Any]]]


def main() -> None:
    lengths = [int(word) for word in sys.argv[1:]] or [1_000, 90_000]
    compared(lengths, [measure(length) for length in lengths])


def measure(length: int) -> Figures:
    with recorded(length) as (scene, commits):
        reported(scene, commits)
        with scene.database.write() as conn:
            conn.execute(update(tables.artifacts).values(project=MIGRATES))
        gc.freeze()  # what was loaded is not searched for garbage, as in the server itself
        told = {page: asked(scene, paths) for page, paths in addresses(len(commits)).items()}
    print(json.dumps({"deployments": length, **told}), flush=True)
    return told


def addresses(runs: int) -> dict[str, list[str]]:
    """Old ones are of the first half, spread over it."""
    old = [1 + number * runs // 2 // (ASKED + 1) for number in range(ASKED + 1)]
    return {
        "environment": [f"{HERE}/environments/{ENVIRONMENTS[-1]}"] * (ASKED + 1),
        "run": [f"/runs/{NAME}:{number}" for number in old],
        "release": [f"{HERE}/environments/{ENVIRONMENTS[-1]}/releases/r{number}" for number in old],
        "errors": [f"{HERE}/errors"] * (ASKED + 1),
        "error": [f"{HERE}/errors/{number + 1}" for number in range(ASKED + 1)],
    }


def reported(scene: Scene, commits: Sequence[str]) -> None:
    """As many errors as are kept, like one that was reported."""
    error = scene.report(NAME, {**EVENT, "release": commits[-1]})
    sample = samples.newest(scene.places, NAME, error.id)[0]
    with scene.database.write() as conn:
        conn.execute(delete(tables.errors))
        new = {name: releases.recent(conn, NAME, name, RELEASES) for name in ENVIRONMENTS}
        for number in range(1, ERRORS + 1):
            _write(conn, _rows({**asdict(error), "id": f"error-{number}"}, number, new, commits))
    for number in range(1, ASKED + 2):
        for kept in range(samples.KEPT):
            samples.keep(scene.places, NAME, f"error-{number}", {**sample, "received": time.time() - kept})


def _write(conn: Connection, rows: Iterator[tuple[str, dict[str, Any]]]) -> None:
    told: Rows = {}
    for table, row in rows:
        told.setdefault(table, []).append(row)
    for table, those in told.items():
        conn.execute(insert(tables.metadata.tables[table]), those)


def _rows(
    error: dict[str, Any], number: int, new: dict[str, list[releases.Release]], commits: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    at = {"first_seen": time.time() - 60 * number - 600, "last_seen": time.time() - 60 * number}
    counted = {**at, "count": 1500, "checks": 0}
    asked_for = number <= ASKED + 1
    yield "errors", {**error, **counted, "number": number, "fingerprint": str(number)}
    for environment, brought in new.items():
        here = {"error": error["id"], "environment": environment}
        suspicion = asdict(_suspicion(commits[-1 - number % 50]))
        yield "error_places", {**here, **counted, "release": brought[number % 50].id, "suspicion": suspicion}
        for one in brought if asked_for else brought[:1]:
            yield "error_releases", {**here, **counted, "named": one.id, "release": one.id}
    for request in range(REQUESTS if asked_for else 1):
        told = {"request": f"POST /accounts/{request}/charge", "last_seen": at["last_seen"], "count": 75}
        yield "error_requests", {"error": error["id"], **told}


def _suspicion(commit: str) -> Suspicion:
    hunk = ("-RATES = rates()", '+RATES = {"EUR": 100, "USD": 92}')
    evidence = Evidence("topup/ledger.py", 88, "charge", "uses", hunk, "cents = units * RATES[currency]", 12)
    reason = f"{commit[:7]} changed what charge in topup/ledger.py uses."
    return Suspicion(reason, commit, "Ada Okafor", "ada@example.org", "Say why", "low", (evidence,))


if __name__ == "__main__":
    main()
