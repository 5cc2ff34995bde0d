"""Lines that instances send: whole, in the order in which they came, in files that do not grow for ever."""

from __future__ import annotations

import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shipway.config.places import Places
from shipway.signals.otlp.lines import Lines
from support.sent import sent

STAMPED = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \{"message": .*\}')


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places.of(tmp_path / "data", {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)})


def files(places: Places) -> dict[str, Path]:
    return {file.name: file for file in (places.environment("topup", "prod") / "logs").iterdir()}


def test_each_line_has_a_moment_of_its_own_and_is_one_line(places: Places) -> None:
    made = Lines(places)
    made.append(
        "topup", "prod", "topup.prod.r1.web.1", [{"message": f"{number}\nand more"} for number in range(50)]
    )
    (file,) = files(places).values()
    assert file.name == "topup.prod.r1.web.1.otlp.log"
    written = file.read_text().splitlines()
    assert all(STAMPED.fullmatch(line) for line in written)
    moments = [line[:27] for line in written]
    assert moments == sorted(set(moments))
    assert [line["message"] for line in sent(places, "topup")] == [f"{number}\nand more" for number in range(50)]


def test_moments_go_on_where_they_were_before_a_restart(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the clock was set back a little meanwhile."""
    now = 1_800_000_000_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: now)
    for _ in range(2):
        Lines(places).append("topup", "prod", "topup.prod.r1.web.1", [{"message": "x"}] * 3)
        (file,) = files(places).values()
        os.utime(file, ns=(now + 1_000_000, now + 1_000_000))  # it took a moment
        now -= 3_000_000_000
    moments = [line[:27] for line in file.read_text().splitlines()]
    assert len(moments) == 6
    assert moments == sorted(set(moments))


def test_what_is_written_was_taken_though_a_keeper_removes_files_meanwhile(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = places.environment("topup", "prod") / "logs" / "topup.prod.r0.web.1.otlp.log"
    listed = Path.glob
    monkeypatch.setattr(Path, "glob", lambda folder, pattern: [*listed(folder, pattern), gone])
    Lines(places, most=0).append("topup", "prod", "topup.prod.r1.web.1", [{"message": "x"}])
    assert files(places) == {}, "the rest was looked at"


def test_a_log_has_two_files_of_a_limited_size(places: Places) -> None:
    made = Lines(places, largest=2000)
    for number in range(100):
        made.append("topup", "prod", "topup.prod.r1.web.1", [{"message": f"{number:040d}"}])
    found = files(places)
    assert set(found) == {"topup.prod.r1.web.1.otlp.log", "topup.prod.r1.web.1.otlp.log.000001"}
    assert all(file.stat().st_size <= 2000 for file in found.values())
    assert sent(places, "topup")[-1]["message"] == f"{99:040d}"


def test_all_logs_of_an_environment_have_an_end(places: Places) -> None:
    made = Lines(places, largest=1000, most=5000)
    printed = places.instance_log("topup", "prod", "topup.prod.r1.web.1")
    printed.parent.mkdir(parents=True)
    printed.write_text("printed\n" * 2000)
    for number in range(40):
        for _ in range(20):
            made.append("topup", "prod", f"topup.prod.r{number}.web.1", [{"message": "x" * 60}])
    assert printed.exists(), "what is printed is not ours"
    found = [file for name, file in files(places).items() if name != printed.name]
    assert sum(file.stat().st_size for file in found) <= 6000
    assert "topup.prod.r39.web.1.otlp.log" in files(places)


def test_nothing_is_lost_when_many_write(places: Places) -> None:
    made = Lines(places)
    with ThreadPoolExecutor(8) as threads:
        for number in range(200):
            threads.submit(made.append, "topup", "prod", "topup.prod.r1.web.1", [{"message": str(number)}] * 5)
    assert len(sent(places, "topup")) == 1000
