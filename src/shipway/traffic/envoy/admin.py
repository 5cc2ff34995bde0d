"""What Envoy says about itself, over its administration socket (mode 0600, in a directory of mode 0700)."""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

ANSWER_WITHIN = 5.0


_ENDPOINT = re.compile(r"::[\d.]+:(\d+)::health_flags::(\S+)")


class Silent(Exception):
    """Nobody answers there: not started yet, starting again, or gone."""


class _Connection(http.client.HTTPConnection):
    """HTTP to a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("envoy", timeout=ANSWER_WITHIN)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Admin:
    """Questions to one Envoy. Each raises Silent when it does not answer."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, target: str) -> tuple[int, str]:
        """Status and body of one GET."""
        connection = _Connection(self._path)
        try:
            connection.request("GET", target)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise Silent(str(error)) from error
        finally:
            connection.close()

    def ready(self) -> bool:
        """Whether it has read its files and accepts requests."""
        return self.get("/ready")[0] == http.HTTPStatus.OK

    def version(self, statistic: str) -> int:
        """The version of a file that is in force (-1: none yet), by the name of the text that says it."""
        texts = self._stats(_exactly(statistic), "TextReadouts")
        value = texts.get(statistic, "").strip('"')
        return int(value) if value.isdigit() else -1

    def endpoints(self, cluster: str) -> Mapping[int, bool]:
        """The ports of a cluster that takes requests (not one still warming) and whether each is healthy."""
        _, body = self.get(f"/clusters?filter={_exactly(cluster)}")
        found = _ENDPOINT.findall(body)
        return {int(port): flags == "healthy" for port, flags in found}

    def numbers(self, cluster: str) -> Mapping[str, int]:
        """Every counter and gauge of a cluster by its short name; empty when Envoy does not know it."""
        prefix = f"cluster.{cluster}."
        pattern = _exactly(prefix).removesuffix("%24")
        counted = self._stats(pattern, "Counters") | self._stats(pattern, "Gauges")
        return {name.removeprefix(prefix): int(value) for name, value in counted.items()}

    def _stats(self, pattern: str, kind: str) -> dict[str, str]:
        _, body = self.get(f"/stats?type={kind}&filter={pattern}")
        lines = (line.partition(": ") for line in body.splitlines())
        return {name: value for name, colon, value in lines if colon}


def _exactly(name: str) -> str:
    """A filter that matches this name and no other, for an address."""
    return quote(f"^{re.escape(name)}$", safe="")
