"""What the machine itself lacks: its owner hears of it once, and once more when that is over."""

from __future__ import annotations

from shipway.incidents.cause import Cause
from shipway.incidents.channels import WELL
from shipway.state.database import Connection
from shipway.state.facts import Fact

ROOM = "machine room "
LITTLE = (
    "only {says} of the disk of its data are free",
    "Reports of errors and telemetry are refused until there is room; with less than 1 GB nothing new is built.",
    "Make room on that disk: `shipway about` says what lies on it. You will hear when there is enough.",
)
AGAIN = (
    "{says} of the disk of its data are free again",
    "Reports of errors and telemetry are taken again.",
    "Nothing.",
)


def room(_conn: Connection, fact: Fact) -> Cause:
    """The disk of the data directory is nearly full, or there is room again, which ends what was said of that."""
    over = fact.kind == "machine.room_again"
    what, line, hint = AGAIN if over else LITTLE
    return Cause(
        f"{ROOM}{fact.id}",
        WELL if over else "machine",
        fact.at,
        what.format(says=fact.data["says"]),
        (line,),
        whose="owner",
        hint=hint,
        ends=ROOM if over else "",
    )
