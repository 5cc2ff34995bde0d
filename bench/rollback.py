"""How fast a rollback is: seconds from the request until a client that asks all the time gets the old version.

Baseline, in the same run: the same rollback when the release is no longer warm, an ordinary deployment of it.
Prints one JSON line: medians in seconds, and the ratio cold / warm (bar: warm under 1 s).
Usage: bench/rollback.py [ROUNDS]
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from shipway.cli.server import Server
from shipway.pushes import credentials
from support.installation import Installation
from support.shop import PROJECT, shop


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as home:
        installation = Installation(Path(home))
        installation.up()
        try:
            print(json.dumps(measure(installation, rounds)))
        finally:
            installation.take_down()


def measure(installation: Installation, rounds: int) -> dict[str, object]:
    repository = installation.repository("shop")
    for number in ("1", "2", "3"):
        repository.commit(f"Version {number}", version(number))
        if number == "1":
            repository.init()
        repository.deliver(f"Version {number} for real")
    first, second, third = (row[0] for row in installation.query("select number from releases order by number"))
    warm, cold = [], []
    for _ in range(rounds):
        warm.append(go(installation, second, "2"))
        warm.append(go(installation, third, "3"))
    for _ in range(rounds):
        cold.append(go(installation, first, "1"))
        go(installation, second, "2")
        go(installation, third, "3")  # the first is warm no longer
    return {
        "rounds": rounds,
        "warm_s": round(statistics.median(warm), 3),
        "warm_max_s": round(max(warm), 3),
        "cold_s": round(statistics.median(cold), 3),
        "ratio": round(statistics.median(cold) / statistics.median(warm), 2),
    }


def go(installation: Installation, to: int, wanted: str) -> float:
    """Asks over the API, as the page and the command line do, and watches what clients get."""
    address = f"http://127.0.0.1:{installation.port}"
    server = Server(address, credentials.token(installation.places.credentials, address) or "")
    path = "/applications/shop/environments/prod/rollback"
    began = time.perf_counter()
    asking = threading.Thread(target=server.post, args=(path, {"to": f"r{to}"}))
    asking.start()
    while installation.says("shop") != wanted:
        time.sleep(0.005)
    took = time.perf_counter() - began
    asking.join()
    while installation.query("select 1 from runs where state in ('queued', 'running')"):
        time.sleep(0.05)
    time.sleep(2)  # until what is warm no longer has stopped
    return took


def version(number: str) -> dict[str, str]:
    return shop(number, project=PROJECT.replace("[dev, test, prod]", "[prod]"))


if __name__ == "__main__":
    main()
