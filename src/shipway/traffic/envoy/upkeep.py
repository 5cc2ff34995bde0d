"""Sees to it that every router runs, and as it should by now; replacing one loses no request."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from shipway.errors import RouterFailed
from shipway.hosts.keeper.spec import InstanceState
from shipway.traffic.envoy import port, steering
from shipway.traffic.envoy.admin import Gone, Silent
from shipway.traffic.envoy.router import GROUP, Keeper, Router
from shipway.traffic.patience import until

ANSWERS_WITHIN = 3.0
STARTED_WITHIN = 20.0
GIVES_UP_AFTER = 2  # ends in a row; the keeper goes on trying

# How a router is let go, in seconds: what takes longer than the first is seen to at the next look.
LEAVES_WITHIN = 3.0
SETTLED = 0.1  # connections that were given to it before have come out of its queue
IDLE = 2.0  # a connection that has had no request for so long is closed
LONGEST = 60.0  # and one that has

States = Mapping[str, InstanceState]


class Upkeep:
    """Of the routers on one port. One call after the other; what serves goes on in each of them."""

    def __init__(self, routers: Sequence[Router]) -> None:
        self._routers = routers
        self._port = routers[0].port
        self._leaving: dict[str, float] = {}

    def look_after(self, keeper: Keeper) -> bool:
        """Starts those that do not run, then replaces those that should be others by now, one at a time.

        Returns when requests are accepted; True when there is nothing left to do. Raises RouterFailed, with
        what Envoy said, when one does not come up, and when somebody else has the port.
        """
        with port.held(self._port, lambda: {state.pid for state in _states(keeper).values() if state.pid}):
            self._start(keeper)
            for router in self._routers:
                if _is_outdated(router, keeper) and not self._replace(router, keeper):
                    return False
        return all(router.state() == "LIVE" for router in self._routers)

    def _start(self, keeper: Keeper) -> None:
        there, ours = _states(keeper), {router.name for router in self._routers}
        for state in there.values():
            if state.stopping or state.id not in ours:
                keeper.stop(state.id, group=GROUP, epoch=keeper.highest_epoch(GROUP), grace=0.0)
        for router in self._routers:
            router.write_down()
            if router.name not in there or there[router.name].stopping:
                router.start(keeper)
        if not self._await(self._routers, keeper, ANSWERS_WITHIN):
            for router in self._routers:
                if router.is_deaf():
                    self._start_anew(router, keeper)
            self._await(self._routers, keeper, STARTED_WITHIN)
        if not any(router.accepts for router in self._routers):
            raise self._failure()

    def _await(self, routers: Sequence[Router], keeper: Keeper, within: float) -> bool:
        """Until each of these accepts requests, or has given up: at once where another one accepts them."""
        before = _states(keeper)

        def settled() -> bool:
            now = _states(keeper)
            shut = [router.name for router in self._routers if not router.accepts]
            alone = len(shut) == len(self._routers)
            waited_for = [router.name for router in routers if router.name in shut]
            return all(_has_given_up(before.get(name), now.get(name), alone=alone) for name in waited_for)

        return until(settled, within)

    def _replace(self, router: Router, keeper: Keeper) -> bool:
        """False when it still has requests to answer. Raises RouterFailed when there is nobody else to."""
        if router.listens_on(self._port):
            if not any(other.accepts for other in self._routers if other is not router):
                raise self._failure()
            if not self._has_let_go(router):
                return False
        self._start_anew(router, keeper)
        steering.to_all(self._port)
        if not router.accepts:
            raise self._failure()
        return True

    def _has_let_go(self, router: Router) -> bool:
        """Gets no new connection, and asks its clients to leave: whether they have."""
        since = self._leaving.setdefault(router.name, time.monotonic())

        def gone() -> bool:
            at, waited = router.admin.traffic(), time.monotonic() - since
            idle = not at.connections or (not at.requests and waited > IDLE)
            return (idle and waited > SETTLED) or waited > LONGEST

        try:
            steering.away_from(router.admin, self._port)
            router.admin.drain()
            return until(gone, LEAVES_WITHIN)
        except Gone:
            return True
        except Silent:  # it may be answering requests all the same
            return time.monotonic() - since > LONGEST

    def _start_anew(self, router: Router, keeper: Keeper) -> None:
        router.stop(keeper)
        self._leaving.pop(router.name, None)
        router.start(keeper)
        self._await([router], keeper, STARTED_WITHIN)

    def _failure(self) -> RouterFailed:
        said = next(filter(None, (router.complaint() for router in self._routers if not router.accepts)), "")
        return RouterFailed(f"The router does not start. {said}".rstrip())


def _states(keeper: Keeper) -> States:
    return {state.id: state for state in keeper.instances(GROUP)}


def _is_outdated(router: Router, keeper: Keeper) -> bool:
    """Another binary, other options, another configuration; or somebody has begun to replace it."""
    state = _states(keeper).get(router.name)
    return state is not None and (state.release != router.version() or router.state() == "DRAINING")


def _has_given_up(before: InstanceState | None, now: InstanceState | None, *, alone: bool) -> bool:
    if now is None:
        return True
    ends = now.restarts - (before.restarts if before is not None else 0)
    return ends >= GIVES_UP_AFTER or (now.state == "backoff" and not alone)
