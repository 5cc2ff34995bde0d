"""Times, lengths and sizes as people read them, in pages and terminals alike."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
RESTARTING = "restarting"
ROOM = 110  # characters of a headline
LEAST = 0.0001  # of 100: less is the last digit of a sum, and no share of anything
_COLON = re.compile(r": (?![^()]*\))")
_RUN = re.compile(r"run \d+ (?:was )?\w+: ")
_CONTROL = re.compile(
    r"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[^\S \t]|[\x00-\x08\x0e-\x1f\x7f-\x9f]"
)


def length(seconds: float) -> str:
    """`0.4 s`, `48 s`, `4 m 09 s`, `2 h 05 m`, `9 d`: two units at most."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} m {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes:02d} m"
    return f"{hours // 24} d"


PHASES = {
    "begun": "about to begin",
    "prepare": "unpacking",
    "release": "running its release command",
    "start": "starting web",
    "try": "trying it on a share of the requests",
    "processes": "changing the other processes",
    "switch": "moving the traffic",
    "finish": "finishing",
    "undo": "undoing it",
}


def phase(name: str) -> str:
    """What a deployment is doing, from the phase on record."""
    return PHASES.get(name, name)


def instead_of(freezes: Iterable[Mapping[str, Any]]) -> str:
    """`It replaces the freeze until Mon 30 Nov, 08:00 by ben: “Month end”.`; empty where it replaces none."""
    ends = ((one, "somebody thaws it" if one["until"] is None else day_and_time(one["until"])) for one in freezes)
    said = [f"until {end} by {one['who']}: “{one['why']}”" for one, end in ends]
    return f"It replaces the freeze {', and the one '.join(said)}." if said else ""


def ago(at: float, now: float | None = None) -> str:
    """`40 s ago`, `23 min ago`, `5 h ago`, then the date."""
    passed = (time.time() if now is None else now) - at
    if passed < 60:
        return f"{max(passed, 0) // 1:.0f} s ago"
    if passed < 3600:
        return f"{passed // 60:.0f} min ago"
    if passed < 24 * 3600:
        return f"{passed // 3600:.0f} h ago"
    return date(at)


def lasting(since: float, now: float | None = None) -> str:
    """How long something has been so: `40 s`, `23 min`, `5 h`, `9 d`."""
    passed = (time.time() if now is None else now) - since
    for unit, seconds in (("d", 86400), ("h", 3600), ("min", 60)):
        if passed >= seconds:
            return f"{passed // seconds:.0f} {unit}"
    return f"{max(passed, 0) // 1:.0f} s"


def standing(state: str, again_at: float | None = None, now: float | None = None) -> str:
    """What people call the state that the keeper has a process in: `restarting, next try in 8 s`."""
    if state != "backoff":
        return state
    left = 0.0 if again_at is None else again_at - (time.time() if now is None else now)
    soon = f"{math.ceil(left)} s" if left < 60 else length(left)
    return f"{RESTARTING}, next try in {soon}" if left > 0 else RESTARTING


def date(at: float) -> str:
    """`20 Nov`, in the zone of this machine."""
    moment = time.localtime(at)
    return f"{moment.tm_mday} {time.strftime('%b', moment)}"


def clock(at: float) -> str:
    """`14:02:11`, in the zone of this machine."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def day_and_time(at: float) -> str:
    """`Mon 30 Nov, 08:00`, in the zone of this machine."""
    moment = time.localtime(at)
    return f"{time.strftime('%a', moment)} {date(at)}, {time.strftime('%H:%M', moment)}"


def east(at: float) -> int:
    """By how many seconds this machine's clocks were before UTC's then."""
    return time.localtime(at).tm_gmtoff


def exact(at: float) -> str:
    """The moment as `<time datetime>` wants it, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def size(count: float) -> str:
    """`412 B`, `18.2 MB`."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def rate(per_second: float) -> str:
    """`0`, `0.2`, `8.4`, `218`, `4,210`."""
    if per_second >= 9.95:
        return f"{per_second:,.0f}"
    return f"{per_second:.1f}" if per_second >= 0.095 else f"{per_second:.1g}"


def percent(share: float) -> str:
    """`0 %`, `0.01 %`, `2.5 %`, `100 %` for shares from 0 to 1."""
    of_100 = share * 100
    if of_100 < LEAST:
        return "0 %"
    if of_100 >= 9.95:
        return f"{of_100:.0f} %"
    return f"{of_100:.1f} %" if of_100 >= 0.95 else f"{of_100:.1g} %"


def milliseconds(count: float) -> str:
    """`86 ms`, `1.8 s`."""
    return f"{count:.0f} ms" if count < 1000 else f"{count / 1000:.1f} s"


def plain(text: str) -> str:
    """One line without what would steer a terminal: colours, cursor, title, line ends."""
    return _CONTROL.sub("", text)


def unsaid(text: str, said: Iterable[str]) -> str:
    """The text without the reasons after a colon that were said in full before it."""
    for reason in said:
        text = text.replace(f": {reason}", "") if reason else text
    return text


def before_colon(text: str) -> str:
    """What stands before its first colon, other than those within brackets."""
    return _COLON.split(text, maxsplit=1)[0]


def headline(text: str) -> str:
    """A reason for a list, on one line: without what stands after its colon, unless it is short with that."""
    line = text.partition("\n")[0].rstrip(".: ")
    if len(line) <= ROOM:
        return line
    run = _RUN.match(line)
    start = "" if run is None else run.group()
    said = start + before_colon(line.removeprefix(start))
    return said if len(said) <= ROOM else f"{said[:ROOM].rsplit(' ', 1)[0]} …"


def sentences(*parts: str) -> str:
    """Several of them in a row, each with its full stop."""
    said = (part.strip() for part in parts)
    return " ".join(part if part.endswith((".", "!", "?", ":")) else f"{part}." for part in said if part)


def outcome(state: str, *, back: bool, blocked: bool) -> str:
    """How a run is called everywhere, with what happened since to what it brought."""
    return "rolled back" if back else "blocked" if blocked else state


def several(count: int, noun: str, plural: str | None = None) -> str:
    """`one run`, `3 runs`."""
    return f"{counted(count)} {noun if count == 1 else plural or noun + 's'}"


def counted(count: int) -> str:
    """Small numbers as words: `one`, `six`, `12`."""
    return NUMBERS[count] if count < len(NUMBERS) else f"{count:,}"


def window(seconds: float) -> str:
    """Of which time figures are: `last second`, `last 10 s`."""
    whole = max(1, round(seconds))
    return "last second" if whole == 1 else f"last {whole} s"


def zone() -> str:
    """The zone of this machine's clock, in which pages show times."""
    return time.strftime("%Z")
