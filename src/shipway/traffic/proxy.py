"""Which release serves which share of requests, kept in one file that the routers (two Envoys) follow.

A change is recorded first and then published in the order that is safe at every moment: where instances are,
clusters, shares, routes. So a writer that is killed between any two files leaves something that serves, and
the next `start` brings the rest.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from shipway.config.places import Places
from shipway.errors import NotHealthy, RouterSilent, StaleEpoch
from shipway.traffic import desired as record
from shipway.traffic import files, health
from shipway.traffic.addresses import address, host, key
from shipway.traffic.counts import Count
from shipway.traffic.desired import Cluster, Desired, owner
from shipway.traffic.envoy.counting import Counter
from shipway.traffic.envoy.driver import Driver
from shipway.traffic.envoy.glance import Glance
from shipway.traffic.envoy.router import GROUP, Keeper, Router
from shipway.traffic.envoy.upkeep import Upkeep
from shipway.traffic.patience import until
from shipway.traffic.plan import Shares

__all__ = ["Proxy", "address", "host"]

ROUTERS = ("router-1", "router-2")
ANSWERS_WITHIN = 10.0  # longer than it takes the keeper to end a router that hangs
QUIET = 0.3  # seconds without a new request until a release that lost its traffic counts as drained


class Proxy:
    """The routers of one installation, for any number of threads and processes at once.

    There are two on one port, told by the same files, so that requests are accepted also while one is started
    again or replaced. A cluster is a release's `web`, named `<application>.<environment>.r<number>`. `behind_tls`:
    a proxy on this machine passes requests on, and its X-Forwarded-Proto is believed.
    """

    def __init__(self, places: Places, port: int, *, behind_tls: bool = False) -> None:
        self.port = port
        self._directory = places.proxy
        self._record = places.proxy / "desired.json"
        routers = [Router(name, places.proxy, places.router_socket(name), port) for name in ROUTERS]
        self._routers = routers
        self._counters = {name: Counter(name) for name in ROUTERS}
        self._driver = Driver(places.proxy, routers, behind_tls=behind_tls)
        self._upkeep = Upkeep(routers)
        self._glance = Glance(places.proxy, routers)

    def start(self, keeper: Keeper) -> None:
        """Makes every file again from the record, and both Envoys run on them; returns when requests are
        accepted. A call while nothing is wrong costs next to nothing, so it may be made every second.

        Raises RouterFailed, with what Envoy said, when it does not come up or somebody else has the port.
        """
        if self._glance.is_as_before(keeper):
            return
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._writing() as desired:
            versions = self._driver.publish(desired)
            spared = self._lay_in_spares()
            marks = self._glance.files()
        done = self._upkeep.look_after(keeper)
        for statistic, version in versions:
            self._driver.confirm(statistic, version)
        if done and spared:
            self._glance.remember(marks, keeper)

    def end_idle(self, keeper: Keeper) -> bool:
        """Ends the routers where the keeper keeps nothing else, so that nothing can serve; whether that is so."""
        if len(keeper.instances(GROUP)) < len(keeper.instances()):
            return False
        for router in self._routers:
            router.stop(keeper)
        return True

    def ensure_cluster(
        self, cluster: str, ports: Sequence[int], health_path: str, *, timeout: float = 30.0
    ) -> None:
        """Makes a release reachable, without traffic yet; returns when all its instances are healthy.

        Raises NotHealthy after `timeout` seconds, saying what each instance answers, or RouterSilent when all of
        them are well, and takes a cluster that was new back.
        """
        wanted = Cluster(tuple(ports), health_path)
        with self._writing() as desired:
            known = cluster in desired.clusters
            try:
                self._follow(desired.with_cluster(cluster, wanted))
            except RouterSilent:
                self._withdraw(desired)
                raise
        if not until(lambda: self._driver.health(cluster) == dict.fromkeys(ports, True), timeout):
            refusal = health.refuse(cluster, wanted)
            if not known:
                self.drop_cluster(cluster)
            raise refusal

    def endpoints(self, cluster: str, ports: Sequence[int]) -> None:
        """Names the instances of a known cluster anew; returns when the router has taken them up."""
        with self._writing() as desired:
            changed = Cluster(tuple(ports), desired.clusters[cluster].health_path)
            self._follow(desired.with_cluster(cluster, changed))
        until(lambda: self._driver.health(cluster).keys() == set(ports), ANSWERS_WITHIN)

    def shift(
        self,
        app: str,
        env: str,
        shares: Mapping[str, int],
        *,
        epoch: int,
        sticky: bool = False,
        healthy: bool = True,
    ) -> None:
        """Gives each cluster its share of 100 requests; none at all stops serving. With `sticky` whoever came to
        one of them once, in a browser that keeps cookies, stays with it as long as it has a share.

        Returns when the router has confirmed. Raises StaleEpoch when a newer deployment has moved this traffic
        already, NotHealthy when a cluster that gains does not answer; nothing has changed then. Unless it need not
        be `healthy`: whoever is given up gives back what it had. RouterSilent leaves open whether it has: ask
        again.
        """
        name, wanted = key(app, env), Shares(shares).of
        with self._writing() as desired:
            if epoch < desired.epoch(name):
                newer = f"Traffic of {app} in {env} was moved by deployment epoch {desired.epoch(name)} already"
                raise StaleEpoch(f"{newer}; epoch {epoch} came too late.")
            for cluster, share in wanted.items():
                if healthy and share > desired.shares(name).get(cluster, 0):
                    self._must_answer(cluster, desired)
            self._follow(desired.with_environment(name, shares=dict(wanted), epoch=epoch, sticky=sticky))

    def serving(self, app: str, env: str) -> Mapping[str, int]:
        """Which cluster has which share of 100."""
        return self._desired().shares(key(app, env))

    def is_well(self, cluster: str, *, directly: bool) -> bool | None:
        """Whether any instance of a release is healthy, by the routers, or asked `directly` at this moment; None
        where nobody knows it.
        """
        if directly:
            known = self._desired().clusters.get(cluster)
            return None if known is None else any(answer.good for answer in health.ask(cluster, known))
        said = self._driver.health(cluster)
        return any(said.values()) if said else None

    def epoch(self, app: str, env: str) -> int:
        """The newest deployment that moved this traffic, 0 when none did."""
        return self._desired().epoch(key(app, env))

    def clusters(self, app: str, env: str) -> Mapping[str, Sequence[int]]:
        """Every cluster of an environment with its ports: what serves and what is kept warm."""
        desired = self._desired()
        return {name: desired.clusters[name].ports for name in desired.clusters_of(key(app, env))}

    def drained(self, cluster: str, timeout: float) -> bool:
        """Whether a release without a share came to rest within `timeout` seconds: it is safe to stop then."""
        end, seen, since = time.monotonic() + timeout, -1, 0.0
        while True:
            counted, now = self.counters(cluster), time.monotonic()
            total = counted.get("upstream_rq_total", 0)
            if total != seen or counted.get("upstream_rq_active", 0):
                seen, since = total, now
            if now - since >= QUIET or now > end:
                return now - since >= QUIET
            time.sleep(0.02)

    def drop_cluster(self, cluster: str) -> None:
        """Forgets a release. One that serves is never dropped (ValueError); one not known is no error."""
        with self._writing() as desired:
            if desired.serves(cluster):
                raise ValueError(f"{cluster} serves {owner(cluster)}; shift its traffic first")
            if cluster in desired.clusters:
                self._follow(desired.without([cluster]))

    def counters(self, cluster: str) -> Mapping[str, int]:
        """What the routers count of a release in sum, by Envoy's names; empty when they do not know it.

        Each counts since it was started, so a figure that has fallen has begun anew.
        """
        return self._driver.numbers(cluster)

    def count(self) -> Sequence[Count]:
        """What each router has counted of each release; one that hangs is waited for a second. For one thread."""
        return [self._counters[router.name].count(router.admin) for router in self._routers]

    def releases(self) -> Sequence[str]:
        """Every cluster of every environment."""
        return sorted(self._desired().clusters)

    def served(self) -> Sequence[str]:
        """Every cluster that has a share of the requests to its environment."""
        desired = self._desired()
        return sorted(cluster for cluster in desired.clusters if desired.serves(cluster))

    def _must_answer(self, cluster: str, desired: Desired) -> None:
        """Healthy for Envoy, and at this moment: its own checks are a second apart."""
        known = desired.clusters.get(cluster)
        if known is None:
            raise NotHealthy(f"The router knows no release {cluster}.")

        def answers() -> bool:
            healthy = any(self._driver.health(cluster).values())
            return healthy and any(answer.good for answer in health.ask(cluster, known))

        if not until(answers, ANSWERS_WITHIN):
            raise health.refuse(cluster, known)

    @contextmanager
    def _writing(self) -> Iterator[Desired]:
        """Alone among all writers, threads and processes, with what the last one left."""
        with open(self._directory / "lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self._desired()

    def _lay_in_spares(self) -> bool:
        """Whether all that moves requests could be written once without a byte of disk."""
        laid_in = [files.lay_in_spare(path) for path in (self._record, *self._driver.files)]
        return all(laid_in)

    def _desired(self) -> Desired:
        return record.load(self._record)

    def _follow(self, desired: Desired) -> None:
        record.keep(self._record, desired)
        self._driver.follow(desired)

    def _withdraw(self, desired: Desired) -> None:
        """Back to what was before, without waiting: what Envoy refuses must not stand in the way of the next."""
        record.keep(self._record, desired)
        self._driver.publish(desired)
