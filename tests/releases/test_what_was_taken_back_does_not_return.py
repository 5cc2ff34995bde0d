"""A commit that production spoke against comes back by no path, until one that grew from it has served."""

from __future__ import annotations

import pytest

from releases.test_the_gate_reads_the_record import ORDER, database, green, serve
from shipway.releases import gate
from shipway.releases.gate import GateClosed
from shipway.rollbacks import choose
from shipway.state import deployments, facts, holds, releases, verdicts
from shipway.state.database import Database

__all__ = ["database"]

WHY = "9 of 18 requests failed, and 0 of 160 of r1"


def quarantine(database: Database, letter: str, tree: str = "tree") -> None:
    with database.write() as conn:
        run, bad = green(conn, letter, tree=tree)
        holds.quarantine(conn, "shop", "dev", bad.commit, why=WHY, run=run.id, digest=bad.digest, tree=tree)


@pytest.mark.parametrize("purpose", ["push", "deploy"])
def test_neither_a_push_nor_a_person_deploys_it(database: Database, purpose: str) -> None:
    quarantine(database, "a")
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
    quarantine(database, "a")
    with database.write() as conn:
        facts.record(conn, kind, application="shop", environment="dev", commit="a" * 40, data=data)
        with pytest.raises(GateClosed) as refused:
            gate.not_held(conn, green(conn, "a")[1], "dev")
    assert says in refused.value.hint


@pytest.mark.parametrize("purpose", ["push", "deploy"])
def test_it_goes_to_no_environment_that_comes_after_it(database: Database, purpose: str) -> None:
    with database.write() as conn:
        run, artifact = green(conn, "a", purpose)
        serve(conn, run, artifact, "dev")
    quarantine(database, "a")
    with database.write() as conn:
        says = "aaaaaaa is quarantined in dev, and test comes after it: 9 of 18"
        with pytest.raises(GateClosed, match=says) as refused:
            gate.check(conn, run, artifact, "test", ORDER)
    assert "Push a commit on top of it" in refused.value.hint


def test_where_it_serves_already_it_may_be_deployed_again_with_other_values(database: Database) -> None:
    with database.write() as conn:
        run, artifact = green(conn, "a")
        serve(conn, run, artifact, "dev")
        serve(conn, run, artifact, "test")
    quarantine(database, "a")
    with database.write() as conn:
        gate.check(conn, run, artifact, "test", ORDER)


def test_other_commits_and_other_environments_are_free(database: Database) -> None:
    quarantine(database, "a")
    with database.write() as conn:
        gate.not_held(conn, green(conn, "b")[1], "dev")
        gate.not_held(conn, green(conn, "a")[1], "test")


@pytest.mark.parametrize(
    ("same", "says"),
    [
        ({"tree": "tree"}, "bbbbbbb has the same files as aaaaaaa, which is quarantined in dev: 9 of 18"),
        ({"digest": "a"}, "bbbbbbb makes the same artifact as aaaaaaa, which is quarantined in dev: 9 of 18"),
    ],
)
def test_another_commit_that_brings_the_same_is_held_with_it(
    database: Database, same: dict[str, str], says: str
) -> None:
    quarantine(database, "a")
    with database.write() as conn:
        run, artifact = green(conn, "b", "deploy", **same)
        with pytest.raises(GateClosed, match=says) as refused:
            gate.check(conn, run, artifact, "dev", ORDER)
        assert "Push a commit on top of it that mends it" in refused.value.hint
        holds.lift(conn, holds.quarantined(conn, "shop", "dev"), by="c" * 40, run=run.id)
        gate.check(conn, run, artifact, "dev", ORDER)


def test_what_is_not_known_to_be_the_same_is_free(database: Database) -> None:
    """An artifact of before trees were recorded is compared by its digest alone."""
    quarantine(database, "a", tree="")
    with database.write() as conn:
        run, artifact = green(conn, "b", "deploy")
        gate.check(conn, run, artifact, "dev", ORDER)


def test_nothing_goes_back_to_what_is_held_with_it(database: Database) -> None:
    """The same files served once, and are bad now: a rollback goes past them."""
    with database.write() as conn:
        for letter, tree in (("c", "well"), ("b", "tree"), ("d", "new")):
            serve(conn, *green(conn, letter, tree=tree), "dev")
        assert choose.target(conn, "shop", "dev", None).number == 2
    quarantine(database, "a")
    with database.read() as conn:
        assert choose.target(conn, "shop", "dev", None).number == 1


def test_nothing_goes_back_to_what_was_judged_bad_though_its_quarantine_is_over(database: Database) -> None:
    with database.write() as conn:
        for letter in "cbd":
            serve(conn, *green(conn, letter, tree=letter), "dev")
        second = releases.recent(conn, "shop", "dev")[1]
        by = next(one for one in deployments.recent(conn, "shop", "dev", limit=9) if one.release == second.id)
        verdicts.record(conn, by, release=2, share=100, kind="bad", reason=WHY, findings=[])
        assert choose.target(conn, "shop", "dev", None).number == 1
        assert choose.target(conn, "shop", "dev", 2).number == 2, "who names it may"


def test_a_second_quarantine_of_it_is_the_first(database: Database) -> None:
    quarantine(database, "a")
    quarantine(database, "a")
    with database.read() as conn:
        assert len(holds.quarantined(conn, "shop", "dev")) == 1


def test_it_ends_once_and_on_record(database: Database) -> None:
    quarantine(database, "a")
    with database.write() as conn:
        run, _ = green(conn, "b")
        for held in [holds.quarantined(conn, "shop", "dev")] * 2:
            holds.lift(conn, held, by="b" * 40, run=run.id)
        gate.not_held(conn, green(conn, "a")[1], "dev")
        ended = [fact for fact in facts.after(conn, 0) if fact.kind == "commit.fixed"]
    assert [(fact.commit, fact.data["by"]) for fact in ended] == [("a" * 40, "b" * 40)]
