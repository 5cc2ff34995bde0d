"""How long a push takes, beside the plain post-receive hook that many teams begin with.

Baseline, in the same run: a bare repository whose post-receive hook runs the tests, checks the new version out
and restarts the application (with the outage that means); no isolation, no artifact, no environments, no way back.
Prints one JSON line: medians in seconds of each and the ratios. Usage: bench/push_to_live.py [ROUNDS]
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.installation import Installation, Repository, free_port, run
from support.shop import PROJECT, shop

HOOK = """#!/bin/sh
set -e
while read old new ref; do
  git --work-tree={tree} checkout -q -f $new
  cd {tree}
  unset GIT_DIR
  python3 check.py
  if [ -f {pid} ]; then kill $(cat {pid}); while kill -0 $(cat {pid}) 2>/dev/null; do sleep 0.01; done; fi
  PORT={port} DATA_DIR={tree} nohup python3 web.py >/dev/null 2>&1 </dev/null &
  echo $! > {pid}
done
"""


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as home:
        installation = Installation(Path(home))
        installation.up()
        try:
            print(json.dumps(measure(installation, Path(home), rounds)))
        finally:
            installation.take_down()


def measure(installation: Installation, home: Path, rounds: int) -> dict[str, object]:
    ours, plain = opened(installation), Plain(installation, home / "plain")
    took: dict[str, list[float]] = {name: [] for name in ("live", "plain", "noop", "plain_noop")}
    try:
        for number in range(2, rounds + 2):
            took["live"].append(live(ours, str(number), lambda: installation.says("shop")))
            took["plain"].append(live(plain.repository, str(number), plain.says, remote="plain"))
            took["noop"].append(timed(lambda: ours.git("push", "--quiet", "shipway", "main")))
            took["plain_noop"].append(timed(lambda: plain.repository.git("push", "--quiet", "plain", "main")))
    finally:
        plain.stop()
    medians = {f"{name}_s": round(statistics.median(values), 3) for name, values in took.items()}
    return {
        "rounds": rounds,
        **medians,
        "live_ratio": round(medians["live_s"] / medians["plain_s"], 2),
        "noop_ratio": round(medians["noop_s"] / medians["plain_noop_s"], 2),
    }


class Plain:
    """The baseline: a bare repository, a hook, one process."""

    def __init__(self, installation: Installation, home: Path) -> None:
        home.mkdir()
        self.pid, self.port = home / "pid", free_port()
        bare, tree = home / "shop.git", home / "tree"
        tree.mkdir()
        run(["git", "init", "--quiet", "--bare", str(bare)], cwd=home, env=installation.env)
        hook = bare / "hooks" / "post-receive"
        hook.write_text(HOOK.format(tree=tree, pid=self.pid, port=self.port))
        hook.chmod(0o755)
        self.repository = installation.repository("plainshop")
        self.repository.git("remote", "add", "plain", str(bare))
        live(self.repository, "1", self.says, remote="plain")

    def says(self) -> str:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            connection.request("GET", "/")
            return connection.getresponse().read().decode()

    def stop(self) -> None:
        with suppress(OSError):
            os.kill(int(self.pid.read_text()), signal.SIGTERM)


def opened(installation: Installation) -> Repository:
    repository = installation.repository("shop")
    repository.write(files("1"))
    repository.commit("Open")
    repository.init()
    repository.deliver("Open for real")
    return repository


def live(repository: Repository, version: str, says: Callable[[], str], remote: str = "shipway") -> float:
    """Seconds from the start of git push until a client gets the new version."""
    repository.commit(f"Version {version}", files(version))
    began = time.perf_counter()
    push = subprocess.Popen(
        ["git", "push", "--quiet", remote, "main"],
        cwd=repository.path,
        env=repository.installation.env,
        stderr=subprocess.DEVNULL,
    )
    while True:
        with suppress(OSError, http.client.HTTPException, AssertionError):
            if says() == version:
                break
        time.sleep(0.005)
    took = time.perf_counter() - began
    push.wait()
    return took


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def files(version: str) -> dict[str, str]:
    return shop(version, project=PROJECT.replace("[dev, test, prod]", "[prod]"))


if __name__ == "__main__":
    main()
