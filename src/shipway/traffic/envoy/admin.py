"""What Envoy says about itself, over its administration socket (mode 0600, in a directory of mode 0700)."""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

ANSWER_WITHIN = 5.0
STAT_PREFIX = "door"  # of what is counted where requests come in

_ENDPOINT = re.compile(r"::[\d.]+:(\d+)::health_flags::(\S+)")


class Silent(Exception):
    """No answer, or half of one."""


class Gone(Silent):
    """Nobody is there. Envoy opens this socket before it reads a file and listens only when it has read all,
    so whoever is not there yet will act on what the files say now, and nothing older."""


class Traffic(NamedTuple):
    """What one Envoy has at its door: connections since it began, and connections and requests it is at."""

    accepted: int
    connections: int
    requests: int


class _Connection(http.client.HTTPConnection):
    """HTTP to a unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("envoy", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Admin:
    """Questions to one Envoy. Each raises Silent when it does not answer."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def ask(self, target: str, method: str = "GET", *, within: float = ANSWER_WITHIN) -> str:
        """What it says; no wait of it takes longer than `within` seconds."""
        connection = _Connection(self.path, within)
        try:
            connection.request(method, target)
            return connection.getresponse().read().decode()
        except (ConnectionRefusedError, FileNotFoundError) as error:
            raise Gone(str(error)) from error
        except (OSError, http.client.HTTPException) as error:
            raise Silent(str(error)) from error
        finally:
            connection.close()

    def state(self) -> str:
        """LIVE when it has read its files and accepts requests, DRAINING when it was told to let go of them."""
        return self.ask("/ready").strip()

    def listens_on(self, port: int) -> bool:
        return any(line.endswith(f":{port}") for line in self.ask("/listeners").splitlines())

    def drain(self) -> None:
        """From now on every answer tells its client to come on another connection next time."""
        self.ask("/healthcheck/fail", "POST")

    def traffic(self) -> Traffic:
        """What it has at its door, of everybody's."""
        counted = self._stats(rf"^http\.{STAT_PREFIX}\.downstream_(cx|rq)_(total|active)$")
        names = ("cx_total", "cx_active", "rq_active")
        return Traffic(*(int(counted.get(f"http.{STAT_PREFIX}.downstream_{name}", 0)) for name in names))

    def version(self, statistic: str) -> int:
        """The version of a file that is in force (-1: none yet), by the name of the text that says it."""
        texts = self._stats(_exactly(statistic), "TextReadouts")
        value = texts.get(statistic, "").strip('"')
        return int(value) if value.isdigit() else -1

    def endpoints(self, cluster: str) -> Mapping[int, bool]:
        """The ports of a cluster that takes requests (not one still warming) and whether each is healthy."""
        found = _ENDPOINT.findall(self.ask(f"/clusters?filter={quote(_exactly(cluster), safe='')}"))
        return {int(port): flags == "healthy" for port, flags in found}

    def numbers(self, cluster: str) -> Mapping[str, int]:
        """Every counter and gauge of a cluster by its short name; empty when Envoy does not know it."""
        prefix = f"cluster.{cluster}."
        pattern = _exactly(prefix).removesuffix("$")
        counted = self._stats(pattern, "Counters") | self._stats(pattern, "Gauges")
        return {name.removeprefix(prefix): int(value) for name, value in counted.items()}

    def _stats(self, pattern: str, kind: str = "All") -> dict[str, str]:
        body = self.ask(f"/stats?type={kind}&filter={quote(pattern, safe='')}")
        lines = (line.partition(": ") for line in body.splitlines())
        return {name: value for name, colon, value in lines if colon}


def _exactly(name: str) -> str:
    """A filter that matches this name and no other."""
    return f"^{re.escape(name)}$"
