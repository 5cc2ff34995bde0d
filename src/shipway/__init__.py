"""Shipway takes a commit from `git push` to production, and carries what production says back.

The story, first to last, is the reading order of this package:
pushes, pipelines, artifacts, environments, releases, traffic, signals, incidents, rollbacks.
"""

from __future__ import annotations

__version__ = "0.1.0"

STAGES = (
    "pushes",
    "pipelines",
    "artifacts",
    "environments",
    "releases",
    "traffic",
    "signals",
    "incidents",
    "rollbacks",
)
