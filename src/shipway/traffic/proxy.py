"""Drives the router: what should serve is kept in one file, and every file Envoy reads is made from it.

A change is recorded first and then published in the order that is safe at every moment: where instances are,
clusters, shares, routes. So a writer that is killed between any two files leaves something that serves, and
the next `start` brings the rest.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from shipway.config.places import Places
from shipway.errors import OwnerError, StaleEpoch, TransientError
from shipway.traffic import desired as record
from shipway.traffic import health, router
from shipway.traffic.addresses import address, host, key
from shipway.traffic.desired import Cluster, Desired, owner
from shipway.traffic.envoy import clusters, routes
from shipway.traffic.envoy.admin import Admin, Silent
from shipway.traffic.envoy.bootstrap import STAT_PREFIX, bootstrap
from shipway.traffic.envoy.publish import publish
from shipway.traffic.files import replace
from shipway.traffic.health import NotHealthy
from shipway.traffic.plan import Shares
from shipway.traffic.router import Keeper

__all__ = ["NotHealthy", "Proxy", "RouterSilent", "address", "host"]

STARTED_WITHIN = 20.0
CONFIRMED_WITHIN = 15.0  # a router that was killed is back in one to three seconds
ANSWERS_WITHIN = 5.0
QUIET = 0.3


class RouterSilent(TransientError):
    """Envoy did not say in time that a change is in force; what should serve is recorded, and tried again."""

    id = "traffic.router_silent"
    default_hint = "The keeper starts Envoy again by itself; its log is proxy/router.log in the data directory."


class RouterFailed(OwnerError):
    """Envoy does not come up: its port is taken, or it does not run on this machine."""

    id = "traffic.router_failed"
    default_hint = "Another program may listen on the port: `shipway up --proxy-port` names another one."


class Proxy:
    """The router of one installation, for any number of threads and processes at once."""

    def __init__(self, places: Places, port: int, *, concurrency: int = 2) -> None:
        self.port = port
        self._concurrency = concurrency
        self._directory = places.proxy
        self._socket = places.envoy_socket
        self._admin = Admin(places.envoy_socket)

    def start(self, keeper: Keeper) -> None:
        """Makes every file again from the record, and Envoy run on them; returns when it accepts requests.

        Harmless while it runs. Raises RouterFailed, with what Envoy said, when it does not come up.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        configuration = self._directory / "bootstrap.json"
        replace(configuration, bootstrap(self._directory, self._socket, self.port))
        with self._writing() as desired:
            versions = list(self._publish(desired))
            router.run(keeper, configuration, self._concurrency)
            if not self._until(self._admin.ready, STARTED_WITHIN):
                raise RouterFailed(f"The router does not start. {router.complaint(configuration)}".rstrip())
            for statistic, version in versions:
                self._confirm(statistic, version)
            self._tidy(desired)

    def ensure_cluster(
        self, cluster: str, ports: Sequence[int], health_path: str, *, timeout: float = 30.0
    ) -> None:
        """Makes a release reachable, without traffic yet; returns when all its endpoints are healthy.

        Raises NotHealthy after `timeout` seconds, saying what each endpoint answers; a cluster that was new is
        then taken back.
        """
        wanted = Cluster(tuple(ports), health_path)
        with self._writing() as desired:
            known = cluster in desired.clusters
            self._apply(desired.with_cluster(cluster, wanted))
        if not self._until(lambda: self._healthy(cluster) == len(ports), timeout):
            if not known:
                self.drop_cluster(cluster)
            raise NotHealthy(self._why(cluster, wanted))

    def endpoints(self, cluster: str, ports: Sequence[int]) -> None:
        """Names the instances of a known cluster anew; the router takes them up at once."""
        with self._writing() as desired:
            changed = Cluster(tuple(ports), desired.clusters[cluster].health_path)
            self._apply(desired.with_cluster(cluster, changed))

    def announce(self, app: str, env: str) -> None:
        """Makes an environment's address known before its first release: it says so there."""
        with self._writing() as desired:
            self._apply(desired.with_environment(key(app, env)))

    def shift(self, app: str, env: str, shares: Mapping[str, int], *, epoch: int) -> None:
        """Gives each cluster its share of 100 requests; none at all stops serving.

        Returns when the router has confirmed. Raises StaleEpoch when a newer deployment has moved this traffic
        already, NotHealthy when a cluster that gains does not answer; nothing has changed then.
        """
        name, wanted = key(app, env), Shares(shares).of
        with self._writing() as desired:
            if epoch < desired.epoch(name):
                newer = f"Traffic of {app} in {env} was moved by deployment epoch {desired.epoch(name)} already"
                raise StaleEpoch(f"{newer}; epoch {epoch} came too late.")
            self._must_answer(desired, name, wanted)
            self._apply(desired.with_environment(name, shares=dict(wanted), epoch=epoch))

    def serving(self, app: str, env: str) -> Mapping[str, int]:
        """Which cluster has which share of 100."""
        return self._desired().shares(key(app, env))

    def epoch(self, app: str, env: str) -> int:
        """The newest deployment that moved this traffic, 0 when none did."""
        return self._desired().epoch(key(app, env))

    def clusters(self, app: str, env: str) -> Mapping[str, Sequence[int]]:
        """Every cluster of an environment with its ports: what serves and what is kept warm."""
        desired = self._desired()
        return {name: desired.clusters[name].ports for name in desired.clusters_of(key(app, env))}

    def in_flight(self, cluster: str) -> int:
        """Requests a release is answering at this moment."""
        return self.counters(cluster).get("upstream_rq_active", 0)

    def drained(self, cluster: str, timeout: float) -> bool:
        """Whether a release without a share came to rest within `timeout` seconds: it is safe to stop then."""
        end = time.monotonic() + timeout
        quiet, seen = time.monotonic(), -1
        while True:
            counted = self.counters(cluster)
            total, now = counted.get("upstream_rq_total", 0), time.monotonic()
            if total != seen or counted.get("upstream_rq_active", 0):
                quiet, seen = now, total
            if now - quiet >= QUIET:
                return True
            if now > end:
                return False
            time.sleep(0.02)

    def drop_cluster(self, cluster: str) -> None:
        """Forgets a release. One that serves is never dropped (ValueError); one not known is no error."""
        with self._writing() as desired:
            if desired.serves(cluster):
                raise ValueError(f"{cluster} serves {owner(cluster)}; shift its traffic first")
            if cluster in desired.clusters:
                self._apply(desired.without([cluster]))

    def remove(self, app: str, env: str) -> None:
        """Forgets an environment and its releases, but not its epoch."""
        name = key(app, env)
        with self._writing() as desired:
            silent = desired.with_environment(name, shares={}, known=False)
            self._apply(silent)
            self._apply(silent.without(silent.clusters_of(name)))

    def counters(self, cluster: str) -> Mapping[str, int]:
        """What the router counts of a release, by Envoy's names; empty when it does not know it."""
        try:
            return self._admin.numbers(cluster)
        except Silent:
            return {}

    def _desired(self) -> Desired:
        return record.load(self._directory / "desired.json")

    @contextmanager
    def _writing(self) -> Iterator[Desired]:
        """Alone among all writers, threads and processes, with what the last one left."""
        with open(self._directory / "lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self._desired()

    def _apply(self, desired: Desired) -> None:
        record.keep(self._directory / "desired.json", desired)
        for statistic, version in self._publish(desired):
            self._confirm(statistic, version)
        self._tidy(desired)

    def _publish(self, desired: Desired) -> Iterator[tuple[str, int]]:
        """File by file, each with the version to wait for before the next one is written."""
        for name, cluster in desired.clusters.items():
            publish(clusters.endpoints_file(self._directory, name), [clusters.endpoints(name, cluster)])
        files = {
            "cluster_manager.cds": ("clusters.json", clusters.clusters(self._directory, desired)),
            "runtime": ("runtime.json", [routes.runtime(desired)]),
            f"http.{STAT_PREFIX}.rds.{routes.NAME}": ("routes.json", [routes.routes(desired)]),
        }
        for source, (file, resources) in files.items():
            yield f"{source}.version_text", publish(self._directory / file, resources)

    def _tidy(self, desired: Desired) -> None:
        kept = {clusters.endpoints_file(self._directory, name) for name in desired.clusters}
        for file in set(self._directory.glob("eds-*.json")) - kept:
            file.unlink()

    def _confirm(self, statistic: str, version: int) -> None:
        if not self._until(lambda: self._admin.version(statistic) >= version, CONFIRMED_WITHIN):
            raise RouterSilent(f"Envoy did not take up a change of {statistic.rpartition('.')[0]}.")

    def _must_answer(self, desired: Desired, name: str, wanted: Mapping[str, int]) -> None:
        before = desired.shares(name)
        for cluster in (one for one, share in wanted.items() if share > before.get(one, 0)):
            if not self._until(partial(self._answers, cluster), ANSWERS_WITHIN):
                raise NotHealthy(self._why(cluster, desired.clusters.get(cluster)))

    def _answers(self, cluster: str) -> bool:
        return self._healthy(cluster) > 0

    def _healthy(self, cluster: str) -> int:
        return self._admin.numbers(cluster).get("membership_healthy", 0)

    def _why(self, cluster: str, known: Cluster | None) -> str:
        if known is None:
            return f"The router knows no release {cluster}."
        name = host(*owner(cluster).split("."))
        answers = [f"port {port} {health.answer(port, known.health_path, name)}" for port in known.ports]
        return f"{cluster} is not healthy: {'; '.join(answers) or 'it has no instance'}."

    @staticmethod
    def _until(done: Callable[[], bool], within: float) -> bool:
        """Asks again and again, a router that does not answer included; False when time is up."""
        end, pause = time.monotonic() + within, 0.002
        while True:
            try:
                if done():
                    return True
            except Silent:
                pass
            if time.monotonic() > end:
                return False
            time.sleep(pause)
            pause = min(pause * 1.5, 0.05)
