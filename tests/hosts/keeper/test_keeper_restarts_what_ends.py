"""An instance that ends is started again, after everything of it that was left."""

from __future__ import annotations

import json
import os
import signal

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


def test_the_first_restart_is_immediate_and_the_next_ones_wait_longer(house: House) -> None:
    house.ensure("one", "1")
    pauses = []
    for restarts in range(3):
        house.eventually(
            lambda n=restarts: (
                (house.state("one").restarts, house.state("one").state) == (n, "backoff")
                or house.state("one").restarts > n
            ),
            "it ended again",
        )
        record = json.loads((house.places.instances / "one.json").read_text())
        pauses.append(record["failures"])
    assert pauses == sorted(pauses)
    assert house.state("one").exit_code == 1


def test_one_that_cannot_be_started_any_more_is_tried_again(house: House, tmp_path: object) -> None:
    program = house.places.data / "program"
    program.write_text("#!/bin/sh\necho up\nexec sleep 1000\n")
    program.chmod(0o755)
    spec = house.spec("one")
    spec = type(spec)(**{**spec.as_dict(), "argv": [str(program)]})
    house.keeper.ensure(spec, group="shop.prod", epoch=1)
    house.eventually(lambda: "up" in house.log("one"), "it is up")
    program.rename(f"{program}.away")
    os.kill(house.state("one").pid or 0, signal.SIGKILL)
    house.eventually(lambda: "cannot be started" in house.keeper_log(), "it was tried in vain")
    (house.places.data / "program.away").rename(program)
    house.eventually(lambda: house.state("one").state == "running", "it runs again")
