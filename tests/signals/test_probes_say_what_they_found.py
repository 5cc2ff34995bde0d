"""Each kind of probe against the real thing: passed, failed, or not known, with the reason in a few words."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shipway.errors import OwnerError
from shipway.hosts.sandbox import Room, Tier
from shipway.signals import probes
from shipway.signals.questions import names
from signals.places import ask, number, place, question
from support.answering import Answering, answering, server_context
from support.ports import free_port
from support.rooms import tier_of


@pytest.fixture
def shop() -> Iterator[Answering]:
    with answering() as made:
        made.answer("/", "eggs and bread")
        made.answer("/broken", "out of eggs", 500)
        made.answer("/moved", "", 302, Location="/")
        yield made


# --- http


def test_a_path_is_asked_of_the_instance_for_the_name_people_use(shop: Answering, tmp_path: Path) -> None:
    answer = ask(question("http", "/"), place(tmp_path, shop.port))
    assert answer.state == "passed"
    assert re.fullmatch(r"answered 200 in \d+ ms", answer.says)
    assert shop.asked == [("/", "shop.localhost")]


@pytest.mark.parametrize(
    ("path", "how", "state", "says"),
    [
        ("/broken", {}, "failed", "web.1: answered 500"),
        ("/gone", {}, "failed", "web.1: answered 404"),
        ("/gone", {"status": 404}, "passed", "answered 404 in"),
        ("/moved", {}, "passed", "answered 302 in"),
        ("/moved", {"status": 200}, "failed", "web.1: answered 302 instead of 200"),
        ("/", {"text": "bread"}, "passed", "answered 200 in"),
        ("/", {"text": "milk"}, "failed", "web.1: answered 200 without 'milk'"),
    ],
)
def test_an_answer_is_good_or_not(
    shop: Answering, tmp_path: Path, path: str, how: dict[str, object], state: str, says: str
) -> None:
    answer = ask(question("http", path, **how), place(tmp_path, shop.port))
    assert (answer.state, answer.says[: len(says)]) == (state, says)
    assert len(shop.asked) == 1


def test_the_worst_instance_counts(shop: Answering, tmp_path: Path) -> None:
    answer = ask(question("http", "/"), place(tmp_path, shop.port, free_port()))
    assert answer.state == "failed"
    assert answer.says.startswith("web.2: no answer")


def test_what_does_not_end_has_failed_in_its_time(shop: Answering, tmp_path: Path) -> None:
    answer = ask(question("http", "/never", timeout=0.3), place(tmp_path, shop.port))
    assert (answer.state, answer.says) == ("failed", "no answer within 0.3 s")


def test_one_that_sends_a_little_now_and_then_has_failed_as_well(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                for _ in range(60):
                    if over.wait(0.05):
                        break
                    connection.sendall(b".")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        answer = ask(question("http", "/", timeout=0.4), place(tmp_path, listener.getsockname()[1]))
        over.set()
        thread.join()
    assert answer.says == "no answer within 0.4 s"


def test_where_no_instance_runs_nothing_is_known(tmp_path: Path) -> None:
    assert ask(question("http", "/"), place(tmp_path)).state == "not known"


def test_an_url_is_asked_by_its_name(shop: Answering, tmp_path: Path) -> None:
    answer = ask(question("http", f"http://localhost:{shop.port}/"), place(tmp_path))
    assert answer.state == "passed"
    assert shop.asked == [("/", f"localhost:{shop.port}")]


def test_a_certificate_nobody_trusts_is_no_good_answer(tmp_path: Path) -> None:
    with answering(server_context(tmp_path, timedelta(days=90))) as shop:
        answer = ask(question("http", f"https://localhost:{shop.port}/"), place(tmp_path))
    assert answer.state == "failed"
    assert "self-signed certificate" in answer.says
    assert shop.asked == []


def test_a_host_that_is_not_known_is_not_known(tmp_path: Path) -> None:
    answer = ask(question("http", "http://nowhere.invalid/"), place(tmp_path))
    assert answer.state == "not known"
    assert "nowhere.invalid" in answer.says


def test_a_name_that_is_looked_up_for_ever_ends_in_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    looked_up: list[str] = []

    def hang(host: str) -> list[str]:
        looked_up.append(host)
        over.wait(30)
        return ["127.0.0.1"]

    monkeypatch.setattr(names, "_addresses", hang)

    async def three_times() -> list[str]:
        of = place(tmp_path)
        asked = question("tcp", "slow.example:1", timeout=0.1)
        return [(await probes.ask(asked, of)).state for _ in range(3)]

    assert asyncio.run(three_times()) == ["not known"] * 3
    assert looked_up == ["slow.example"], "each look-up that hangs costs a thread"
    over.set()


# --- tcp


def test_a_port_takes_a_connection_or_does_not(shop: Answering, tmp_path: Path) -> None:
    assert ask(question("tcp", f"localhost:{shop.port}"), place(tmp_path)).state == "passed"
    refused = ask(question("tcp", f"127.0.0.1:{free_port()}"), place(tmp_path))
    assert refused.state == "failed"
    assert "no connection" in refused.says


# --- certificate


@pytest.mark.parametrize(
    ("left", "days", "state", "says"),
    [
        (timedelta(days=90, hours=1), 14, "passed", "good for 90 days more, until "),
        (timedelta(days=3, hours=1), 14, "failed", "good for 3 days more, until "),
        (timedelta(days=3, hours=1), 2, "passed", "good for 3 days more, until "),
        (timedelta(hours=1), 0, "passed", "good for 0 days more, until "),
        (timedelta(hours=-1), 0, "failed", "has expired on "),
    ],
)
def test_a_certificate_has_enough_days_left(
    tmp_path: Path, left: timedelta, days: int, state: str, says: str
) -> None:
    with answering(server_context(tmp_path, left)) as shop:
        answer = ask(question("certificate", f"localhost:{shop.port}", days=days), place(tmp_path))
    assert (answer.state, answer.says[: len(says)]) == (state, says)


def test_what_speaks_no_tls_has_no_certificate(shop: Answering, tmp_path: Path) -> None:
    answer = ask(question("certificate", f"localhost:{shop.port}"), place(tmp_path))
    assert answer.state == "failed"
    assert answer.says.startswith("no TLS connection")


# --- command


def test_a_command_runs_in_the_room_of_the_release(tmp_path: Path) -> None:
    of = place(tmp_path, 4711, COUNTRY="NO")
    (tmp_path / "tree" / "here").touch()
    answer = ask(question("command", 'test -e here && echo "all is well in $COUNTRY at $PORT"'), of)
    assert (answer.state, answer.says) == ("passed", "all is well in NO at 4711")


@pytest.mark.parametrize(
    ("line", "state", "says"),
    [
        ("echo three; echo orders wait >&2; exit 3", "failed", "exit status 3: orders wait"),
        ("exit 3", "failed", "exit status 3"),
        ("nosuchcommand", "failed", "exit status 127: "),
        ("kill -9 $$", "failed", "exit status 137"),
        ("sleep 60", "failed", "no answer within 1 s"),
        ("true", "passed", "exit status 0"),
    ],
)
def test_a_command_says_with_its_exit_code(tmp_path: Path, line: str, state: str, says: str) -> None:
    answer = ask(question("command", line, timeout=1.0), place(tmp_path))
    assert (answer.state, answer.says[: len(says)]) == (state, says)


def test_a_command_that_prints_without_end_fills_no_disk(tmp_path: Path) -> None:
    of, sizes = place(tmp_path), []
    over = threading.Event()

    def measure() -> None:
        while not over.is_set():
            sizes.extend(file.stat().st_size for file in (tmp_path / "scratch").glob("*/step/log"))
            time.sleep(0.01)

    thread = threading.Thread(target=measure)
    thread.start()
    answer = ask(question("command", "yes", timeout=0.5), of)
    over.set()
    thread.join()
    assert answer.state == "failed"
    assert 0 < max(sizes) < 200_000
    assert list((tmp_path / "scratch").iterdir()) == []


class Broken:
    """A tier whose sandbox does not work: its program ends as bubblewrap does then."""

    def __init__(self, tier: Tier) -> None:
        self._tier = tier

    def __getattr__(self, name: str) -> object:
        return getattr(self._tier, name)

    def command(self, room: Room, argv: list[str]) -> list[str]:
        return ["/bin/sh", "-c", "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1"]


def test_a_sandbox_that_does_not_work_says_nothing_about_the_application(tmp_path: Path) -> None:
    answer = ask(question("command", "true"), place(tmp_path, tier=Broken(tier_of())))  # type: ignore[arg-type]
    assert (answer.state, answer.says) == ("not known", "the sandbox did not let it begin")


def test_a_release_whose_room_cannot_be_made_says_nothing_either(tmp_path: Path) -> None:
    def around() -> object:
        raise OwnerError("The disk is full.", hint="")

    broken = place(tmp_path)
    object.__setattr__(broken, "around", around)
    assert ask(question("command", "true"), broken).state == "not known"


# --- invariants


@pytest.mark.parametrize(
    ("text", "field", "state", "says"),
    [
        ("checking\n0\n", None, "passed", "0"),
        ("0.00", None, "passed", "0"),
        ("17\n", None, "failed", "17 instead of 0"),
        ("-1e3", None, "failed", "-1000 instead of 0"),
        ("0 euros", None, "not known", "its last line is not a number"),
        ("", None, "not known", "its last line is not a number"),
        ("NaN", None, "not known", "its last line is not a number"),
        ("inf", None, "not known", "its last line is not a number"),
        ('{"orders": {"open": 0}}', "orders.open", "passed", "0"),
        ('{"orders": {"open": "2"}}', "orders.open", "failed", "2 instead of 0"),
        ('{"orders": {"open": true}}', "orders.open", "not known", "`orders.open` is not a number"),
        ('{"orders": []}', "orders.open", "not known", "`orders.open` is not a number"),
        ("[" * 20_000, "orders.open", "not known", "`orders.open` is not a number"),
    ],
)
def test_a_number_is_right_or_wrong_or_none(
    shop: Answering, tmp_path: Path, text: str, field: str | None, state: str, says: str
) -> None:
    shop.answer("/difference", text)
    answer = ask(number("http", "/difference", field=field), place(tmp_path, shop.port))
    assert (answer.state, answer.says) == (state, says)


def test_what_cannot_count_knows_no_number(shop: Answering, tmp_path: Path) -> None:
    shop.answer("/difference", "0", 500)
    assert ask(number("http", "/difference"), place(tmp_path, shop.port)).state == "not known"
    assert ask(number("command", "echo 0; exit 1"), place(tmp_path)).state == "not known"
    assert ask(number("command", "echo 0"), place(tmp_path)).number == 0.0
