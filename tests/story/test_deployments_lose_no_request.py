"""Deployment after deployment under load from clients that never try again: every request is answered."""

from __future__ import annotations

import pytest

from support.installation import Installation, Repository, eventually
from support.load import Load
from support.shop import PROJECT, shop

ONE = PROJECT.replace("[dev, test, prod]", "[prod]").replace("warm: 60 s", "warm: 5 s")


@pytest.fixture(scope="module")
def repository(installation: Installation) -> Repository:
    made = installation.repository("shop")
    made.write(shop("1", project=ONE))
    made.commit("Open the shop")
    made.init()
    made.deliver("Open the shop for real")
    return made


def load(installation: Installation, host: str) -> Load:
    return Load(installation.proxy_port, host, slow_path="/count", names=lambda answer: answer.body.decode())


def test_ten_deployments_in_a_row(installation: Installation, repository: Repository) -> None:
    versions = [str(number) for number in range(2, 12)]
    with load(installation, "shop.localhost") as clients:
        for version in versions:
            repository.deliver(f"Become version {version}", shop(version, project=ONE))
        eventually(lambda: clients.seen[versions[-1]] and clients.requests > 2_000, "the last one answers")
    assert clients.failures == []
    assert set(versions) <= clients.seen.keys()


def test_rollbacks_and_changes_of_configuration(installation: Installation, repository: Repository) -> None:
    with load(installation, "shop.localhost") as clients:
        for colour in ("red", "green"):
            assert repository.shipway("env", f"COLOUR={colour}", "--env", "prod").code == 0
            assert repository.shipway("rollback", "--env", "prod").code == 0
    assert clients.failures == []


def test_a_request_that_has_begun_is_finished_by_the_release_that_began_it(
    installation: Installation, repository: Repository
) -> None:
    with Load(
        installation.proxy_port, "shop.localhost", path="/slow", keep=2, think=0, fresh=2, slow=0
    ) as clients:
        for version in ("20", "21"):
            repository.deliver(f"Become version {version}", shop(version, project=ONE))
    assert clients.failures == []
    assert clients.requests > 4


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_hundred_deployments_in_a_row(installation: Installation, repository: Repository) -> None:
    with load(installation, "shop.localhost") as clients:
        for number in range(100, 200):
            repository.deliver(f"Become version {number}", shop(str(number), project=ONE))
    assert clients.failures == []
    assert clients.requests >= 20_000
