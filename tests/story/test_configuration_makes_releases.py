"""Values and secrets belong to an environment; a change of either is a new release of the same artifact."""

from __future__ import annotations

import re

import pytest

from support.installation import Installation, Repository
from support.shop import PROJECT, shop

SECRET = "correct-horse-battery"


@pytest.fixture(scope="module")
def repository(installation: Installation) -> Repository:
    made = installation.repository("shop")
    project = PROJECT.replace("[dev, test, prod]", "[test, prod]")
    made.write(shop("1", project=project))
    made.commit("Open the shop")
    made.init()
    made.deliver("Open the shop for real")
    return made


def test_a_value_serves_at_once_and_only_there(installation: Installation, repository: Repository) -> None:
    done = repository.shipway("env", "COLOUR=blue", "--env", "prod")
    assert done.code == 0, done.out
    assert installation.says("shop", "/env/COLOUR") == "blue"
    assert installation.says("shop", "/env/COLOUR", environment="test") == "not set"
    digests = installation.query("select distinct digest from releases where environment = 'prod'")
    assert len(digests) == 1


def test_a_secret_is_seen_by_the_application_and_by_nobody_else(
    installation: Installation, repository: Repository
) -> None:
    done = repository.shipway("secrets", "PASSWORD", "--env", "prod", stdin=f"{SECRET}\n")
    assert done.code == 0, done.out
    assert installation.says("shop", "/env/PASSWORD") == SECRET
    listed = repository.shipway("secrets", "--env", "prod")
    assert "PASSWORD" in listed.out
    everything = [path for path in installation.home.rglob("*") if path.is_file() and not path.is_symlink()]
    leaks = [path for path in everything if SECRET.encode() in path.read_bytes()]
    assert leaks == []
    assert SECRET not in done.out + listed.out


def test_a_secret_on_the_command_line_is_refused(repository: Repository) -> None:
    done = repository.shipway("secrets", f"TOKEN={SECRET}", "--env", "prod")
    assert done.code == 2
    assert "history" in done.out


def test_a_rollback_brings_the_configuration_of_that_release(
    installation: Installation, repository: Repository
) -> None:
    repository.shipway("env", "COLOUR=red", "--env", "prod")
    assert installation.says("shop", "/env/COLOUR") == "red"
    done = repository.shipway("rollback", "--env", "prod")
    assert done.code == 0
    assert re.search(
        r"^r\d+'s configuration comes along: COLOUR red → blue\. What is set now stays so, ",
        done.out,
        re.MULTILINE,
    )
    assert installation.says("shop", "/env/COLOUR") == "blue"


def test_names_that_shipway_sets_itself_are_refused_all_at_once(repository: Repository) -> None:
    done = repository.shipway("env", "PORT=1", "LD_PRELOAD=x.so", "--env", "prod")
    assert done.code == 2
    assert "PORT is set by Shipway itself" in done.out
    assert "LD_PRELOAD would act on the sandbox itself" in done.out
    assert "Nothing was changed" in done.out
    assert repository.shipway("secrets", "LD_AUDIT", "--env", "prod", stdin="audited.so\n").code == 2
