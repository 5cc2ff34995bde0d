"""What the machine itself lacks: its owner hears of it once, and once more when that is over."""

from __future__ import annotations

from shipway.incidents.cause import Cause
from shipway.state.database import Connection
from shipway.state.facts import Fact

REFUSED = (
    "Reports of errors and telemetry are refused until there is room; with less than 1 GB nothing new is built."
)


def little_room(_conn: Connection, fact: Fact) -> Cause:
    """The disk of the data directory is nearly full."""
    return Cause(
        f"machine room {fact.id}",
        "machine",
        fact.at,
        f"only {fact.data['says']} of the disk of its data are free",
        (REFUSED,),
        whose="owner",
        hint="Make room on that disk: `shipway about` says what lies on it. You will hear when there is enough.",
    )


def room_again(_conn: Connection, fact: Fact) -> Cause:
    """There is room again: everything is taken in, and built."""
    return Cause(
        f"machine room {fact.id}",
        "well",
        fact.at,
        f"{fact.data['says']} of the disk of its data are free again",
        ("Reports of errors and telemetry are taken again.",),
        whose="owner",
        hint="Nothing.",
    )
