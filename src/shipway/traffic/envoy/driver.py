"""Makes Envoy do what should be: file by file, each confirmed before the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from shipway.errors import RouterFailed, RouterSilent
from shipway.traffic.desired import Desired
from shipway.traffic.envoy import router, routes
from shipway.traffic.envoy.admin import Admin, Silent
from shipway.traffic.envoy.bootstrap import STAT_PREFIX, admin_socket, bootstrap
from shipway.traffic.envoy.clusters import clusters
from shipway.traffic.envoy.publish import publish
from shipway.traffic.envoy.router import Keeper
from shipway.traffic.files import replace
from shipway.traffic.patience import until

LISTENS_WITHIN = 3.0
STARTED_WITHIN = 20.0
GIVES_UP_AFTER = 2  # ends in a row; the keeper goes on trying
CONFIRMED_WITHIN = 15.0  # an Envoy that was killed is back in one to three seconds


class Driver:
    """One Envoy, its files in `directory`; `socket` is where a new one answers questions about itself."""

    def __init__(self, directory: Path, socket: Path, port: int, concurrency: int) -> None:
        self._directory = directory
        self._bootstrap = directory / "bootstrap.json"
        self._new_socket = socket
        self._port = port
        self._concurrency = concurrency

    def start(self, keeper: Keeper, desired: Desired) -> None:
        """Makes every file again and Envoy run on them; one that runs on the same goes on.

        The order of files does not matter here: a record is published in the right order before it changes
        again, so what is on the disk differs from it in one step at most.
        """
        socket = self._socket if self._ready() else self._new_socket
        replace(self._bootstrap, bootstrap(self._directory, socket, self._port))
        versions = self.publish(desired)
        router.run(keeper, self._bootstrap, self._concurrency)
        self._await_ready(keeper)
        for statistic, version in versions:
            self._confirm(statistic, version)

    def publish(self, desired: Desired) -> list[tuple[str, int]]:
        """Writes every file that has changed; returns the statistics that confirm them, and what they will say."""
        return list(self._publish(desired))

    def follow(self, desired: Desired) -> None:
        """Publishes a changed record; returns when all of it is in force. Raises RouterSilent."""
        for statistic, version in self._publish(desired):
            self._confirm(statistic, version)

    def health(self, cluster: str) -> Mapping[int, bool]:
        """Each port of a cluster that is in force, and whether its checks succeed; empty if there is none."""
        try:
            return self._admin.endpoints(cluster)
        except Silent:
            return {}

    def numbers(self, cluster: str) -> Mapping[str, int]:
        """Every counter and gauge of a cluster by its short name; empty if there is none."""
        try:
            return self._admin.numbers(cluster)
        except Silent:
            return {}

    @property
    def _socket(self) -> Path:
        """Where the running Envoy answers: where it was started, even if XDG_RUNTIME_DIR is another by now."""
        return admin_socket(self._bootstrap) or self._new_socket

    @property
    def _admin(self) -> Admin:
        return Admin(self._socket)

    def _ready(self) -> bool:
        try:
            return self._admin.ready()
        except Silent:
            return False

    def _await_ready(self, keeper: Keeper) -> None:
        ended = router.restarts(keeper)

        def settled() -> bool:
            return self._ready() or router.restarts(keeper) >= ended + GIVES_UP_AFTER

        if not until(settled, LISTENS_WITHIN) and not self._socket.exists():
            # A logout has emptied the runtime directory under it: it serves, and hears nothing any more.
            router.run(keeper, self._bootstrap, self._concurrency, anew=True)
        until(settled, STARTED_WITHIN)
        if not self._ready():
            raise RouterFailed(f"The router does not start. {router.complaint(self._bootstrap)}".rstrip())

    def _publish(self, desired: Desired) -> Iterator[tuple[str, int]]:
        """File by file, each with the version to wait for before the next one is written."""
        files = {
            "cluster_manager.cds": ("clusters.json", clusters(desired)),
            "runtime": ("runtime.json", [routes.runtime(desired)]),
            f"http.{STAT_PREFIX}.rds.{routes.NAME}": ("routes.json", [routes.routes(desired)]),
        }
        for source, (file, resources) in files.items():
            yield f"{source}.version_text", publish(self._directory / file, resources)

    def _confirm(self, statistic: str, version: int) -> None:
        def confirmed() -> bool:
            try:
                return self._admin.version(statistic) >= version
            except Silent:
                return False

        if not until(confirmed, CONFIRMED_WITHIN):
            raise RouterSilent(f"Envoy did not take up a change of {statistic.removesuffix('.version_text')}.")
