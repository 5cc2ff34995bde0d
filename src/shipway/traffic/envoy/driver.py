"""Makes every Envoy do what should be: file by file, each confirmed before the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from shipway.errors import RouterSilent
from shipway.traffic.desired import Desired
from shipway.traffic.envoy import routes
from shipway.traffic.envoy.admin import STAT_PREFIX, Admin, Gone, Silent
from shipway.traffic.envoy.clusters import clusters
from shipway.traffic.envoy.publish import CLUSTERS, ROUTES, RUNTIME, publish
from shipway.traffic.envoy.router import Router
from shipway.traffic.patience import until

CONFIRMED_WITHIN = 15.0  # an Envoy that was killed is back in one to three seconds
OF_ALL_THE_SAME = ("membership_healthy", "membership_total")

Said = TypeVar("Said")


class Driver:
    """Envoys that follow the same files in `directory`; `behind_tls`: a proxy passes requests on to them.

    One that is not there stands in nobody's way: it reads the newest files before it listens.
    """

    def __init__(self, directory: Path, routers: Sequence[Router], *, behind_tls: bool) -> None:
        self._directory = directory
        self._behind_tls = behind_tls
        self._routers = routers

    @property
    def files(self) -> Sequence[Path]:
        """What is published."""
        return [self._directory / name for name in (CLUSTERS, RUNTIME, ROUTES)]

    def publish(self, desired: Desired) -> list[tuple[str, int]]:
        """Writes every file that has changed; returns the statistics that confirm them, and what they will say."""
        return list(self._publish(desired))

    def follow(self, desired: Desired) -> None:
        """Publishes a changed record; returns when all of it is in force. Raises RouterSilent."""
        for statistic, version in self._publish(desired):
            self.confirm(statistic, version)

    def confirm(self, statistic: str, version: int) -> None:
        """Returns when a file is in force in every Envoy that is there, and in one at least."""

        def confirmed() -> bool:
            try:
                said = self._each(lambda admin: admin.version(statistic))
            except Silent:
                return False
            return bool(said) and min(said) >= version

        if not until(confirmed, CONFIRMED_WITHIN):
            raise RouterSilent(f"Envoy did not take up a change of {statistic.removesuffix('.version_text')}.")

    def health(self, cluster: str) -> Mapping[int, bool]:
        """Each port of a cluster that is in force anywhere, and whether its checks succeed everywhere."""
        try:
            said = self._each(lambda admin: admin.endpoints(cluster))
        except Silent:
            return {}
        return {port: all(one.get(port, False) for one in said) for port in {port for one in said for port in one}}

    def numbers(self, cluster: str) -> Mapping[str, int]:
        """Every counter and gauge of a cluster by its short name, of all Envoys; empty if there is none."""
        try:
            said = [one for one in self._each(lambda admin: admin.numbers(cluster)) if one]
        except Silent:
            return {}
        names = {name for one in said for name in one}
        return {name: _together(name, [one[name] for one in said if name in one]) for name in names}

    def _each(self, ask: Callable[[Admin], Said]) -> list[Said]:
        """What those say that are there. Raises Silent when one of them does not answer."""
        said = []
        for router in self._routers:
            try:
                said.append(ask(router.admin))
            except Gone:
                continue
        return said

    def _publish(self, desired: Desired) -> Iterator[tuple[str, int]]:
        """File by file, each with the version to wait for before the next one is written."""
        files = {
            "cluster_manager.cds": (CLUSTERS, clusters(desired)),
            "runtime": (RUNTIME, [routes.runtime(desired)]),
            f"http.{STAT_PREFIX}.rds.{routes.NAME}": (
                ROUTES,
                [routes.routes(desired, behind_tls=self._behind_tls)],
            ),
        }
        for source, (file, resources) in files.items():
            yield f"{source}.version_text", publish(self._directory / file, resources)


def _together(name: str, numbers: Sequence[int]) -> int:
    """Each Envoy counts its own requests, but all know the same instances."""
    return min(numbers) if name in OF_ALL_THE_SAME else sum(numbers)
