"""From the first failing request of a bad release to traffic being back, and to the message for its author.

Baseline, in the same run: Prometheus and Alertmanager (Debian's packages), which scrape the same application and
call the same webhook, with three settings: built-in (1 m, group_wait 30 s, `for: 1m`), common (15 s, `for: 1m`),
tightest (1 s, `for: 0s`, group_wait 0 s). Every request fails at 20 a second, 10 % of them go to the new release.
The tightest is measured after each round of Shipway: when it scrapes within the second is chance, and both meet
the same load, which is told. Prints one JSON line per case; `ratio` is message / tightest message, of medians
(bar: at most 2).

Usage: bench/bad_release.py [CASE] [ROUNDS], where CASE is one of
every, every-tightest: as above; without the other two settings, which take minutes
half: without the baseline (bars: 15 failed requests, 10 s, the message within 5 s of the decision)
half-printed, half-reported: the same of an application that prints its traceback, or reports it with `sentry_sdk`
    (bar: one message, with the line of code)
half-mailed: half-printed, and its author is told by a real mail server instead of a webhook
alone: every request fails of a release that got all at once
seldom: half of one request a second, with the shares and times that are the default (bar: decided within 60 s of
    the first failed request in 19 of 20 rounds)
"""

from __future__ import annotations

import http.server
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from aiosmtpd.smtp import Envelope

from support.installation import Installation, Repository, eventually, free_port
from support.receivers import Mailbox, words
from support.shop import PROJECT, shop
from support.visitors import Visitors

TRAFFIC = "traffic: {strategy: canary, steps: [10, 50], hold: 20 s, deadline: 60 s, warm: 60 s, drain: 5 s}"
CANARY = PROJECT.replace("[dev, test, prod]", "[prod]").replace("traffic: {warm: 60 s, drain: 5 s}", TRAFFIC)
AT_ONCE = CANARY.replace("strategy: canary, steps: [10, 50], hold: 20 s, deadline: 60 s, ", "")
BY_DEFAULT = CANARY.replace(", steps: [10, 50], hold: 20 s, deadline: 60 s", "")
UNJUDGED = CANARY.replace("traffic: {strategy: canary", "traffic: {judge: false, strategy: canary")
BROKEN = "broken"
PRICES = 'PRICES = {"map": 500}\n\n\ndef price(name):\n    return PRICES[name]\n'
MISTAKE = 'return PRICES[name + "s"]'
PLACE = f"prices.py:5  {MISTAKE}"
SAYS = {
    "printed": ("import traceback\n", "traceback.print_exc()"),
    "reported": ("import sentry_sdk\nsentry_sdk.init()\n", "sentry_sdk.capture_exception()"),
}
SETTINGS = {"built-in": ("1m", "1m", "30s"), "common": ("15s", "1m", "30s"), "tightest": ("1s", "0s", "0s")}
BESIDE = {"every": tuple(SETTINGS), "every-tightest": ("tightest",)}


@dataclass(frozen=True)
class Case:
    """One request of `every` fails, of `rate` a second; `says` is how the application tells of it, if it does.

    `mailed`: its author hears of it by mail.
    """

    every: int = 1
    rate: float = 20.0
    project: str = CANARY
    says: str = ""
    mailed: bool = False


CASES = {
    "every": Case(),
    "half": Case(every=2),
    "half-mailed": Case(every=2, says="printed", mailed=True),
    "half-printed": Case(every=2, says="printed"),
    "half-reported": Case(every=2, says="reported"),
    "alone": Case(project=AT_ONCE),
    "seldom": Case(every=2, rate=1.0, project=BY_DEFAULT),
}


class Hooks:
    """A webhook receiver: the moment at which each path was called first, and all that it was told."""

    def __init__(self) -> None:
        self.calls: dict[str, float] = {}
        self.bodies: list[str] = []
        hooks = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hooks.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
                hooks.calls.setdefault(self.path.strip("/"), time.time())
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/shipway"


@dataclass
class Letters(Mailbox):
    """The same for mails, with a mail server: it was called once it has taken one."""

    calls: dict[str, float] = field(default_factory=dict)
    bodies: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        self.bodies.append(words(self.mails[-1]))
        self.calls.setdefault("shipway", time.time())
        return answer


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "every"
    settings, case = BESIDE.get(name, ()), CASES[name.removesuffix("-tightest")]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as home, ExitStack() as running:
        installation = Installation(Path(home))
        installation.up()
        running.callback(installation.take_down)
        hooks = Hooks()
        told_by: Hooks | Letters = hooks
        if case.mailed:
            told_by = letters = Letters()
            letters.open()
            running.callback(letters.close)
        repository = opened(installation, told_by.url())
        found: list[dict[str, float]] = []
        others: defaultdict[str, list[float]] = defaultdict(list)
        loads: list[float] = []
        for number in range(rounds):
            found.append(measure(installation, repository, told_by, case, number))
            loads.append(os.getloadavg()[0])
            for setting in settings:
                if number == 0 or setting == "tightest":
                    at = Path(home) / f"{setting} {number}"
                    others[setting].append(beside(installation, repository, hooks, setting, at))
        told: dict[str, object] = {"case": name, "rounds": rounds, "load": [round(one, 1) for one in loads]}
        for what in ("failed", "back_s", "decided_s", "message_s", "decision_to_message_s"):
            values = [each[what] for each in found]
            told |= {what: round(statistics.median(values), 2), f"{what}_max": round(max(values), 2)}
        if case.says:
            told["with the line of code"] = sum(bool(each["line"]) for each in found)
            told["messages_max"] = max(each["messages"] for each in found)
        told["decided within 60 s"] = sum(each["decided_s"] <= 60 for each in found)
        if others:
            told |= {f"prometheus {name} s": round(statistics.median(took), 2) for name, took in others.items()}
            told["messages_s"] = [round(each["message_s"], 2) for each in found]
            told["prometheus tightest, each"] = [round(took, 2) for took in others["tightest"]]
            took = statistics.median(each["message_s"] for each in found)
            told["ratio"] = round(took / statistics.median(others["tightest"]), 2)
        print(json.dumps(told), flush=True)


def opened(installation: Installation, url: str) -> Repository:
    repository = installation.repository("shop")
    for key, value in {"user.name": "Ada", "user.email": "ada@example.org"}.items():
        repository.git("config", key, value)
    repository.commit("Open", version("0", 0))
    repository.init()
    repository.deliver("Open for real")
    done = repository.installation.shipway("channels", "ada@example.org", "--private", stdin=f"{url}\n")
    assert done.code == 0, done.out
    return repository


def telling(number: str, case: Case, *, bad: bool) -> dict[str, str]:
    """A version that tells of the mistake by which half of its requests fail, if it has it."""
    begins, tells = SAYS[case.says]
    files = shop(number, project=case.project)
    answer = (
        f"        try:\n            if next(ASKED) % {case.every} == 0:\n                price('map')\n"
        f"            self.answer(VERSION)\n        except KeyError:\n            {tells}\n"
        "            self.answer('out of maps', 500)\n"
    )
    web = files["web.py"].replace("        self.answer(VERSION)\n", answer)
    price = f"price_{number}"  # by its function an error of a later round is another one
    head = f"import itertools\n{begins}from prices import {price} as price\nASKED = itertools.count()\n"
    prices = PRICES.replace("def price(", f"def {price}(")
    prices = prices.replace("return PRICES[name]", MISTAKE) if bad else prices
    made = {**files, "web.py": head + web, "prices.py": prices}
    if case.says == "reported":
        project = case.project.replace("\nsteps:", "\nbuild: python\nsteps:").replace("python3 ", "python ")
        made |= {"shipway.yml": project, "requirements.txt": "sentry-sdk\n"}
    return made


def version(number: str, every: int, project: str = CANARY) -> dict[str, str]:
    """A version that answers one of `every` requests for its name with 500 (0: none), and tells its counts."""
    files = shop(number, project=project)
    fails = f"next(ASKED) % {every} == 0" if every else f"(DATA / {BROKEN!r}).exists()"
    answer = (
        f"fails = self.path == '/' and {fails}\n"
        "        COUNTS[fails] += self.path == '/'\n"
        "        self.answer('out of eggs' if fails else VERSION, 500 if fails else 200)"
    )
    metrics = (
        "        if self.path == '/metrics':\n"
        "            return self.answer(''.join(f'shop_requests_total{{failed=\"{k}\"}} {v}\\n' "
        "for k, v in COUNTS.items()))\n"
    )
    web = files["web.py"].replace("        self.answer(VERSION)\n", f"{metrics}        {answer}\n")
    return {**files, "web.py": "import itertools\nASKED = itertools.count()\nCOUNTS = {False: 0, True: 0}\n" + web}


def measure(
    installation: Installation, repository: Repository, hooks: Hooks | Letters, case: Case, number: int
) -> dict[str, float]:
    """One bad release; seconds from its first failing request."""
    good, bad = (f"{what}{number}" for what in ("good", "bad"))
    if case.says:
        fine, broken = telling(good, case, bad=False), telling(bad, case, bad=True)
    else:
        fine, broken = version(good, 0, case.project), version(bad, case.every, case.project)
    repository.deliver(f"Mend {number}", fine)
    hooks.calls.clear()
    hooks.bodies.clear()
    with Visitors(installation.proxy_port, "shop.localhost", case.rate) as people:
        eventually(lambda: len(people.visits) > 15 * case.rate, "people have come")
        repository.commit(f"Break {number}", broken)
        repository.push()
        eventually(lambda: "shipway" in hooks.calls, "the author was told", patience=300)
        time.sleep(8 if case.says else 1)  # a second message would come within five
    failed = sorted(visit.at for visit in people.failed)
    ((decided,),) = installation.query("select max(at) from verdicts where kind = 'bad'")
    return {
        "failed": len(failed),
        "back_s": failed[-1] - failed[0],
        "decided_s": decided - failed[0],
        "message_s": hooks.calls["shipway"] - failed[0],
        "messages": len(hooks.bodies),
        "line": any(place in hooks.bodies[0] for place in (PLACE, json.dumps(PLACE)[1:-1])),
        "decision_to_message_s": hooks.calls["shipway"] - decided,
    }


def beside(installation: Installation, repository: Repository, hooks: Hooks, name: str, home: Path) -> float:
    """What the others need for a release that nobody takes back: seconds from its first failing request."""
    repository.deliver(f"Mend before {name}", version(f"fine {name}", 0, UNJUDGED))
    hooks.calls.clear()
    broken = installation.places.environment("shop", "prod") / "data" / BROKEN
    with (
        monitoring(installation, hooks, name, home),
        Visitors(installation.proxy_port, "shop.localhost", CASES["every"].rate) as people,
    ):
        time.sleep(20)
        broken.touch()
        eventually(lambda: name in hooks.calls, f"{name} has told", patience=300)
    broken.unlink()
    return hooks.calls[name] - min(visit.at for visit in people.failed)


@contextmanager
def monitoring(installation: Installation, hooks: Hooks, name: str, home: Path) -> Iterator[None]:
    """Prometheus and Alertmanager over the instance that serves."""
    every, wait, group = SETTINGS[name]
    ((port,),) = installation.query(
        "select instances.port from instances join serving on serving.release = instances.release "
        "where process = 'web' and wanted"
    )
    directory = home / "monitoring"
    directory.mkdir(parents=True)
    prometheus_port, alert_port = free_port(), free_port()
    rule = {
        "alert": "Failing",
        "expr": f'irate(shop_requests_total{{failed="True"}}[{"4s" if name == "tightest" else "5m"}]) > 0.5',
        "for": wait,
    }
    write(directory / "rules.yml", {"groups": [{"name": "shop", "rules": [rule]}]})
    write(
        directory / "prometheus.yml",
        {
            "global": {"scrape_interval": every, "evaluation_interval": every},
            "rule_files": [str(directory / "rules.yml")],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alert_port}"]}]}]},
            "scrape_configs": [{"job_name": "shop", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}],
        },
    )
    hook = {"url": f"http://127.0.0.1:{hooks.port}/{name}", "send_resolved": False}
    write(
        directory / "alertmanager.yml",
        {
            "route": {"receiver": "hook", "group_wait": group, "group_interval": "1s"},
            "receivers": [{"name": "hook", "webhook_configs": [hook]}],
        },
    )
    commands = [
        [
            "prometheus-alertmanager",
            f"--config.file={directory}/alertmanager.yml",
            f"--storage.path={directory}/alerts",
            f"--web.listen-address=127.0.0.1:{alert_port}",
            "--cluster.listen-address=",
        ],
        [
            "prometheus",
            f"--config.file={directory}/prometheus.yml",
            f"--storage.tsdb.path={directory}/series",
            f"--web.listen-address=127.0.0.1:{prometheus_port}",
        ],
    ]
    with ExitStack() as running:
        for command in commands:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            running.callback(process.wait)
            running.callback(process.terminate)
        yield


def write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value))  # JSON is YAML


if __name__ == "__main__":
    main()
