"""Freezing an environment: nothing new is deployed there until a time, or until somebody thaws it."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence

from shipway.config import durations
from shipway.errors import UserError
from shipway.releases import reason
from shipway.state import holds
from shipway.state.database import Connection
from shipway.state.holds import Hold

LONGEST = 366 * 86400.0
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOW = 'Try "2h", "Monday 08:00" or "2026-12-24 18:00".'
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


class InvalidFreeze(UserError):
    """A freeze without a reason, or with an end that is no time to come."""

    id = "releases.invalid_freeze"


def freeze(
    conn: Connection, application: str, environment: str, *, why: str, until: str, who: str
) -> tuple[Hold, Sequence[Hold]]:
    """Records that nothing new may be deployed there. `until` as people say it (see `moment`); empty: for ever.

    Another freeze of the same environment is replaced, however long it was to last: what was, comes second, and is
    on record with the new one. Raises InvalidFreeze, and then nothing is changed.
    """
    said = reason.needed(why, InvalidFreeze, "A freeze", "It is shown to everybody who waits.")
    ends = moment(until, time.time()) if until.strip() else None
    return holds.freeze(conn, application, environment, why=said, who=who, until=ends)


def thaw(conn: Connection, application: str, environment: str, *, who: str) -> list[Hold]:
    """Ends the freezes of an environment; those that were in force."""
    found = holds.frozen(conn, application, environment)
    return [hold for hold in found if holds.thaw(conn, hold, who=who)]


def moment(said: str, now: float) -> float:
    """Seconds since 1970 for `2h`, `18:00`, `Monday 08:00` or `2026-12-24 18:00`, in the zone of this machine.

    A time of day is the next one to come; a length goes on to the full minute, since ends are told in minutes.
    Raises InvalidFreeze for what is past, too far away or none of these.
    """
    words = said.strip().lower()
    found = _length(words, now) or _day(words, now) or _date(words)
    if found is None:
        raise InvalidFreeze(f"{said.strip()[:60]!r} is no time.", hint=HOW)
    if found <= now:
        raise InvalidFreeze("That is past.", hint=HOW)
    if found > now + LONGEST:
        raise InvalidFreeze("That is more than a year away.", hint=HOW)
    return found


def _length(words: str, now: float) -> float | None:
    try:
        length = durations.seconds(words)
    except ValueError:
        return None
    return math.ceil((now + length) / 60) * 60.0 if length else now


def _day(words: str, now: float) -> float | None:
    """`18:00`, or `monday 08:00`: the next one."""
    name, _, rest = words.rpartition(" ")
    clock = _CLOCK.fullmatch(rest)
    days = [at for at, day in enumerate(DAYS) if name and day.startswith(name) and len(name) >= 2]
    if clock is None or (name and len(days) != 1):
        return None
    here = time.localtime(now)
    ahead = (days[0] - here.tm_wday) % 7 if days else 0
    for later in (0, 7 if days else 1):  # mktime knows of months and of summer time
        day = here.tm_mday + ahead + later
        found = time.mktime((here.tm_year, here.tm_mon, day, int(clock[1]), int(clock[2]), 0, 0, 0, -1))
        if found > now:
            return found
    return None


def _date(words: str) -> float | None:
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%dt%H:%M", "%Y-%m-%d"):
        try:
            return time.mktime((*time.strptime(words, form)[:8], -1))
        except (ValueError, OverflowError):
            continue
    return None
