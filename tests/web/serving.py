"""A server over the record of a scene in a process of its own, to measure it: `Process(home)`, or as a program."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[1]
FILES = 8192  # that may be open


@dataclass(frozen=True)
class Process:
    """Where it answers, and what it takes."""

    pid: int
    port: int

    def memory(self) -> int:
        """Resident, in KiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])


@contextmanager
def serving(home: Path) -> Iterator[Process]:
    """Inside, a server answers over the scene that was made at `home`."""
    allow_files()
    command = [sys.executable, __file__, str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            yield Process(server.pid, int(server.stdout.readline()))
        finally:
            server.terminate()


def allow_files() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, FILES), hard))


def main(home: Path) -> None:
    sys.path.insert(0, str(TESTS))
    from web.scene import Scene  # noqa: PLC0415 - found from here on
    from web.server import Site  # noqa: PLC0415

    allow_files()
    site = Site.start(Scene.at(home))
    print(site.port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
