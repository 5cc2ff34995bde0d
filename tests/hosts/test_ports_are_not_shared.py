"""A port belongs to one instance, is free when it is given, and rests before the next one gets it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shipway.errors import NoPort
from shipway.hosts import ports
from shipway.state import ports as recorded
from shipway.state.database import Database
from support.records import open_record


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_record(tmp_path / "shipway.db")
    yield database
    database.close()


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Four ports are all there are."""
    few = list(range(20_100, 20_104))
    monkeypatch.setattr(ports, "_candidates", lambda: list(few))
    monkeypatch.setattr(ports, "_is_free", lambda _port: True)
    return few


def test_ports_lie_below_those_the_system_hands_out(database: Database) -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert 20_000 <= ports.take(database, "a.prod.r1.web.1") < lowest


@pytest.mark.parametrize(
    ("ephemeral", "ours"),
    [
        ((32_768, 60_999), range(20_000, 32_768)),
        ((10_000, 60_999), range(61_000, 65_536)),
        ((15_000, 65_535), range(1_024, 15_000)),
    ],
)
def test_ports_are_never_ephemeral_ones(ephemeral: tuple[int, int], ours: range) -> None:
    assert ports._range(*ephemeral) == ours


def test_two_owners_have_two_ports_also_when_they_ask_at_once(database: Database) -> None:
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda n: ports.take(database, f"a.prod.r1.web.{n}"), range(24)))
    assert len(set(taken)) == 24


def test_the_same_owner_is_given_the_same_port_again(database: Database) -> None:
    assert ports.take(database, "a.prod.r1.web.1") == ports.take(database, "a.prod.r1.web.1")


def test_a_released_port_rests(database: Database, few: list[int]) -> None:
    for owner in "abcd":
        ports.take(database, owner)
    release(database, few[1])
    with pytest.raises(NoPort):
        ports.take(database, "e")


def test_a_rested_port_is_used_again(database: Database, few: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    for owner in "abcd":
        ports.take(database, owner)
    release(database, few[1])
    monkeypatch.setattr(ports, "REST", -1.0)
    assert ports.take(database, "e") == few[1]


def test_releasing_twice_does_not_take_the_port_from_its_next_owner(
    database: Database, few: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "REST", -1.0)
    first = ports.take(database, "a")
    release(database, first)
    release(database, first)
    assert ports.take(database, "b") == first
    assert ports.take(database, "c") != first


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_port_somebody_else_uses_is_not_given_away(address: str) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((address, 0))
        other.listen()
        other_port = other.getsockname()[1]
        assert not ports._is_free(other_port)
    assert ports._is_free(other_port)


def release(database: Database, port: int) -> None:
    """Gives a port back, as stopping its instance does."""
    with database.write() as conn:
        recorded.release(conn, port)
