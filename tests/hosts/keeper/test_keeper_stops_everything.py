"""Stopping is polite first and complete in the end, without a sandbox and under real bubblewrap."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from shipway.errors import InstanceStopping
from support.keeping import House, gone


def test_the_application_is_told_and_finishes_what_it_does(any_house: House) -> None:
    any_house.up("one", "drain")
    any_house.stop("one")
    assert any_house.log("one").split()[-2:] == ["draining", "drained"]
    assert any_house.keeper.instances() == []
    assert any_house.processes("one") == set()


def test_an_application_that_does_not_listen_is_killed_after_its_time(any_house: House) -> None:
    any_house.up("one", "ignore")
    any_house.stop("one", grace=0.3)
    assert any_house.keeper.instances() == []
    assert any_house.processes("one") == set()


def test_time_enough_is_not_given_to_one_that_takes_longer(any_house: House) -> None:
    any_house.up("one", "drain")
    any_house.stop("one", grace=0.2)
    assert any_house.log("one").split()[-1] == "draining"


def test_a_daemon_it_left_behind_ends_too(any_house: House) -> None:
    any_house.up("one", "daemon")
    any_house.eventually(lambda: any_house.log("one").count("up") == 2, "the daemon is up")
    any_house.stop("one", grace=1.0)
    assert any_house.processes("one") == set()


def test_children_of_an_application_that_just_died_may_finish_too(any_house: House) -> None:
    any_house.up("one", "family")
    any_house.eventually(lambda: any_house.log("one").count("up") == 2, "the child is up")
    any_house.stop("one")
    assert any_house.log("one").split()[-2:] == ["draining", "drained"]


def test_a_stopped_instance_does_not_come_back(any_house: House) -> None:
    any_house.up("one")
    any_house.stop("one")
    assert any_house.log("one").count("up") == 1
    assert any_house.processes("one") == set()


def test_stopping_at_once_after_the_start_leaves_nothing(any_house: House) -> None:
    for _ in range(5):
        any_house.ensure("one")
        any_house.stop("one")
        assert any_house.processes("one") == set()


def test_a_paused_instance_can_be_stopped(house: House) -> None:
    pid = house.up("one").pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    house.stop("one", grace=0.2)
    assert gone(pid)


def test_an_instance_between_two_starts_is_not_started_again(house: House) -> None:
    house.ensure("one", "1")
    house.eventually(lambda: house.state("one").restarts >= 2, "it ended twice")
    house.stop("one")
    ups = house.log("one").count("up")
    assert house.keeper.instances() == []
    assert house.log("one").count("up") == ups


def test_an_instance_that_ended_for_good_is_forgotten(house: House) -> None:
    house.ensure("one", "0", restart="never")
    house.eventually(lambda: house.state("one").state == "exited", "it ended")
    house.stop("one")
    assert house.keeper.instances() == []


def test_an_instance_nobody_knows_is_stopped_already(house: House) -> None:
    house.stop("one")


def test_another_signal_can_be_asked_for(house: House) -> None:
    spec = house.spec("one", "ignore")
    house.keeper.ensure(type(spec)(**{**spec.as_dict(), "stop_signal": "INT"}), group="shop.prod", epoch=1)
    house.eventually(lambda: "up" in house.log("one"), "it is up")
    house.stop("one")
    assert "KeyboardInterrupt" in house.log("one")


def test_a_long_stop_keeps_nobody_waiting(house: House) -> None:
    house.up("one", "ignore")
    stopping = threading.Thread(target=house.stop, args=("one", 60.0))
    stopping.start()
    house.eventually(lambda: house.state("one").stopping, "it is being stopped")
    assert house.ensure("two").state == "running"
    with pytest.raises(InstanceStopping):
        house.ensure("one", "ignore")
    house.stop("one", grace=0.0)  # the shorter time holds
    stopping.join()
    assert [state.id for state in house.keeper.instances()] == ["two"]


def test_who_asks_and_leaves_is_obeyed_all_the_same(house: House) -> None:
    state = house.up("one", "drain")
    with pytest.raises(Exception, match="does not answer"):
        house.keeper._ask("stop", timeout=0.1, id="one", group="shop.prod", epoch=1, grace=20.0)
    house.eventually(lambda: house.keeper.instances() == [], "it is stopped")
    assert gone(state.pid)


def test_leaving_with_everybody_stops_everybody(any_house: House) -> None:
    for name in ("one", "two", "three"):
        any_house.up(name, "drain")
    any_house.keeper.quit(stop_instances=True)
    for name in ("one", "two", "three"):
        assert any_house.log(name).split()[-1] == "drained"
        assert any_house.processes(name) == set()
