"""Whatever `run` leaves in `root`: any language whose tools are on this machine."""

from __future__ import annotations

from shipway.artifacts.phases import Phase, Sources
from shipway.artifacts.settings import BuildSettings


def phases(settings: BuildSettings, sources: Sources) -> tuple[Phase, ...]:
    return () if settings.run is None else (Phase("build", (settings.run,)),)
