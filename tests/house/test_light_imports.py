"""What a person waits for loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {
    "alembic",
    "apprise",
    "cryptography",
    "dbos",
    "envoy",
    "httpx",
    "jinja2",
    "pydantic",
    "sqlalchemy",
    "starlette",
    "uvicorn",
}
LOADED = "; import sys; print(*{name.partition('.')[0] for name in sys.modules})"


def loaded(code: str) -> set[str]:
    """The packages that a fresh Python has loaded after `code`."""
    command = [sys.executable, "-c", code + LOADED]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[-2].split())


def test_help_loads_nothing_heavy() -> None:
    assert loaded("import shipway.cli.app; shipway.cli.app.run(['--help'])") & HEAVY == set()
