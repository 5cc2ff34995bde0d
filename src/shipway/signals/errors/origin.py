"""Where a report comes from: which release of an environment, and what is secret there."""

from __future__ import annotations

import re
from functools import cached_property

from shipway.environments import configure
from shipway.environments.secrets import Vault
from shipway.hosts.disguises import masks
from shipway.state import configurations, instances, releases
from shipway.state.database import Connection
from shipway.state.releases import Release

_COMMIT = re.compile(r"[0-9a-f]{7,40}")


class Origin:
    """One environment, while a batch of its reports is looked at."""

    def __init__(self, conn: Connection, vault: Vault, application: str, environment: str) -> None:
        self._conn = conn
        self._vault = vault
        self._application = application
        self._environment = environment
        self._named: dict[str, Release | None] = {}
        self._instances: dict[str, bool] = {}

    def release(self, named: str) -> Release | None:
        """The release that a report names by its commit, also as `name@commit`; None when it is none of ours.

        Of several of one commit (they differ in configuration) the one that serves is meant, or the newest.
        """
        if named not in self._named:
            self._named[named] = self._find(named.rpartition("@")[2])
        return self._named[named]

    def has_run(self, instance: str) -> bool:
        """Whether an instance of this name (`topup.prod.r3.web.1`) was ever started here."""
        if instance not in self._instances:
            self._instances[instance] = instances.find(self._conn, instance) is not None
        return self._instances[instance]

    @cached_property
    def secrets(self) -> list[bytes]:
        """What to mask: the secrets of the newest configuration and of all that may still run with an older one.

        Raises KeyLost.
        """
        found = {secret for version in self._versions for secret in self._secrets_of(version)}
        return masks(found)

    def _find(self, said: str) -> Release | None:
        if not _COMMIT.fullmatch(said):
            return None
        found = releases.of_commit(self._conn, self._application, self._environment, said)
        if len({release.commit for release in found}) != 1:
            return None
        return next((release for release in found if release.id in self._running), found[0])

    @cached_property
    def _running(self) -> list[str]:
        now = releases.now_serving(self._conn, self._application, self._environment)
        return [] if now is None else [name for name in (now.release, now.warm) if name is not None]

    @cached_property
    def _versions(self) -> set[int]:
        newest = configurations.newest(self._conn, self._application, self._environment).version
        recent = releases.recent(self._conn, self._application, self._environment)
        running = [releases.get(self._conn, name) for name in self._running]
        return {newest, *(release.configuration for release in [*recent, *running])}

    def _secrets_of(self, version: int) -> list[str]:
        configuration = configurations.get(self._conn, self._application, self._environment, version)
        return configure.variables(self._vault, configuration)[1]
