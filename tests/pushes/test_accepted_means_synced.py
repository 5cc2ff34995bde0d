"""What `git push` acknowledged survives a loss of power: git by itself syncs nothing on a small push."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pushes.desk import Desk
from pushes.git_host import SERVER, Host, wait_for

CALLS = "fsync,fdatasync,write,rename,renameat,renameat2"


def lines_of(trace: Path) -> list[str]:
    """The calls of all processes in their order in time."""
    lines = [line for file in trace.parent.glob(f"{trace.name}.*") for line in file.read_text().splitlines()]
    return sorted(lines, key=lambda line: float(line.split(" ", 1)[0]))


def first(lines: list[str], pattern: str) -> int:
    """Where the first line stands that matches `pattern`."""
    return next(number for number, line in enumerate(lines) if re.search(pattern, line))


@pytest.mark.needs("strace")
def test_objects_ref_and_record_are_synced_before_git_reports(
    stopped_host: Host, own_desk: Desk, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    strace = ["strace", "-D", "-ff", "-ttt", "-y", "-s", "200", "-e", f"trace={CALLS}", "-o", str(trace)]
    command = [*strace, sys.executable, str(SERVER), str(stopped_host.places.data), str(stopped_host.port)]
    stopped_host.process = subprocess.Popen(command)
    wait_for(stopped_host.answers)
    own_desk.push()
    stopped_host.stop(signal.SIGTERM)
    calls = lines_of(trace)
    reported = first(calls, r"write\(.*unpack ok")
    accepted = first(calls, r"write\(.*accepted main \w+ \(push 1\)")
    before_report = calls[:reported]
    for file in (r"/pack/tmp_pack_\w+", r"/pack/tmp_idx_\w+", r"/refs/heads/main\.lock", r"/shipway\.db-wal"):
        first(before_report, rf"f(data)?sync\(\d+<[^>]*{file}>")
    between = calls[reported:accepted]
    for directory in ("/objects/pack", "/refs/heads"):
        first(between, rf"fsync\(\d+<[^>]*/shop\.git{directory}>")
    first(between, r"f(data)?sync\(\d+<[^>]*/shipway\.db-wal>")
