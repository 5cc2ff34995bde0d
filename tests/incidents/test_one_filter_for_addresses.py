"""Channels and probes refuse the same addresses: there is one filter, and a courier asks it before it connects."""

from __future__ import annotations

import contextlib
import socket
from types import SimpleNamespace

import pytest

from shipway.hosts import reach
from shipway.incidents import courier, errand

INSIDE = [
    "127.0.0.1",
    "10.1.2.3",
    "169.254.169.254",
    "0.0.0.0",
    "::1",
    "fe80::1%eth0",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::1",
    "2001:0:a00:1::1",
    "::10.0.0.1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_public_is_inside(address: str) -> None:
    assert not reach.may_reach(address, ())
    assert courier._inside((address, 443)) == address


@pytest.mark.parametrize("address", ["192.0.43.8", "2606:2800:220:1:248:1893:25c8:1946"])
def test_what_is_public_is_not(address: str) -> None:
    assert courier._inside((address, 443)) is None


@pytest.mark.parametrize("address", ["/run/docker.sock", b"\0abstract", ("a.name.of.something", 80)])
def test_what_is_no_address_is_inside(address: object) -> None:
    assert courier._inside(address) is not None


PUBLIC, PRIVATE = ("192.0.43.8", 443), ("10.1.2.3", 443)


def test_what_a_public_address_of_a_name_answered_is_not_taken_for_one_inside() -> None:
    outside = courier.Outside()
    for name, addresses, inside in [
        ("inside.example", [PRIVATE], True),
        ("both.example", [PRIVATE, PUBLIC], False),
        ("both.example", [PUBLIC, PRIVATE], False),
        ("public.example", [PUBLIC], False),
        ("inside.example", [PRIVATE], True),
    ]:
        outside.look("socket.getaddrinfo", (name, 443, 0, 0, 0))
        for address in addresses:
            with pytest.raises(ConnectionRefusedError) if address == PRIVATE else contextlib.nullcontext():
                outside.look("socket.connect", (None, address))
        assert (outside.refused is not None) == inside, (name, addresses)


@pytest.mark.parametrize("host", ["LOCALHOST", "2130706433", "0x7f000001"])
def test_however_this_machine_is_written_it_is_none_to_add(host: str) -> None:
    outcome = errand.run({"act": "read", "url": f"json://{host}/", "private": False}, 30.0)
    assert (outcome.good, "is not a public address" in outcome.said) == (False, True), outcome


def test_a_short_name_is_looked_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo
    known = {"intranet": "10.1.2.3"}
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port: look_up(known[host], port))
    with pytest.raises(courier.Inside, match=r"10\.1\.2\.3"):
        courier._look_at("Intranet")


@pytest.mark.parametrize(
    ("templates", "host", "looked_up"),
    [
        (["{schema}://{host}/"], "intranet", "intranet"),
        (["{schema}://{token}@{service}/"], "intranet", ""),
        (["{schema}://{token}", "{schema}://{host}/{token}"], "s1gn4tur3", ""),
        (["{schema}://{token}", "{schema}://{host}/{token}"], "LocalHost", "LocalHost"),
        (["{schema}://{token}", "{schema}://{host}/{token}"], "intranet.lan", "intranet.lan"),
    ],
)
def test_what_may_be_a_key_is_not_looked_up(templates: list[str], host: str, looked_up: str) -> None:
    assert courier._host(SimpleNamespace(templates=templates, host=host)) == looked_up


def test_there_is_no_other_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "may_reach", lambda address, networks: True)
    assert courier._inside(("127.0.0.1", 80)) is None
