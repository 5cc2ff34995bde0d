"""Other ports strand no repository: every verb says where the server is, and `init` goes there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.terminal import Said
from support.ports import free_port
from web.server import Site

VERBS = [["where"], ["push"], ["runs"], ["ps"], ["signals"], ["deploy"], ["env", "A=1"], ["errors"], ["token"]]


def remote() -> str:
    asked = ["git", "remote", "get-url", "shipway"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def stranded(site: Site, here: Path) -> str:
    """A repository whose remote names a port at which nothing answers; the address."""
    site.scene.application("topup")
    (here / "index.html").write_text("hello")
    subprocess.run(["git", "add", "--all"], check=True)
    subprocess.run(["git", "commit", "--quiet", "--message", "One"], check=True)
    old = f"http://127.0.0.1:{free_port()}"
    subprocess.run(["git", "remote", "add", "shipway", f"{old}/git/topup.git"], check=True)
    return old


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_a_verb_says_where_the_server_is_and_what_mends_it(
    verb: list[str], stranded: str, site: Site, shipway: Callable[..., Said]
) -> None:
    said = shipway(*verb)
    assert said.code == 2
    assert f"The server at {stranded} does not answer" in said.err
    assert f"runs at http://127.0.0.1:{site.port} now: `shipway init`" in said.told
    assert "up -d" not in said.err


def test_init_takes_the_repository_to_where_the_server_is(
    stranded: str, site: Site, shipway: Callable[..., Said]
) -> None:
    said = shipway("init", "--no-write")
    assert said.code == 0, said.err
    assert f"Until now `shipway` was {stranded}/git/topup.git." in said.out
    assert remote() == f"http://127.0.0.1:{site.port}/git/topup.git"
    assert shipway("runs").code == 0


def test_a_server_of_another_machine_is_not_replaced(
    stranded: str, site: Site, shipway: Callable[..., Said]
) -> None:
    subprocess.run(["git", "remote", "set-url", "shipway", "http://ship.invalid:8440/git/topup.git"], check=True)
    said = shipway("init", "--no-write")
    assert said.code == 2
    assert f"SHIPWAY_URL=http://127.0.0.1:{site.port}" in said.told
    assert remote() == "http://ship.invalid:8440/git/topup.git"


def test_where_no_server_runs_starting_one_is_what_mends_it(here: Path, shipway: Callable[..., Said]) -> None:
    port = free_port()
    subprocess.run(["git", "remote", "add", "shipway", f"http://127.0.0.1:{port}/git/topup.git"], check=True)
    said = shipway("runs")
    assert said.code == 2
    assert f"`shipway up -d --port {port}`" in said.err
