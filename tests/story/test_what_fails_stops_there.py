"""Only on success: whatever fails, the commit stops there, says so, and what serves goes on untouched."""

from __future__ import annotations

import pytest

from support.installation import Installation, Repository
from support.shop import PROJECT, shop

ONE = PROJECT.replace("[dev, test, prod]", "[prod]")
RELEASE = ONE + "release: {run: 'touch $DATA_DIR/migrated; exit 3'}\n"
KEY = "a-key-of-the-till"


@pytest.fixture(scope="module")
def repository(installation: Installation) -> Repository:
    """The shop with one environment, delivered in its first version."""
    made = installation.repository("shop")
    made.write(shop("1", project=ONE))
    made.commit("Open the shop")
    made.init()
    made.shipway("secrets", "TILL_KEY", "--env", "prod", stdin=KEY)
    made.deliver("Open the shop for real")
    return made


WATCHED = ONE.replace("grace: 0.3 s", "grace: 10 s")  # an interpreter may take a second to start

STOPPED = {
    "a step": (shop("2", project=ONE, check="raise SystemExit('eggs are out')\n"), "eggs are out"),
    "the start": (
        {**shop("3", project=ONE), "web.py": "raise SystemExit('no counter today')\n"},
        "web ended with exit status 1",
    ),
    "the health check": (
        shop("4", health="unwell", project=ONE.replace("timeout: 10 s", "timeout: 2 s")),
        "GET /health answered 500",
    ),
    "a worker": (
        {**shop("5", project=WATCHED), "worker.py": "raise SystemExit('on strike')\n"},
        "worker ended",
    ),
    "the release command": (shop("6", project=RELEASE), "exit status 3"),
    "the configuration": (shop("7", project=ONE.replace("health:", "helth:")), "helth"),
}


@pytest.mark.parametrize("what", STOPPED)
def test_what_serves_goes_on_when_this_fails(
    installation: Installation, repository: Repository, what: str
) -> None:
    files, told = STOPPED[what]
    before = installation.query("select release, epoch from serving where environment = 'prod'")
    instances = {each["id"]: each["pid"] for each in repository.json("ps", "--env", "prod")}
    commit = repository.commit(f"Break {what}", files)
    shown = repository.push().out
    assert told in " ".join(shown.replace("remote:", "").split()), shown  # however wide its lines are
    assert installation.query("select release, epoch from serving where environment = 'prod'") == before
    assert installation.says("shop") == "1"
    now = {each["id"]: each["pid"] for each in repository.json("ps", "--env", "prod")}
    assert {id: pid for id, pid in now.items() if "web" in id} == {
        id: pid for id, pid in instances.items() if "web" in id
    }
    assert now.keys() == instances.keys()
    waited = repository.shipway("wait", commit, "--env", "prod", "--timeout", "5")
    assert waited.code == 1, waited.out


CRASH = """\
import os
print("the till opens with", os.environ["TILL_KEY"], flush=True)
raise KeyError("drawer")
"""
UNWELL = shop("u", health="unwell", project=ONE.replace("timeout: 10 s", "timeout: 2 s"))
SAYS_WHY = {
    "the start": ({**shop("a", project=ONE), "web.py": CRASH}, "KeyError: 'drawer'"),
    "the health check": (UNWELL, "shop u starts"),
    "a worker": ({**shop("b", project=WATCHED), "worker.py": CRASH}, "KeyError: 'drawer'"),
    "the release command": (
        shop("c", project=ONE + "release: {run: 'echo $TILL_KEY; echo no\" such\" column; exit 3'}\n"),
        "no such column",
    ),
}


@pytest.mark.parametrize("what", SAYS_WHY)
def test_what_the_application_wrote_is_shown_wherever_the_failure_is(repository: Repository, what: str) -> None:
    files, cause = SAYS_WHY[what]
    repository.commit(f"Break {what} in its own words", files)
    push = repository.push().out
    number = str(repository.json("runs", "--limit", "1")[0]["number"])
    shown = repository.shipway("runs", number).out
    log = repository.shipway("logs", number).out
    excerpt = repository.json("runs", number)["deployments"][-1]["excerpt"]
    for place in (push, shown, log, excerpt):
        assert cause in place, place
        assert place.count(cause) == 1, place  # however often it was started again
        assert KEY not in place
    if what != "the health check":
        assert "***" in excerpt


def test_a_failed_release_command_left_a_copy_of_the_data_from_before(
    installation: Installation, repository: Repository
) -> None:
    environment = installation.places.environment("shop", "prod")
    installation.says("shop", "/count")
    repository.commit("Break the release command again", shop("8", project=RELEASE))
    repository.push()
    copies = sorted((environment / "backups").iterdir())
    assert (copies[-1] / "counter.txt").read_text() == (environment / "data" / "counter.txt").read_text()
    assert not (copies[0] / "migrated").exists()


def test_a_push_that_takes_history_back_is_refused_with_the_command_that_does_what_was_meant(
    repository: Repository,
) -> None:
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    done = repository.git("push", "--force", "shipway", "main")
    assert done.code != 0
    assert "shipway rollback" in done.out, done.out


def test_the_next_good_commit_goes_through(installation: Installation, repository: Repository) -> None:
    repository.git("fetch", "--quiet", "shipway")
    repository.git("reset", "--quiet", "--hard", "shipway/main")
    repository.deliver("Mend everything", shop("9", project=ONE))
    assert installation.says("shop") == "9"
