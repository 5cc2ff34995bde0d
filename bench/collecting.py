"""What it takes to look at 100 releases behind two routers once a second, all of them asked all the time.

Baseline, in the same run: the same question to both routers, thrown away. Prints one JSON line; shares are of one
core, at one look a second. Bar: 3 % for Shipway and 1 % for each router.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "traffic"))

from conftest import Town, a_town
from shipway.signals.collect import Collector
from shipway.traffic.envoy import counting

RELEASES = 100
LOOKS = 60
PER_LOOK = 3  # requests to each release between two looks


def main() -> None:
    with tempfile.TemporaryDirectory() as home, a_town(Path(home) / "data") as town:
        town.proxy.start(town.keeper)
        names = [open_release(town, number) for number in range(RELEASES)]
        collector = Collector(town.places, town.proxy, town.keeper)
        looks = [measure(town, names, collector.look) for _ in range(LOOKS)]
        bare = [measure(town, names, lambda: ask(town)) for _ in range(LOOKS)]
        heard = [one.heard for one in collector.latest().values()]
    assert len(heard) == RELEASES
    assert all(heard)
    own, asked, routers = (sum(values) / LOOKS for values in zip(*looks, strict=True))
    baseline = sum(own for own, _, _ in bare) / LOOKS
    print(
        json.dumps(
            {
                "shipway_share_of_a_core": round(own, 4),
                "look_ms": round(asked * 1000, 1),
                "each_router_share_of_a_core": round(routers / 2, 4),
                "bare_question_share_of_a_core": round(baseline, 4),
                "ratio": round(own / baseline, 1),
            }
        )
    )


def open_release(town: Town, number: int) -> str:
    """One process answers for ten of them: it is not what is measured."""
    application = f"app{number}"
    port = town.open("ten") if number % 10 == 0 else list(town.applications)[-1]
    town.proxy.ensure_cluster(f"{application}.prod.r1", [port], "/health")
    town.proxy.shift(application, "prod", {f"{application}.prod.r1": 100}, epoch=1)
    return f"{application}.localhost"


def measure(town: Town, names: list[str], act: Callable[[], object]) -> tuple[float, float, float]:
    """CPU seconds of this process, seconds, and CPU seconds of both routers, for one look after some requests."""
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(lambda name: town.get(name, "/slow/0.005").said, names * PER_LOOK))
    time.sleep(2 * counting.LATE)
    pids, began, routers = town.router_pids(), time.perf_counter(), 0.0
    routers = -sum(map(nanoseconds, pids))
    own = -time.process_time()
    act()
    own += time.process_time()
    took = time.perf_counter() - began
    return own, took, (routers + sum(map(nanoseconds, pids))) / 1e9


def nanoseconds(pid: int) -> int:
    """What a process has used, finer than in ticks: the first figure of schedstat of each of its threads."""
    threads = os.listdir(f"/proc/{pid}/task")
    return sum(int(Path(f"/proc/{pid}/task/{one}/schedstat").read_text().split()[0]) for one in threads)


def ask(town: Town) -> None:
    for router in town.routers():
        router.admin.ask(counting.QUESTION)


if __name__ == "__main__":
    main()
