"""Whatever comes in at the socket, the keeper answers the next one and its instances run on."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from support.keeping import House

HELLO = b'{"op": "hello"}\n'


@pytest.fixture(autouse=True)
def unimpressed(house: House) -> Iterator[None]:
    """After each test: the same keeper, the same instance, and it answers."""
    before = house.keeper.hello(), house.up("one")
    yield
    assert (house.keeper.hello(), house.state("one")) == before


def connect(house: House) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(house.places.keeper_socket))
    connection.settimeout(30)
    return connection


def say(house: House, data: bytes) -> list[dict[str, Any]]:
    """Sends these bytes and no more; every line of the answer."""
    with connect(house) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as lines:
            return [json.loads(line) for line in lines]


@pytest.mark.parametrize(
    "line",
    [
        b"", b"\x00\xff\xfe", b"GET / HTTP/1.1\r", b"null", b"[]", b"3", b'"hello"', b"{}", b'{"op": null}',
        b'{"op": ["hello"]}', b'{"op": {}}', b'{"op": "__init__"}', b'{"op": "hello"', b"[" * 100_000,
        b'{"op":' * 100_000, b"1" * 100_000, b'{"op": "ensure"}', b'{"op": "ensure", "spec": []}',
        b'{"op": "ensure", "spec": {"id": {}}}', b'{"op": "stop"}', b'{"op": "listens"}',
        b'{"op": "stop", "id": "one", "group": "shop.prod", "epoch": 1, "grace": NaN}',
        b'{"op": "stop", "id": "one", "group": "shop.prod", "epoch": 1, "grace": Infinity}',
        b'{"op": "stop", "id": "one", "group": "shop.prod", "epoch": 1, "grace": -1}',
        b'{"op": "stop", "id": "one", "group": "shop.prod", "epoch": 1, "grace": 1e999}',
        b'{"op": "stop", "id": "one", "group": "shop.test", "epoch": 1, "grace": 0}',
        b'{"op": "stop", "id": "one", "group": "..", "epoch": 1, "grace": 0}',
        b'{"op": "take_epoch", "group": "../../x", "epoch": 1}',
        b'{"op": "take_epoch", "group": "x", "epoch": 1e3}',
        b'{"op": "listens", "id": "one", "port": 70000}', b'{"op": "listens", "id": "one", "port": true}',
        b'{"op": "instances", "group": 3}',
    ],
    ids=lambda line: line[:60],
)  # fmt: skip
def test_nonsense_is_refused_and_the_conversation_goes_on(house: House, line: bytes) -> None:
    refused, greeted = say(house, line + b"\n" + HELLO)
    assert (refused["ok"], greeted["ok"]) == (False, True)


def test_a_line_without_end_is_refused_and_ends_the_conversation(house: House) -> None:
    def without_end(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"x" * 1_000_000)

    with connect(house) as connection, pytest.raises((BrokenPipeError, ConnectionResetError)):
        without_end(connection)


def test_a_long_line_within_the_limit_is_understood(house: House) -> None:
    assert say(house, b'{"op": "hello", "x": "' + b"x" * 3_000_000 + b'"}\n')[0]["ok"]


def test_half_a_line_is_no_request(house: House) -> None:
    assert say(house, b'{"op": "quit"}') == []


def test_a_request_may_come_byte_by_byte(house: House) -> None:
    with connect(house) as connection, connection.makefile("rb") as lines:
        for byte in HELLO:
            connection.sendall(bytes([byte]))
        assert json.loads(lines.readline())["ok"]


def test_many_requests_in_one_breath_are_answered_in_order(house: House) -> None:
    requests = [{"op": "take_epoch", "group": "many", "epoch": epoch} for epoch in (3, 2, 4)] * 200
    answers = say(house, b"".join(json.dumps(request).encode() + b"\n" for request in requests))
    assert [answer["ok"] for answer in answers] == [True, False, True] + [False, False, True] * 199


def test_one_who_never_reads_piles_up_nothing(house: House) -> None:
    def without_reading(connection: socket.socket) -> None:
        while True:
            connection.sendall(b'{"op": "instances"}\n' * 1000)

    before = memory(house)
    with connect(house) as connection:
        connection.settimeout(1)
        with pytest.raises(TimeoutError):
            without_reading(connection)
        assert house.keeper.hello()
        assert memory(house) - before < 8_000_000


def test_one_who_leaves_before_the_answer_bothers_nobody(house: House) -> None:
    for _ in range(50):
        with connect(house) as connection:
            connection.sendall(HELLO * 100)


def test_hundreds_who_say_nothing_keep_nobody_out(house: House) -> None:
    descriptors = Path(f"/proc/{house.keeper.hello()['pid']}/fd")
    with ExitStack() as silent:
        for _ in range(400):
            silent.enter_context(connect(house))
        assert house.keeper.hello()
        assert len(list(descriptors.iterdir())) < 300


def test_the_socket_is_for_its_owner(house: House) -> None:
    assert stat.S_IMODE(house.places.keeper_socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(house.places.runtime.stat().st_mode) == 0o700


@pytest.mark.needs("root")
def test_another_user_is_turned_away_even_when_the_socket_lets_him_in(house: House) -> None:
    folder = house.places.keeper_socket.parent
    for path in (house.places.keeper_socket, folder, *folder.parents):
        if path.stat().st_mode & 0o005 != 0o005:
            path.chmod(0o777)
    child = os.fork()
    if child == 0:
        os.setuid(65534)
        try:
            os._exit(len(say(house, HELLO)))
        except ConnectionError:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert "user 65534 was turned away" in house.keeper_log()


def memory(house: House) -> int:
    """What the keeper has in memory, in bytes."""
    pages = Path(f"/proc/{house.keeper.hello()['pid']}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
