"""From `shipway init` on: a secret, the first push, several changes at once, and a run that is done again."""

from __future__ import annotations

import json
import socket

import pytest

from support.installation import Installation, Repository, eventually
from support.ports import free_port
from support.shop import PROJECT, shop

SECRET = "correct-horse-battery"
STAGING = PROJECT.replace("[dev, test, prod]", "[staging]")


@pytest.fixture(scope="module")
def repository(installation: Installation) -> Repository:
    """The shop, never pushed."""
    made = installation.repository("shop")
    made.write(shop("1", project=STAGING))
    made.commit("Open the shop")
    made.init()
    return made


def test_a_secret_that_is_set_before_the_first_push_is_in_the_first_release(
    installation: Installation, repository: Repository
) -> None:
    done = repository.shipway("secrets", "API_KEY", "--env", "staging", stdin=f"{SECRET}\n")
    assert done.code == 0, done.out
    assert "No push has named staging yet; shipway.yml here does." in done.out
    early = repository.shipway("env", "A=1", "--env", "stagng")
    assert "shipway.yml here names staging only" in early.out
    repository.deliver("Open the shop for real", environment="staging")
    assert installation.says("shop", "/env/API_KEY", environment="staging") == SECRET
    assert installation.query("select number, configuration from releases") == [(1, 1)]


def test_after_it_a_slip_of_the_pen_is_told_with_the_names_there_are(repository: Repository) -> None:
    done = repository.shipway("env", "A=1", "--env", "stagng")
    assert done.code == 2
    assert "There are: staging." in done.out


def test_several_changes_at_once_make_one_release(installation: Installation, repository: Repository) -> None:
    assert repository.shipway("env", "COLOUR=blue", "SIZE=xl", "--env", "staging").code == 0
    done = repository.shipway("env", "COLOUR=red", "SHAPE=round", "--unset", "SIZE", "--env", "staging")
    assert done.code == 0, done.out
    told = [
        installation.says("shop", f"/env/{name}", environment="staging") for name in ("COLOUR", "SIZE", "SHAPE")
    ]
    assert told == ["red", "not set", "round"]
    done = repository.shipway("secrets", "ONE", "TWO", "--env", "staging", stdin=f"{SECRET}1\n{SECRET}2\n")
    assert done.code == 0, done.out
    assert installation.says("shop", "/env/TWO", environment="staging") == f"{SECRET}2"
    assert installation.query("select number, configuration from releases order by number") == [
        (1, 1),
        (2, 2),
        (3, 3),
        (4, 4),
    ]
    both = repository.shipway("env", "COLOUR=red", "--unset", "COLOUR", "--env", "staging")
    assert (both.code, "not both" in both.out) == (2, True)


def test_a_run_that_failed_for_want_of_a_value_is_done_again_when_it_is_there(
    installation: Installation, repository: Repository
) -> None:
    files = shop("2", project=STAGING)
    files["web.py"] = "import os\nos.environ['NEEDED']\n" + files["web.py"]
    commit = repository.commit("Need a value", files)
    assert repository.shipway("push").code == 1
    (failed,) = installation.query('select number from runs where "commit" = ?', commit)
    assert repository.shipway("env", "NEEDED=yes", "--env", "staging").code == 0
    again = repository.json("retry", str(failed[0]))
    assert (again["state"], again["retry_of"], again["purpose"]) == ("passed", failed[0], "push")
    assert again["steps"] == [], "it is green already"
    assert installation.says("shop", environment="staging") == "2"
    assert f"run {failed[0]} again" in repository.shipway("runs", str(again["number"])).out
    refused = repository.shipway("retry", str(failed[0]))
    assert (refused.code, "passed" in refused.out) == (2, True)


def test_a_run_that_failed_by_chance_goes_the_whole_way_again(
    installation: Installation, repository: Repository
) -> None:
    """What its step asked over the network did not answer, and answers now."""
    port = free_port()
    project = STAGING.replace("run: python3 check.py", "run: python3 check.py\n    network: true")
    check = f"import socket\nsocket.create_connection(('127.0.0.1', {port})).close()\n"
    commit = repository.commit("Ask over the network", shop("3", project=project, check=check))
    assert repository.shipway("push").code == 1
    (failed,) = installation.query('select number from runs where "commit" = ?', commit)
    with socket.create_server(("127.0.0.1", port)):
        done = repository.shipway("retry", str(failed[0]))
    assert done.code == 0, done.out
    assert f"commit {commit[:7]}, run {failed[0]} again" in done.out
    assert "✓ test" in done.out
    assert installation.says("shop", environment="staging") == "3"


def test_a_secret_that_an_application_prints_is_on_no_disk_and_its_log_is_found(
    installation: Installation, repository: Repository
) -> None:
    printing = "import os, sys, traceback\n"
    printing += "print('WARNING: the key is', os.environ['API_KEY'], flush=True)\n"
    printing += "try:\n    {}['cents']\nexcept KeyError:\n"
    printing += "    print('ERROR: charge failed', file=sys.stderr)\n    traceback.print_exc()\n"
    files = shop("4", project=STAGING)
    files["web.py"] = printing + files["web.py"]
    repository.deliver("Say too much", files, environment="staging")
    found = eventually(
        lambda: repository.shipway("logs", "--env", "staging", "--level", "warning", "--process", "web").out,
        "it is in the log",
    )
    assert "WARNING: the key is ***" in found
    assert "KeyError: 'cents'" in found
    (release,) = {line.split()[2] for line in found.splitlines() if "the key is" in line}
    searched = repository.shipway("logs", "--env", "staging", "--search", "CHARGE FAILED", "--json", "-n", "1")
    entry = json.loads(searched.out)
    assert (entry["level"], f"r{entry['release']}", entry["process"]) == ("error", release, "web")
    assert entry["text"].startswith("ERROR: charge failed\nTraceback (most recent call last):\n")
    for file in (installation.places.data / "environments").rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file
