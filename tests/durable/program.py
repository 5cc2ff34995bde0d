"""A process with an engine in it, which a test may kill: program.py DIRECTORY [RUN to submit]."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shipway.durable.engine import Engine
from shipway.durable.plan import Plan
from shipway.errors import TransientError

home = Path(sys.argv[1])


def act(run: str, arguments: Mapping[str, Any], outcomes: Mapping[str, str]) -> str:
    """Writes down that it was called; then does as it is told."""
    journal = os.open(home / "journal", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(journal, f"{json.dumps([arguments['name'], dict(outcomes)])}\n".encode())
    os.close(journal)
    match arguments.get("then"):
        case "hang":
            while not (home / "released").exists():
                time.sleep(0.01)
        case "fail":
            return "failed"
        case "break":
            raise ValueError("a defect")
        case "once more" if not (home / "second time").exists():
            (home / "second time").touch()
            raise TransientError("not now")
    return "passed"


engine = Engine(home / "engine.db", {"act": act})
engine.start()
if len(sys.argv) > 2:
    engine.submit(sys.argv[2], Plan.from_dict(json.loads((home / "plan").read_text())))
    engine.submit(sys.argv[2], Plan.from_dict(json.loads((home / "plan").read_text())))
while engine.unfinished():
    time.sleep(0.02)
(home / "done").touch()
os._exit(0)
