"""What explains a failed start is what that start wrote, also when Shipway was killed in the middle of it."""

from __future__ import annotations

from pathlib import Path

from shipway.releases import output


def write(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(text)


def test_an_earlier_deployment_of_the_same_release_is_not_shown(tmp_path: Path) -> None:
    log = tmp_path / "web.1.log"
    output.mark(log, epoch=1)
    write(log, "no database\n")
    output.mark(log, epoch=2)
    write(log, "no drawer\n")
    assert output.since(log, 2, secrets=[]) == "no drawer"


def test_a_deployment_that_goes_on_after_a_crash_shows_all_it_started(tmp_path: Path) -> None:
    log = tmp_path / "web.1.log"
    output.mark(log, epoch=1)
    write(log, "no database\n")
    output.mark(log, epoch=1)
    assert output.since(log, 1, secrets=[]) == "no database"


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    log = tmp_path / "web.1.log"
    output.mark(log, epoch=1)
    write(log, "the key is open-sesame\n")
    assert output.since(log, 1, secrets=["open-sesame"]) == "the key is ***"


def test_what_no_deployment_marked_is_not_shown(tmp_path: Path) -> None:
    log = tmp_path / "web.1.log"
    write(log, "serves\n")
    assert output.since(log, 1, secrets=[]) == ""


def test_the_moments_of_the_keeper_are_left_out(tmp_path: Path) -> None:
    log = tmp_path / "web.1.log"
    output.mark(log, epoch=1)
    write(log, "2026-11-27T23:30:00.123456Z no database\n2026-11-27T23:30:01.000000Z   at line 3\n")
    assert output.since(log, 1, secrets=[]) == "no database\n  at line 3"
