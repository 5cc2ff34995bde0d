"""Tokens: told once, kept as digests, ended for good (BARS S16)."""

from __future__ import annotations

import base64

import pytest

from pushes.git_host import Host
from shipway.pushes import access


def test_a_token_names_its_person(stopped_host: Host) -> None:
    token = access.create(stopped_host.database, "bob", role="owner")
    found = access.verify(stopped_host.database, token)
    assert found is not None
    assert (found.who, found.role, found.kind) == ("bob", "owner", "personal")


@pytest.mark.parametrize("wrong", ["", "shipway_", "shipway_x", "' or 1=1 --", "\udcff", "x" * 100_000])
def test_what_is_no_token_names_nobody(stopped_host: Host, wrong: str) -> None:
    assert access.verify(stopped_host.database, wrong) is None


def test_a_revoked_token_is_over_at_once(stopped_host: Host) -> None:
    token = access.create(stopped_host.database, "bob")
    (bobs,) = [one for one in access.every(stopped_host.database) if one.who == "bob"]
    assert access.revoke(stopped_host.database, bobs.id, "ada")
    assert access.verify(stopped_host.database, token) is None
    assert not access.revoke(stopped_host.database, bobs.id, "ada")


def test_a_token_ends_with_its_lifetime(stopped_host: Host) -> None:
    over = access.create(stopped_host.database, "bob", lifetime=-1)
    good = access.create(stopped_host.database, "bob", lifetime=60)
    assert access.verify(stopped_host.database, over) is None
    assert access.verify(stopped_host.database, good) is not None


def test_a_session_is_no_token_for_git(stopped_host: Host) -> None:
    session = access.create(stopped_host.database, "bob", kind="session")
    assert access.verify(stopped_host.database, session) is None
    assert access.verify(stopped_host.database, session, "session") is not None


def test_the_record_holds_no_token(stopped_host: Host) -> None:
    token = access.create(stopped_host.database, "bob")
    stopped_host.database.close()
    for file in stopped_host.places.data.glob("shipway.db*"):
        assert token.removeprefix("shipway_").encode() not in file.read_bytes()


def test_a_token_is_found_in_both_kinds_of_header() -> None:
    basic = base64.b64encode(b"ada:shipway_x").decode()
    assert access.token_in(f"Basic {basic}") == "shipway_x"
    assert access.token_in("bearer shipway_x") == "shipway_x"
    for wrong in ("", "Basic", "Basic ???", "Bearer ", "Digest x", "Basic /////w=="):
        assert access.token_in(wrong) is None
