"""The SDKs of Sentry as they are published, in processes of their own that know no more than their environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

OLDER = "@sentry/node@10"
"""The last one for a Node before 20.19."""


def python(script: str, directory: Path, told: Mapping[str, str]) -> str:
    """Runs a script with sentry-sdk at hand; what it printed."""
    file = directory / "app.py"
    file.write_text(script)
    return _run([sys.executable, file.name], directory, told)


def node(script: str, directory: Path, told: Mapping[str, str]) -> str:
    """Runs a script in a directory that `node_packages` has filled; what it printed."""
    file = directory / "app.js"
    file.write_text(script)
    return _run(["node", file.name], directory, told)


def node_packages(directory: Path, *packages: str) -> None:
    """Gets packages, by default @sentry/node, from npm's registry as it is set up here; runs no script of any."""
    version = tuple(map(int, re.findall(r"\d+", _run(["node", "--version"], directory, {}))))
    wanted = packages or ("@sentry/node" if version >= (20, 19) else OLDER,)
    options = ["--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts", "--prefix", str(directory)]
    _run(["npm", "install", *options, *wanted], directory, {})


def _run(command: list[str], directory: Path, told: Mapping[str, str]) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SENTRY_", "OTEL_"))}
    done = subprocess.run(
        command, cwd=directory, env={**clean, **told}, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
