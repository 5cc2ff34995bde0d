"""A push goes on to prod while one of the two routers is there and does nothing."""

from __future__ import annotations

import os
import signal
import time

from shipway.hosts.keeper.client import Keeper
from shipway.traffic.proxy import ROUTERS
from support.installation import Installation, Repository, eventually
from support.load import Load
from support.shop import shop


def test_it_is_replaced_and_the_deployment_goes_through(
    installation: Installation, repository: Repository
) -> None:
    """Lost is at most what each client had asked the one that hung."""
    keeper = Keeper(installation.places)

    def pids() -> dict[str, int | None]:
        return {state.id: state.pid for state in keeper.instances("router")}

    before = pids()
    hangs = before[ROUTERS[0]] or 0
    with Load(installation.proxy_port, "shop.localhost", names=lambda answer: answer.body.decode()) as clients:
        time.sleep(0.5)
        os.kill(hangs, signal.SIGSTOP)
        stopped = time.time()
        repository.deliver("Become version 2", shop("2"))
        eventually(lambda: pids()[ROUTERS[0]] not in (hangs, None), "it is replaced")
        eventually(lambda: clients.seen["2"] > 50, "the new version answers")
    assert pids()[ROUTERS[1]] == before[ROUTERS[1]]
    assert [failure for failure in clients.failures if failure.refused] == []
    assert len(clients.failures) <= clients.keep + clients.think + clients.fresh + clients.slow
    assert [failure for failure in clients.failures if failure.at > stopped + 10] == []
