"""Whoever may push may name any host: Shipway connects to what is public, and to what its owner allows (S19)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shipway.hosts import reach
from shipway.hosts.reach import NotANetwork
from shipway.signals.questions import names
from signals.places import ask, place, question
from support.answering import Answering, answering, listening

LISTENER = [
    "http://127.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://127.8.9.10:{port}/",
    "http://localhost:{port}/",
    "http://0.0.0.0:{port}/",
    "http://0:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://017700000001:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://[::1]:{port}/",
    "http://[::]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[0:0:0:0:0:ffff:7f00:1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/",
    "http://[64:ff9b:1::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://[::7f00:1]:{port}/",
    "https://127.0.0.1:{port}/",
]
INSIDE = [
    *("10.0.0.1", "10.255.255.255", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
    *(
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "127.0.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
    ),
    *("::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1", "2001:0:a00:1::1", "::10.0.0.1", "fd00:ec2::254"),
]
OUTSIDE = ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "::ffff:1.1.1.1"]


@pytest.fixture
def canary() -> Iterator[tuple[int, list[str]]]:
    with listening() as found:
        yield found


@pytest.mark.parametrize("url", LISTENER)
def test_no_way_of_writing_an_address_leads_inside(
    canary: tuple[int, list[str]], tmp_path: Path, url: str
) -> None:
    port, came = canary
    answer = ask(question("http", url.format(port=port)), place(tmp_path, loopback=False))
    assert answer.state == "not known"
    assert came == []


@pytest.mark.parametrize("kind", ["tcp", "certificate"])
def test_the_other_kinds_do_not_either(canary: tuple[int, list[str]], tmp_path: Path, kind: str) -> None:
    port, came = canary
    answer = ask(question(kind, f"localhost:{port}"), place(tmp_path, loopback=False))
    assert answer.state == "not known"
    assert "is not a public address" in answer.says
    assert came == []


def test_a_name_that_leads_elsewhere_the_next_time_is_looked_up_once(
    canary: tuple[int, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, came = canary
    led_to = iter(["192.0.2.1", "127.0.0.1"])
    monkeypatch.setattr(names, "_addresses", lambda host: [next(led_to)])
    monkeypatch.setattr(reach, "may_reach", lambda address, networks: address == "192.0.2.1")
    asked = question("http", f"http://localhost:{port}/", timeout=0.3)
    assert ask(asked, place(tmp_path, loopback=False)).state == "failed"
    assert came == []
    assert next(led_to) == "127.0.0.1", "it was looked up once"


def test_a_redirect_is_not_followed(canary: tuple[int, list[str]], tmp_path: Path) -> None:
    port, came = canary
    with answering() as shop:
        shop.answer("/", "", 302, Location=f"http://127.0.0.1:{port}/")
        assert ask(question("http", f"http://localhost:{shop.port}/"), place(tmp_path)).state == "passed"
        assert ask(question("http", "/"), place(tmp_path, shop.port)).state == "passed"
    assert came == []


def test_a_proxy_of_the_environment_is_not_asked(
    canary: tuple[int, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, came = canary
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    with answering() as shop:
        shop.answer("/")
        assert ask(question("http", f"http://localhost:{shop.port}/"), place(tmp_path)).state == "passed"
    assert came == []


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_public_needs_the_owner(address: str) -> None:
    assert not reach.may_reach(address, [])


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_public_does_not(address: str) -> None:
    assert reach.may_reach(address, [])


def test_an_owner_allows_networks_by_name(tmp_path: Path) -> None:
    file = tmp_path / "reachable"
    file.write_text("# our machines\n10.1.0.0/16\n\n192.168.7.3  # the database\n")
    networks = reach.allowed(file)
    assert reach.may_reach("10.1.2.3", networks)
    assert reach.may_reach("::ffff:10.1.2.3", networks)
    assert reach.may_reach("192.168.7.3", networks)
    assert not reach.may_reach("10.2.0.1", networks)
    assert not reach.may_reach("192.168.7.4", networks)
    assert reach.allowed(tmp_path / "none") == []


def test_a_line_that_cannot_be_read_allows_nothing(tmp_path: Path) -> None:
    file = tmp_path / "reachable"
    file.write_text("10.1.0.0/16\n10.1.0.7/16\n")
    with pytest.raises(NotANetwork, match="Line 2 of reachable"):
        reach.allowed(file)
    with answering() as shop:
        answer = ask(question("tcp", f"localhost:{shop.port}"), place(tmp_path, loopback=False))
    assert answer.state == "not known"
    assert "Line 2" in answer.says


def test_a_path_goes_to_the_application_itself_without_asking_an_owner(tmp_path: Path) -> None:
    shop: Answering
    with answering() as shop:
        shop.answer("/")
        assert ask(question("http", "/"), place(tmp_path, shop.port, loopback=False)).state == "passed"
