"""Secrets: sealed at rest, bound to their environment, with a key that lies elsewhere."""

from __future__ import annotations

import random
import stat
from itertools import combinations
from pathlib import Path
from unittest.mock import Mock

import pytest

from shipway.config.places import Places
from shipway.environments import configure
from shipway.environments.configure import InvalidVariable, UnknownVariable
from shipway.environments.secrets import KeyLost, Vault
from shipway.state import applications, configurations, facts
from shipway.state.database import Database
from support.records import open_record

SECRETS = {"PASSWORD": "correct-horse-battery"}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(tmp_path / "data", tmp_path / "runtime", tmp_path / "keys")
    made.create()
    return made


@pytest.fixture
def database(places: Places) -> Database:
    made = open_record(places.database)
    with made.write() as conn:
        applications.create(conn, "shop", "main", "ada")
    return made


def test_what_is_sealed_opens_again_and_shows_nothing(places: Places) -> None:
    sealed = Vault(places).seal("shop", "prod", SECRETS)
    assert b"horse" not in sealed
    assert Vault(places).open("shop", "prod", sealed) == SECRETS


def test_the_key_is_outside_the_data_and_nobody_elses(places: Places) -> None:
    Vault(places).seal("shop", "prod", SECRETS)
    assert not places.secret_key.is_relative_to(places.data)
    assert stat.S_IMODE(places.secret_key.stat().st_mode) == 0o600


def test_a_secret_moved_to_another_environment_does_not_open(places: Places) -> None:
    sealed = Vault(places).seal("shop", "test", SECRETS)
    with pytest.raises(KeyLost):
        Vault(places).open("shop", "prod", sealed)


def test_a_lost_key_is_said_and_not_replaced(places: Places) -> None:
    sealed = Vault(places).seal("shop", "prod", SECRETS)
    places.secret_key.unlink()
    with pytest.raises(KeyLost, match="not readable"):
        Vault(places).open("shop", "prod", sealed)
    assert not places.secret_key.exists()


def test_a_change_is_a_new_version_and_no_change_is_none(places: Places, database: Database) -> None:
    vault = Vault(places)
    first = configure.change(database, vault, "shop", "prod", who="ada", values={"A": "1"}, secrets=SECRETS)
    again = configure.change(database, vault, "shop", "prod", who="ada", values={"A": "1"}, secrets=SECRETS)
    assert (first.version, again.version) == (1, 1)
    assert configure.variables(vault, first) == ({"A": "1", **SECRETS}, ["correct-horse-battery"])


def test_a_value_that_becomes_a_secret_is_no_longer_readable(places: Places, database: Database) -> None:
    vault = Vault(places)
    configure.change(database, vault, "shop", "prod", who="ada", values={"PASSWORD": "readable-horse"})
    now = configure.change(database, vault, "shop", "prod", who="ada", secrets=SECRETS)
    assert dict(now.values) == {}
    assert list(now.secret_names) == ["PASSWORD"]


def test_every_problem_is_told_at_once_and_nothing_is_changed(places: Places, database: Database) -> None:
    with pytest.raises(InvalidVariable) as told:
        configure.change(
            database,
            Vault(places),
            "shop",
            "prod",
            who="ada",
            values={"1A": "x", "PORT": "1", "GOOD": "x"},
            secrets={"SHORT": "abc"},
        )
    for word in ("1A", "PORT", "SHORT"):
        assert word in told.value.message
    with database.read() as conn:
        assert configurations.newest(conn, "shop", "prod").version == 0


def test_taking_away_what_is_not_set_is_an_error(places: Places, database: Database) -> None:
    with pytest.raises(UnknownVariable):
        configure.change(database, Vault(places), "shop", "prod", who="ada", values={"A": None})


def test_a_secret_that_is_set_back_is_the_same_and_one_set_anew_is_not(places: Places, database: Database) -> None:
    """However often they were set, unset and set back: as if the values themselves were compared."""
    vault, chance = Vault(places), random.Random(14)
    had: list[dict[str, str]] = [{}]
    while len(had) < 60:
        name, value = chance.choice(("KEY", "TOKEN")), chance.choice(("a secret", "another", "the third", None))
        if (value is None) > (name in had[-1]) or had[-1].get(name) == value:
            continue
        done = configure.change(database, vault, "shop", "prod", who="ben", secrets={name: value})
        had.append({**vault.open("shop", "prod", done.secrets)})
    with database.read() as conn:
        for old, new in combinations(range(len(had)), 2):
            others = {name for name in {*had[old], *had[new]} if had[old].get(name) != had[new].get(name)}
            assert configurations.differing(conn, "shop", "prod", old, new) == sorted(others), (old, new)
            assert configurations.differing(conn, "shop", "prod", new, old) == sorted(others), (new, old)
        told = facts.after(conn, 0, kinds=["configuration.changed"])
    assert not [
        fact for fact in told for value in ("a secret", "another", "the third") if value in repr(fact.data)
    ]


def test_a_secret_that_is_set_back_after_hundreds_of_changes_is_the_same(
    places: Places, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody reads all of them to know since when it is as it is."""
    monkeypatch.setattr(configurations, "AT_ONCE", 10)
    vault = Vault(places)
    for value in ("a secret", "another"):
        configure.change(database, vault, "shop", "prod", who="ben", secrets={"KEY": value})
    for number in range(configurations.FAR + 5):
        configure.change(database, vault, "shop", "prod", who="ada", values={"N": str(number)})
    back = configure.change(database, vault, "shop", "prod", who="ben", secrets={"KEY": "a secret"})
    anew = configure.change(database, vault, "shop", "prod", who="ben", secrets={"KEY": "a third"})
    with database.read() as conn:
        assert "KEY" not in configurations.differing(conn, "shop", "prod", 1, back.version)
        assert "KEY" in configurations.differing(conn, "shop", "prod", 2, back.version)
        assert "KEY" in configurations.differing(conn, "shop", "prod", 1, anew.version)
        read = Mock(wraps=facts.newest_of)
        monkeypatch.setattr(facts, "newest_of", read)
        assert configurations.first_set(conn, "shop", "prod", "KEY", back.version) == 1
        assert read.call_count == 1


def test_what_was_sealed_with_a_key_that_is_gone_keeps_nobody_from_setting_it_anew(
    places: Places, database: Database
) -> None:
    configure.change(database, Vault(places), "shop", "prod", who="ada", secrets=SECRETS)
    configure.change(database, Vault(places), "shop", "prod", who="ada", secrets={"PASSWORD": None})
    places.secret_key.unlink()
    configure.change(database, Vault(places), "shop", "prod", who="ada", secrets=SECRETS)
    with database.read() as conn:
        assert configurations.differing(conn, "shop", "prod", 1, 3) == ["PASSWORD"], "nobody can tell any more"
