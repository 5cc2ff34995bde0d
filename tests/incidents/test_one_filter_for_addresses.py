"""Channels and probes refuse the same addresses: there is one filter, and a courier asks it before it connects."""

from __future__ import annotations

import pytest

from shipway.hosts import reach
from shipway.incidents import courier

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


def test_there_is_no_other_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "may_reach", lambda address, networks: True)
    assert courier._inside(("127.0.0.1", 80)) is None
