"""BARS R20: what is newest is what was recorded last, also after the clock has stepped back an hour."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shipway.state import applications, artifacts, deployments, pushes, releases, runs, sequence, tokens
from shipway.state.database import Database, open_database
from shipway.state.pushes import NOTHING, Update
from shipway.state.runs import Run

HOUR = 3600.0


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = open_database(tmp_path / "shipway.db")
    with made.write() as conn:
        for name in ("shop", "ledger"):
            applications.create(conn, name, "main", "ada")
    yield made
    made.close()


@pytest.fixture
def step_back(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Each call sets every clock of the wall back by an hour."""

    def back() -> None:
        now, now_ns = time.time, time.time_ns
        monkeypatch.setattr(time, "time", lambda: now() - HOUR)
        monkeypatch.setattr(time, "time_ns", lambda: now_ns() - int(HOUR * 1e9))

    return back


def a_run(database: Database, commit: str = "a" * 40, application: str = "shop") -> Run:
    with database.write() as conn:
        return runs.create(
            conn,
            application=application,
            push=None,
            branch="main",
            commit=commit,
            who="ada",
            purpose="push",
            deliver=("prod",),
            plan={},
        )


def an_artifact(database: Database, run: Run, digest: str) -> None:
    with database.write() as conn:
        artifacts.create(
            conn, application="shop", digest=digest, commit=run.commit, run=run.id, project={}, size=1
        )


def test_lists_have_the_last_first(database: Database, step_back: Callable[[], None]) -> None:
    made = []
    for application in ("shop", "ledger", "shop"):
        made.append(a_run(database, application=application))
        with database.write() as conn:
            pushes.record(conn, "shop", Update("refs/heads/main", NOTHING, made[-1].id), who="ada")
            tokens.create(conn, made[-1].id, kind="personal", role="user", who=made[-1].id)
        step_back()
    newest_first = [run.id for run in reversed(made)]
    assert made[0].created > made[-1].created
    with database.read() as conn:
        assert [run.id for run in runs.recent(conn)] == newest_first
        assert [push.new for push in pushes.recent(conn, "shop")] == newest_first
        assert [token.who for token in tokens.every(conn)] == newest_first[::-1]
        assert [run.id for run in runs.in_state(conn, "queued")] == newest_first[::-1]


def test_the_newest_artifact_of_a_commit_is_the_one_built_last(
    database: Database, step_back: Callable[[], None]
) -> None:
    for digest in ("first", "again"):
        an_artifact(database, a_run(database), digest)
        step_back()
    with database.read() as conn:
        found = artifacts.of_commit(conn, "shop", "a" * 40)
        assert found is not None
        assert found.digest == "again"
        assert [artifact.digest for artifact in artifacts.present(conn)] == ["first", "again"]


def test_a_copy_of_data_is_named_after_those_before_it(database: Database, step_back: Callable[[], None]) -> None:
    """Copies bear the id of their deployment, and only the last five names are kept."""
    made = []
    for commit in "abc":
        run = a_run(database, commit * 40)
        with database.write() as conn:
            release = releases.make(
                conn, application="shop", environment="prod", digest=commit, commit=run.commit, configuration=0
            )
            made.append(deployments.begin(conn, run=run.id, release=release, kind="deploy", at_least=0))
            deployments.end(conn, made[-1], "done")
        step_back()
    assert [one.id for one in made] == sorted(one.id for one in made)
    assert made[0].started > made[-1].started


def test_steps_follow_one_another_as_they_were_recorded(database: Database, step_back: Callable[[], None]) -> None:
    run = a_run(database)
    for name in ("install", "test", "lint"):
        with database.write() as conn:
            runs.begin_step(conn, run, name, 1)
        step_back()
    for name in ("lint", "install"):
        with database.write() as conn:
            runs.end_step(conn, run, name, 1, "failed")
        step_back()
    with database.read() as conn:
        assert [step.name for step in sequence.begun(conn, run.id)] == ["install", "test", "lint"]
        assert [step.name for step in sequence.ended(conn, run.id)] == ["lint", "install"]
