"""The installation says of itself what runs, what it fills, and that nothing is known of what does not answer."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from unittest.mock import patch

import pytest

from shipway.config.places import Places
from shipway.web import checkup
from shipway.web.checkup import Check, Checkup
from web.server import Site


def test_what_does_not_answer_is_not_known(site: Site) -> None:
    told = site.get("/api/v1/installation").json
    states = {one["name"]: one["state"] for one in told["parts"]}
    assert states == {"server": "running", "keeper": "not known", "router-1": "not known", "router-2": "not known"}
    assert told["parts"][0]["pid"] == os.getpid()
    assert told["parts"][0]["memory"] > 1_000_000
    text = site.get("/installation").text
    assert "do not answer" in text or "should look at this machine" in text


def test_what_lies_in_its_data_is_told_with_sizes(site: Site) -> None:
    log = site.scene.places.data / "runs" / "some" / "log"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"x" * 2_500_000)
    told = site.get("/api/v1/installation").json
    sizes = {one["name"]: one["size"] for one in told["sizes"]}
    assert sizes["runs/"] == 2_500_000
    assert "shipway.db" in sizes
    assert "2.5 MB" in site.get("/installation").text


def test_when_a_service_outside_was_told_last_is_shown(site: Site) -> None:
    assert site.get("/api/v1/installation").json["ping"] == {"channel": False, "last": None}
    assert "no service outside listens" in site.get("/installation").text
    site.scene.places.pinged.touch()
    assert site.get("/api/v1/installation").json["ping"]["last"] is not None
    assert "told outside that all is well" in site.get("/installation").text


def test_nothing_on_the_page_is_a_secret(site: Site) -> None:
    shown = site.get("/installation", "ben").text + site.get("/api/v1/installation", "ben").text
    assert site.scene.tokens["ada"] not in shown
    assert "sealed" not in shown


def test_the_machine_is_looked_at_once_a_minute_however_many_ask(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[float] = []
    monkeypatch.setattr(checkup, "machine", lambda _places: made.append(time.time()) or [])
    for path in ("/installation", "/api/v1/installation"):
        assert site.get(path).status == 200
    told = site.get("/api/v1/installation").json
    assert made == [pytest.approx(told["checked"], abs=1)]
    now = time.time()
    with patch("time.time", lambda: now + checkup.KEPT + 1):
        assert site.get("/api/v1/installation").json["checked"] > told["checked"]
    assert len(made) == 2


def test_nobody_waits_while_the_machine_is_looked_at_for_somebody_else(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = Checkup(site.scene.places)
    before = looked.looked()
    begun, may_end = threading.Event(), threading.Event()

    def slow(_places: object) -> list[Check]:
        begun.set()
        assert may_end.wait(60)
        return []

    monkeypatch.setattr(checkup, "machine", slow)
    with patch("shipway.web.checkup.KEPT", 0.0):
        other = threading.Thread(target=looked.looked)
        other.start()
        assert begun.wait(60)
        assert looked.looked() is before
        may_end.set()
        other.join(60)
    assert looked.looked().checks == []


def test_a_command_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hangs = tmp_path / "git"
    hangs.write_text("#!/bin/sh\nexec sleep 600\n")
    hangs.chmod(0o755)
    monkeypatch.setattr(checkup, "SLOWEST_ANSWER", 0.1)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SHIPWAY_ENVOY", str(tmp_path / "absent"))
    found = {one.what: one for one in checkup.machine(Places.of(tmp_path, {"HOME": str(tmp_path)}))}
    assert (found["git"].good, found["envoy"].good) == (False, False)
    assert found["git"].advice


def test_of_a_version_its_number_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says = tmp_path / "envoy"
    says.write_text("#!/bin/sh\necho 'envoy  version: 9e5580/1.40.0/Clean/RELEASE/BoringSSL'\n")
    says.chmod(0o755)
    monkeypatch.setenv("SHIPWAY_ENVOY", str(says))
    found = {one.what: one for one in checkup.machine(Places.of(tmp_path, {"HOME": str(tmp_path)}))}
    assert (found["envoy"].good, found["envoy"].found) == (True, "1.40.0")
