"""How often a harmless release of examples/topup is called bad: real deployments under load, cold against warm.

Each is a new commit that changes nothing but its version, and so a new process beside one that is warm. People
top up, charge, look at accounts and at the page, 50 a second on connections of their own, through the real router;
half of each second's requests come at once. A release gets 10 % of them and then 50 % for six seconds each, all of
them, and is watched until the verdict on that. Its tests are left out: they say nothing of the judge. Baseline, in
the same run: a rule as it is often written, one point more errors than the release before or a 90th percentile a
quarter above its, at either share. Prints one JSON line (bar: at most 2 of 100 rolled back);
meanwhile each deployment on stderr, as soon as it was judged.

Usage: bench/topup_false_alarms.py [--deployments 100]
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from shipway.signals.collect import Collector
from shipway.traffic.tally import Tally
from support.installation import Installation, Repository, eventually

ROOT = Path(__file__).parents[1]
RATE = 50.0
HOLD, WARM = 6, 10
HOST = "topup.localhost"


@dataclass
class Callers:
    """People of ten accounts, until the block is left; `answers` counts statuses (0: no whole answer)."""

    port: int
    answers: Counter[int] = field(default_factory=Counter)

    def __enter__(self) -> Callers:
        self._over, self._numbers = threading.Event(), itertools.count()
        self._threads = [threading.Thread(target=self._come, args=(random.Random(each),)) for each in range(6)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _come(self, rng: random.Random) -> None:
        pause = len(self._threads) / RATE
        while not self._over.wait(rng.choice((0.0, 2 * pause))):
            try:
                self.answers[self._ask(rng)] += 1
            except (OSError, http.client.HTTPException):
                self.answers[0] += 1

    def _ask(self, rng: random.Random) -> int:
        account = f"/accounts/49151000000{rng.randrange(10):02}"
        what = rng.choice(("topup", "charge", "charge", "", "", "/"))
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            if what in ("topup", "charge"):
                body = json.dumps({"cents": 900 if what == "topup" else rng.randrange(1, 400)})
                key = {
                    "Idempotency-Key": f"{time.time()}-{next(self._numbers)}",
                    "Content-Type": "application/json",
                }
                connection.request("POST", f"{account}/{what}", body, {"Host": HOST, **key})
            else:
                connection.request("GET", what or account, headers={"Host": HOST})
            answer = connection.getresponse()
            answer.read()
            return answer.status


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deployments", type=int, default=100)
    deployments = parser.parse_args().deployments
    with tempfile.TemporaryDirectory() as home:
        installation = Installation(Path(home))
        installation.up()
        try:
            print(json.dumps(measure(installation, deployments)))
        finally:
            installation.take_down()


def measure(installation: Installation, deployments: int) -> dict[str, object]:
    """Delivers as often, each after the last verdict on the one before."""
    repository = opened(installation)
    with Callers(installation.proxy_port) as callers:
        outcomes: list[tuple[str, bool]] = []
        for number in range(1, deployments + 1):
            outcomes.append(deploy(installation, repository, number))
            load = Path("/proc/loadavg").read_text().partition(" ")[0]
            print(f"{number}: {outcomes[-1][0]}, load {load}", file=sys.stderr, flush=True)
    found = Counter(outcome for outcome, _ in outcomes)
    ruled = sum(rule for _, rule in outcomes)
    back = deployments - found["served"]
    return {
        "deployments": deployments,
        "rolled back": back,
        "why": {why: count for why, count in found.items() if why != "served"},
        "verdicts": verdicts(installation),
        "by the rule": ruled,
        "ratio": round(ruled / max(back, 1), 1),
        "requests": sum(callers.answers.values()),
        "failed": sum(count for status, count in callers.answers.items() if not 200 <= status < 500),
        "asked of the release before": len(installation.facts("deployment.asked")),
    }


def opened(installation: Installation) -> Repository:
    repository = installation.repository("topup")
    ignored = shutil.ignore_patterns("__pycache__", ".venv", ".pytest_cache", "*.sqlite3*", "tests")
    shutil.copytree(ROOT / "examples" / "topup", repository.path, ignore=ignored, dirs_exist_ok=True)
    written = repository.path / "shipway.yml"
    before, _, after = written.read_text().partition("# What a push must pass.")
    text = before + after.partition("\n\n")[2]
    text = text.replace("environments: [dev, test, prod]", "environments: [prod]")
    written.write_text(text.replace("  hold: 4 s\n", f"  hold: {HOLD} s\n  warm: {WARM} s\n  drain: 2 s\n"))
    repository.commit("Sell prepaid credit")
    repository.init()
    repository.deliver("Open for real")
    return repository


def deploy(installation: Installation, repository: Repository, number: int) -> tuple[str, bool]:
    """`served`, or why it went back; and whether the rule would have taken it back."""
    version = f'__version__ = "1.0.{number}"\n'
    package = repository.path / "topup" / "__init__.py"
    kept = [line for line in package.read_text().splitlines() if not line.startswith("__version__")]
    commit = repository.commit(f"Version {number}", {"topup/__init__.py": "\n".join([*kept, version])})
    repository.push()
    eventually(lambda: judged(installation, commit), f"{number} was judged", patience=180)
    told = installation.query("select kind, reason from verdicts where [commit] = ? order by id", commit)
    bad = next((reason for kind, reason in told if kind == "bad"), None)
    ended = installation.query("select state, reason from deployments where [commit] = ?", commit)[0]
    return bad or ("served" if ended[0] == "done" else ended[1]), by_the_rule(installation, commit)


def judged(installation: Installation, commit: str) -> bool:
    """Whether the last word on a commit is on record: that it failed, was bad, or the verdict on all requests."""
    failed = installation.query("select 1 from runs where [commit] = ? and state = 'failed'", commit)
    return bool(failed) or bool(
        installation.query("select 1 from verdicts where [commit] = ? and (kind = 'bad' or share = 100)", commit)
    )


def by_the_rule(installation: Installation, commit: str) -> bool:
    ((name, run),) = installation.query(
        "select releases.application || '.' || releases.environment || '.r' || number, run from deployments "
        "join releases on releases.id = deployments.release where deployments.[commit] = ?",
        commit,
    )
    before = f"{name.rpartition('.r')[0]}.r{int(name.rpartition('.r')[2]) - 1}"
    kinds = ("deployment.try", "deployment.switched")
    at = [
        one for (one,) in installation.query("select at from facts where run = ? and kind in (?, ?)", run, *kinds)
    ]
    return any(
        worse(*(tally(installation, each, *span) for each in (before, name))) for span in itertools.pairwise(at)
    )


def tally(installation: Installation, release: str, since: float, until: float) -> Tally:
    return Collector(installation.places, Nobody(), Nobody()).tally(release, since, until)


class Nobody:
    """Neither routers nor instances: only what is on the disk is read."""

    def count(self) -> list[object]:
        return []

    def releases(self) -> list[str]:
        return []

    def instances(self, _prefix: str = "") -> list[object]:
        return []


def worse(old: Tally, new: Tally) -> bool:
    if min(old.requests, new.requests) < 10:
        return False
    slower = (new.quantile(0.9) or 0) > 1.25 * (old.quantile(0.9) or 0)
    return slower or new.errors / new.requests > old.errors / old.requests + 0.01


def verdicts(installation: Installation) -> dict[str, int]:
    found = installation.query("select share, kind, count(*) from verdicts group by share, kind")
    return {f"{kind} at {share} %": count for share, kind, count in found}


if __name__ == "__main__":
    main()
