"""kill -9 at every named place of a push: nothing lost, nothing stuck, nothing served wrong.

Twenty of them here, all in `make soak`. The list of places is in tests/support/kills/places.py.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.checking import check
from support.crashing import ILL, House
from support.kills.places import GO_BACK, PLACES, UNDO, WITH_TWO_RELEASES, Place, place

VICTIMS = ("server", "keeper", "router", "instance")

SAMPLE = {
    "server": ["push.accepted before", "a step runs", "rename digest.tar", "the release command runs"],
    "keeper": ["push.offered after", "step.started after", "artifact.published before", "keeper ensure before"],
    "router": ["run.queued before", "step.passed before", "rename packed.json", "rename clusters.json"],
    "instance": ["run.queued after", "run.started after", "step.started after (2)", "deployment.processes before"],
}
SWITCHES = {
    "server": "deployment.switched before",
    "keeper": "deployment.switch after",
    "router": "rename runtime.json (2)",
    "instance": "deployment.switched after",
}
TWENTY = [(place(name), victim) for victim in VICTIMS for name in [*SAMPLE[victim], SWITCHES[victim]]]
ALL = [(each, victim) for each in PLACES for victim in VICTIMS]
ALL += [(each, "newcomer") for each in WITH_TWO_RELEASES]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House.at(tmp_path_factory.mktemp("house"))
    try:
        house.open()
        yield house
    finally:
        house.installation.take_down()


@pytest.mark.parametrize(("where", "victim"), TWENTY, ids=str)
def test_a_push_survives(house: House, where: Place, victim: str) -> None:
    check(house, house.push(where, victim))


def test_a_step_whose_supervisor_is_killed_is_tried_again(house: House) -> None:
    crash = house.push(place("a step runs"), "supervisor of a step")
    check(house, crash)
    tried = house.query("select state from steps where run = ? and name = 'test' order by attempt", crash.run)
    assert tried == [("lost",), ("passed",)]


def test_a_release_command_whose_supervisor_is_killed_is_left_to_a_person(house: House) -> None:
    """It might have taken effect; so it is not started again by itself, and what serves goes on."""
    where, ending = place("the release command runs"), ("failed", "nobody can know whether it took effect")
    crash = house.push(where, "supervisor of the release command", ending=ending)
    check(house, crash)
    assert house.query("select state from deployments where run = ?", crash.run) == [("unknown",)]
    again = house.repository.shipway("deploy", house.commits[crash.new], "--env", "prod")
    assert again.code == 0, again.out
    house.version = crash.new
    assert house.installation.says("shop") == crash.new


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("where", "victim"), ALL, ids=str)
def test_a_push_survives_it_everywhere(house: House, where: Place, victim: str) -> None:
    check(house, house.push(where, victim))


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("where", UNDO, ids=str)
def test_a_deployment_is_undone_all_the_same(house: House, where: Place, victim: str) -> None:
    if victim == "instance":
        house.renew()
    check(house, house.push(where, victim, ending=("failed", "did not get healthy"), **ILL))


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("where", GO_BACK, ids=str)
def test_a_rollback_survives(house: House, where: Place, victim: str) -> None:
    released = house.released()
    crash = house.go_back(where, victim)
    check(house, crash)
    assert len(house.released()) == len(released) + 1, "only the delivery before it has run its release command"
