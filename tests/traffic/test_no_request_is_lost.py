"""Whatever moves behind the router, a client that never tries again sees nothing of it."""

from __future__ import annotations

import threading
import time

from support.load import Load


def load(town, **options) -> Load:
    return Load(town.proxy.port, "topup.localhost", names=lambda answer: answer.body.decode(), **options)


def switch(town, number: int) -> list[int]:
    """One deployment: a new release beside the one that serves, then all traffic to it."""
    ports = town.release("topup", "prod", number)
    town.proxy.shift("topup", "prod", {f"topup.prod.r{number}": 100}, epoch=number)
    return ports


def test_when_the_old_release_is_stopped_at_once(town) -> None:
    old = switch(town, 1)
    with load(town, slow_for=0.4) as clients:
        for number in range(2, 14):
            new = switch(town, number)
            town.stop(*old)
            town.proxy.drop_cluster(f"topup.prod.r{number - 1}")
            old = new
        time.sleep(0.2)
    assert clients.failures == []
    assert clients.requests > 500
    assert clients.seen["topup.prod.r13"]


def test_when_the_old_release_finishes_what_it_has_begun(town) -> None:
    old = switch(town, 1)
    with load(town, slow_for=0.5) as clients:
        for number in range(2, 8):
            new = switch(town, number)
            assert town.proxy.drained(f"topup.prod.r{number - 1}", 10)
            town.kill(*old)
            town.proxy.drop_cluster(f"topup.prod.r{number - 1}")
            old = new
    assert clients.failures == []
