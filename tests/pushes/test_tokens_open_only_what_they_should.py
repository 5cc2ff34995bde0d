"""Tokens: too long to guess, told once, kept as digests, ended for good (BARS S16, S18, S32)."""

from __future__ import annotations

import base64
import hmac
import random

import pytest

from pushes.git_host import Host
from shipway.pushes import access
from shipway.state import applications, error_keys


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


KINDS = ("personal", "session", "code")


def random_part(token: str) -> bytes:
    """What of a token was made at random, each character of which holds six bits."""
    return base64.urlsafe_b64decode(token.removeprefix("shipway_") + "=")


def every_bit_differs(made: list[bytes]) -> bool:
    """Whether no bit is the same in all of them; of 60 made at random one is with a chance below 1 : 2^50."""
    numbers = [int.from_bytes(each) for each in made]
    ones, zeros = numbers[0], ~numbers[0]
    for number in numbers:
        ones, zeros = ones & number, zeros & ~number
    return not (ones | zeros) & ((1 << 8 * len(made[0])) - 1)


def test_a_token_has_256_bits_and_each_of_them_is_random(stopped_host: Host) -> None:
    made = [random_part(access.create(stopped_host.database, "bob", kind=kind)) for kind in KINDS * 20]
    assert {len(each) for each in made} == {32}
    assert every_bit_differs(made)


def test_a_key_of_reports_has_128_bits_and_each_of_them_is_random(stopped_host: Host) -> None:
    with stopped_host.database.write() as conn:
        applications.create(conn, "ledger", "main", "ada")
        made = [bytes.fromhex(error_keys.rotate(conn, "ledger", "prod", "ada").key) for _ in range(60)]
    assert {len(each) for each in made} == {16}
    assert every_bit_differs(made)


def test_nobody_can_make_the_next_token_from_those_before_it(stopped_host: Host) -> None:
    """As with a generator that has a seed."""
    made = set()
    for _ in range(2):
        random.seed(1)
        made |= {access.create(stopped_host.database, "bob", kind=kind) for kind in KINDS}
    assert len(made) == 2 * len(KINDS)


def test_a_token_counts_only_if_a_comparison_in_constant_time_says_so(
    stopped_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {kind: access.create(stopped_host.database, "bob", kind=kind) for kind in KINDS}
    monkeypatch.setattr(hmac, "compare_digest", lambda *_: False)
    assert [access.verify(stopped_host.database, token, kind) for kind, token in made.items()] == [None] * 3
