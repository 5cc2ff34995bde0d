"""Files that Envoy watches. It reacts to renames into the directory only, never to writes in place."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shipway.traffic.files import replace

CLUSTERS, RUNTIME, ROUTES = "clusters.json", "runtime.json", "routes.json"


def source(path: Path) -> dict[str, Any]:
    """How a configuration names a file that is read again whenever it is replaced."""
    return {"resource_api_version": "V3", "path_config_source": {"path": str(path)}}


def publish(path: Path, resources: Sequence[Mapping[str, Any]]) -> int:
    """Puts resources into force by rename; returns the version to wait for. Nothing is written if all is said.

    Versions grow with the clock (milliseconds), so that they go on growing when the directory was lost.
    """
    now = _read(path)
    if now is not None and now.get("resources") == list(resources):
        return int(now["version_info"])
    version = max(int(now["version_info"]) + 1 if now is not None else 0, time.time_ns() // 1_000_000)
    replace(path, json.dumps({"version_info": str(version), "resources": list(resources)}), spare=True)
    return version


def _read(path: Path) -> dict[str, Any] | None:
    """What was published last; None when nothing was, or when a lost disk left something else there."""
    try:
        value = json.loads(path.read_text())
        return value if isinstance(value, dict) and str(value.get("version_info")).isdigit() else None
    except (FileNotFoundError, ValueError):
        return None
