"""Where an installation keeps things on this machine."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shipway.errors import OwnerError


class NotPrivate(OwnerError):
    """The directory for sockets, and for secrets in the clear, is another user's or not really there."""

    id = "config.not_private"
    default_hint = "Set XDG_RUNTIME_DIR to a directory of your own that is kept in memory (a tmpfs)."


class CannotKeep(OwnerError):
    """A directory that an installation needs cannot be made or written to."""

    id = "config.cannot_keep"
    default_hint = "`--data` or SHIPWAY_DATA names a directory in which you may write."


@dataclass(frozen=True)
class Places:
    """The three directories of an installation, and what lies in them.

    `data` is everything to back up. `runtime` is memory (a tmpfs, 0700): sockets, and the specifications of
    running instances with their secrets in the clear, so that those never reach a disk. `keys` holds the key
    of the secrets and the tokens of this person, outside `data` so that a copy of `data` tells nothing.
    """

    data: Path
    runtime: Path
    keys: Path

    @classmethod
    def of(cls, data: Path | None = None, env: Mapping[str, str] | None = None) -> Places:
        """The places of the installation at `data` (SHIPWAY_DATA, or under XDG_DATA_HOME, by default)."""
        env = os.environ if env is None else env
        home = Path(env.get("HOME") or Path.home())
        share = Path(env.get("XDG_DATA_HOME") or home / ".local" / "share")
        data = (data or Path(env.get("SHIPWAY_DATA") or share / "shipway")).absolute()
        name = hashlib.sha256(str(data).encode()).hexdigest()[:12]
        keys = Path(env.get("XDG_CONFIG_HOME") or home / ".config") / "shipway"
        return cls(data, _memory(env) / f"shipway-{os.getuid()}" / name, keys)

    @property
    def name(self) -> str:
        """A short name of this installation, made of its data directory's path."""
        return self.runtime.name

    def create(self) -> None:
        """Makes the three directories, readable for nobody else; raises NotPrivate or CannotKeep."""
        for directory in (self.data, self.runtime.parent, self.runtime, self.runtime / "instances", self.keys):
            _make(directory)
            if directory in (self.runtime.parent, self.runtime):
                _claim(directory)

    @property
    def database(self) -> Path:
        return self.data / "shipway.db"

    @property
    def engine_database(self) -> Path:
        return self.data / "engine.db"

    @property
    def server_file(self) -> Path:
        """What the server that runs says of itself."""
        return self.data / "server.json"

    @property
    def ports_file(self) -> Path:
        """On which ports the last one answered."""
        return self.data / "ports.json"

    @property
    def socket(self) -> Path:
        return self.runtime / "server.sock"

    @property
    def keeper_socket(self) -> Path:
        return self.runtime / "keeper.sock"

    def router_socket(self, router: str) -> Path:
        return self.runtime / f"{router}.sock"

    @property
    def instances(self) -> Path:
        return self.runtime / "instances"

    @property
    def answers(self) -> Path:
        """What became of messages, until it is on record (`incidents.answers`)."""
        return self.runtime / "answers"

    @property
    def secret_key(self) -> Path:
        return self.keys / f"{self.name}.key"

    @property
    def credentials(self) -> Path:
        return self.keys / "credentials"

    @property
    def proxy(self) -> Path:
        return self.data / "proxy"

    @property
    def keeper(self) -> Path:
        return self.data / "keeper"

    @property
    def cache(self) -> Path:
        return self.data / "cache"

    @property
    def artifacts(self) -> Path:
        return self.data / "artifacts"

    @property
    def pinged(self) -> Path:
        """Changed whenever a service outside was told that Shipway is well (`incidents.pulse`)."""
        return self.data / "pinged"

    @property
    def reachable(self) -> Path:
        """Where an owner allows addresses that are not public (`hosts.reach`)."""
        return self.data / "reachable"

    @property
    def forwarding(self) -> Path:
        """Reports of errors that wait to go on to a Sentry outside (`incidents.line`)."""
        return self.data / "forwarding"

    def repository(self, application: str) -> Path:
        return self.data / "git" / f"{application}.git"

    def run(self, run: str) -> Path:
        return self.data / "runs" / run

    def step(self, run: str, step: str, attempt: int) -> Path:
        return self.run(run) / "steps" / step / str(attempt)

    def environment(self, application: str, environment: str) -> Path:
        return self.data / "environments" / application / environment

    @property
    def rehearsals(self) -> Path:
        return self.data / "rehearsals"

    def errors(self, application: str) -> Path:
        return self.data / "errors" / application

    def logs(self, application: str, environment: str) -> Path:
        """The logs of an environment's instances, and what else is to be read with them."""
        return self.environment(application, environment) / "logs"

    def instance_log(self, application: str, environment: str, instance: str) -> Path:
        return self.logs(application, environment) / f"{instance}.log"


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotKeep(f"{directory} cannot be made: {error.strerror}.") from error
    if not os.access(directory, os.W_OK):
        raise CannotKeep(f"{directory} cannot be written to.")


def _claim(directory: Path) -> None:
    """Where everybody may write, as in /dev/shm, somebody else may have been first, or have left a link."""
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise NotPrivate(f"{directory} is no directory of your own.")
    directory.chmod(0o700)


def _memory(env: Mapping[str, str]) -> Path:
    """A directory that is never written to a disk; unix socket paths under it must stay below 107 bytes."""
    runtime = env.get("XDG_RUNTIME_DIR")
    if runtime and os.access(runtime, os.W_OK):
        return Path(runtime)
    shared = Path("/dev/shm")
    return shared if os.access(shared, os.W_OK) else Path("/tmp")
