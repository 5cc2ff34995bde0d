"""The hooks themselves: what they print when there is nobody to ask, and what they know."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pushes.desk import Desk
from pushes.git_host import Host
from shipway.pushes import hook, repositories

UPDATE = f"{'0' * 40} {'a' * 40} refs/heads/main\n".encode()


def run(name: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-I", "-S", hook.__file__, name],
        input=UPDATE,
        env={"SHIPWAY_APPLICATION": "shop", "REMOTE_USER": "ada", "LC_ALL": "C", **environment},
        capture_output=True,
        check=False,
    )


def test_without_a_server_nothing_is_accepted(tmp_path: Path) -> None:
    done = run("pre-receive", SHIPWAY_SOCKET=str(tmp_path / "none"))
    assert done.returncode == 1
    assert done.stdout.decode() == f"{hook.GONE['pre-receive']}\n"
    assert b"nothing was accepted" in done.stdout
    assert done.stderr == b""


def test_once_the_refs_have_moved_a_dead_server_fails_nothing(tmp_path: Path) -> None:
    done = run("post-receive", SHIPWAY_SOCKET=str(tmp_path / "none"))
    assert done.returncode == 0
    assert done.stdout.startswith(b"accepted: it is on disk.")
    assert done.stderr == b""


def test_a_repository_takes_nothing_behind_the_servers_back(host: Host, desk: Desk) -> None:
    said = desk.push(str(host.repository), "main", code=None)
    assert said == [hook.NOT_OURS]
    assert host.git.refs() == {}


def test_no_token_and_nothing_of_the_servers_environment_reaches_a_hook(
    stopped_host: Host, own_desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "of the server")
    stopped_host.start()
    script = stopped_host.repository / "hooks" / "pre-receive"
    script.write_text(f"#!/bin/sh\ncat /proc/self/environ /proc/$PPID/environ > {tmp_path}/seen\nexit 1\n")
    own_desk.push(code=None)
    seen = (tmp_path / "seen").read_bytes()
    assert b"REMOTE_USER=ada" in seen
    assert stopped_host.token.encode() not in seen
    assert b"A_SECRET" not in seen
    assert b"AUTHORIZATION" not in seen.upper()


def test_an_upgrade_brings_its_hooks_and_settings(stopped_host: Host) -> None:
    repository = stopped_host.repository
    (repository / "hooks" / "pre-receive").write_text("#!/bin/sh\nexit 0\n")
    (repository / "config").write_text("")
    assert repositories.create(stopped_host.places, "shop", "other") == repository
    assert hook.__file__ in (repository / "hooks" / "pre-receive").read_text()
    assert os.access(repository / "hooks" / "pre-receive", os.X_OK)
    assert "fsync = all" in (repository / "config").read_text()
    assert (repository / "HEAD").read_text() == "ref: refs/heads/main\n"
