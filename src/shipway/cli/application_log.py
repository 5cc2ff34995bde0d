"""What an environment's instances print, in a terminal: the level in its colour, the oldest line first."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from shipway.cli import show
from shipway.cli.server import NoServer, Server
from shipway.web.words import plain

PAGE = 1000  # entries that are asked for at a time
AGAIN = 1.0  # seconds until a server that went away is asked again
WIDTH = len("critical")
COLOURS = {"debug": "2", "info": "32", "warning": "33", "error": "31", "critical": "1;31"}
END = "\x1b[0m"

Entry = Mapping[str, Any]


def show_log(
    server: Server, path: str, query: Mapping[str, str], *, lines: int, follow: bool, as_json: bool
) -> None:
    """The last `lines` entries that match, and with `follow` those that come, until ^C."""
    tell = _as_json if as_json else _told
    found, start = _last(server, path, query, lines)
    for entry in found:
        print(tell(entry), flush=True)
    if follow:
        for entry in _coming(server, path, query, start):
            print(tell(entry), flush=True)


def _last(server: Server, path: str, query: Mapping[str, str], lines: int) -> tuple[list[Entry], str]:
    """The last entries, the oldest first, and the position behind them."""
    page = server.get(path, **query, limit=str(min(max(lines, 1), PAGE)))
    found, start = list(page["entries"]), str(page["follow"])
    while page["more"] is not None and len(found) < lines:
        if page["reached"] is not None and sys.stderr.isatty():
            print(f"Searched back to {show.clock(page['reached'])}.", file=sys.stderr)
        page = server.get(path, **query, limit=str(min(lines - len(found), PAGE)), **{"from": page["more"]})
        found += page["entries"]
    return found[:lines][::-1], start


def _coming(server: Server, path: str, query: Mapping[str, str], start: str) -> Iterator[Entry]:
    """What is added, over a restart of the server too."""
    silent = False
    while True:
        try:
            for line in server.lines(path, **query, follow="1", **{"from": start}):
                silent = False
                entry = json.loads(line) if line else {}
                if "left_out" in entry:
                    print("[more came meanwhile than is shown here]", file=sys.stderr)
                elif entry:
                    start = entry["position"]
                    yield entry
        except NoServer:
            if not silent:
                print("The server does not answer; it is asked again until ^C.", file=sys.stderr)
            silent = True
        time.sleep(AGAIN)


def _as_json(entry: Entry) -> str:
    return json.dumps(entry)


def _told(entry: Entry) -> str:
    """`14:02:11.123 error    r12 web.1  it failed`, with what belongs to it below."""
    level = str(entry["level"] or "").ljust(WIDTH)
    if entry["level"] and _in_colour():
        level = f"\x1b[{COLOURS[entry['level']]}m{level}{END}"
    where = f"r{entry['release']} {entry['instance']}{'/' + entry['source'] if entry['source'] else ''}"
    first, *rest = words(entry)
    return "\n".join([f"{_clock(entry['at'])} {level} {where}  {first}", *(f"    {line}" for line in rest)])


def words(entry: Entry) -> list[str]:
    """What it says, line by line, without what would steer a terminal: of JSON the message, then its fields."""
    first, *rest = str(entry["text"]).split("\n")
    if entry["message"] != first:
        fields = [f"{name}={_value(value)}" for name, value in entry["fields"].items()]
        first, *more = str(entry["message"]).split("\n")
        first, rest = " ".join([first, *fields]), [*more, *str(entry["stack"]).split("\n"), *rest]
    return [plain(first), *(text for line in rest if (text := plain(line).rstrip()))]


def _value(value: Any) -> str:
    return (
        value if isinstance(value, str) and value and " " not in value else json.dumps(value, ensure_ascii=False)
    )


def _clock(at: float) -> str:
    return f"{show.clock(at)}.{int(at % 1 * 1000):03d}"


def _in_colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
