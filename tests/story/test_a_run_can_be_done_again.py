"""A run that did not get through is done again without a new commit; a branch never goes back by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shipway.config.problems import InvalidConfig
from shipway.errors import NotFound
from shipway.pipelines.retry import NotAgain
from shipway.releases import gate
from shipway.state import artifacts, deployments, facts, holds, runs
from shipway.state.runs import Run
from shipway.story import carry, order
from support.pushing import Pushing, a_pushing, project
from support.workshop import NAME

SHOP = project("dev", "prod", steps={"test": {"run": "true"}})
CHANGED = project("dev", "prod", steps={"test": {"run": "true && true"}})


@pytest.fixture
def pushing(tmp_path: Path) -> Iterator[Pushing]:
    with a_pushing(tmp_path) as made:
        yield made


def ended(pushing: Pushing, state: str = "failed", text: str = SHOP) -> Run:
    """The run of a push, over."""
    run = pushing.push(text)
    pushing.end(run, state)
    return run


def nodes(run: Run) -> list[str]:
    return [node["id"] for node in run.plan["nodes"]]


def refusal(pushing: Pushing, run: Run) -> str:
    with pytest.raises(NotAgain) as refused:
        pushing.story.retry(run.id, "ben")
    assert refused.value.hint
    return refused.value.message


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_it_goes_the_whole_way_again_and_says_whose_wish_it_was(pushing: Pushing, state: str) -> None:
    run = ended(pushing, state)
    again = pushing.story.retry(run.id, "ben")
    assert (again.commit, again.branch, again.deliver) == (run.commit, run.branch, run.deliver)
    assert (again.who, again.purpose, again.state, again.retry_of) == ("ben", "push", "queued", run.number)
    assert nodes(again) == nodes(run)
    assert "step:test" in nodes(again)
    with pushing.database.read() as conn:
        (queued,) = [fact for fact in facts.after(conn, 0, runs=[again.id]) if fact.kind == "run.queued"]
    assert (queued.who, queued.data["retry_of"]) == ("ben", run.number)


def test_a_green_commit_is_delivered_and_not_tested_again(pushing: Pushing) -> None:
    run = ended(pushing)
    pushing.green(run)
    assert nodes(pushing.story.retry(run.id, "ben")) == ["deploy:dev", "deploy:prod", "finish"]


def test_a_run_of_another_branch_is_done_again(pushing: Pushing) -> None:
    pushing.push(SHOP)
    run = pushing.push(SHOP, "idea")
    pushing.end(run)
    again = pushing.story.retry(run.id, "ben")
    assert (again.branch, again.deliver) == ("idea", [])


@pytest.mark.parametrize("state", ["queued", "running"])
def test_one_under_way_is_not(pushing: Pushing, state: str) -> None:
    run = pushing.push(SHOP)
    if state == "running":
        with pushing.database.write() as conn:
            runs.begin(conn, run, "test")
    assert refusal(pushing, run).startswith(f"Run {run.number} of {run.commit[:7]} is ")


def test_two_who_ask_at_once_get_one_run(pushing: Pushing) -> None:
    run = ended(pushing)
    again = pushing.story.retry(run.id, "ben")
    assert f"Run {again.number}" in refusal(pushing, run)
    pushing.end(again)
    assert pushing.story.retry(run.id, "cho").retry_of == run.number
    with pushing.database.read() as conn:
        newest = runs.retried(conn, run)
    assert newest is not None
    assert newest.who == "cho"


def test_what_passed_is_not_done_again(pushing: Pushing) -> None:
    run = ended(pushing, "passed")
    pushing.green(run)
    assert "passed" in refusal(pushing, run)


def test_what_passed_is_built_anew_when_its_artifact_is_gone(pushing: Pushing) -> None:
    run = ended(pushing, "passed")
    pushing.green(run)
    with pushing.database.write() as conn:
        artifact = artifacts.of_commit(conn, NAME, run.commit)
        assert artifact is not None
        artifacts.prune(conn, artifact)
    assert "build" in nodes(pushing.story.retry(run.id, "ben"))


@pytest.mark.parametrize("state", ["queued", "failed", "passed"])
def test_a_branch_that_has_gone_on_does_not_go_back(pushing: Pushing, state: str) -> None:
    run = ended(pushing)
    later = pushing.push(CHANGED)
    if state != "queued":
        pushing.end(later, state)
    assert f"gone on to {later.commit[:7]}" in refusal(pushing, run)


def test_a_branch_that_has_gone_on_without_a_run_yet_does_not_go_back_either(pushing: Pushing) -> None:
    run = ended(pushing)
    pushing.accepted(CHANGED)
    assert "gone on" in refusal(pushing, run)


def test_a_push_that_comes_after_it_overtakes_it(pushing: Pushing) -> None:
    again = pushing.story.retry(ended(pushing).id, "ben")
    with pushing.database.write() as conn:
        runs.begin(conn, again, "test")
    later = pushing.push(CHANGED)
    for run in (again, later):
        pushing.green(run)
    pushing.serve(later, "dev")
    with pushing.database.read() as conn:
        artifact = artifacts.of_commit(conn, NAME, again.commit)
        assert artifact is not None
        with pytest.raises(gate.Overtaken):
            gate.check(conn, again, artifact, "dev", ["dev", "prod"])


def test_one_that_waits_for_its_turn_is_superseded_by_a_later_push(pushing: Pushing) -> None:
    again = pushing.story.retry(ended(pushing).id, "ben")
    pushing.push(CHANGED)
    with pushing.database.read() as conn:
        assert runs.get(conn, again.id).state == "superseded"


def test_the_environments_stay_those_of_the_newest_push(pushing: Pushing) -> None:
    again = pushing.story.retry(ended(pushing).id, "ben")
    pushing.end(again)
    with pushing.database.read() as conn:
        assert order.environments(conn, pushing.cast.machine.places, NAME) == ["dev", "prod"]


def test_a_commit_that_cannot_be_read_says_so_again_and_makes_no_run(pushing: Pushing) -> None:
    run = pushing.push("name: [")
    with pytest.raises(InvalidConfig):
        pushing.story.retry(run.id, "ben")
    with pushing.database.read() as conn:
        assert len(runs.recent(conn)) == 1


def test_what_people_ordered_is_done_again_as_it_was(pushing: Pushing) -> None:
    pushed = ended(pushing, "passed")
    pushing.green(pushed)
    pushing.serve(pushed, "prod")
    ordered = pushing.story.deploy(NAME, "prod", pushed.commit, "ada")
    pushing.end(ordered)
    again = pushing.story.retry(ordered.id, "ben")
    assert (again.purpose, again.deliver, again.plan) == ("deploy", ["prod"], ordered.plan)
    assert (again.who, again.retry_of) == ("ben", ordered.number)


def test_what_people_ordered_does_not_take_back_what_came_since(pushing: Pushing) -> None:
    pushed = ended(pushing, "passed")
    pushing.green(pushed)
    ordered = pushing.story.deploy(NAME, "dev", pushed.commit, "ada")
    pushing.end(ordered)
    later = pushing.push(CHANGED)
    pushing.green(later)
    begun = pushing.begin_deployment(later, "dev")
    assert f"Run {later.number} has gone to dev since" in refusal(pushing, ordered), "it is on its way"
    with pushing.database.write() as conn:
        deployments.end(conn, begun, "failed", "it did not start")
    again = pushing.story.retry(ordered.id, "ben")
    pushing.end(again)
    newest = pushing.push(SHOP)
    pushing.serve(newest, "dev")
    assert f"Run {newest.number} has gone to dev since" in refusal(pushing, ordered)


def test_without_a_file_of_ours_the_plan_says_that_it_was_recognised(pushing: Pushing) -> None:
    run = pushing.push("", also={"index.html": "hello"})
    pushing.end(run)
    assert run.plan["written"] is False
    assert pushing.story.retry(run.id, "ben").plan["written"] is False
    assert ended(pushing).plan["written"] is True


def test_what_is_quarantined_is_not_done_again(pushing: Pushing) -> None:
    run = pushing.push(SHOP)
    pushing.green(run)
    pushing.end(run)
    with pushing.database.write() as conn:
        assert carry.why_not_again(conn, run) == ""
        holds.quarantine(conn, NAME, "prod", run.commit, why="it failed", run=run.id)
        assert carry.why_not_again(conn, run)
    assert f"{run.commit[:7]} is quarantined in prod until" in refusal(pushing, run)


def test_a_run_that_is_not_there_is_not_found(pushing: Pushing) -> None:
    with pytest.raises(NotFound):
        pushing.story.retry("nothing", "ben")
