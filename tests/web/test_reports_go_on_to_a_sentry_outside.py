"""Where an owner has named a Sentry outside, reports go on to it: scrubbed, in a line that holds nobody up."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from shipway.config.places import Places
from shipway.environments import configure
from shipway.environments.secrets import Vault
from shipway.incidents import channels, courier, errand, forward, line
from shipway.incidents.errand import Outcome
from shipway.incidents.forward import Forwarder, Forwarding
from shipway.incidents.line import Line
from shipway.signals.errors.recording import Accepted
from shipway.state.channels import Channel
from support import sdks
from support.installation import eventually
from support.receivers import Hook, hook
from web import reporting
from web.server import Site

SECRET = "tops3cret-4711"
WHOSE = "sentry:topup.prod"
APPLICATION = f"""
import sentry_sdk
sentry_sdk.init()

def charge(account):
    token = "{SECRET}"
    return 100 / account["balance"]

try:
    charge({{"balance": 0}})
except ZeroDivisionError:
    sentry_sdk.capture_exception()
sentry_sdk.capture_message("order 4711 has no lines")
"""


@pytest.fixture
def outside() -> Iterator[Hook]:
    with hook() as made:
        yield made


@pytest.fixture
def topup(site: Site) -> Site:
    site.scene.application("topup")
    return site


def name(site: Site, dsn: str, *, private: bool = True) -> Channel:
    vault = site.cast.machine.vault
    return channels.add(site.scene.database, vault, WHOSE, dsn, private=private, who="ada")


def dsn(outside: Hook) -> str:
    return f"http://k3y@127.0.0.1:{outside.port}/sentry/7"


@pytest.fixture
def places(shared: Site, tmp_path: Path) -> Places:
    """A line of its own for each test, over the record that they share."""
    return replace(shared.scene.places, data=tmp_path)


@pytest.fixture
def forwarder(shared: Site, places: Places) -> Iterator[Forwarder]:
    made = Forwarder(shared.scene.database, places, shared.cast.machine.vault)
    yield made
    made.close()


def event_in(body: bytes) -> dict[str, Any]:
    header, item, event, _ = gzip.decompress(body).split(b"\n")
    assert json.loads(item)["length"] == len(event)
    told: dict[str, Any] = json.loads(event)
    assert json.loads(header)["event_id"] == told["event_id"]
    return told


def accepted(**event: Any) -> Accepted:
    return Accepted("topup", "prod", json.dumps({"event_id": "e" * 32, **event}).encode(), [])


def state(forwarder: Forwarder) -> dict[str, Any]:
    return asdict(forwarder.state(WHOSE))


def counts(forwarder: Forwarder) -> Forwarding:
    return replace(forwarder.state(WHOSE), oldest=None, lost_at=None)


def shown(site: Site) -> dict[str, Any]:
    (channel,) = site.get("/api/v1/channels").json["channels"]
    found: dict[str, Any] = channel["forwarding"]
    return found


def test_what_an_sdk_reports_arrives_outside_as_well(topup: Site, outside: Hook, tmp_path: Path) -> None:
    vault = Vault(topup.scene.places)
    configure.change(topup.scene.database, vault, "topup", "prod", who="ada", secrets={"TOKEN": SECRET})
    topup.scene.deliver(topup.scene.push("topup", "Keep balances in cents"))
    name(topup, dsn(outside))
    forwarder = topup.cast.forwarder
    forwarder.look()
    sdks.python(APPLICATION, tmp_path, reporting.told(topup))
    forwarder.offer(topup.record(at_least=2))
    forwarder.look()
    eventually(lambda: shown(topup)["forwarded"] == 2, "both were taken")
    assert set(outside.calls) == {"POST /sentry/api/7/envelope/"}
    error = event_in(outside.raw[0])
    assert error["exception"]["values"][0]["type"] == "ZeroDivisionError"
    assert (error["release"], error["environment"]) == (reporting.release(topup.scene).commit, "prod")
    assert all(SECRET not in gzip.decompress(body).decode() for body in outside.raw)
    forwarder.close()


def test_what_people_typed_does_not_leave(shared: Site, forwarder: Forwarder, outside: Hook) -> None:
    name(shared, dsn(outside))
    forwarder.look()
    request = {
        "method": "POST",
        "url": "http://topup/pay?card=4000",
        "query_string": "card=4000",
        "headers": {"Authorization": "4000"},
        "cookies": "4000",
        "data": "4000",
    }
    crumb = {"data": {"url": "http://bank/pay?card=4000", "http.query": "card=4000"}}
    call = {"function": "pay", "vars": {"req": "<Request 'http://topup/pay?card=4000' [POST]>", "card": "4000"}}
    thrown = {"type": "KeyError", "stacktrace": {"frames": [call]}, "raw_stacktrace": {"frames": [call]}}
    stacks = {"exception": {"values": [thrown]}, "threads": [thrown], "stacktrace": {"frames": [call]}}
    answer = {"status_code": 500, "headers": {"Location": "/4000"}, "cookies": "4000", "data": {"card": "4000"}}
    around = {"contexts": {"response": answer, "runtime": {"name": "node"}}, "breadcrumbs": {"values": [crumb]}}
    told = accepted(request=request, user={"email": "4000"}, **around, **stacks)
    forwarder.offer([told])
    forwarder.look()
    eventually(lambda: outside.raw, "it was sent")
    assert b"4000" not in gzip.decompress(outside.raw[0])
    assert event_in(outside.raw[0])["stacktrace"] == {"frames": [{"function": "pay"}]}
    assert event_in(outside.raw[0])["request"] == {"method": "POST", "url": "http://topup/pay"}
    assert event_in(outside.raw[0])["contexts"] == {"response": {"status_code": 500}, "runtime": {"name": "node"}}


def test_nothing_goes_where_no_sentry_is_named(shared: Site, forwarder: Forwarder, outside: Hook) -> None:
    name(shared, dsn(outside))
    forwarder.look()
    forwarder.offer([Accepted("topup", "dev", b"{}", [])])
    forwarder.look()
    assert counts(forwarder) == Forwarding()
    assert outside.raw == []


def test_no_report_is_led_inside_unless_an_owner_said_so(
    shared: Site, forwarder: Forwarder, outside: Hook
) -> None:
    with pytest.raises(channels.InvalidChannel, match="is not a public address"):
        name(shared, dsn(outside), private=False)
    name(shared, dsn(outside))
    with shared.scene.database.write() as conn:
        conn.exec_driver_sql("update channels set private = 0")
    forwarder.look()
    forwarder.offer([accepted()])
    forwarder.look()
    eventually(lambda: "is not a public address" in state(forwarder)["problem"], "it was refused")
    assert outside.calls == []


def test_a_redirect_is_not_followed(shared: Site, forwarder: Forwarder, outside: Hook) -> None:
    name(shared, dsn(outside))
    with hook() as inside:
        outside.status, outside.headers = 302, {"Location": f"http://127.0.0.1:{inside.port}/"}
        forwarder.look()
        forwarder.offer([accepted()])
        forwarder.look()
        eventually(lambda: state(forwarder)["problem"] == "It answered 302.", "it was not taken")
        assert inside.calls == []


def test_one_that_hangs_holds_up_neither_intake_nor_others(
    shared: Site, forwarder: Forwarder, outside: Hook
) -> None:
    outside.awake.clear()
    name(shared, dsn(outside))
    forwarder.look()
    forwarder.offer([accepted()])
    forwarder.look()
    eventually(lambda: outside.calls, "it was asked")
    assert reporting.report(shared, reporting.event()).status == 200
    forwarder.offer([*shared.record(at_least=1), *[accepted()] * (line.WAITING + 6)])
    assert state(forwarder)["waiting"] == line.WAITING
    assert state(forwarder)["lost"] == 8, "the line has an end, and says so"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def answering(*told: Outcome) -> tuple[list[int], forward.Send]:
    """Something that sends, and how many reports it was given each time."""
    given: list[int] = []

    def send(_vault: Vault, _channel: Channel, reports: list[bytes]) -> Outcome:
        given.append(len(reports))
        return told[min(len(given), len(told)) - 1]

    return given, send


def said(taken: int = 0, refused: int = 0, wait: int = 0, said: str = "") -> Outcome:
    return Outcome(True, json.dumps({"taken": taken, "refused": refused, "wait": wait, "said": said}))


def looks(forwarder: Forwarder, clock: Clock, seconds: float) -> None:
    """As the watcher does, once a second; each courier has come back before the next look."""
    for _ in range(round(seconds)):
        forwarder.look()
        eventually(lambda: not any(line.busy for line in forwarder._lanes.values()), "it is back")
        clock.now += 1


def test_pauses_grow_and_nothing_is_lost_meanwhile(shared: Site, places: Places, outside: Hook) -> None:
    name(shared, dsn(outside))
    clock, (given, send) = Clock(), answering(*[Outcome(False, "no answer")] * 4, said(taken=1))
    made = Forwarder(shared.scene.database, places, shared.cast.machine.vault, send, clock)
    made.look()
    made.offer([accepted()])
    looks(made, clock, 29)
    assert len(given) == 4, "at 0, 2, 6 and 14 s"
    assert counts(made) == Forwarding(waiting=1, problem="no answer")
    looks(made, clock, 3)
    assert counts(made) == Forwarding(forwarded=1)
    made.close()


def test_a_service_that_wants_to_be_left_alone_is(shared: Site, places: Places, outside: Hook) -> None:
    name(shared, dsn(outside))
    clock, (given, send) = Clock(), answering(said(taken=1, wait=60, said="It answered 429."), said(taken=2))
    made = Forwarder(shared.scene.database, places, shared.cast.machine.vault, send, clock)
    made.look()
    made.offer([accepted(), accepted(), accepted()])
    looks(made, clock, 59)
    assert given == [3]
    looks(made, clock, 3)
    assert given == [3, 2]
    assert counts(made) == Forwarding(forwarded=3)
    made.close()


@pytest.mark.parametrize("status", [429, 503])
def test_what_is_not_taken_yet_stays_in_the_line(
    shared: Site, forwarder: Forwarder, outside: Hook, status: int
) -> None:
    outside.status, outside.headers = status, {"Retry-After": "30"}
    name(shared, dsn(outside))
    forwarder.look()
    forwarder.offer([accepted()])
    forwarder.look()
    eventually(lambda: state(forwarder)["problem"] == f"It answered {status}.", "it was asked")
    assert (state(forwarder)["waiting"], state(forwarder)["lost"]) == (1, 0)
    assert forwarder._lanes[WHOSE].due > time.monotonic() + 20


def test_what_is_refused_is_not_sent_again(shared: Site, forwarder: Forwarder, outside: Hook) -> None:
    outside.status = 403
    name(shared, dsn(outside))
    forwarder.look()
    forwarder.offer([accepted(), accepted()])
    forwarder.look()
    eventually(lambda: state(forwarder)["lost"] == 2, "both were refused")
    assert state(forwarder)["waiting"] == 0


def test_what_cannot_be_scrubbed_is_lost_alone(shared: Site, places: Places, outside: Hook) -> None:
    name(shared, dsn(outside))
    made = Forwarder(shared.scene.database, places, shared.cast.machine.vault)
    made.look()
    deep = json.loads("[" * 600 + "]" * 600)
    made.offer([accepted(extra={"deep": deep}), Accepted("topup", "prod", b"no report", []), accepted()])
    made.close()
    assert counts(made) == Forwarding(waiting=1, lost=2)


STARTED = """
import json, sys
from dataclasses import replace
from pathlib import Path
from shipway.config.places import Places
from shipway.environments.secrets import Vault
from shipway.incidents.forward import Forwarder
from shipway.signals.errors.recording import Accepted
from shipway.state.database import open_database

places, data = Places.of(Path(sys.argv[1])), Path(sys.argv[2])
forwarder = Forwarder(open_database(places.database), replace(places, data=data), Vault(places))
for number in range(30):
    forwarder.offer([Accepted("topup", "prod", json.dumps({"event_id": f"{number:032x}"}).encode(), [])])
forwarder.look()
print("lined up", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("asleep", [True, False])
def test_a_kill_loses_no_report(shared: Site, places: Places, outside: Hook, *, asleep: bool) -> None:
    """Killed with a courier on its way (the Sentry hangs), or while it says no: the next server sends them."""
    name(shared, dsn(outside))
    outside.status = 503
    if asleep:
        outside.awake.clear()
    home = shared.scene.places
    env = {**os.environ, "HOME": str(home.data.parent), "XDG_RUNTIME_DIR": str(home.data.parent)}
    env.pop("XDG_CONFIG_HOME", None)
    command = [sys.executable, "-c", STARTED, str(home.data), str(places.data)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == b"lined up\n"
        eventually(lambda: outside.calls, "a courier asked")
        killed.kill()
    outside.status = 200
    outside.awake.set()
    outside.raw.clear()
    made = Forwarder(shared.scene.database, places, shared.cast.machine.vault)
    try:
        for _ in range(2):
            made.look()
            eventually(lambda: not any(lane.busy for lane in made._lanes.values()), "it is back")
        assert counts(made) == Forwarding(forwarded=30)
    finally:
        made.close()
    said = {event_in(body)["event_id"] for body in outside.raw}
    assert said == {f"{number:032x}" for number in range(30)}


def test_what_is_reported_before_the_first_look_goes_on_too(
    shared: Site, forwarder: Forwarder, outside: Hook
) -> None:
    name(shared, dsn(outside))
    forwarder.offer([accepted()])
    assert state(forwarder)["waiting"] == 1


def test_what_has_waited_for_days_is_lost_and_the_count_stays(
    shared: Site, places: Places, forwarder: Forwarder, outside: Hook
) -> None:
    channel = name(shared, dsn(outside))
    forwarder.offer([accepted(), accepted()])
    first = min(path for path in (places.forwarding / "topup.prod").iterdir() if path.name.isdecimal())
    os.utime(first, (0, time.time() - line.OLDEST - 60))
    later = Forwarder(shared.scene.database, places, shared.cast.machine.vault, answering(said(taken=1))[1])
    later.look()
    later.close()
    assert counts(later) == Forwarding(forwarded=1, lost=1)
    assert Line(places.forwarding / "topup.prod").counts.lost == 1, "it is on disk"
    channels.remove(shared.scene.database, channel.id, "ada")
    later = Forwarder(shared.scene.database, places, shared.cast.machine.vault)
    later.look()
    assert list(places.forwarding.iterdir()) == [], "what waits for a channel goes with it"
    later.close()


@pytest.mark.parametrize("days", [-400, 4])
def test_a_clock_that_is_set_to_another_day_loses_none(
    places: Places, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """BARS R20: also not those that were there before, nor those that come before the clock is right again."""
    Line(places.forwarding / "topup.prod").add(b"1")
    before, new = Line(places.forwarding / "topup.prod"), Line(places.forwarding / "topup.test")
    real = time.time
    with monkeypatch.context() as patched:
        patched.setattr(time, "time", lambda: real() + days * 24 * 3600)
        new.add(b"2")
        before.tidy()
    new.tidy()
    assert [(len(each), each.counts.lost) for each in (before, new)] == [(1, 0), (1, 0)]


def test_one_whose_file_is_gone_is_lost_alone(places: Places) -> None:
    made = Line(places.forwarding / "topup.prod")
    for report in (b"1", b"2", b"3"):
        made.add(report)
    (places.forwarding / "topup.prod" / "000000000001").unlink()
    assert [report for _, report in made.gulp()] == [b"1", b"3"]
    assert (len(made), made.counts.lost) == (2, 1)


@pytest.mark.parametrize(
    "counted", ['{"forwarded": "x"}', "[1]", "", '{"forwarded": 1, "lost": 2, "lost_at": "now"}']
)
def test_counts_that_cannot_be_read_begin_anew(tmp_path: Path, counted: str) -> None:
    (tmp_path / "counts.json").write_text(counted)
    made = Line(tmp_path)
    made.lose(1)
    made.note()
    assert Line(tmp_path).counts.lost == 1


def test_where_nothing_can_be_written_the_report_is_lost_and_counted(tmp_path: Path) -> None:
    (tmp_path / "in the way").touch()
    made = Line(tmp_path / "in the way")
    made.add(b"1")
    made.note()
    assert (len(made), made.counts.lost) == (0, 1)


def test_a_slow_service_is_not_sent_more_than_there_is_time_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a courier has not told when its time is over is sent again."""
    clock = Clock()
    began = clock.now

    def post(*_: object) -> tuple[int, int]:
        clock.now += 9
        return 200, 0

    monkeypatch.setattr(courier, "_post", post)
    monkeypatch.setattr(courier, "time", SimpleNamespace(monotonic=clock))
    told = json.loads(courier._forward({"url": "http://k3y@127.0.0.1/7", "reports": ["{}"] * 20}))
    assert clock.now - began <= courier.FORWARDING + courier.PING_PATIENCE < errand.LIMIT
    assert told == {"taken": 7, "refused": 0, "wait": 0, "said": ""}


def test_its_address_is_never_shown_again(shared: Site, outside: Hook) -> None:
    made = shared.send("POST", "/api/v1/channels", {"whose": WHOSE, "url": dsn(outside), "private": True})
    assert made.status == 200
    assert "k3y" not in made.text + shared.get("/api/v1/channels").text


@pytest.mark.parametrize(
    ("whose", "url"),
    [
        (WHOSE, "https://example.org/7"),
        (WHOSE, "https://key@example.org/seven"),
        (WHOSE, "ftp://key@example.org/7"),
        (WHOSE, "https://key@example.org/7?x=1"),
        ("sentry:topup", "https://key@example.org/7"),
        ("sentry:Topup.prod", "https://key@example.org/7"),
        ("sentry:topup.prod.r3", "https://key@example.org/7"),
    ],
)
def test_what_is_no_dsn_or_no_environment_is_refused(shared: Site, whose: str, url: str) -> None:
    assert shared.send("POST", "/api/v1/channels", {"whose": whose, "url": url}).status == 400


def test_a_test_can_be_sent(shared: Site, outside: Hook) -> None:
    made = name(shared, dsn(outside))
    tried = shared.send("POST", f"/api/v1/channels/{made.id}/test").json
    assert (tried["good"], tried["said"]) == (True, "It took the report.")
    assert event_in(outside.raw[0])["message"] == "This is a test of Shipway. It works."


def test_it_is_of_an_environment_that_is_there(topup: Site) -> None:
    for whose, known in (("sentry:topup.nope", "dev, test, prod"), ("sentry:zzz.prod", "topup")):
        refused = topup.send("POST", "/api/v1/channels", {"whose": whose, "url": "https://key@example.org/7"})
        assert refused.status == 404
        assert f"There are: {known}" in refused.text
    assert topup.get("/api/v1/channels").json["channels"] == []


def test_reports_that_wait_because_they_are_refused_are_trouble() -> None:
    waits = Forwarding(forwarded=3, waiting=1, problem="It answered 503.", oldest=time.time())
    assert waits.trouble(time.time()) == "1 waits: It answered 503."
    assert not replace(waits, waiting=0).trouble(time.time())
    assert not replace(waits, problem="").trouble(time.time()), "it is on its way"
