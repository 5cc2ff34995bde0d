"""However many servers are started on one installation, one runs."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.installation import SHIPWAY, Installation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    made.take_down()


def started(installation: Installation) -> subprocess.Popen[str]:
    """`shipway up -d`, under way."""
    return subprocess.Popen(
        [SHIPWAY, "up", "-d", "--port", str(installation.port), "--proxy-port", str(installation.proxy_port)],
        env=installation.env,
        cwd=installation.home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def answers(installation: Installation) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", installation.port, timeout=60)) as connection:
        connection.request("GET", "/api/v1/health")
        return connection.getresponse().status == 200


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_one_that_is_told_to_stop_takes_its_leave(installation: Installation, asked: signal.Signals) -> None:
    command = [SHIPWAY, "up", "--port", str(installation.port), "--proxy-port", str(installation.proxy_port)]
    server = subprocess.Popen(
        command,
        env=installation.env,
        cwd=installation.home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 100
    while installation.server is None:  # told at the very moment it can be found
        assert time.monotonic() < deadline
        time.sleep(0.002)
    server.send_signal(asked)
    _, said = server.communicate(timeout=100)
    assert server.returncode == 0
    assert f"The server is stopped ({asked.name}); applications go on serving." in said
    assert not installation.places.server_file.exists()


def test_of_two_that_are_started_at_once_one_runs(installation: Installation) -> None:
    both = [started(installation), started(installation)]
    said = [each.communicate(timeout=100)[0] for each in both]
    assert any(each.returncode == 0 for each in both), said
    assert sum("already uses" in text or "is up already" in text for text in said) == 1, said
    assert answers(installation)


def test_another_one_leaves_the_first_alone(installation: Installation) -> None:
    installation.up()
    before = installation.server
    said, _ = (late := started(installation)).communicate(timeout=100)
    assert late.returncode == 0
    assert "Shipway is up already" in said
    assert installation.server == before
    assert answers(installation)


def test_how_much_applications_may_report_is_remembered(installation: Installation) -> None:
    installation.up("--reports", "4")
    assert "may report 4 times as much as usual" in installation.shipway("up", "-d").out
    other = installation.shipway("up", "-d", "--reports", "5")
    assert (other.code, "taking 4 times as many reports" in other.out) == (2, True)
    installation.down()
    installation.up()
    assert json.loads(installation.places.server_file.read_text())["reports"] == 4


def test_that_a_proxy_speaks_tls_for_the_applications_is_remembered(installation: Installation) -> None:
    installation.up("--tls-proxy")
    assert "a TLS proxy before them" in installation.shipway("up", "-d").out
    other = installation.shipway("up", "-d", "--no-tls-proxy")
    assert (other.code, "with a TLS proxy before the applications" in other.out) == (2, True)
    installation.down()
    installation.up()
    routes = installation.places.proxy / "routes.json"
    assert json.loads(installation.places.server_file.read_text())["behind_tls"] is True
    assert "x-forwarded-proto" not in routes.read_text()
    installation.down()
    installation.up("--no-tls-proxy")
    assert "x-forwarded-proto" in routes.read_text()
