"""A release that answers well and keeps its books badly: the invariant speaks against it, and it goes back.

So does one after which nobody can read them; but it is not held against it, nor against a fix that comes later.
"""

from __future__ import annotations

import pytest

from support.installation import Installation, Repository, eventually
from support.ledger import till
from support.visitors import Visitors

INVARIANT = "charges equal the ledger"
CANARY = "{strategy: canary, steps: [50], hold: 20 s, deadline: 60 s, warm: 60 s, drain: 2 s}"
AT_ONCE = "{warm: 60 s, drain: 2 s}"
RATE = 5.0


@pytest.fixture(scope="module")
def repository(installation: Installation) -> Repository:
    """The till with one environment, delivered in its first version."""
    made = installation.repository("till")
    made.write(till("1", AT_ONCE))
    made.commit("Open the till")
    made.init()
    made.deliver("Open the till for real")
    return made


def people(installation: Installation) -> Visitors:
    return Visitors(installation.proxy_port, "till.localhost", RATE, "/charge")


def invariant(repository: Repository) -> dict[str, object]:
    (found,) = repository.json("probes")
    return dict(found)


def test_books_that_balance_speak_for_nothing_and_against_nobody(
    installation: Installation, repository: Repository
) -> None:
    with people(installation):
        eventually(lambda: invariant(repository)["state"] == "passed", "it was asked")
        repository.deliver("Print receipts", till("2", CANARY.replace("20 s", "2 s")))
    assert installation.says("till") == "2"
    assert invariant(repository)["says"] == "0"
    assert installation.facts("probe.%") == []


def test_a_release_that_forgets_charges_goes_back(installation: Installation, repository: Repository) -> None:
    with people(installation) as came:
        eventually(lambda: len(came.visits) > 3 * RATE, "people have come")
        commit = repository.commit("Print fewer receipts", till("3", CANARY, forgets=3))
        shown = repository.push().out
        assert f"Failures of {INVARIANT}: " in " ".join(shown.replace("remote:", "").split()), shown
        eventually(lambda: {visit.said for visit in came.visits[-5:]} == {"2"}, "the one before serves")
    assert came.failed == []
    assert installation.query("select kind from verdicts order by id desc limit 1") == [("bad",)]
    assert "quarantined" in repository.shipway("why", commit).out
    failed = invariant(repository)
    assert failed["state"] == "failed"
    assert float(str(failed["number"])) > 0
    assert repository.shipway("probes").code == 1
    eventually(lambda: "probe.failed" in installation.facts("probe.%"), "it is on record")


def test_books_that_were_wrong_before_hold_no_fix_back(installation: Installation, repository: Repository) -> None:
    assert invariant(repository)["state"] == "failed"
    with people(installation):
        repository.deliver("Print receipts again", till("4", CANARY.replace("20 s", "2 s")))
    assert installation.says("till") == "4"


def judged(installation: Installation) -> tuple[str, str]:
    ((kind, reason),) = installation.query("select kind, reason from verdicts order by id desc limit 1")
    return kind, reason


def test_a_release_after_which_nobody_can_read_the_books_goes_back_and_is_not_held(
    installation: Installation, repository: Repository
) -> None:
    hold = CANARY.replace("20 s", "3 s").replace("60 s", "9 s", 1)
    with people(installation):
        commit = repository.commit("Close the books", till("5", hold, closes=True))
        shown = " ".join(repository.push().out.replace("remote:", "").split())
        assert "could not be judged" in shown, shown
        assert f"Nothing is known of {INVARIANT} for " in shown
        assert "--env prod` shows what was answered instead" in shown
    assert installation.says("till") == "4"
    kind, reason = judged(installation)
    assert kind == "not known"
    assert "the books are closed" in reason
    assert "quarantined" not in repository.shipway("why", commit).out
    told = " ".join(repository.shipway("judge", "r5", "--env", "prod").out.split())
    assert f"failures of {INVARIANT} not known: exit status 1: the books are closed" in told, told


def test_books_that_nobody_could_read_before_hold_no_fix_back(
    installation: Installation, repository: Repository
) -> None:
    eventually(lambda: "probe.unknown" in installation.facts("probe.%"), "it is on record")
    with people(installation):
        repository.deliver("Print receipts on paper", till("6", CANARY.replace("20 s", "3 s")))
    assert installation.says("till") == "6"
    kind, reason = judged(installation)
    assert kind == "not known"
    assert reason.startswith(f"Nothing is known of {INVARIANT} (as before this release: exit status 1")
