"""Minutes of pushes, rollbacks and random kills; and what was asked, answered and done, for a checker to judge.

A client notes what it asked for and what it was told: ok, or not known. Nobody waits for anything to be well
again before the next kill, but for the one who starts servers: an init system does that at once.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from support import checking
from support.crashing import ILL, LEAVES_A_TRACE, House
from support.installation import eventually
from support.kills import victims

VICTIMS = ("server", "server", "server", "keeper", "router", "instance", "newcomer")
TRUE_REASONS = re.compile(
    r"GET /health answered 500|web ended .* right after its start|is not healthy: it does not listen"
    r"|did not get healthy within|the commit .* was pushed|was pushed to main after it|a newer commit was already"
)
HOLDERS = ("router", "instance", "newcomer")  # of requests
AWAY = 5.0  # seconds that one of them may be away while there is a server


@dataclass
class Asked:
    """One thing that a person asked for: `told` is ok when the command ended with 0."""

    what: str
    commit: str
    told: str


@dataclass
class History:
    """What happened in a house from one moment to another."""

    house: House
    seed: int
    asked: list[Asked] = field(default_factory=list)
    killed: list[tuple[float, str]] = field(default_factory=list)
    outages: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._over = threading.Event()

    def live(self, minutes: float) -> None:
        """Everything at once, and then a minute of peace."""
        threads = [threading.Thread(target=act, name=act.__name__) for act in (self._start_servers, self._kill)]
        self.load = self.house.load()
        with self.load:
            for thread in threads:
                thread.start()
            try:
                until = time.monotonic() + minutes * 60
                while time.monotonic() < until:
                    self._ask()
            finally:
                self._over.set()
                for thread in threads:
                    thread.join()
            self.house.restart()
            self.house.wait_for_quiet()
            time.sleep(1)

    def _ask(self) -> None:
        what = self._random.choices(["push", "slow", "ill", "back"], [6, 2, 1, 1])[0]
        if what == "back":
            self._note(what, "", self.house.repository.shipway("rollback", "--env", "prod").code)
            return
        new = self.house.next({"push": {}, "slow": LEAVES_A_TRACE, "ill": ILL}[what])
        options = ["-o", "detach"] if self._random.random() < 0.3 else []
        done = self.house.repository.git("push", *options, "shipway", "main")
        self._note(what, self.house.commits[new], done.code)

    def _note(self, what: str, commit: str, code: int) -> None:
        self.asked.append(Asked(what, commit, "ok" if code == 0 else "not known"))
        if code != 0:
            time.sleep(1)  # as a person who tries again would

    def _kill(self) -> None:
        while not self._over.wait(self._random.uniform(0.3, 6.0)):
            victim = self._random.choice(VICTIMS)
            if self._end(victim):
                self.killed.append((time.time(), victim))

    def _end(self, victim: str) -> list[int]:
        if victim == "server":
            server = self.house.installation.server
            return victims.kill_all([server]) if server is not None and not victims.ended(server) else []
        found = victims.find(self._words(victim))
        return victims.kill_all([self._random.choice(found)]) if found else []

    def _words(self, victim: str) -> list[str]:
        """An instance here is any web of the shop, a router any of the two."""
        words = self.house.words(victim)
        return {"instance": words[:2], "router": [".bootstrap.json", words[1]]}.get(victim, words)

    def _start_servers(self) -> None:
        """As an init system does: when it is gone, and again when it was killed while it started."""
        while not self._over.wait(0.1):
            server = self.house.installation.server
            if server is None or victims.ended(server):
                down = time.time()
                port, proxy_port = self.house.installation.port, self.house.installation.proxy_port
                self.house.installation.shipway("up", "-d", "--port", str(port), "--proxy-port", str(proxy_port))
                self.outages.append((down, time.time()))


def violations(history: History) -> list[str]:
    """What no kill may break (BARS 2.1, I1 to I5), and what a client may not have seen."""
    house = history.house
    found = [*checking.one_run_each(house), *checking.ended_once(house), *checking.done_too_often(house)]
    found += [*checking.disagreements(house), *_lost(history), *_wrong_reasons(house), *_serves_wrong(history)]
    return found + _failed_without_reason(history)


def _lost(history: History) -> list[str]:
    """Pushes that git acknowledged and nobody knows of (I1)."""
    accepted = {commit for (commit,) in history.house.query("select new from pushes where state = 'accepted'")}
    return [
        f"{each.commit} was acknowledged and is not on record"
        for each in history.asked
        if each.commit and each.told == "ok" and each.commit not in accepted
    ]


def _wrong_reasons(house: House) -> list[str]:
    """Runs that ended badly for a reason that cannot be true."""
    ended = house.query("select number, state, reason from runs where state != 'passed'")
    return [
        f"run {number} {state}: {reason}" for number, state, reason in ended if not TRUE_REASONS.search(reason)
    ]


def _serves_wrong(history: History) -> list[str]:
    """What serves is what the newest deployment that was done brought (I5), and nobody saw anything else."""
    house = history.house
    newest = house.query("select release from deployments where state = 'done' order by epoch desc limit 1")
    serving = house.query('select release, "commit" from serving join releases on releases.id = serving.release')
    commits = {commit: version for version, commit in house.commits.items()}
    ((release, commit),) = serving
    right = commits[commit]
    wrong = [] if newest == [(release,)] else [f"{serving} serves, and {newest} was deployed last"]
    if house.installation.says("shop") != right:
        wrong.append(f"{house.installation.says('shop')} answers in place of {right}")
    beat = house.installation.places.environment("shop", "prod") / "data" / "worker"
    eventually(lambda: beat.read_text() == right, f"the worker is {right}, not {beat.read_text()}", 5)
    green = {commits[row[0]] for row in house.query('select "commit" from deployments where switched is not null')}
    return wrong + [f"{version} was served and never deployed" for version in history.load.seen.keys() - green]


def _failed_without_reason(history: History) -> list[str]:
    """Requests that failed while nobody was dead who could have held them; nobody listens if both routers are."""
    away = [(at - 2.0, _back(history, at), who) for at, who in history.killed if who in HOLDERS]
    found = []
    for each in history.load.failures:
        dead = [who for begin, end, who in away if begin <= each.at <= end]
        if not dead or (each.refused and dead.count("router") < 2):
            found.append(f"{each.kind} failed at {each.at:.2f}, while dead were {dead}: {each.what}")
    return found


def _back(history: History, at: float) -> float:
    """Until when what was killed then may be away: the keeper starts it again, and the server the keeper."""
    end = at + AWAY
    for down, up in history.outages:
        if down <= end and up >= at:
            end = max(end, up + AWAY)
    return end


def summary(history: History) -> str:
    """What this history was, in a few lines."""
    house, load = history.house, history.load
    runs = Counter(house.query("select state, reason from runs"))
    return "\n".join(
        [
            f"seed {history.seed}: {len(history.asked)} asked, {Counter(each.told for each in history.asked)}",
            f"killed: {Counter(victim for _, victim in history.killed)}",
            *(f"{count} runs {state} {reason}" for (state, reason), count in runs.most_common()),
            f"{load.requests} requests, {len(load.failures)} failed",
        ]
    )
