"""Production says that a release is bad: it loses its requests before anybody wakes up, and does not come back."""

from __future__ import annotations

import time

import pytest

from support.installation import Installation, Repository, eventually
from support.shop import PROJECT, failing, shop
from support.visitors import Visitors

TRAFFIC = "traffic: {strategy: canary, steps: [10, 50], hold: 6 s, deadline: 30 s, warm: 8 s, drain: 5 s}"
CANARY = PROJECT.replace("[dev, test, prod]", "[prod]").replace("traffic: {warm: 60 s, drain: 5 s}", TRAFFIC)
BLUE_GREEN = CANARY.replace("strategy: canary, steps: [10, 50], hold: 6 s, deadline: 30 s, ", "").replace(
    "8 s", "60 s"
)
RATE, BUSY = 20.0, 120.0


def broken(version: str, every: int, project: str = CANARY) -> dict[str, str]:
    """A version that answers one of `every` requests for its name with 500, and is healthy otherwise."""
    files = shop(version, project=project)
    return {**files, "web.py": failing(files["web.py"], every)}


@pytest.fixture(scope="module")
def repository(installation: Installation) -> Repository:
    """The shop with one environment, delivered in its first version."""
    made = installation.repository("shop")
    made.write(shop("1", project=CANARY))
    made.commit("Open the shop")
    made.init()
    made.deliver("Open the shop for real")
    return made


def visitors(installation: Installation, rate: float = RATE) -> Visitors:
    return Visitors(installation.proxy_port, "shop.localhost", rate)


def verdicts(installation: Installation) -> list[tuple[int, str]]:
    return [(share, kind) for share, kind in installation.query("select share, kind from verdicts order by id")]


def test_a_good_one_gets_a_few_requests_then_half_then_all(
    installation: Installation, repository: Repository
) -> None:
    with visitors(installation, BUSY) as people:
        eventually(lambda: len(people.visits) > 2 * BUSY, "people have come")
        repository.deliver("Sell bread", shop("2", project=CANARY))
    assert people.failed == []
    assert installation.says("shop") == "2"
    assert verdicts(installation)[:2] == [(10, "good"), (50, "good")]


def test_a_bad_one_goes_back_within_a_few_requests(installation: Installation, repository: Repository) -> None:
    with visitors(installation) as people:
        eventually(lambda: len(people.visits) > 5 * RATE, "people have come")
        commit = repository.commit("Sell no eggs", broken("3", every=2))
        shown = repository.push().out
        assert "taken back at 10 %" in " ".join(shown.replace("remote:", "").split()), shown
        back = time.time()
        eventually(lambda: people.visits[-1].at > back, "people come after that")
    assert 0 < len(people.failed) <= 15
    assert {visit.said for visit in people.visits if visit.at > back} == {"2"}
    assert verdicts(installation)[-1] == (10, "bad")
    assert repository.shipway("judge", "r3").code == 1
    assert "quarantined" in repository.shipway("why", commit).out


def test_it_does_not_come_back_by_itself_nor_by_hand(installation: Installation, repository: Repository) -> None:
    bad = repository.head
    refused = repository.shipway("deploy", bad)
    assert refused.code == 1
    assert "quarantined in prod" in refused.out
    assert installation.says("shop") == "2"


def test_a_commit_that_takes_it_back_is_ready(installation: Installation, repository: Repository) -> None:
    bad = repository.head
    order = ["deployment.undo", "deployment.switched_back", "revert.ready", "deployment.failed"]
    told = [one for (one,) in installation.query("select kind from facts where [commit] = ? order by id", bad)]
    assert [kind for kind in told if kind in order] == order, (
        "requests first, and nobody waits for the last of them"
    )
    name = f"revert-{bad[:7]}"
    eventually(lambda: repository.git("fetch", "shipway", name).code == 0, "the branch is there")
    assert repository.git("diff", "--stat", f"{bad}~1", "FETCH_HEAD").out == ""
    assert (
        repository.git("log", "-1", "--format=%an %s", "FETCH_HEAD").out.strip() == 'Shipway Revert "Sell no eggs"'
    )


def test_what_mends_it_goes_through_and_ends_the_quarantine(
    installation: Installation, repository: Repository
) -> None:
    bad = repository.head
    with visitors(installation) as people:
        repository.deliver("Sell eggs again", shop("4", project=CANARY))
        eventually(lambda: "commit.fixed" in installation.facts("commit.%"), "the quarantine has ended")
    assert people.failed == []
    assert installation.query("select lifted is not null from holds where [commit] = ?", bad) == [(1,)]


def went_back(repository: Repository) -> dict[str, object]:
    """The newest rollback; the push of the commit that takes the bad one back may be newer."""
    return next((run for run in repository.json("runs") if run["purpose"] == "rollback"), {"state": ""})


def test_one_that_gets_everything_at_once_goes_back_as_well(
    installation: Installation, repository: Repository
) -> None:
    with visitors(installation) as people:
        eventually(lambda: len(people.visits) > 5 * RATE, "people have come")
        commit = repository.commit("Sell no milk", broken("5", every=1, project=BLUE_GREEN))
        repository.push()
        eventually(lambda: verdicts(installation)[-1:] == [(25, "bad")], "it was judged")
        eventually(lambda: went_back(repository)["state"] == "passed", "it has gone back")
    assert "deployment.asked" in installation.facts("deployment.%"), "most went to the one before at once"
    assert installation.says("shop") == "4"
    assert repository.shipway("wait", commit, "--timeout", "5").code == 1
    assert went_back(repository)["who"] == "shipway"
