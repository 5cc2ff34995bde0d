"""Secrets reach a step in its environment, and nothing else: no argument, no file, no log."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from shipway.hosts import steps
from shipway.hosts.disguises import TooShortToMask
from shipway.hosts.sandbox import UnsafeVariable
from shipway.hosts.supervisor.log import Log
from support.rooms import Workplace, tier_of

SECRET = "correct horse battery"
STANDARD_ONLY = """
import json, sys
sys.argv = ["supervisor"]
sys.path.append({source!r})
import shipway.hosts.supervisor.supervise
print(json.dumps(sorted(sys.modules)))
"""

pytestmark = pytest.mark.needs("bubblewrap")


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path, tier_of("bubblewrap"))


def test_the_step_has_it_and_the_log_does_not(workplace: Workplace) -> None:
    script = 'echo "$TOKEN"; echo "$TOKEN" | base64; printf "%s" "$TOKEN" > has'
    outcome, log = workplace.run(script, secrets=[SECRET], TOKEN=SECRET)
    assert outcome.passed
    assert (workplace.tree / "has").read_text() == SECRET
    assert log.splitlines()[0] == "***"
    assert "Y29ycmVjdCB" not in log


def test_it_is_in_no_file_and_no_argument(workplace: Workplace) -> None:
    directory = workplace.start("echo begun; sleep 1000", secrets=[SECRET], TOKEN=SECRET)
    arguments = [file.read_bytes() for file in Path("/proc").glob("[0-9]*/cmdline")]
    steps.cancel(directory)
    steps.wait(directory)
    assert not any(SECRET.encode() in argument for argument in arguments)
    assert not any(SECRET.encode() in file.read_bytes() for file in directory.iterdir())


def test_the_supervisor_knows_nothing_of_the_server_s_environment(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVER_SECRET", "do not tell")
    directory = workplace.start("sleep 1000")
    claimed = json.loads((directory / "claim").read_text())
    known = Path(f"/proc/{claimed['pid']}/environ").read_bytes()
    steps.cancel(directory)
    steps.wait(directory)
    assert b"SERVER_SECRET" not in known


def test_the_step_gets_its_environment_and_no_other(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_SECRET", "do not tell")
    _, log = workplace.run("env | cut -d= -f1 | sort", COLOUR="blue")
    shells = {"PWD", "OLDPWD", "SHLVL", "_"}
    assert set(log.split()) - shells == {"COLOUR", "HOME", "PATH", "SHIPWAY_SUPERVISOR"}


def test_what_may_not_be_is_refused_before_anything_is_claimed(workplace: Workplace) -> None:
    with pytest.raises(TooShortToMask):
        workplace.start("true", secrets=["short"])
    with pytest.raises(UnsafeVariable):
        workplace.start("true", LD_PRELOAD="/app/evil.so")
    assert not any(directory.exists() for directory in workplace.begun)


def test_output_and_errors_are_in_one_log_as_they_came(workplace: Workplace) -> None:
    _, log = workplace.run("echo a; echo b >&2; echo c > /dev/stdout; echo d > /dev/stderr")
    assert log == "a\nb\nc\nd\n"


def test_a_step_has_limits(workplace: Workplace) -> None:
    _, log = workplace.run("ulimit -u 2>/dev/null || ulimit -p; ulimit -c; cat /proc/self/oom_score_adj")
    assert log.split() == ["4096", "0", "1000"]


def test_of_a_log_that_is_too_long_the_beginning_and_the_end_are_kept(tmp_path: Path) -> None:
    log = Log(str(tmp_path / "log"), [], limit=10)
    log.feed(b"beginning, ")
    for _ in range(20):
        log.feed(b"m" * 10_000)
    log.feed(b"the end\n")
    log.end()
    kept = (tmp_path / "log").read_bytes()
    assert kept.startswith(b"beginning,\n[134473 bytes are left out here]\nmmm")
    assert kept.endswith(b"mmmthe end\n")


def test_a_full_disk_costs_the_log_and_not_the_step() -> None:
    log = Log("/dev/full", [], limit=10)
    log.feed(b"one")
    log.feed(b"two")
    log.end()


def test_the_supervisor_is_the_standard_library_and_little_of_it() -> None:
    script = STANDARD_ONLY.format(source=str(Path(steps.__file__).parents[2]))
    command = [sys.executable, "-I", "-S", "-c", script]
    loaded = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    foreign = {name for name in loaded if name.partition(".")[0] not in sys.stdlib_module_names} - {"__main__"}
    assert foreign == {"shipway", "shipway.hosts", "shipway.hosts.masking"} | {
        name for name in foreign if name.startswith("shipway.hosts.supervisor")
    }
    assert not {"typing", "signal", "subprocess", "dataclasses", "shipway.hosts.supervisor.order"} & set(loaded)
