"""The main journey: a push is tested, built once, and serves in dev, test and prod; and back again."""

from __future__ import annotations

from pathlib import Path

from support.installation import Installation, Repository, eventually
from support.shop import shop


def test_the_push_shows_each_step_and_each_environment(installation: Installation, repository: Repository) -> None:
    repository.commit("Become version 2", shop("2"))
    shown = repository.push().out
    for word in ("test", "build", "dev", "prod", f"http://shop.localhost:{installation.proxy_port}"):
        assert word in shown, shown
    last = [line for line in shown.splitlines() if line.startswith("remote:")][-1]
    assert "accepted main" in last, shown
    assert installation.says("shop") == "2"
    assert installation.says("shop", environment="dev") == "2"
    assert installation.says("shop", environment="test") == "2"


def test_the_artifact_is_built_once_for_all_environments(
    installation: Installation, repository: Repository
) -> None:
    commit = repository.deliver("Become version 3", shop("3"))
    digests = installation.query('select distinct digest from releases where "commit" = ?', commit)
    assert len(digests) == 1
    assert len(installation.query('select 1 from releases where "commit" = ?', commit)) == 3


def test_data_survives_releases_and_rollbacks(installation: Installation, repository: Repository) -> None:
    first = int(installation.says("shop", "/count"))
    repository.deliver("Become version 4", shop("4"))
    assert int(installation.says("shop", "/count")) == first + 1
    assert repository.shipway("rollback", "--env", "prod").code == 0
    assert int(installation.says("shop", "/count")) == first + 2


def test_a_rollback_brings_web_and_workers_back_and_leaves_other_environments(
    installation: Installation, repository: Repository
) -> None:
    repository.deliver("Become version 5", shop("5"))
    repository.deliver("Become version 6", shop("6"))
    done = repository.shipway("rollback", "--env", "prod")
    assert done.code == 0, done.out
    told = [line.strip() for line in done.out.splitlines()]
    assert told[1].startswith("traffic is back on r"), done.out
    assert told[1].endswith("; worker follows"), done.out
    assert told[2].startswith("✓ prod"), done.out
    assert installation.says("shop") == "5"
    assert installation.says("shop", environment="test") == "6"
    beat = installation.places.environment("shop", "prod") / "data" / "worker"
    assert eventually(lambda: beat.read_text() == "5", "the old worker works again")
    again = repository.shipway("push")
    assert (again.code, "✗ " in again.out) == (1, True), "what is true now, not what was when it was pushed"
    assert "does not serve in prod: " in again.out


def test_a_rollback_tells_programs_when_traffic_was_back_and_when_it_was_done(repository: Repository) -> None:
    (figures,) = repository.json("rollback", "--env", "prod")["deployments"]
    assert figures["kind"] == "rollback"
    assert 0 < figures["traffic_after"] < figures["ended_after"]


def test_a_rollback_to_a_release_that_is_cold_starts_it_again(
    installation: Installation, repository: Repository
) -> None:
    for version in ("7", "8", "9"):
        repository.deliver(f"Become version {version}", shop(version))
    number = installation.query(
        "select max(number) from releases where environment = 'prod' and application = 'shop'"
    )[0][0]
    assert repository.shipway("rollback", "--env", "prod", "--to", f"r{number - 2}").code == 0
    assert installation.says("shop") == "7"


def test_pushing_what_serves_changes_nothing_and_says_so(
    installation: Installation, repository: Repository
) -> None:
    commit = repository.deliver("Become version 10", shop("10"))
    releases = installation.query("select count(*) from releases")
    repository.git("switch", "--quiet", "--create", "same")
    assert repository.push("shipway", "same").code == 0
    repository.git("switch", "--quiet", "main")
    again = repository.shipway("deploy", commit, "--env", "prod")
    assert again.code == 0
    assert "already" in again.out, again.out
    assert installation.query("select count(*) from releases") == releases


def test_a_green_commit_is_delivered_without_being_tested_again(
    installation: Installation, repository: Repository
) -> None:
    repository.git("switch", "--quiet", "--create", "feature")
    commit = repository.commit("Become version 11", shop("11"))
    shown = repository.push("shipway", "feature").out
    assert "prod" not in shown.replace("production", ""), shown
    assert installation.says("shop") != "11"
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--ff-only", "feature")
    shown = repository.push().out
    assert installation.says("shop") == "11"
    tested = installation.query(
        'select count(*) from steps join runs on runs.id = steps.run where "commit" = ? and name = ?',
        commit,
        "test",
    )
    assert tested == [(1,)], shown


def test_each_move_of_a_ref_is_a_push_of_its_own(installation: Installation, repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "back-and-forth")
    first = repository.head
    second = repository.commit("Step aside")
    for commit in (first, second, first):
        repository.push("--force", "-o", "detach", "shipway", f"{commit}:refs/heads/back-and-forth")
    repository.git("switch", "--quiet", "main")
    moved = installation.query(
        "select new, sequence from pushes where ref = 'refs/heads/back-and-forth' order by sequence"
    )
    assert moved == [(first, 1), (second, 2), (first, 3)]
    runs = "select count(*) from runs where branch = 'back-and-forth'"
    eventually(lambda: installation.query(runs) == [(3,)], "each push has its run")


def test_where_tells_why_a_commit_is_not_in_prod(installation: Installation, repository: Repository) -> None:
    commit = repository.commit("Break the test", shop("12", check="raise SystemExit('it is broken')\n"))
    shown = repository.push().out
    assert "it is broken" in shown, shown
    found = repository.json("where", commit)
    assert [each["serves"] for each in found["environments"]] == [False, False, False]
    assert "test" in found["environments"][-1]["reason"]
    assert repository.shipway("wait", commit, "--env", "prod", "--timeout", "5").code == 1
    assert installation.says("shop") == "11"


def test_ps_names_the_processes_of_the_application_and_not_what_is_around_them(repository: Repository) -> None:
    named = [
        Path(f"/proc/{each['pid']}/comm").read_text().strip() for each in repository.json("ps", "--env", "prod")
    ]
    assert named
    assert set(named) == {"python3"}
