"""On the PYTHONPATH of a server under test: kills one process, once, at a place that has a name.

Nothing in Shipway knows of this. Each fact it records, and each word to the keeper, raises an audit event (PEP
578), and Python itself raises them where files are renamed; between two of those lies every side effect:

    push.accepted before    the fact is about to be recorded, its transaction is open
    push.accepted after     it is committed
    keeper ensure before    the keeper is about to be told to start an instance
    keeper ensure after     it has answered
    rename desired.json     a file of this name is about to be put in its place; of others, "digest" or "id" is
    ask                     an instance is about to be asked whether it is healthy

Which place and whom to kill stands in a file, so that one server serves for many places.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
from typing import Any

PLAN = os.environ.get("KILLS_PLAN", "")
_guard = threading.Lock()
_seen: dict[str, int] = {}


def _place(event: str, arguments: tuple[Any, ...]) -> str | None:
    if event == "shipway.fact":
        return " ".join(arguments)
    if event == "shipway.keeper":
        return " ".join(("keeper", *arguments))
    if event == "os.rename":
        name = os.path.basename(os.fsdecode(arguments[1]))
        return "rename " + re.sub("^[0-9a-f]{64}", "digest", re.sub("^[0-9a-hjkmnp-tv-z]{26}$", "id", name))
    return "ask" if event == "http.client.connect" else None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    place = _place(event, arguments)
    if place is None or not os.path.exists(PLAN):
        return
    with _guard:
        _reached(place)


def _reached(place: str) -> None:
    try:
        with open(PLAN) as file:
            plan = json.load(file)
    except FileNotFoundError:  # another thread was there first
        return
    if place != plan["place"]:
        return
    _seen[plan["id"]] = _seen.get(plan["id"], 0) + 1
    if _seen[plan["id"]] < plan["nth"]:
        return
    os.unlink(PLAN)
    with open(f"{PLAN}.{plan['id']}", "w") as file:
        killed = _kill(plan["words"], file)
        json.dump({"at": time.time(), "victims": killed}, file)


def _kill(words: list[str], note: Any) -> list[int]:
    """Without words it is this process itself."""
    if words:
        import victims  # noqa: PLC0415 - beside this file; only a server that kills needs it

        return victims.kill(words)
    json.dump({"at": time.time(), "victims": [os.getpid()]}, note)
    note.flush()
    os.kill(os.getpid(), signal.SIGKILL)
    return []


if PLAN:
    sys.addaudithook(_hook)
