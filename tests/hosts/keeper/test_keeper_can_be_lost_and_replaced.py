"""Instances go on whatever happens to the keeper, and the next keeper knows them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

import shipway
from shipway.config.places import Places
from shipway.errors import KeeperGone
from shipway.hosts.keeper.client import Keeper
from support.keeping import GROUP, House, gone


@pytest.fixture
def newer(house: House, tmp_path: Path) -> Keeper:
    """A client of the next version: the same files with one more line."""
    source, copy = Path(shipway.__file__).parent, tmp_path / "next" / "shipway"
    shutil.copytree(source / "hosts" / "keeper", copy / "hosts" / "keeper")
    for package in ("__init__.py", "hosts/__init__.py", "hosts/masking.py"):
        shutil.copy(source / package, copy / package)
    with (copy / "hosts" / "keeper" / "loop.py").open("a") as file:
        file.write("# the next version\n")
    return Keeper(house.places, program=copy / "hosts" / "keeper" / "process.py")


def test_instances_go_on_when_the_keeper_is_killed(any_house: House, port: int) -> None:
    before = any_house.up("one", "listen", PORT=str(port))
    any_house.kill_keeper()
    any_house.keeper.start()
    assert any_house.state("one") == before
    assert any_house.ensure("one", "listen", PORT=str(port)) == before
    assert any_house.keeper.listens("one", port)


def test_an_adopted_instance_is_restarted_when_it_is_killed(any_house: House) -> None:
    pid = any_house.up("one").pid
    left = any_house.processes("one")
    any_house.kill_keeper()
    any_house.keeper.start()
    os.kill(pid or 0, signal.SIGKILL)
    any_house.eventually(lambda: any_house.log("one").count("up") == 2, "it is up again")
    state = any_house.state("one")
    assert (state.restarts, state.exit_code) == (1, None)  # nobody but its parent can know how it ended
    assert not left & any_house.processes("one")


def test_an_adopted_instance_can_be_stopped_politely(any_house: House) -> None:
    any_house.up("one", "drain")
    any_house.kill_keeper()
    any_house.keeper.start()
    any_house.stop("one")
    assert any_house.log("one").split()[-1] == "drained"
    assert any_house.processes("one") == set()


def test_what_died_without_a_keeper_is_started_by_the_next(any_house: House) -> None:
    pid = any_house.up("one").pid
    left = any_house.processes("one")
    any_house.kill_keeper()
    os.kill(pid or 0, signal.SIGKILL)
    any_house.eventually(lambda: gone(pid), "it is dead")
    any_house.keeper.start()
    any_house.eventually(lambda: any_house.log("one").count("up") == 2, "it is up again")
    assert not left & any_house.processes("one")


def test_what_ended_for_good_stays_so(house: House) -> None:
    house.ensure("one", "3", restart="never")
    ended = house.eventually(lambda: (s := house.state("one")).state == "exited" and s, "it ended")
    house.kill_keeper()
    house.keeper.start()
    assert house.state("one") == ended


def test_the_pause_of_a_failing_instance_is_not_lost(house: House) -> None:
    house.ensure("one", "1")
    waiting = house.eventually(
        lambda: (s := house.state("one")).restarts >= 3 and s.state == "backoff" and s,
        "it failed four times and waits",
    )
    house.kill_keeper()
    house.keeper.start()
    found = house.state("one")
    assert replace(found, again_at=waiting.again_at) == waiting
    assert found.again_at == pytest.approx(waiting.again_at, abs=1)  # two clocks are compared anew


def test_a_stop_that_has_begun_is_finished_by_the_next_keeper(any_house: House) -> None:
    any_house.up("one", "drain")
    stopping = threading.Thread(target=any_house.stop, args=("one",))
    stopping.start()
    any_house.eventually(lambda: "draining" in any_house.log("one"), "it was told")
    any_house.kill_keeper()
    any_house.keeper.start()
    stopping.join()
    assert any_house.log("one").split()[-2:] == ["draining", "drained"]  # told once, and not killed
    assert any_house.keeper.instances() == []


def test_one_started_just_before_the_keeper_was_killed_runs_once(any_house: House) -> None:
    """Killed between starting it and writing down its number: the process is found by its mark."""
    any_house.up("one")
    left = any_house.processes("one")
    any_house.kill_keeper()
    record = any_house.places.instances / "one.json"
    known = json.loads(record.read_text())
    record.write_text(json.dumps({**known, "pid": None, "started": None, "state": "backoff"}))
    any_house.keeper.start()
    any_house.eventually(lambda: any_house.log("one").count("up") == 2, "it is up")
    assert not left & any_house.processes("one")
    assert any_house.state("one").restarts == 0, "whoever waits for it must not think that it ended"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_the_keeper_leaves_its_instances_alone(house: House, number: signal.Signals) -> None:
    before = house.up("one")
    pid = house.keeper.hello()["pid"]
    os.kill(pid, number)
    house.eventually(lambda: gone(pid), "the keeper left")
    house.keeper.start()
    assert house.state("one") == before


def test_leaving_leaves_instances_alone(house: House) -> None:
    before = house.up("one")
    house.keeper.quit()
    with pytest.raises(KeeperGone):
        house.keeper.hello()
    house.keeper.quit()  # nobody there is fine
    house.keeper.start()
    assert house.state("one") == before


def test_another_version_takes_over_without_touching_an_instance(
    any_house: House, newer: Keeper, port: int
) -> None:
    before = any_house.up("one", "listen", PORT=str(port))
    old = any_house.keeper.hello()
    newer.start()
    assert newer.hello()["version"] != old["version"]
    assert gone(old["pid"])
    assert newer.instances() == [before]
    assert newer.listens("one", port)


def test_the_same_version_is_left_alone(house: House) -> None:
    before = house.keeper.hello()
    house.keeper.start()
    assert house.keeper.hello() == before


def test_calls_wait_while_the_keeper_is_replaced(house: House, newer: Keeper) -> None:
    """Twenty calls while the keeper is killed and replaced again and again: none fails."""
    before = house.up("one")
    with ThreadPoolExecutor(2) as threads:
        calls = threads.submit(lambda: [house.keeper.instances() for _ in range(200)])
        for keeper in (newer, house.keeper, newer, house.keeper):
            keeper.start()
        house.kill_keeper()
        house.keeper.start()
        assert all(states == [before] for states in calls.result())


def test_eight_starts_at_once_make_one_keeper(house: House) -> None:
    house.kill_keeper()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: Keeper(house.places).start(), range(8)))
    assert house.keeper_log().count("begins") == 2  # the one of the fixture, and this one


def test_a_keeper_that_hangs_is_replaced(house: House) -> None:
    before = house.up("one")
    hanging = house.keeper.hello()["pid"]
    os.kill(hanging, signal.SIGSTOP)
    Keeper(house.places, patience=0.3).start()
    assert house.keeper.hello()["pid"] != hanging
    assert house.state("one") == before


def test_the_keeper_belongs_to_nobody(house: House) -> None:
    """Not to the terminal, session or process that started it: nothing they do ends it."""
    pid = house.keeper.hello()["pid"]
    assert os.getsid(pid) not in (os.getsid(0), 0)
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    assert os.readlink(f"/proc/{pid}/fd/0") == "/dev/null"
    assert os.readlink(f"/proc/{pid}/fd/2") == str(house.places.keeper / "keeper.log")


def test_an_emptied_runtime_directory_is_filled_again(house: House) -> None:
    before = house.up("one", PASSWORD="s3cret")
    shutil.rmtree(house.places.runtime)
    house.eventually(house.places.keeper_socket.exists, "it answers again")
    house.kill_keeper()
    house.keeper.start()
    assert house.state("one") == before


def test_without_records_what_still_runs_is_ended(any_house: House) -> None:
    """Their specifications are lost; who wants them again asks for them, and then their ports must be free."""
    any_house.up("one", "daemon")
    any_house.kill_keeper()
    shutil.rmtree(any_house.places.runtime)
    any_house.keeper.start()
    assert any_house.keeper.instances() == []
    any_house.eventually(lambda: any_house.processes("one") == set(), "nothing of it runs")


def test_after_a_reboot_there_are_no_instances(house: House) -> None:
    house.ensure("one")
    house.kill_keeper()
    record = house.places.instances / "one.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "boot": "the one before"}))
    house.keeper.start()
    assert house.keeper.instances() == []
    assert not record.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"boot": 1}', "\u00e9"])
def test_a_damaged_record_harms_no_other(house: House, text: str) -> None:
    before = house.up("one")
    house.kill_keeper()
    (house.places.instances / "two.json").write_text(text)
    house.keeper.start()
    assert house.keeper.instances() == [before]


def test_a_record_of_a_later_version_is_understood(house: House) -> None:
    before = house.up("one")
    house.kill_keeper()
    record = house.places.instances / "one.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "colour": "blue"}))
    house.keeper.start()
    assert house.keeper.instances() == [before]


@pytest.fixture
def copy(house: House, tmp_path: Path) -> Iterator[House]:
    """A second installation, made by copying the data directory of the first."""
    shutil.copytree(house.places.data, tmp_path / "copy")
    places = Places.of(tmp_path / "copy")
    places.create()
    copy = House(places, Keeper(places))
    yield copy
    copy.keeper.quit(stop_instances=True)


def test_the_keeper_of_a_copied_installation_leaves_the_original_alone(house: House, copy: House) -> None:
    before = house.up("one")
    copy.keeper.start()
    assert copy.keeper.instances() == []
    copy.keeper.quit(stop_instances=True)
    assert house.state("one") == before


def test_a_shell_with_another_runtime_directory_finds_the_same_keeper(house: House, tmp_path: Path) -> None:
    before = house.up("one")
    elsewhere = replace(house.places, runtime=tmp_path / "elsewhere")
    assert Keeper(elsewhere).instances(GROUP) == [before]
    house.kill_keeper()
    Keeper(elsewhere).start()
    assert house.state("one") == before


def test_a_keeper_that_cannot_be_started_says_why(tmp_path: Path) -> None:
    places = Places(tmp_path / "data", tmp_path / ("x" * 120), tmp_path / "keys")
    with pytest.raises(KeeperGone, match="too long"):
        Keeper(places).start()
