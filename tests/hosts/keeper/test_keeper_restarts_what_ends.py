"""An instance that ends is started again, after everything of it that was left."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from shipway.hosts.keeper import processes
from support.keeping import House


def test_a_killed_instance_is_back(any_house: House, port: int) -> None:
    before = any_house.up("one", "listen", PORT=str(port))
    left = any_house.processes("one")
    os.kill(before.pid or 0, signal.SIGKILL)
    any_house.eventually(lambda: any_house.log("one").count("up") == 2, "it is up again")
    after = any_house.state("one")
    assert (after.state, after.restarts, after.exit_code) == ("running", 1, -9)
    assert any_house.keeper.listens("one", port)
    assert not left & any_house.processes("one")


def test_a_killed_application_is_back(any_house: House) -> None:
    before = any_house.up("one", "daemon")
    any_house.eventually(lambda: any_house.log("one").count("up") == 2, "the daemon is up")
    left = any_house.processes("one")
    application = processes.application(processes.scan(), before.pid or 0)
    assert application is not None
    os.kill(application.pid, signal.SIGKILL)
    any_house.eventually(lambda: any_house.log("one").count("up") == 4, "both are up again")
    assert not left & any_house.processes("one")


def record(house: House) -> dict[str, Any]:
    """What the keeper has written down about the instance."""
    return dict(json.loads((house.places.instances / "one.json").read_text()))


def test_each_end_makes_the_next_pause_longer(house: House) -> None:
    house.ensure("one", "7")
    house.eventually(lambda: house.state("one").restarts == 3, "it ended three times")
    house.eventually(lambda: house.state("one").state == "backoff", "it waits")
    state = house.state("one")
    assert (state.pid, state.exit_code, record(house)["failures"]) == (None, 7, 4)
    assert state.again_at is not None
    assert 0 < state.again_at - state.since < 60


def test_a_steady_life_makes_earlier_ends_forgotten(house: House) -> None:
    house.up("one")
    house.kill_keeper()
    steady = {**record(house), "failures": 9, "since": time.time() - 61}
    (house.places.instances / "one.json").write_text(json.dumps(steady))
    house.keeper.start()
    os.kill(house.state("one").pid or 0, signal.SIGKILL)
    house.eventually(lambda: house.log("one").count("up") == 2, "it is up again")
    assert record(house)["failures"] == 1


def test_one_that_everything_rests_on_is_never_away_for_long(house: House) -> None:
    house.up("one")
    house.kill_keeper()
    often = record(house)
    often = {**often, "failures": 9, "spec": {**often["spec"], "longest_pause": 0.1}}
    (house.places.instances / "one.json").write_text(json.dumps(often))
    house.keeper.start()
    os.kill(house.state("one").pid or 0, signal.SIGKILL)
    house.eventually(lambda: house.log("one").count("up") == 2, "it is up again", 30.0)


def test_one_that_cannot_be_started_any_more_is_tried_again(house: House, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho up\nexec sleep 1000\n")
    program.chmod(0o755)
    spec = house.spec("one")
    spec = type(spec)(**{**spec.as_dict(), "argv": [str(program)]})
    house.keeper.ensure(spec, group="shop.prod", epoch=1)
    house.eventually(lambda: "up" in house.log("one"), "it is up")
    away = program.rename(tmp_path / "away")
    os.kill(house.state("one").pid or 0, signal.SIGKILL)
    house.eventually(lambda: "cannot be started" in house.keeper_log(), "it was tried in vain")
    away.rename(program)
    house.eventually(lambda: house.state("one").state == "running", "it runs again")
