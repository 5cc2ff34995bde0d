"""What is asked for runs once, exactly as it was asked for."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from shipway.errors import CannotStart, InstanceDiffers, KeeperRefused
from shipway.hosts.keeper.client import PROGRAM, InstanceSpec
from shipway.hosts.keeper.instance import pause_after
from support.keeping import GROUP, House


def script(house: House, text: str, **env: str) -> InstanceSpec:
    log = str(house.places.environment("shop", "prod") / "logs" / "one.log")
    return InstanceSpec("one", ["/bin/sh", "-c", text], env, None, log, "never")


def run(house: House, spec: InstanceSpec) -> str:
    """Runs it to its end; its output."""
    house.keeper.ensure(spec, group=GROUP, epoch=1)
    house.eventually(lambda: house.state("one").state == "exited", "it ended")
    return Path(spec.log).read_text()


def test_asking_twice_starts_once(house: House) -> None:
    first = house.ensure("one")
    assert house.ensure("one") == first


def test_eight_who_ask_at_once_start_one(house: House) -> None:
    with ThreadPoolExecutor(8) as threads:
        states = list(threads.map(lambda _: house.ensure("one"), range(8)))
    assert len({state.pid for state in states}) == 1
    house.eventually(lambda: "up" in house.log("one"), "it is up")
    assert house.log("one").count("up") == 1


def test_another_specification_for_a_running_instance_is_refused_and_touches_nothing(house: House) -> None:
    first = house.ensure("one")
    with pytest.raises(InstanceDiffers):
        house.ensure("one", "drain")
    with pytest.raises(InstanceDiffers):
        house.keeper.ensure(house.spec("one"), group="shop.test", epoch=1)
    assert house.state("one") == first


def test_instances_are_listed_by_group(house: House) -> None:
    house.ensure("one")
    house.keeper.ensure(house.spec("two"), group="shop.test", epoch=1)
    assert [state.id for state in house.keeper.instances()] == ["one", "two"]
    assert [state.id for state in house.keeper.instances("shop.test")] == ["two"]


def test_the_environment_is_the_one_asked_for_and_a_mark(house: House) -> None:
    seen = run(house, script(house, "exec /usr/bin/env -0", COLOUR="blue\nand green"))
    names = {line.partition("=")[0] for line in seen.split("\0") if line}
    assert "COLOUR=blue\nand green" in seen.split("\0")
    assert names <= {"COLOUR", "SHIPWAY_INSTANCE", "PWD", "SHLVL", "_"}


def test_an_instance_inherits_nothing_of_the_keeper(house: House) -> None:
    script_text = "ls /proc/self/fd; umask; readlink /proc/self/cwd /proc/self/fd/0; ps -o sid= -p $$ || true"
    descriptors, _, rest = run(house, script(house, script_text, PATH=os.defpath)).partition("0022")
    assert descriptors.split() == ["0", "1", "2", "3"]  # 3 is the directory ls looks at
    assert rest.split()[:2] == ["/", "/dev/null"]


INSIDE_GLIBC = 0b11 << 31  # signals 32 and 33: `make` starts us with them ignored, and glibc lets nobody change it
DEAF = """
import os, signal, sys
for number in (1, 2, 3, 15, 40):
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [10, 12, 15])
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_an_instance_hears_every_signal_even_when_whoever_started_the_keeper_was_deaf(house: House) -> None:
    house.keeper.quit()
    keeper = [sys.executable, "-I", "-S", str(PROGRAM), str(house.places.runtime), str(house.places.data)]
    subprocess.run([sys.executable, "-c", DEAF, *keeper], check=True)
    seen = run(house, script(house, "exec grep -E '^Sig(Blk|Ign)' /proc/self/status", PATH=os.defpath))
    _, blocked, _, ignored = seen.split()
    assert int(blocked, 16) == 0
    assert int(ignored, 16) & ~INSIDE_GLIBC == 0


def test_a_working_directory_is_where_it_starts(house: House, tmp_path: Path) -> None:
    assert run(house, replace(script(house, "pwd"), cwd=str(tmp_path))).strip() == str(tmp_path)


def test_output_is_added_to_the_log(house: House) -> None:
    spec = script(house, "echo out; echo err >&2")
    run(house, spec)
    assert run(house, replace(spec, release="again")).split() == ["out", "err", "out", "err"]


@pytest.mark.parametrize(("text", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", -9)])
def test_how_it_ended_is_known(house: House, text: str, code: int) -> None:
    run(house, script(house, text))
    state = house.state("one")
    assert (state.exit_code, state.pid, state.restarts) == (code, None, 0)


@pytest.mark.parametrize("wrong", [{"argv": ["/nowhere/to/be/found"]}, {"cwd": "/nowhere"}, {"log": "/proc/x/y"}])
def test_what_cannot_be_started_is_refused_with_the_reason_and_leaves_nothing(
    house: House, wrong: dict[str, object]
) -> None:
    with pytest.raises(CannotStart, match=r"No such file or directory"):
        house.keeper.ensure(replace(house.spec("one"), **wrong), group=GROUP, epoch=1)  # type: ignore[arg-type]
    assert house.keeper.instances() == []
    assert list(house.places.instances.iterdir()) == []


def test_specifications_are_in_memory_for_its_owner_only_and_go_with_the_instance(house: House) -> None:
    house.ensure("one", PASSWORD="s3cret-canary")
    (record,) = house.places.instances.iterdir()
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert json.loads(record.read_text())["spec"]["env"]["PASSWORD"] == "s3cret-canary"
    house.stop("one")
    assert list(house.places.instances.iterdir()) == []


def test_no_value_of_an_environment_reaches_the_disk_or_an_answer(house: House) -> None:
    house.up("one", PASSWORD="s3cret-canary")
    with pytest.raises(InstanceDiffers) as refusal:
        house.ensure("one", PASSWORD="s3cret-canary", MORE="x")
    assert "canary" not in f"{refusal.value.message}{house.keeper.instances()}"
    for file in house.places.data.rglob("*"):
        assert not file.is_file() or b"canary" not in file.read_bytes(), file


def test_what_has_ended_for_good_is_started_again_when_asked(house: House) -> None:
    house.ensure("one", "3", restart="never")
    house.eventually(lambda: house.state("one").state == "exited", "it ended")
    assert house.ensure("one", restart="never").state == "running"


def test_pauses_double_up_to_a_minute() -> None:
    assert [pause_after(failures) for failures in (0, 1, 2, 3, 4, 5, 6, 7, 8, 5000)] == [
        0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "../one"}, {"id": ".one"}, {"id": "one/two"}, {"id": ""}, {"id": "x" * 121}, {"argv": []},
        {"argv": [""]}, {"argv": ["a\0b"]}, {"argv": ["\ud800"]}, {"env": {"A=B": "c"}}, {"env": {"": "c"}},
        {"env": {"A": "\0"}}, {"log": "relative.log"}, {"cwd": "relative"}, {"restart": "sometimes"},
        {"stop_signal": "NONE"},
    ],
)  # fmt: skip
def test_a_specification_that_makes_no_sense_is_refused(house: House, wrong: dict[str, object]) -> None:
    with pytest.raises(KeeperRefused):
        house.keeper.ensure(replace(house.spec("one"), **wrong), group=GROUP, epoch=1)  # type: ignore[arg-type]
    assert house.keeper.instances() == []


def test_arguments_of_any_bytes_arrive_as_they_were(house: House) -> None:
    spec = replace(
        script(house, ""), argv=[sys.executable, "-c", "import sys; print(ascii(sys.argv[1]))", "ü\udcff"]
    )
    assert run(house, spec).strip() == r"'\xfc\udcff'"
