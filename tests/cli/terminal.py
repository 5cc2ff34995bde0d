"""What a command said, and where the command line finds a server of a test."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

from shipway.config.places import Places
from shipway.pushes import credentials, processes
from web.server import Site


@dataclass(frozen=True)
class Said:
    """What a command left: its exit code, and what it said on both streams."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer of a command that was asked with --json."""
        return json.loads(self.out)

    @property
    def told(self) -> str:
        """Both streams as one line, however a terminal broke them."""
        return " ".join(f"{self.out} {self.err}".split())


def announce(places: Places, site: Site) -> None:
    """Says of a server in this process what `shipway up` says of its own."""
    pid = os.getpid()
    told = {"pid": pid, "process": processes.identity(pid), "port": site.port, "proxy_port": 8080}
    places.server_file.write_text(json.dumps({**told, "pages": site.origin}))
    credentials.keep(places.credentials, f"http://127.0.0.1:{site.port}", site.scene.tokens["ada"])
