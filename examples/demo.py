"""From a push to production with examples/topup, in an installation of its own that leaves nothing behind.

Without arguments it serves until Ctrl-C. With --once it checks what it served, rolls back once, prints one JSON
line, stops what it started and exits 0; otherwise with the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parent
SHIPWAY = Path(sys.executable).with_name("shipway")
CALLER = "4670123456"
IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada Demo",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada Demo",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


class Stopped(Exception):
    """The demo cannot go on; the message says why."""


class Demo:
    """One journey: set up, push, look, push again, roll back."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.repository = home / "topup"
        self.port, self.proxy_port = _free_port(8440), _free_port(8480)
        self.env = {
            **os.environ,
            **IDENTITY,
            "SHIPWAY_DATA": str(home / "data"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
        }
        self.env.pop("SHIPWAY_URL", None)

    def start(self) -> None:
        say("Starting Shipway")
        self.shipway("up", "-d", "--port", str(self.port), "--proxy-port", str(self.proxy_port))

    def first_push(self) -> None:
        say("A repository like any other: examples/topup")
        ignored = shutil.ignore_patterns("__pycache__", ".venv", ".pytest_cache", "*.sqlite3*", ".coverage")
        shutil.copytree(EXAMPLES / "topup", self.repository, ignore=ignored)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit("Sell prepaid credit")
        self.shipway("init")
        self.push("shipway init done; git push shipway main")

    def second_push(self) -> None:
        """A visible change, so that there is something to take back."""
        version = self.repository / "topup" / "__init__.py"
        version.write_text(version.read_text().replace(self.version(), "2.0.0"))
        self.commit("Become version 2")
        self.push("A second commit")

    def version(self) -> str:
        """What prod says it is."""
        return str(self.ask("/health")["version"])

    def push(self, what: str) -> None:
        say(what)
        self.git("push", "shipway", "main")
        commit = self.git_says("rev-parse", "HEAD")
        self.shipway("wait", commit, "--env", "prod", "--timeout", "300")

    def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """What prod answers."""
        data = None if body is None else json.dumps(body).encode()
        headers = {
            "Host": "topup.localhost",
            "Content-Type": "application/json",
            "Idempotency-Key": f"demo-{path}",
        }
        request = urllib.request.Request(f"http://127.0.0.1:{self.proxy_port}{path}", data, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return dict(json.load(answer))

    def shipway(self, *words: str) -> None:
        self._run([str(SHIPWAY), *words])

    def traffic_back(self) -> float:
        """Seconds from asking for the newest run, a rollback, until its release had the traffic."""
        number = self.shipway_says("runs", "--limit", "1")[0]["number"]
        return float(self.shipway_says("runs", str(number))["deployments"][0]["traffic_after"])

    def shipway_says(self, *words: str) -> Any:
        command = [str(SHIPWAY), *words, "--json"]
        done = subprocess.run(command, cwd=self.repository, env=self.env, check=True, capture_output=True)
        return json.loads(done.stdout)

    def git(self, *words: str) -> None:
        self._run(["git", *words])

    def git_says(self, *words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=self.repository, env=self.env, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self, subject: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", subject)

    def stop(self) -> None:
        say("Stopping what was started")
        self._run([str(SHIPWAY), "down", "--all"])

    def _run(self, command: list[str]) -> None:
        cwd = self.repository if self.repository.exists() else self.home
        done = subprocess.run(command, cwd=cwd, env=self.env, check=False)
        if done.returncode != 0:
            words = " ".join([Path(command[0]).name, *command[1:]])
            raise Stopped(f"`{words}` ended with exit status {done.returncode}")


def check(demo: Demo) -> dict[str, Any]:
    """Uses what was delivered, delivers a second version and takes it back; the figures of it."""
    first = demo.version()
    say(f"prod serves version {first}; topping up {CALLER}")
    demo.ask(f"/accounts/{CALLER}/topup", {"cents": 500})
    seconds_to_prod = timed(demo.second_push)
    expect(demo.version() == "2.0.0", "the second commit does not serve in prod")
    say("Rolling back")
    seconds_back = timed(lambda: demo.shipway("rollback", "--env", "prod"))
    expect(demo.version() == first, "the first version does not serve after the rollback")
    balance = demo.ask(f"/accounts/{CALLER}")["balance"]
    expect(balance == 500, f"the balance is {balance} after the rollback instead of 500")
    return {
        "served": first,
        "push_to_prod_seconds": round(seconds_to_prod, 2),
        "traffic_back_seconds": round(demo.traffic_back(), 2),
        "rollback_seconds": round(seconds_back, 2),
        "balance_kept": balance,
    }


def say(what: str) -> None:
    print(f"\n── {what}", flush=True)


def timed(act: Callable[[], None]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Stopped(otherwise)


def serve(demo: Demo) -> None:
    """Says where things are, and waits."""
    say("topup serves; Ctrl-C stops everything")
    for environment in ("prod", "test", "dev"):
        demo.shipway("open", "--env", environment, "--print")
    demo.shipway("open", "--pages", "--print")
    print(f"\nTo play with it, in another terminal:\n\n{typed(demo)}", flush=True)
    signal.sigwait({signal.SIGINT, signal.SIGTERM})


def typed(demo: Demo) -> str:
    """What has to be typed for `shipway` to be the one of the demo, and to find its server."""
    places = {name: demo.env[name] for name in ("SHIPWAY_DATA", "XDG_CONFIG_HOME")}
    found = " ".join(f"{name}={shlex.quote(value)}" for name, value in places.items())
    return (
        f"    cd {shlex.quote(str(demo.repository))}\n"
        f'    export {found} PATH={shlex.quote(str(SHIPWAY.parent))}:"$PATH"\n'
        "    shipway where HEAD"
    )


def _free_port(wanted: int) -> int:
    """The port itself when it is free, any other otherwise."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Stopped("there is no free port on 127.0.0.1")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true", help="check, roll back once, stop")
    once = parser.parse_args().once
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="shipway-demo-") as home:
        demo = Demo(Path(home))
        summary: dict[str, Any] = {}
        try:
            demo.start()
            demo.first_push()
            if once:
                summary = check(demo)
            else:
                signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
                serve(demo)
        except (Stopped, OSError, subprocess.CalledProcessError) as error:
            print(f"\nThe demo stopped: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
        finally:
            demo.stop()
    if once:
        print(json.dumps({"ok": True, **summary, "seconds": round(time.monotonic() - began, 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
