"""Half an hour in which no channel works, in real time, with a server that is killed twice (BARS R24)."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from support import receivers
from support.installation import Installation, Repository, eventually
from support.kills import victims
from support.receivers import Hook, Mailbox
from support.shop import PROJECT, shop

MINUTE = 60.0
OUTAGE, EVERY = 30 * MINUTE, 5 * MINUTE
PAGED, RECOVERED = 17 * MINUTE, 5 * MINUTE
KILLS = (12 * MINUTE, OUTAGE)
"""Each at the first message after it that a channel has taken, before that is noted."""

SLOW = 60.0
PEOPLE = ("ada", "ben", "cho", "dan", "eve")
MISSING = ("eggs", "flour", "milk", "butter", "sugar", "salt")
"""What is wrong each time: the same again, but for a number, would be told once."""


@dataclass
class Noted(Hook):
    """`at` is when what came."""

    at: list[tuple[float, str]] = field(default_factory=list)
    _open: ExitStack | None = None

    def answer(self, method: str, path: str, body: bytes) -> int:
        self.at.append((time.monotonic(), str(json.loads(body)["id"])))
        return super().answer(method, path, body)

    def open(self) -> None:
        if self._open is None:
            self._open = ExitStack()
            self._open.enter_context(receivers.hook(self))

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


@dataclass
class Post(Mailbox):
    """`at` is when what came."""

    at: list[tuple[float, str]] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        self.at.append((time.monotonic(), _key(self.mails[-1])))
        return answer


def _key(mail: EmailMessage) -> str:
    return str(mail["Message-ID"]).strip("<>")


@dataclass
class Outage:
    """Ada has mail, Ben a webhook, both dead; Cho's takes a minute for each message, Dan's comes and goes, and
    Eve's is dead but she has another.
    """

    house: Installation
    mail: Post = field(default_factory=Post)
    ben: Noted = field(default_factory=Noted)
    cho: Noted = field(default_factory=Noted)
    dan: Noted = field(default_factory=Noted)
    eve: Noted = field(default_factory=Noted)
    second: Noted = field(default_factory=Noted)
    repositories: dict[str, Repository] = field(default_factory=dict)
    kills: int = 0

    def begin(self) -> None:
        self.mail.open()
        for hook in self.hooks:
            hook.open()
        self.cho.slow = SLOW
        self.cho.awake.clear()
        self.house.up()
        ways = [("ada", self.mail.url())]
        ways += zip(("ben", "cho", "dan", "eve", "eve"), (hook.url() for hook in self.hooks), strict=True)
        for person, url in ways:
            added = self.house.shipway("channels", f"{person}@example.org", "--private", stdin=f"{url}\n")
            assert added.code == 0, added.out
        for person in PEOPLE:
            made = self.house.repository(person)
            made.write(shop("1", project=PROJECT.replace("name: shop", f"name: {person}")))
            made.init()
            self.repositories[person] = made
        self.dead(True)

    @property
    def hooks(self) -> tuple[Noted, ...]:
        return self.ben, self.cho, self.dan, self.eve, self.second

    def dead(self, now: bool) -> None:
        for receiver in (self.mail, self.ben, self.eve):
            if now:
                receiver.close()
            else:
                receiver.open()

    def trouble(self, number: int) -> None:
        """Everybody breaks something."""
        for person, repository in self.repositories.items():
            repository.write({"check.py": f"raise SystemExit('no {MISSING[number]}')\n"})
            repository.git("add", "--all")
            author = f"{person} <{person}@example.org>"
            done = repository.git("commit", "--quiet", "--author", author, "--message", f"Break it {number}")
            assert done.code == 0, done.out
            repository.push("-o", "detach", "shipway", "HEAD:main")

    def kill_at_the_next(self) -> None:
        plan = {"id": uuid.uuid4().hex, "place": "message.sent before", "nth": 1, "words": []}
        Path(self.house.env["KILLS_PLAN"]).write_text(json.dumps(plan))

    def keep_up(self) -> None:
        """The server, should it have been killed."""
        server = self.house.server
        if server is not None and victims.ended(server):
            self.kills += 1
            self.house.up()

    def states(self) -> Counter[tuple[str, str]]:
        return Counter((who, state) for who, state in self.house.query("select person, state from messages"))

    def arrived(self) -> list[tuple[float, str]]:
        return [*self.mail.at, *(one for hook in self.hooks for one in hook.at)]

    def dan_comes_and_goes(self, minute: float) -> None:
        if int(minute / EVERY) % 2:
            self.dan.open()
        else:
            self.dan.close()

    def end(self) -> None:
        self.cho.awake.set()
        self.mail.close()
        for hook in self.hooks:
            hook.close()
        self.house.take_down()


@pytest.fixture
def outage(tmp_path: Path) -> Iterator[Outage]:
    house = Installation(tmp_path, victims.killed_by(tmp_path / "plan.json"))
    made = Outage(house)
    try:
        made.begin()
        yield made
    finally:
        made.end()


@pytest.mark.soak
@pytest.mark.timeout(OUTAGE + 20 * MINUTE)
def test_everything_arrives_within_five_minutes_after_and_nothing_twice(outage: Outage) -> None:
    began = time.monotonic()
    due = deed_by_deed(outage)
    while due or time.monotonic() - began < OUTAGE:
        if due and time.monotonic() - began >= due[0][0]:
            due.pop(0)[1]()
        outage.dan_comes_and_goes(time.monotonic() - began)
        outage.keep_up()
        time.sleep(0.2)
    waiting = outage.states()
    assert {who for who, state in waiting if state == "waiting"} >= {"ada@example.org", "ben@example.org"}
    assert not outage.mail.at
    assert not outage.ben.at
    recovered = time.monotonic()
    outage.dan.open()
    outage.dead(False)

    def told() -> bool:
        outage.keep_up()
        return {state for _who, state in outage.states()} == {"sent"}

    eventually(told, "everything is sent", RECOVERED)
    judge(outage, began, recovered)


def deed_by_deed(outage: Outage) -> list[tuple[float, Callable[[], None]]]:
    """What is done when, seconds after it began."""
    deeds: list[tuple[float, Callable[[], None]]] = [
        (number * EVERY, lambda number=number: outage.trouble(number))  # type: ignore[misc]
        for number in range(int(OUTAGE / EVERY))
    ]
    deeds += [(at, outage.kill_at_the_next) for at in KILLS]
    deeds.append((PAGED, lambda: is_paged(outage)))
    return sorted(deeds, key=lambda deed: deed[0])


def is_paged(outage: Outage) -> None:
    """Whoever has a second channel has heard by it, and for the rest `doctor` says it."""
    (found,) = [each for each in outage.house.json("doctor") if each["what"] == "messages"]
    assert "could not be delivered" in found["found"]
    assert outage.second.at


def judge(outage: Outage, began: float, recovered: float) -> None:
    """Everything arrived, and of what was on its way when the server was killed nothing twice."""
    times = Counter(key for _at, key in outage.arrived())
    every = outage.house.query("select id from messages")
    written = {f"{key}@{outage.house.places.name}.shipway.invalid" for (key,) in every}
    again = Counter({key: count - 1 for key, count in times.items() if count > 1})
    late = {
        person: round(max((at - recovered for at, _key in receiver.at), default=0.0), 1)
        for person, receiver in (("ada", outage.mail), ("ben", outage.ben), ("dan", outage.dan))
    }
    paged = min((at for at, _key in outage.second.at), default=began) - began
    print(f"\n{len(written)} messages, killed {outage.kills} times, said again: {list(again.values())}")
    print(f"the last one seconds after: {late}; the second channel heard first after {paged:.0f} s")
    assert set(times) == written
    assert len(written) == len(PEOPLE) * int(OUTAGE / EVERY)
    assert outage.kills == len(KILLS)
    assert not again
