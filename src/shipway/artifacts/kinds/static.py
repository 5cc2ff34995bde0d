"""Files to serve as they are, or as `run` makes them."""

from __future__ import annotations

from shipway.artifacts.phases import Phase, Sources
from shipway.artifacts.settings import BuildSettings


def phases(settings: BuildSettings, sources: Sources) -> tuple[Phase, ...]:
    return () if settings.run is None else (Phase("build", (settings.run,)),)
