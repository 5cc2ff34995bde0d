"""The record: all or nothing, facts beside every change, one schema however it was made."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import IntegrityError, OperationalError

from shipway.errors import RecordLocked
from shipway.state import (
    applications,
    channels,
    deployments,
    errors,
    facts,
    holds,
    lock,
    messages,
    pushes,
    releases,
    runs,
    verdicts,
)
from shipway.state.database import Database, open_database
from shipway.state.pushes import NOTHING, Update
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.state.tables import metadata
from shipway.state.turns import Turns
from support.installation import eventually
from support.records import locked_by_another

NEW_SINCE_0009 = (
    ("errors", "checks"),
    ("error_places", "checks"),
    ("error_releases", "checks"),
    ("messages", "names_nobody"),
    ("messages", "reached"),
)
INDEXES_SINCE_0011 = (
    "holds_in_force",
    "holds_by_commit",
    "messages_by_person",
    "messages_by_application",
    "messages_by_kind",
    "messages_that_answer",
    "runs_again",
    "deployments_counted",
    "artifacts_that_narrow",
    "messages_by_cause",
)
RELEASE = Release("r", "shop", "prod", 1, "d" * 64, "a" * 40, 0, 1.0)
RUN = Run("r", 1, "shop", None, "main", "a" * 40, "ada", "push", [], {}, "", "passed", "", 1.0, None, None, None)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = open_database(tmp_path / "shipway.db")
    with made.write() as conn:
        applications.create(conn, "shop", "main", "ada")
    return made


def a_run(database: Database, push: str | None = None, commit: str = "a" * 40) -> runs.Run:
    with database.write() as conn:
        return runs.create(
            conn,
            application="shop",
            push=push,
            branch="main",
            commit=commit,
            who="ada",
            purpose="push",
            deliver=("prod",),
            plan={},
        )


def a_push(database: Database) -> str:
    with database.write() as conn:
        return pushes.record(conn, "shop", Update("refs/heads/main", NOTHING, "a" * 40), who="ada").id


def test_the_migrations_make_exactly_the_tables(tmp_path: Path) -> None:
    open_database(tmp_path / "shipway.db").close()
    with create_engine(f"sqlite:///{tmp_path / 'shipway.db'}").connect() as conn:
        found = compare_metadata(MigrationContext.configure(conn), metadata)
        made = indexes(conn)
    assert [change for change in found if change[0] != "remove_table"] == []
    with create_engine("sqlite://").connect() as conn:
        metadata.create_all(conn)
        assert made == indexes(conn)


def indexes(conn: Connection) -> dict[str, str]:
    """Each as it is written: also of which rows it is, which is not compared else."""
    told = conn.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    return {row.name: row.sql for row in told}


def test_what_an_older_one_called_frozen_is_read_as_stuck(tmp_path: Path) -> None:
    old = open_database(tmp_path / "shipway.db")
    with old.write() as conn:
        facts.record(conn, "release.frozen", application="shop")
        facts.record(conn, "environment.frozen", application="shop")
        made_older(conn, "0007")
    old.close()
    new = open_database(tmp_path / "shipway.db")
    assert read_facts(new) == ["release.stuck", "environment.frozen"]
    new.close()


def test_of_what_an_older_one_counted_nothing_is_said_to_be_a_checks(tmp_path: Path) -> None:
    old = open_database(tmp_path / "shipway.db")
    with old.write() as conn:
        applications.create(conn, "shop", "main", "ada")
        made_older(conn, "0009")
        conn.exec_driver_sql(
            "INSERT INTO errors (id, application, number, fingerprint, title, place, level, state, first_seen, "
            "last_seen, count) VALUES ('01e', 'shop', 1, 'f', 'KeyError', '', 'error', 'open', 1, 2, 12)"
        )
    old.close()
    new = open_database(tmp_path / "shipway.db")
    with new.read() as conn:
        assert (errors.get(conn, "01e").count, errors.get(conn, "01e").checks) == (12, 0)
    new.close()


@pytest.mark.parametrize(
    ("text", "nobody"),
    [
        ("test failed.\n\nWhy you  Sure: very. You are the only author.\n", False),
        ("test failed.\n\nWhy you  Not known. You pushed it.\n", True),
        ("An error.\n\nWhy you      Whose change it is, is not known, so nobody is named.\n", True),
        ("    Why you  Not known.\n\nWhy you  Sure: very.\n", False),
    ],
)
def test_whom_an_older_one_did_not_name_is_read_from_its_words(tmp_path: Path, text: str, nobody: bool) -> None:
    old = open_database(tmp_path / "shipway.db")
    with old.write() as conn:
        messages.write(conn, messages.Draft("ada", "stopped", "stopped", "test failed", text, 1.0))
        made_older(conn, "0009")
    old.close()
    new = open_database(tmp_path / "shipway.db")
    with new.read() as conn:
        assert [one.names_nobody for one in messages.recent(conn)] == [nobody]
    new.close()


def test_who_an_older_message_reached_is_known_while_the_channel_that_took_it_is_there(tmp_path: Path) -> None:
    old = open_database(tmp_path / "shipway.db")
    with old.write() as conn:
        about = {"seal": str.encode, "service": "Slack", "private": False, "who": "ada"}
        there, gone = (channels.add(conn, whose=whose, **about) for whose in ("owner", "ada"))
        for cause, channel in (("a", there), ("b", gone)):
            messages.write(conn, messages.Draft("ada", cause, "stopped", "test failed", "It failed.", 1.0))
            messages.sent(conn, messages.recent(conn)[0], channel)
        channels.remove(conn, gone, "ada")
        made_older(conn, "0009")
    old.close()
    new = open_database(tmp_path / "shipway.db")
    with new.read() as conn:
        assert [(one.cause, one.reached) for one in messages.recent(conn)] == [("b", ""), ("a", "owner")]
    new.close()


def made_older(conn: Connection, version: str) -> None:
    """Takes away what came since."""
    for table, column in NEW_SINCE_0009:
        conn.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {column}")
    for index in INDEXES_SINCE_0011:
        conn.exec_driver_sql(f"DROP INDEX {index}")
    conn.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{version}'")


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        (lambda conn: verdicts.of_deployment(conn, "d"), "verdicts_by_deployment"),
        (lambda conn: deployments.of_release(conn, "r"), "deployments_by_release"),
        (lambda conn: runs.lately(conn, "shop", "deploy"), "runs_deployed"),
        (lambda conn: runs.newest_push(conn, "shop", "main"), "runs_by_branch"),
        (lambda conn: runs.recent_commits(conn, "shop", 200), "runs_by_application"),
        (lambda conn: facts.after(conn, 0, runs=["r"], environment="prod", kinds=["a"]), "facts_by_run"),
        (lambda conn: facts.after(conn, 0, application="shop", commit="a" * 40), "facts_by_commit"),
        (lambda conn: releases.numbers(conn, ["a" * 40, "b" * 40]), "releases_by_commit"),
        (lambda conn: releases.of_commit(conn, "shop", "prod", "a" * 7), "releases_by_commit"),
        (lambda conn: runs.newest_delivered(conn, "shop", "main", "prod"), "runs_by_branch"),
        (lambda conn: deployments.have_served(conn, "shop", "prod", "d" * 64), "digest=?"),
        (lambda conn: holds.on(conn, "shop", "prod", "a" * 40), "holds_in_force"),
        (lambda conn: holds.on_every_commit(conn, "shop"), "holds_in_force"),
        (lambda conn: holds.quarantined(conn, "shop", "prod"), "holds_in_force"),
        (lambda conn: holds.quarantine_of(conn, "shop", "prod", "a" * 40), "holds_by_commit"),
        (lambda conn: messages.recent(conn, person="ada"), "messages_by_person"),
        (lambda conn: messages.recent(conn, application="shop"), "messages_by_application"),
        (lambda conn: messages.about(conn, ("error",), "shop", 0.0), "messages_by_kind"),
        (lambda conn: messages.answering(conn, "m"), "messages_that_answer"),
        (lambda conn: messages.newest_of(conn, "probe "), "messages_by_cause (cause>? AND cause<?)"),
        (lambda conn: messages.newest_of(conn, "probe ", "ada"), "(person=? AND cause>? AND cause<?)"),
        (lambda conn: list(deployments.narrowing_since(conn, RELEASE)), "artifacts_that_narrow"),
        (lambda conn: runs.retried(conn, RUN), "runs_again"),
        (deployments.counted, "COVERING INDEX deployments_counted"),
        (lambda conn: deployments.last_done(conn, "shop", "prod", 200), "(application=? AND environment=?)"),
        (lambda conn: deployments.newest_of_runs(conn, ["a", "b"], "prod"), "(run=? AND environment=?)"),
        (lambda conn: releases.commits(conn, ["shop.prod.r1", "shop.prod.r2"]), "number=?"),
        (lambda conn: errors.recent(conn, "shop", environment="prod"), "errors_by_last_seen"),
    ],
)
def test_what_every_view_asks_is_found_by_an_index(
    database: Database, asked: Callable[[Connection], object], index: str
) -> None:
    with database.read() as conn:
        steps = planned(conn, asked)
        assert index in next(step for step in steps if not step.startswith("MATERIALIZE")), steps


def planned(conn: Connection, asked: Callable[[Connection], object]) -> list[str]:
    """What SQLite does to answer, step by step."""
    said: list[tuple[str, Any]] = []
    event.listen(conn, "before_cursor_execute", lambda *call: said.append((call[2], call[3])))
    asked(conn)
    query, values = said[-1]
    return [row.detail for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)]


def test_a_change_that_fails_leaves_nothing(database: Database) -> None:
    before = read_facts(database)
    with pytest.raises(IntegrityError):
        create_two_applications(database, "other", None)
    assert read_facts(database) == before


def test_writes_are_synced_before_they_are_acknowledged(database: Database) -> None:
    with database.write() as conn:
        assert conn.exec_driver_sql("pragma synchronous").scalar() == 2
        assert conn.exec_driver_sql("pragma journal_mode").scalar() == "wal"


def test_a_push_has_one_run_however_often_it_is_asked_for(database: Database) -> None:
    push = a_push(database)
    assert a_run(database, push).id == a_run(database, push).id


def test_a_run_is_begun_by_one_and_ends_once(database: Database) -> None:
    run = a_run(database)
    with database.write() as conn:
        assert runs.begin(conn, run, "plain")
        assert not runs.begin(conn, run, "plain")
        assert runs.end(conn, run, "passed")
        assert not runs.end(conn, run, "failed", "too late")
    with database.read() as conn:
        assert runs.get(conn, run.id).state == "passed"


def test_only_queued_runs_are_superseded(database: Database) -> None:
    first, second, third = (a_run(database, commit=letter * 40) for letter in "abc")
    with database.write() as conn:
        runs.begin(conn, first, "plain")
        assert runs.supersede(conn, third) == [second.id]


def test_an_epoch_is_above_everything_the_target_has_seen(database: Database) -> None:
    run = a_run(database)
    with database.write() as conn:
        release = releases.make(
            conn, application="shop", environment="prod", digest="d", commit="a" * 40, configuration=0
        )
        begun = deployments.begin(conn, run=run.id, release=release, kind="deploy", at_least=41)
        assert begun.epoch == 42
        assert deployments.begin(conn, run=run.id, release=release, kind="deploy", at_least=99) == begun


def test_an_older_epoch_does_not_take_over_what_serves(database: Database) -> None:
    run = a_run(database)
    with database.write() as conn:
        made = [
            releases.make(conn, application="shop", environment="prod", digest=d, commit="a" * 40, configuration=0)
            for d in "de"
        ]
        deployment = deployments.begin(conn, run=run.id, release=made[0], kind="deploy", at_least=0)
        releases.serve(conn, made[0], deployment=deployment.id, epoch=7, warm_until=None)
        releases.serve(conn, made[1], deployment=deployment.id, epoch=6, warm_until=None)
        now = releases.now_serving(conn, "shop", "prod")
    assert now is not None
    assert now.release == made[0].id


def test_a_change_wakes_who_waits_for_it(database: Database) -> None:
    seen = database.changes
    a_run(database)
    assert database.wait(seen, timeout=0) > seen


def create_two_applications(database: Database, first: str, second: str | None) -> None:
    with database.write() as conn:
        applications.create(conn, first, "main", "ada")
        applications.create(conn, second, "main", "ada")  # type: ignore[arg-type]


def read_facts(database: Database) -> list[str]:
    with database.read() as conn:
        return [fact.kind for fact in facts.after(conn, 0)]


@pytest.mark.parametrize("why", ["database is locked", "database or disk is full"])
def test_what_may_be_lost_stops_nobody(database: Database, why: str) -> None:
    def change(conn: Connection) -> None:
        applications.create(conn, "other", "main", "ada")
        raise OperationalError("insert", {}, Exception(why))

    assert not database.note(change)
    with database.read() as conn:
        assert applications.find(conn, "other") is None


def test_who_keeps_it_locked_is_named_and_what_may_be_lost_does_not_wait(database: Database) -> None:
    with locked_by_another(database.path) as pid:
        with pytest.raises(RecordLocked, match=rf"kept locked by process {pid} \(python"), database.write(0.1):
            pass
        assert not database.note(lambda conn: applications.create(conn, "other", "main", "ada"))
        with database.read() as conn:
            assert applications.find(conn, "other") is None
    with database.write(0.1) as conn:
        applications.create(conn, "other", "main", "ada")


def test_a_change_waits_for_others_of_this_process_however_long_they_take(database: Database) -> None:
    """That many write says nothing of the record: patience is for what another process does."""
    done = threading.Event()

    def waits() -> None:
        with database.write(0.01) as conn:
            applications.create(conn, "other", "main", "ada")
        done.set()

    waiting = threading.Thread(target=waits)
    with database.write():
        waiting.start()
        eventually(lambda: len(database._turns._queue) == 2, "it waits behind this one")
        assert not done.wait(0.1)
    assert done.wait(30)
    waiting.join()


def test_who_waits_behind_one_that_waits_for_another_process_waits_no_longer_than_it_may(
    database: Database,
) -> None:
    def patiently() -> None:
        with database.write():
            pass

    first = threading.Thread(target=patiently)
    with locked_by_another(database.path) as pid:
        first.start()
        eventually(lambda: len(database._turns._queue) == 1, "it waits for the other process")
        with pytest.raises(RecordLocked, match=f"process {pid}"), database.write(0.1):
            pass
        assert first.is_alive()
    first.join(30)
    assert not first.is_alive()


def test_those_who_wait_come_in_their_order() -> None:
    turns, came = Turns(), list[int]()
    threads = []

    def comes(number: int) -> None:
        with turns.taken() as turn:
            assert turn.wait(30)
            came.append(number)

    with turns.taken() as turn:
        assert turn.wait(0)
        for number in range(5):
            threads.append(threading.Thread(target=comes, args=(number,)))
            threads[-1].start()
            eventually(lambda number=number: len(turns._queue) == number + 2, "it waits")
    for thread in threads:
        thread.join(30)
    assert came == [0, 1, 2, 3, 4]


def test_who_gives_up_waiting_keeps_nobody_from_its_turn() -> None:
    turns = Turns()
    with turns.taken() as first, turns.taken() as last:
        with turns.taken() as impatient:
            assert not impatient.wait(0)
        assert first.wait(0)
        assert not last.is_set()
    with turns.taken() as turn:
        assert turn.wait(0)


def test_of_a_lock_that_nobody_can_see_it_is_said_that_there_is_one(tmp_path: Path) -> None:
    assert lock.keeper(tmp_path / "elsewhere") == "another process"


def test_a_defect_in_what_may_be_lost_is_not_hidden(database: Database) -> None:
    with pytest.raises(OperationalError, match="no such table"):
        database.note(lambda conn: conn.exec_driver_sql("delete from elsewhere"))
