"""What an instance wrote since a deployment started it: the evidence when that start fails."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from shipway.hosts.disguises import masks
from shipway.hosts.excerpt import explaining


def mark(log: Path, epoch: int) -> None:
    """Remembers where in its log the deployment with this epoch begins to start an instance.

    Called again, as after a crash, the first place is kept. A disk that is full costs the mark, not the start.
    """
    if _marked(log, epoch) is None:
        size = log.stat().st_size if log.exists() else 0
        new = _beside(log).with_suffix(".new")
        with contextlib.suppress(OSError):
            new.write_text(json.dumps({"epoch": epoch, "offset": size}))
            new.replace(_beside(log))


def since(log: Path, epoch: int, secrets: list[str]) -> str:
    """The lines that explain why it failed, of what was written since that mark, without the secrets; empty
    without a mark."""
    start = _marked(log, epoch)
    return "" if start is None else explaining(log, start, masks(secrets))


def _marked(log: Path, epoch: int) -> int | None:
    try:
        found = json.loads(_beside(log).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return int(found["offset"]) if found["epoch"] == epoch else None


def _beside(log: Path) -> Path:
    return log.with_suffix(".start")
