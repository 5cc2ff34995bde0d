"""The bare repository of an application: made once, brought up to date at every start."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

from shipway.config.places import Places
from shipway.pushes import hook
from shipway.pushes.git import Git, GitFailed, environment
from shipway.state import applications
from shipway.state.database import Database

# What old public histories carry and nobody is hurt by; all else that fsck finds is refused (BARS 1.2).
_OLD_SINS = (
    "badTimezone",
    "zeroPaddedFilemode",
    "missingSpaceBeforeDate",
    "missingSpaceBeforeEmail",
    "badDate",
    "multipleAuthors",
    "badEmail",
    "missingEmail",
)
_CONFIG = """\
# Written by Shipway at every start: what is changed here is lost.
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tfsync = all
\tfsyncMethod = fsync
[http]
\treceivepack = true
\tgetanyfile = false
[receive]
\tadvertisePushOptions = true
\tfsckObjects = true
\tmaxInputSize = 2g
\tunpackLimit = 1
\tautogc = false
[gc]
\tauto = 0
[receive "fsck"]
"""
_FEW_PACKS = 50
_LEFTOVER = 24 * 3600.0  # seconds; no push takes that long


def create(places: Places, application: str, default_branch: str = "main") -> Path:
    """The repository of `application`, made when there is none; its settings and hooks are written anew.

    A push becomes one pack, however small (`unpackLimit`): two files to sync instead of one for each object.
    """
    repository = places.repository(application)
    if not (repository / "HEAD").exists():
        _init(repository, default_branch)
    _write(repository / "config", _CONFIG + "".join(f"\t{sin} = warn\n" for sin in _OLD_SINS), 0o600)
    (repository / "hooks").mkdir(exist_ok=True)
    for name in ("pre-receive", "post-receive"):
        _write(repository / "hooks" / name, _hook(name), 0o700)
    return repository


def create_all(database: Database, places: Places) -> None:
    """The repositories of all applications, with the settings and hooks of this version of Shipway."""
    with database.read() as conn:
        known = applications.every(conn)
    for application in known:
        create(places, application.name, application.default_branch)


def tidy(repository: Path) -> None:
    """Joins packs when there are many, removes what killed pushes left a day ago, and writes down the ancestry of
    what is new: by it git tells in a few milliseconds which commit contains which, however many there are.

    No object is dropped, so it may run beside pushes and steps.
    """
    objects = repository / "objects"
    for quarantine in objects.glob("tmp_objdir-*"):
        if time.time() - quarantine.stat().st_mtime > _LEFTOVER:
            shutil.rmtree(quarantine)
    lock = objects / "info" / "commit-graphs" / "commit-graph-chain.lock"
    if lock.exists() and time.time() - lock.stat().st_mtime > _LEFTOVER:
        lock.unlink()
    if len(list((objects / "pack").glob("*.pack"))) > _FEW_PACKS:
        Git(repository).run("repack", "-d", "-q", "--geometric=2", timeout=600)
    Git(repository).run("commit-graph", "write", "--reachable", "--split", "--no-progress", timeout=600)


def _init(repository: Path, default_branch: str) -> None:
    repository.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = ["git", "init", "--quiet", "--bare", "--template=", f"--initial-branch={default_branch}"]
    done = subprocess.run(
        [*command, str(repository)], env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise GitFailed(f"git init failed in {repository}: {done.stderr.strip()}")


def _hook(name: str) -> str:
    """A shell's line and not a copy: an upgrade of Shipway must not leave old hooks behind."""
    command = shlex.join([sys.executable, "-I", "-S", hook.__file__, name])
    return f"#!/bin/sh\nexec {command}\n"


def _write(path: Path, text: str, mode: int) -> None:
    """Writes a file that others may be reading right now."""
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(text)
    beside.chmod(mode)
    os.replace(beside, path)
