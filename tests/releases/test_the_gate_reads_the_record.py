"""The gate: holds, the order of environments, and newer pushes decide, whatever path a deployment comes by."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from shipway.releases import gate
from shipway.releases.gate import Frozen, GateClosed, Overtaken
from shipway.rollbacks import choose
from shipway.rollbacks.choose import NowhereToGo
from shipway.signals.verdict import Verdict
from shipway.state import applications, artifacts, deployments, holds, ids, releases, runs
from shipway.state.artifacts import Artifact
from shipway.state.database import Database
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.state.tables import holds as held
from shipway.story import condemn
from support.records import open_record

ORDER = ("dev", "test", "prod")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = open_record(tmp_path / "shipway.db")
    with made.write() as conn:
        applications.create(conn, "shop", "main", "ada")
    return made


def green(
    conn: Connection, letter: str, purpose: str = "push", *, digest: str = "", tree: str = ""
) -> tuple[Run, Artifact]:
    """A run of the commit `letter` and its artifact, built from files that nobody else has unless it is said."""
    run = runs.create(
        conn,
        application="shop",
        push=None,
        branch="main",
        commit=letter * 40,
        who="ada",
        purpose=purpose,
        deliver=ORDER,
        plan={},
    )
    artifact = artifacts.create(
        conn,
        application="shop",
        digest=digest or letter,
        commit=run.commit,
        run=run.id,
        project={},
        size=1,
        tree=tree or letter,
    )
    return run, artifact


def made(conn: Connection, artifact: Artifact, environment: str) -> Release:
    return releases.make(
        conn,
        application="shop",
        environment=environment,
        digest=artifact.digest,
        commit=artifact.commit,
        configuration=0,
    )


def serve(conn: Connection, run: Run, artifact: Artifact, environment: str) -> None:
    """The artifact serves there, by this run."""
    release = made(conn, artifact, environment)
    begun = deployments.begin(conn, run=run.id, release=release, kind="deploy", at_least=0)
    releases.serve(conn, release, deployment=begun.id, epoch=begun.epoch, warm_until=None)
    deployments.end(conn, begun, "done")


def hold(conn: Connection, environment: str | None, commit: str | None, until: float | None = None) -> None:
    conn.execute(
        insert(held).values(
            id=ids.new(conn, held),
            application="shop",
            environment=environment,
            commit=commit,
            kind="freeze",
            why="the fair is on",
            who="mira",
            created=0.0,
            until=until,
        )
    )


def test_prod_comes_after_test(database: Database) -> None:
    """And where dev comes before both, that is what can be done next."""
    with database.write() as conn:
        run, artifact = green(conn, "a")
        with pytest.raises(GateClosed, match=r"has not served in test.* dev comes first") as closed:
            gate.check(conn, run, artifact, "prod", ORDER)
        assert closed.value.hint == "shipway deploy aaaaaaa --env dev"
        serve(conn, run, artifact, "dev")
        with pytest.raises(GateClosed, match=r"has not served in test, and prod comes after it.$") as closed:
            gate.check(conn, run, artifact, "prod", ORDER)
        assert closed.value.hint == "shipway deploy aaaaaaa --env test"
        serve(conn, run, artifact, "test")
        gate.check(conn, run, artifact, "prod", ORDER)


@pytest.mark.parametrize(("environment", "commit"), [(None, None), ("dev", None), (None, "a" * 40)])
def test_a_hold_closes_the_gate_and_says_who_and_why(
    database: Database, environment: str | None, commit: str | None
) -> None:
    with database.write() as conn:
        run, artifact = green(conn, "a")
        hold(conn, environment, commit)
        with pytest.raises(GateClosed, match="mira froze dev until somebody thaws it: the fair is on"):
            gate.check(conn, run, artifact, "dev", ORDER)


def test_a_freeze_names_what_waits_and_its_own_environment(database: Database) -> None:
    """Whatever else is frozen: the commands can be copied as they are."""
    with database.write() as conn:
        run, artifact = green(conn, "a")
        hold(conn, "dev", None)
        release = made(conn, artifact, "dev")
        with pytest.raises(Frozen) as new:
            gate.check(conn, run, artifact, "dev", ORDER)
        with pytest.raises(Frozen) as forward:
            gate.not_held(conn, release, "dev")
    ends = "`shipway thaw --env dev` ends it at once. Rolling back is possible."
    deploys = "`shipway deploy aaaaaaa --env dev` takes aaaaaaa there"
    assert new.value.hint == f"Once that is over, {deploys}; {ends}"
    assert forward.value.hint.startswith(
        "Once that is over, `shipway rollback --env dev --to r1` brings r1 (aaaaaaa);"
    )


def test_a_freeze_says_that_what_serves_comes_anew_with_what_is_set(database: Database) -> None:
    with database.write() as conn:
        run, artifact = green(conn, "a")
        release = made(conn, artifact, "dev")
        begun = deployments.begin(conn, run=run.id, release=release, kind="deploy", at_least=0)
        releases.serve(conn, release, deployment=begun.id, epoch=begun.epoch, warm_until=0.0)
        hold(conn, "dev", None)
        with pytest.raises(Frozen) as frozen:
            gate.not_held(conn, artifact, "dev")
    says = "`shipway deploy aaaaaaa --env dev` deploys aaaaaaa, which serves there, anew with what is set"
    assert frozen.value.hint.startswith(f"Once that is over, {says};")


def test_a_hold_on_something_else_or_over_does_not(database: Database) -> None:
    with database.write() as conn:
        run, artifact = green(conn, "a")
        hold(conn, "prod", None)
        hold(conn, None, "b" * 40)
        hold(conn, "dev", None, until=1.0)
        gate.check(conn, run, artifact, "dev", ORDER)


def test_a_hold_keeps_nobody_from_the_environments_before_it(database: Database) -> None:
    with database.write() as conn:
        run, artifact = green(conn, "a")
        hold(conn, "prod", None)
        assert gate.to_rehearse(conn, run, ["test", "prod"]) == artifact
        with pytest.raises(Frozen, match="froze prod"):
            gate.to_rehearse(conn, run, ["prod"])


def test_a_push_does_not_arrive_after_a_newer_one(database: Database) -> None:
    with database.write() as conn:
        older, old_artifact = green(conn, "a")
        newer, new_artifact = green(conn, "b")
        serve(conn, newer, new_artifact, "dev")
        with pytest.raises(Overtaken, match="newer bbbbbbb"):
            gate.check(conn, older, old_artifact, "dev", ORDER)


def test_a_person_may_deploy_an_older_commit(database: Database) -> None:
    with database.write() as conn:
        _, old_artifact = green(conn, "a")
        newer, new_artifact = green(conn, "b")
        serve(conn, newer, new_artifact, "dev")
        asked, _ = green(conn, "a", purpose="deploy")
        gate.check(conn, asked, old_artifact, "dev", ORDER)


def test_a_rollback_goes_to_the_release_before_and_only_to_one_that_has_served(database: Database) -> None:
    with database.write() as conn:
        with pytest.raises(NowhereToGo, match="serves nothing"):
            choose.target(conn, "shop", "dev", None)
        served = [green(conn, letter) for letter in "abc"]
        for run, artifact in served:
            serve(conn, run, artifact, "dev")
        assert choose.target(conn, "shop", "dev", None).number == 2
        assert choose.target(conn, "shop", "dev", 1).number == 1
        with pytest.raises(NowhereToGo, match="is what dev serves"):
            choose.target(conn, "shop", "dev", 3)
        with pytest.raises(NowhereToGo, match="never served"):
            choose.target(conn, "shop", "dev", 9)


def test_what_had_a_share_and_was_judged_bad_is_not_said_to_have_never_served(database: Database) -> None:
    with database.write() as conn:
        for letter in "ab":
            serve(conn, *green(conn, letter), "prod")
        run, artifact = green(conn, "c")
        release = made(conn, artifact, "prod")
        begun = deployments.begin(conn, run=run.id, release=release, kind="deploy", at_least=0)
        with pytest.raises(NowhereToGo, match="r3 is on its way to prod"):
            choose.target(conn, "shop", "prod", 3)
        deployments.enter(conn, begun, "try", {"share": 10})
        good = releases.numbered(conn, "shop", "prod", 2)
        assert good is not None
        condemn.condemn(conn, begun, good, 10, Verdict("bad", "Failed requests: 9 of 18."))
        deployments.end(conn, begun, "failed", "r3 was taken back")
        with pytest.raises(NowhereToGo) as refused:
            choose.target(conn, "shop", "prod", 3)
        assert refused.value.message == (
            "r3 had up to 10 % of the requests to prod, and was judged bad. ccccccc is quarantined in prod "
            "until a commit on top of it has served there and was judged good."
        )
        assert (
            "These have served, and may again: r1. r2 serves now. Push a commit on top of it that mends it, "
            "or changes any file if it is innocent. One that takes it" in refused.value.hint
        )
        holds.lift(conn, holds.quarantined(conn, "shop", "prod"), by="d" * 40, run=run.id)
        with pytest.raises(NowhereToGo, match=r"and was judged bad\.$") as refused:
            choose.target(conn, "shop", "prod", 3)
        assert refused.value.hint == "These have served, and may again: r1. r2 serves now."


def test_what_can_be_gone_back_to_is_named_newest_first(database: Database) -> None:
    """Not in the order in which they last served."""
    with database.write() as conn:
        for letter in "abcab":
            serve(conn, *green(conn, letter), "prod")
        with pytest.raises(NowhereToGo) as refused:
            choose.target(conn, "shop", "prod", 9)
        assert refused.value.hint == "These have served, and may again: r3, r1. r2 serves now."


def test_what_is_quarantined_is_not_offered_to_go_back_to(database: Database) -> None:
    with database.write() as conn:
        for letter in "abc":
            serve(conn, *green(conn, letter), "prod")
        holds.quarantine(conn, "shop", "prod", "b" * 40, why="it failed", run="")
        with pytest.raises(NowhereToGo) as refused:
            choose.target(conn, "shop", "prod", 9)
        assert refused.value.hint == "These have served, and may again: r1. r3 serves now."


def test_after_a_to_b_to_a_the_release_before_is_b(
    database: Database,
) -> None:
    """A serves, then B, then A again: what served before is B, though its number is higher."""
    with database.write() as conn:
        first, second = green(conn, "a"), green(conn, "b")
        serve(conn, *first, "dev")
        serve(conn, *second, "dev")
        again, _ = green(conn, "a", purpose="deploy")
        serve(conn, again, first[1], "dev")
        assert choose.target(conn, "shop", "dev", None).number == 2


def test_prod_wants_the_very_artifact_that_was_in_test(database: Database) -> None:
    """The same commit built again is another artifact."""
    with database.write() as conn:
        run, artifact = green(conn, "a")
        serve(conn, run, artifact, "test")
        rebuilt = artifacts.create(
            conn, application="shop", digest="other", commit=run.commit, run=run.id, project={}, size=1
        )
        with pytest.raises(GateClosed, match="has not served in test"):
            gate.check(conn, run, rebuilt, "prod", ORDER)


def test_an_older_push_does_not_undo_what_people_did_after_a_newer_one(database: Database) -> None:
    with database.write() as conn:
        older, old_artifact = green(conn, "a")
        newer, new_artifact = green(conn, "b")
        serve(conn, newer, new_artifact, "dev")
        asked, _ = green(conn, "b", purpose="deploy")
        serve(conn, asked, new_artifact, "dev")
        with pytest.raises(Overtaken):
            gate.check(conn, older, old_artifact, "dev", ORDER)


def test_the_first_release_cannot_be_rolled_back(database: Database) -> None:
    with database.write() as conn:
        serve(conn, *green(conn, "a"), "dev")
        with pytest.raises(NowhereToGo, match="first release"):
            choose.target(conn, "shop", "dev", None)
