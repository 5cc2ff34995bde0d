"""What Shipway itself takes at rest: memory (PSS) of server, keeper and routers, start time, idle CPU.

Baseline, in the same run: a bare Python process that has imported the web framework and the engine. Prints one
JSON line for a server that has just been started, and one for what is left 70 s after it delivered an application
five times and answered 12 programs and 25 visitors a second meanwhile; bars: 220 MB in all, a start under 2 s on a
warm disk.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from shipway.pushes import credentials
from support.installation import Installation
from support.shop import shop
from support.visitors import Visitors

IDLE = 20.0  # seconds of watching
TRIMMED = 70.0  # seconds in which a server has once given back what it does not need: it does every minute
ASKED = ("runs", "applications", "applications/shop/environments/prod", "applications/shop/errors")


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        installation = Installation(Path(home))
        installation.up()
        installation.down("--all")
        began = time.perf_counter()
        installation.up()
        start = time.perf_counter() - began
        try:
            print(json.dumps({"start_s": round(start, 2), **measure(installation)}), flush=True)
            use(installation)
            time.sleep(TRIMMED)
            print(json.dumps({"after use": True, **measure(installation)}))
        finally:
            installation.take_down()


def use(installation: Installation) -> None:
    """As on a busy day."""
    repository = installation.repository("shop")
    repository.commit("Open", shop("0"))
    repository.init()
    with Visitors(installation.proxy_port, "shop.localhost", 25.0):
        for number in range(5):
            repository.deliver(f"Version {number}", shop(str(number)))
        asking = [threading.Thread(target=ask, args=(installation, number)) for number in range(12)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()


def ask(installation: Installation, first: int) -> None:
    address = f"http://127.0.0.1:{installation.port}"
    told = {"authorization": f"Bearer {credentials.token(installation.places.credentials, address)}"}
    connection = http.client.HTTPConnection("127.0.0.1", installation.port, timeout=60)
    for number in range(first, first + 400):
        connection.request("GET", f"/api/v1/{ASKED[number % len(ASKED)]}", headers=told)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status


def measure(installation: Installation) -> dict[str, object]:
    time.sleep(5)
    found = processes(installation)
    before = {pid: ticks(pid) for pid in found}
    time.sleep(IDLE)
    per_second = os.sysconf("SC_CLK_TCK")
    idle = sum(ticks(pid) - before[pid] for pid in found) / per_second / IDLE
    memory = {
        what: round(sum(pss(pid) for pid, its in found.items() if its == what), 1) for what in set(found.values())
    }
    total, bare = sum(memory.values()), baseline()
    return {
        "pss_mb": memory,
        "pss_total_mb": round(total, 1),
        "bare_python_mb": round(bare, 1),
        "ratio": round(total / bare, 2),
        "idle_cpu_percent": round(100 * idle, 2),
    }


def processes(installation: Installation) -> dict[int, str]:
    """The installation's own processes by what they are."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            what = re.search(r"keeper/process\.py|bootstrap|shipway\.cli", command)
            if what and (str(installation.places.data) in command or str(installation.places.runtime) in command):
                name = {"keeper/process.py": "keeper", "bootstrap": "routers"}.get(what[0], "server")
                found[int(entry.name)] = name
    return found


def pss(pid: int) -> float:
    """Megabytes, shared pages counted in proportion."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024


def ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def baseline() -> float:
    program = "import starlette.applications, uvicorn, dbos, sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bare:
        assert bare.stdout is not None
        bare.stdout.readline()
        return pss(bare.pid)


if __name__ == "__main__":
    main()
