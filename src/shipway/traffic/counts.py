"""What each router has counted of each release since it began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from shipway.traffic.tally import Tally


@dataclass(frozen=True)
class Counted:
    """Of one release: what was answered since the router began, and what is being answered now."""

    tally: Tally
    in_flight: int


@dataclass(frozen=True)
class Count:
    """What one router says. One that is "gone" serves nobody, and begins anew at zero; a "silent" one may well
    serve and count on. `began` is another text each time it is started.
    """

    router: str
    state: Literal["answered", "gone", "silent"]
    began: str = ""
    releases: Mapping[str, Counted] = field(default_factory=dict)
