"""Which environments there are, and what goes there, is what the default branch says, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shipway.errors import NotFound
from shipway.story import carry, order
from support.pushing import Pushing, a_pushing, project
from support.workshop import NAME

USUAL = ["dev", "test", "prod"]


@pytest.fixture
def pushing(tmp_path: Path) -> Iterator[Pushing]:
    with a_pushing(tmp_path) as made:
        yield made


def environments(pushing: Pushing) -> list[str]:
    with pushing.database.read() as conn:
        return order.environments(conn, pushing.cast.machine.places, NAME)


def test_what_another_branch_adds_or_takes_away_changes_nothing(pushing: Pushing) -> None:
    pushing.push(project("dev", "prod"))
    run = pushing.push(project("dev", "lab", {"name": "prod", "branch": "idea"}), "idea")
    pushing.green(run)
    assert environments(pushing) == ["dev", "prod"]
    assert order.delivered_branches(pushing.cast, NAME) == {"main": ["dev", "prod"]}
    assert run.deliver == []
    gone = pushing.push(project("lab"), "other-idea")
    pushing.green(gone)
    assert environments(pushing) == ["dev", "prod"]
    with pytest.raises(NotFound, match="no environment called lab"):
        pushing.story.configure(NAME, "lab", "ada", values={"A": "1"})


def test_a_branch_goes_where_the_default_branch_sends_it(pushing: Pushing) -> None:
    pushing.push(project("dev", {"name": "beta", "branch": "next", "env": {"LEVEL": "low", "OF": "main"}}))
    run = pushing.push(project({"name": "beta", "env": {"LEVEL": "high"}}, "elsewhere"), "next")
    assert run.deliver == ["beta"]
    assert order.delivered_branches(pushing.cast, NAME) == {"main": ["dev"], "next": ["beta"]}
    named = {each["name"]: each["env"] for each in run.plan["project"]["environments"]}
    assert named == {"dev": {}, "beta": {"LEVEL": "high"}}, "its variables are the commit's own"


def test_a_commit_of_the_default_branch_changes_it_at_once(pushing: Pushing) -> None:
    pushing.push(project("dev", "prod"))
    run = pushing.push(project("dev", "staging", "prod"))
    assert run.deliver == ["dev", "staging", "prod"]
    assert environments(pushing) == ["dev", "staging", "prod"]


def test_a_commit_that_cannot_be_read_leaves_it_as_it_was(pushing: Pushing) -> None:
    pushing.push(project("dev", "prod"))
    assert pushing.push("name: [").state == "failed"
    assert environments(pushing) == ["dev", "prod"]


def test_before_its_run_is_made_the_newest_commit_says_it(pushing: Pushing) -> None:
    pushing.accepted(project("one", "two"))
    assert environments(pushing) == ["one", "two"]


def test_before_the_first_push_they_are_the_usual_ones(pushing: Pushing) -> None:
    pushing.push(project("lab"), "idea")
    assert environments(pushing) == USUAL
    assert order.delivered_branches(pushing.cast, NAME) == {"main": USUAL}


def test_a_run_that_is_made_late_does_not_bring_an_older_order_back(pushing: Pushing) -> None:
    older = pushing.accepted(project("dev", "old"))
    pushing.push(project("dev", "new"))
    late = carry.pushed(pushing.cast, older)
    assert late is not None
    assert late.number == 2
    assert environments(pushing) == ["dev", "new"]


def test_what_serves_is_among_them_though_no_commit_names_it_any_more(pushing: Pushing) -> None:
    run = pushing.push(project("dev", "old"))
    pushing.serve(run, "old")
    pushing.push(project("dev", "prod"))
    assert environments(pushing) == ["dev", "prod", "old"]


def test_a_commit_of_another_branch_passes_the_gates_of_the_default_one(pushing: Pushing) -> None:
    """Its own file would let it into prod at once; the way to prod is the same for all."""
    pushing.push(project("dev", "test", "prod"))
    idea = pushing.push(project("prod"), "idea")
    pushing.green(idea)
    run = pushing.story.deploy(NAME, "prod", idea.commit, "ada")
    assert [each["name"] for each in run.plan["project"]["environments"]] == ["dev", "test", "prod"]


def test_an_artifact_from_before_an_environment_was_named_passes_it_too(pushing: Pushing) -> None:
    before = pushing.push(project("dev", "prod"))
    pushing.green(before)
    pushing.push(project("dev", "staging", "prod"))
    run = pushing.story.deploy(NAME, "prod", before.commit, "ada")
    assert [each["name"] for each in run.plan["project"]["environments"]] == ["dev", "staging", "prod"]
