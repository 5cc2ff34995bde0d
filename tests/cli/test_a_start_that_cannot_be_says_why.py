"""`shipway up` answers in a sentence, whatever it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.terminal import Said
from web.server import Site


@pytest.mark.parametrize("detached", [[], ["-d"]], ids=["here", "detached"])
@pytest.mark.parametrize("option", ["--port", "--proxy-port"])
@pytest.mark.parametrize("port", ["99999", "0", "-1"])
def test_a_port_that_does_not_exist(
    port: str, option: str, detached: list[str], shipway: Callable[..., Said]
) -> None:
    said = shipway("up", *detached, option, port)
    assert said.code == 2
    assert "Invalid value for" in said.err


@pytest.mark.parametrize("detached", [[], ["-d"]], ids=["here", "detached"])
def test_a_public_address_without_tls(detached: list[str], shipway: Callable[..., Said]) -> None:
    said = shipway("up", *detached, "--url", "http://ship.example")
    assert said.code == 2
    assert "web.not_public" in said.err
    assert "https://ship.example" in said.told


@pytest.mark.parametrize("detached", [[], ["-d"]], ids=["here", "detached"])
def test_a_data_directory_that_cannot_be(detached: list[str], here: Path, shipway: Callable[..., Said]) -> None:
    for data in ("/proc/x", str(here / ".git" / "HEAD"), str(here / ".git" / "HEAD" / "x")):
        said = shipway("up", *detached, "--data", data)
        assert said.code == 2
        assert "config.cannot_keep" in said.err
        assert "Traceback" not in said.err


def test_a_server_that_is_up_is_not_started_again(site: Site, shipway: Callable[..., Said]) -> None:
    said = shipway("up", "-d", "--port", str(site.port), "--proxy-port", "8080")
    assert said.code == 0, said.err
    assert "Shipway is up already at" in said.out
    moved = shipway("up", "-d", "--port", str(site.port), "--proxy-port", "8081")
    assert moved.code == 2
    assert f"up already, on port {site.port}" in moved.told
    assert "shipway down" in moved.err
    fronted = shipway(
        "up", "-d", "--port", str(site.port), "--proxy-port", "8080", "--url", "https://ship.example"
    )
    assert fronted.code == 2
    assert "shipway down" in fronted.err


def test_other_verbs_find_a_server_that_keeps_its_data_elsewhere(
    site: Site, shipway: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They look where SHIPWAY_DATA says; so `up` says what to set."""
    data = str(site.scene.places.data)
    words = ["up", "-d", "--port", str(site.port), "--proxy-port", "8080", "--data", data]
    assert "export SHIPWAY_DATA" not in shipway(*words).out
    monkeypatch.delenv("SHIPWAY_DATA")
    assert f"export SHIPWAY_DATA={data}" in shipway(*words).out
