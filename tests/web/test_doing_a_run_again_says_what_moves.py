"""Before a run is done again people read what that does, and which requests move by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from shipway.config.places import Places
from shipway.project import Project
from shipway.state import applications, releases
from shipway.state.database import Connection, Database
from shipway.state.runs import Run
from shipway.story import carry
from shipway.web import anew
from web.scene import Scene, node


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    made = Scene.empty(tmp_path)
    made.application("topup")
    return made


def said(scene: Scene, run: Run) -> str:
    return anew.says(scene.database, scene.places, run).replace(run.commit[:7], "IT")


def test_a_push_goes_its_whole_way_and_takes_the_requests_of_what_serves(scene: Scene) -> None:
    first = scene.push("topup", "One")
    assert said(scene, first) == (
        "The steps of IT run again, and once they pass it goes to dev, test and prod. "
        "No request moves by that: nothing else serves there."
    )
    scene.deliver(first)
    assert said(scene, scene.push("topup", "Two")) == (
        "The steps of IT run again, and once they pass it goes to dev, test and prod. "
        "Requests move to it from r1 in dev, r1 in test and r1 in prod; none is lost by that, "
        f"and {anew.WAY_BACK}."
    )


def test_git_is_asked_while_nobody_waits_for_the_record(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository may be large, and a read that is open keeps what was written meanwhile from being tidied up."""
    run, read, ask, opened = scene.push("topup", "One"), Database.read, carry.read_project, []

    @contextmanager
    def reading(database: Database) -> Iterator[Connection]:
        with read(database) as conn:
            opened.append(conn)
            yield conn
            opened.remove(conn)

    def asking(places: Places, application: str, commit: str) -> Project:
        assert opened == []
        return ask(places, application, commit)

    monkeypatch.setattr(Database, "read", reading)
    monkeypatch.setattr(carry, "read_project", asking)
    assert "goes to dev, test and prod" in said(scene, run)


def test_what_is_green_is_only_delivered_and_moves_nothing_where_it_serves_already(scene: Scene) -> None:
    scene.deliver(scene.push("topup", "One"))
    scene.deliver(green := scene.push("topup", "Two"), environments=("dev", "test"))
    assert said(scene, green) == (
        "IT is green, so it is not tested again: it goes to dev, test and prod. "
        f"Requests move to it from r1 in prod; none is lost by that, and {anew.WAY_BACK}."
    )


def test_a_branch_that_is_not_delivered_moves_nothing(scene: Scene) -> None:
    scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Try it", branch="try", deliver=())
    assert said(scene, run) == "The steps of IT run again. No request moves by that."
    unread = scene.push("topup", "Two", deliver=(), readable=False)
    assert said(scene, unread).startswith(f"{anew.UNREAD}. Requests move to it from r1 in dev"), (
        "it can be read now"
    )


def test_what_has_become_the_default_branch_since_goes_where_that_is_delivered(scene: Scene) -> None:
    """As its new run does: what the old one was to be delivered to is another matter by now."""
    scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Try it", branch="try", deliver=())
    with scene.database.write() as conn:
        applications.set_default_branch(conn, "topup", "try", "ada")
    assert "once they pass it goes to dev, test and prod. Requests move" in said(scene, run)


def test_what_people_ordered_is_said_by_its_own_name(scene: Scene) -> None:
    one = scene.deliver(scene.push("topup", "One"))
    two = scene.deliver(scene.push("topup", "Two"))
    moves = "Requests move to it from r2; none is lost by that, and"
    back = scene.begin_rollback("topup", "prod", one)
    with scene.database.read() as conn:
        (target,) = releases.of_commit(conn, "topup", "prod", one.commit)
    back = replace(back, plan={"nodes": [node("rollback", "roll_back", release=target.id)]})
    assert said(scene, back) == f"prod goes back to r1, IT. {moves} you can go forward again."
    again = scene.begin_deploy("topup", "prod", one)
    assert said(scene, again) == f"IT is deployed to prod again. {moves} {anew.WAY_BACK}."
    configured = scene.begin_configuration("topup", "prod", two)
    assert said(scene, configured) == (
        f"What serves in prod is deployed there again, with all that is set. {moves} {anew.WAY_BACK}."
    )
