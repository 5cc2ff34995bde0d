"""What both routers count of a release: by status, by how long it took, and not twice."""

from __future__ import annotations

import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from shipway.signals.collect import Collector
from shipway.signals.reading import Reading
from shipway.traffic.envoy import counting, routes
from shipway.traffic.envoy.admin import Admin
from shipway.traffic.tally import BOUNDS, Tally


class Watch:
    """A release that serves alone, and a collector that has looked once."""

    def __init__(self, town, until) -> None:
        self._town, self._until = town, until
        self.collector = Collector(town.places, town.proxy, town.keeper)
        self.collector.look()
        self.seen = Tally()
        self.last: dict[str, Reading] = {}

    def look(self) -> None:
        self.last = {reading.release: reading for reading in self.collector.look()}
        if "app.prod.r1" in self.last:
            self.seen += self.last["app.prod.r1"].tally

    def until(self, holds) -> None:
        """Looks until it is so."""

        def held() -> bool:
            self.look()
            return holds()

        self._until(held)

    def get(self, path: str) -> int:
        return self._town.get("app.localhost", path).status


@pytest.fixture
def served(town, until):
    if not town.proxy.serving("app", "prod"):
        town.release("app", "prod", 1)
        town.proxy.shift("app", "prod", {"app.prod.r1": 100}, epoch=1)
    until(lambda: all(router.accepts for router in town.routers()))
    return town


@pytest.fixture
def watch(served, until) -> Watch:
    return Watch(served, until)


def test_answers_are_told_apart_by_their_status(watch) -> None:
    for status in (200, 201, 302, 404, 404, 500):
        assert watch.get(f"/status/{status}") == status
    watch.until(lambda: watch.seen.timed == 6)
    assert watch.seen.classes == (0, 2, 1, 2, 1)
    assert watch.last["app.prod.r1"].heard


def test_a_duration_is_exact_at_every_bound(watch) -> None:
    """Between how long the application took and how long its client waited lies what the router counts."""
    for milliseconds in (0, 1, 4.4, 8.8, 9.7, 17.5, 19.3, 88.5, 98.9, 99.6, 108.5, 118.5):
        before, began = watch.seen.durations, time.monotonic()
        watch.get(f"/slow/{milliseconds / 1000}")
        waited = (time.monotonic() - began) * 1000
        watch.until(lambda before=before: watch.seen.durations != before)
        (place,) = (i for i, count in enumerate(watch.seen.durations) if count != before[i])
        assert (0, *BOUNDS)[place] <= waited, f"{milliseconds} ms took {waited} ms"
        assert milliseconds < (*BOUNDS, 1e9)[place], f"{milliseconds} ms took {waited} ms"


def test_every_bound_is_told_apart_from_the_next(served) -> None:
    """Envoy's own bins are as wide as the second digit; each bound is where one of them begins."""
    told = counting.buckets()[0]["buckets"]
    assert len(told) == len(Tally().durations)
    assert all(len(str(bound).rstrip("0")) <= 2 for bound in BOUNDS)
    assert all(given < bound for given, bound in zip(told, BOUNDS, strict=False))
    assert list(told) == sorted(set(told))


def test_what_the_router_answers_for_a_dead_release_is_its_error_and_has_no_duration(watch) -> None:
    assert watch.get("/hang-up") == 503
    watch.until(lambda: watch.seen.errors == 1)
    assert watch.seen.requests == 1
    watch.until(lambda: watch.last["app.prod.r1"].in_flight == 0)
    assert watch.seen.timed == 0


def test_one_that_is_sent_again_and_again_in_vain_is_one_error(served, monkeypatch) -> None:
    monkeypatch.setitem(routes.RETRIES, "num_retries", 5)
    (port,) = served.release("dead", "prod", 1)
    served.proxy.shift("dead", "prod", {"dead.prod.r1": 100}, epoch=1)
    served.kill(port)
    collector = Collector(served.places, served.proxy, served.keeper)
    collector.look()
    assert served.get("dead.localhost").status == 503
    found = {reading.release: reading for reading in collector.look()}["dead.prod.r1"]
    assert found.tally.classes == (0, 0, 0, 0, 1)


def test_a_request_is_in_flight_until_it_is_answered(watch) -> None:
    with ThreadPoolExecutor() as threads:
        asked = threads.submit(watch.get, "/slow/0.5")
        watch.until(lambda: watch.last["app.prod.r1"].in_flight == 1)
        assert watch.seen.requests == 0
        assert asked.result() == 200
    watch.until(lambda: watch.last["app.prod.r1"].in_flight == 0 and watch.seen.timed == 1)
    assert watch.seen.requests == 1


def test_a_websocket_has_no_duration(served, watch) -> None:
    with socket.create_connection(("127.0.0.1", served.proxy.port)) as talk:
        upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n"
        talk.sendall(f"GET / HTTP/1.1\r\nHost: app.localhost\r\n{upgrade}\r\n".encode())
        watch.until(lambda: watch.last["app.prod.r1"].in_flight == 1)
    watch.until(lambda: watch.last["app.prod.r1"].in_flight == 0 and watch.seen.requests == 1)
    assert watch.seen.classes == (1, 0, 0, 0, 0)
    assert watch.seen.timed == 0


def test_a_router_that_dies_neither_counts_twice_nor_negative(served, watch, until) -> None:
    """Everything was looked at before: nothing may be lost either."""
    for which in range(2):
        for _ in range(8):
            assert watch.get("/") == 200
        watch.until(lambda which=which: watch.seen.timed == 8 * (which + 1))
        pid = served.router_pids()[which]
        os.kill(pid, signal.SIGKILL)
        until(lambda pid=pid: pid not in served.router_pids())
        watch.until(lambda: all(router.accepts for router in served.routers()))
        watch.look()
        assert watch.last["app.prod.r1"].tally == Tally()
        assert watch.last["app.prod.r1"].heard
    assert watch.seen.classes == (0, 16, 0, 0, 0)


def test_a_router_that_is_silent_is_told_as_such_and_what_it_counted_comes_later(
    served, watch, monkeypatch
) -> None:
    monkeypatch.setattr(counting, "ANSWER_WITHIN", 0.2)
    for _ in range(8):
        watch.get("/")
    pid = served.router_pids()[0]
    os.kill(pid, signal.SIGSTOP)
    try:
        watch.look()
        assert not watch.last["app.prod.r1"].heard
    finally:
        os.kill(pid, signal.SIGCONT)
    watch.until(lambda: watch.seen.timed == 8)
    assert watch.seen.requests == 8
    assert watch.last["app.prod.r1"].heard


def test_a_router_that_is_started_again_while_it_answers_is_silent(tmp_path) -> None:
    """Nobody could say whether it answered before or after."""

    class Dying(Admin):
        def ask(self, _target: str, _method: str = "GET", *, within: float = 0.0) -> str:
            self.path.rename(tmp_path / "before")
            self.path.touch()
            return ""

    (tmp_path / "admin").touch()
    counter = counting.Counter("router-1")
    assert counter.count(Dying(tmp_path / "admin")).state == "silent"


def test_a_release_that_no_router_knows_is_not_heard(served, watch, monkeypatch) -> None:
    known = served.proxy.releases()
    monkeypatch.setattr(served.proxy, "releases", lambda: [*known, "app.prod.r9"])
    watch.look()
    assert watch.last["app.prod.r1"].heard
    assert not watch.last["app.prod.r9"].heard


def test_a_release_that_was_dropped_is_told_of_no_more(served, watch) -> None:
    served.release("app", "prod", 7)
    watch.until(lambda: "app.prod.r7" in watch.last and watch.last["app.prod.r7"].heard)
    served.proxy.drop_cluster("app.prod.r7")
    watch.until(lambda: "app.prod.r7" not in watch.last)
