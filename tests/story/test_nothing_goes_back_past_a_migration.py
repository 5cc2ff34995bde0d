"""What a migration did to the data decides what may run on it: checked against what runs, not what was planned."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shipway.signals.verdict import Verdict
from shipway.state import facts, holds
from shipway.story import migrations, trial
from shipway.story.migrations import NoWayBack
from shipway.story.retire import Retirement
from shipway.story.trial import BadVerdict
from support.scene import WEB_ONLY, Scene, a_scene
from support.workshop import NAME

COLD = WEB_ONLY.replace("warm: 60 s", "warm: 0 s")
BAD = Verdict("bad", "Failed requests: 9 of 18 of the new release, 0 of 160 of the old one in the same time.")


def project(migration: str, base: str = WEB_ONLY) -> str:
    return f"{base}release: {{run: 'true', migration: {migration}}}\n"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with a_scene(tmp_path) as scene:
        yield scene


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


def test_a_bad_release_that_cannot_go_back_stays_as_it_is(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def judged_bad(self: trial.Trial, share: int, _condition: object) -> Verdict:
        raise BadVerdict(self._release, share, BAD)

    monkeypatch.setattr(trial.Trial, "hold", judged_bad)
    scene.serves("1", project=WEB_ONLY)
    canary = project("irreversible").replace("{warm:", "{strategy: canary, steps: [50], warm:")
    run = scene.ordered(scene.commit("2", project=canary))
    scene.deliver(run)
    assert scene.deployment(run).state == "unknown"
    assert "stays as it is" in scene.deployment(run).reason
    assert dict(scene.cast.proxy.serving(NAME, "prod")) == {"shop.prod.r1": 50, "shop.prod.r2": 50}
    with scene.cast.database.read() as conn:
        assert "release.stuck" in {fact.kind for fact in facts.after(conn, 0)}
