"""What a migration did to the data decides what may run on it: checked against what runs, not what was planned."""

from __future__ import annotations

import pytest

from shipway.state import decisions, holds, stuck
from shipway.state.runs import Run
from shipway.story import migrations
from shipway.story.migrations import NoWayBack
from shipway.story.retire import Retirement
from shipway.story.reverts import Reverts
from shipway.story.standing import standing
from support.frozen import freeze, judge_good, project, while_tried
from support.scene import WEB_ONLY, Scene, canary
from support.workshop import NAME

COLD = WEB_ONLY.replace("warm: 60 s", "warm: 0 s")


def serves(scene: Scene, version: str, project: str = COLD) -> str:
    """A version that was delivered, and what served before it has cooled; its commit."""
    commit = scene.serves(version, project=project)
    Retirement(scene.cast).look()
    return commit


def test_a_contract_waits_for_code_that_no_longer_needs_what_it_takes_away(scene: Scene) -> None:
    first = serves(scene, "1")
    refused = scene.deliver(scene.ordered(scene.commit("2", project=project("contract", COLD))))
    assert "r1" in refused
    assert "still runs and may need" in refused
    assert scene.says() == "1"
    assert serves(scene, "3", project(f"contract, since: {first[:12]}", COLD))


def test_what_is_kept_warm_runs_as_well(scene: Scene) -> None:
    scene.serves("1", project=WEB_ONLY)
    second = scene.serves("2", project=WEB_ONLY)
    contract = scene.commit("3", project=project(f"contract, since: {second}"))
    assert "r1" in scene.deliver(scene.ordered(contract))


@pytest.mark.parametrize("migration", ["irreversible", "contract, since: SECOND"])
def test_nobody_goes_back_past_it(scene: Scene, migration: str) -> None:
    serves(scene, "1")
    second = serves(scene, "2")
    changed = scene.commit("3", project=project(migration.replace("SECOND", second), COLD))
    assert scene.deliver(scene.ordered(changed)) == "passed"
    with pytest.raises(NoWayBack, match="r3"):
        scene.story.roll_back(NAME, "prod", 1, "ada")


def test_after_a_contract_the_code_that_does_not_need_it_is_a_way_back(scene: Scene) -> None:
    serves(scene, "1")
    second = serves(scene, "2")
    contract = scene.commit("3", project=project(f"contract, since: {second}", COLD))
    assert scene.deliver(scene.ordered(contract)) == "passed"
    assert scene.go_back(scene.going_back()) == "passed"
    assert scene.says() == "2"


def test_an_expansion_is_no_obstacle(scene: Scene) -> None:
    scene.serves("1", project=WEB_ONLY)
    assert scene.deliver(scene.ordered(scene.commit("2", project=project("expand")))) == "passed"
    assert scene.go_back(scene.going_back()) == "passed"


def test_a_migration_that_never_began_counts_for_nothing(scene: Scene) -> None:
    """Its release was refused before its command ran."""
    scene.serves("1", project=WEB_ONLY)
    held = scene.commit("2", project=project("irreversible"))
    run = scene.ordered(held)
    with scene.cast.database.write() as conn:
        holds.quarantine(conn, NAME, "prod", held, why="once bitten", run=run.id)
    assert scene.deliver(run) != "passed"
    with scene.cast.database.read() as conn:
        migrations.check_way_back(scene.cast, conn, scene.serving())


@pytest.fixture
def frozen(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The run whose canary was judged bad at 50 %, past a migration that cannot be taken back."""
    return freeze(scene, monkeypatch)


def test_a_bad_release_that_cannot_go_back_is_frozen_with_its_share(scene: Scene, frozen: Run) -> None:
    Retirement(scene.cast).look()
    assert dict(scene.cast.proxy.serving(NAME, "prod")) == {"shop.prod.r1": 50, "shop.prod.r2": 50}
    assert scene.deployment(frozen).state == "stuck"
    with scene.cast.database.read() as conn:
        left = stuck.now(conn, NAME, "prod")
        (stands,) = standing(conn)
    assert left is not None
    assert (left.share, left.by, left.title) == (50, 2, "r2 is frozen at 50 %")
    assert left.way_out == f"you decide: a fix pushed on top of {frozen.commit[:7]} goes through"
    assert scene.deployment(frozen).reason == f"{left.says}."
    assert ([each.number for each in stands.all], stands.shared) == ([1, 2], True)


def test_no_revert_is_made_of_what_cannot_be_taken_back(scene: Scene, frozen: Run) -> None:
    Reverts(scene.cast).look()
    assert "revert.ready" not in scene.every_fact()
    assert "revert.left_out" in scene.every_fact()


def test_who_wants_to_go_back_past_what_is_frozen_hears_what_is_so(scene: Scene, frozen: Run) -> None:
    for to in (None, 1, 2):
        with pytest.raises(NoWayBack, match="r2 is frozen at 50 %: r2 has half of the requests") as refused:
            scene.story.roll_back(NAME, "prod", to, "ada")
        assert f"Push a fix on top of {frozen.commit[:7]}" in refused.value.hint


def test_a_fix_pushed_on_top_of_what_is_frozen_goes_through(scene: Scene, frozen: Run) -> None:
    assert scene.deliver(scene.ordered(scene.commit("3", project=WEB_ONLY))) == "passed"
    assert scene.shares() == {"r3": 100}
    with scene.cast.database.read() as conn:
        assert stuck.now(conn, NAME, "prod") is None
        ended = stuck.of_deployment(conn, scene.deployment(frozen))
    assert ended is not None
    assert ended.share == 50


def test_what_has_changed_the_data_for_good_is_not_taken_back_while_it_is_tried(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By nobody, before it is judged: its trial goes on."""
    refused: list[NoWayBack] = []

    def take_back() -> None:
        with pytest.raises(
            NoWayBack, match="r2 is on trial with 50 % of the requests, and cannot be taken back"
        ) as raised:
            scene.story.roll_back(NAME, "prod", None, "ada")
        refused.append(raised.value)

    scene.serves("1", project=WEB_ONLY)
    judge_good(monkeypatch)
    while_tried(monkeypatch, take_back)
    run = scene.ordered(scene.commit("2", project=project("irreversible", canary(50))))
    assert scene.deliver(run) == "passed"
    assert scene.shares() == {"r2": 100}
    assert "--to r1 --past r2 --why" in refused[0].hint


def test_who_says_why_takes_it_back_all_the_same(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.serves("1", project=WEB_ONLY)
    while_tried(monkeypatch, lambda: scene.story.roll_back(NAME, "prod", 1, "ada", why="it reads both", past=2))
    run = scene.ordered(scene.commit("2", project=project("irreversible", canary(50))))
    assert "ada took r2 back" in scene.deliver(run)
    assert scene.shares() == {"r1": 100}
    with scene.cast.database.read() as conn:
        decision = decisions.of_run(conn, run.id)
    assert decision is not None
    assert decision.says == "ada rolled prod back to r1, past the data change of r2: “it reads both”"


def test_who_went_back_before_a_migration_came_is_asked_again(scene: Scene) -> None:
    """The rollback waited for its turn, and meanwhile the data was changed."""
    serves(scene, "1")
    serves(scene, "2")
    late = scene.going_back()
    serves(scene, "3", project("irreversible", COLD))
    assert "r3 changed the data irreversibly" in scene.go_back(late)
    assert scene.says() == "3"


def test_a_change_of_the_configuration_waits_for_what_mends_what_is_frozen(scene: Scene, frozen: Run) -> None:
    """What serves would be deployed again with it, and have all requests."""
    done = scene.story.configure(NAME, "prod", "ada", values={"COLOUR": "red"})
    assert (done.changed, done.run) == (True, None)
    assert done.stuck is not None
    again = scene.begun(scene.story.deploy(NAME, "prod", scene.serving().commit, "ada"))
    assert "is not on top of" in scene.deliver(again)
    assert scene.shares() == {"r1": 50, "r2": 50}
    assert scene.deliver(scene.ordered(scene.commit("3", project=WEB_ONLY))) == "passed"
    assert scene.says("/env/COLOUR") == "red"
