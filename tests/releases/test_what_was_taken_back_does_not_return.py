"""A commit that production spoke against comes back by no path, until one that grew from it has served."""

from __future__ import annotations

import pytest

from releases.test_the_gate_reads_the_record import ORDER, database, green
from shipway.releases import gate
from shipway.releases.gate import GateClosed
from shipway.state import facts, holds
from shipway.state.database import Database

__all__ = ["database"]

WHY = "9 of 18 requests failed, and 0 of 160 of r1"


def quarantine(database: Database, commit: str) -> None:
    with database.write() as conn:
        run, _ = green(conn, "f")
        holds.quarantine(conn, "shop", "dev", commit, why=WHY, run=run.id)


@pytest.mark.parametrize("purpose", ["push", "deploy"])
def test_neither_a_push_nor_a_person_deploys_it(database: Database, purpose: str) -> None:
    quarantine(database, "a" * 40)
    with database.write() as conn:
        run, artifact = green(conn, "a", purpose)
        with pytest.raises(GateClosed, match="quarantined in dev: 9 of 18") as refused:
            gate.check(conn, run, artifact, "dev", ORDER)
    assert "Push a commit on top of it" in refused.value.hint


@pytest.mark.parametrize(
    ("kind", "data", "says"),
    [
        ("revert.ready", {"branch": "revert-aaaaaaa"}, "is ready: git fetch shipway revert-aaaaaaa"),
        ("revert.left_out", {"reason": "main has taken it back already"}, "could be made: main has taken it back"),
        ("commit.quarantined", {}, "is not made yet"),
    ],
)
def test_what_is_said_of_its_revert_is_so(database: Database, kind: str, data: dict[str, str], says: str) -> None:
    quarantine(database, "a" * 40)
    with database.write() as conn:
        facts.record(conn, kind, application="shop", environment="dev", commit="a" * 40, data=data)
        with pytest.raises(GateClosed) as refused:
            gate.not_held(conn, "shop", "dev", "a" * 40)
    assert says in refused.value.hint


def test_other_commits_and_other_environments_are_free(database: Database) -> None:
    quarantine(database, "a" * 40)
    with database.write() as conn:
        gate.not_held(conn, "shop", "dev", "b" * 40)
        gate.not_held(conn, "shop", "test", "a" * 40)


def test_a_second_quarantine_of_it_is_the_first(database: Database) -> None:
    quarantine(database, "a" * 40)
    quarantine(database, "a" * 40)
    with database.read() as conn:
        assert len(holds.quarantined(conn, "shop", "dev")) == 1


def test_it_ends_once_and_on_record(database: Database) -> None:
    quarantine(database, "a" * 40)
    with database.write() as conn:
        run, _ = green(conn, "b")
        for held in [holds.quarantined(conn, "shop", "dev")] * 2:
            holds.lift(conn, held, by="b" * 40, run=run.id)
        gate.not_held(conn, "shop", "dev", "a" * 40)
        ended = [fact for fact in facts.after(conn, 0) if fact.kind == "commit.fixed"]
    assert [(fact.commit, fact.data["by"]) for fact in ended] == [("a" * 40, "b" * 40)]
