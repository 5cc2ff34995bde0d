"""A damaged record: whoever asks is told what happened, why, and what to do, and of nothing that is inside."""

from __future__ import annotations

import http.client
import json
import os
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from shipway.pushes import credentials
from shipway.web.headers import ALWAYS
from support.installation import Installation

WHY = re.compile(r"The record cannot be read: (database disk image is malformed|file is not a database)\.")
WHAT_NEXT = "Look after the disk that holds Shipway"
INSIDE = ("Traceback", "SELECT", "sqlite3", ".py")


@pytest.fixture
def damaged(tmp_path: Path) -> Iterator[Installation]:
    """Its server runs, and goes on to, over a record in which nothing is left but noise."""
    made = Installation(tmp_path)
    made.up()
    for part in ("", "-wal", "-shm"):  # the last of them, or what is kept in memory might do for a while
        file = made.places.database.with_name(made.places.database.name + part)
        with file.open("r+b") as written:
            written.write(os.urandom(file.stat().st_size))
    yield made
    made.take_down()


def ask(installation: Installation, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], str]:
    """The status, the headers with their names in small letters, and the text of an answer."""
    with closing(http.client.HTTPConnection("127.0.0.1", installation.port, timeout=60)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()


def test_it_is_told_alike_to_people_programs_and_terminals(damaged: Installation) -> None:
    address = f"http://127.0.0.1:{damaged.port}"
    token = {"authorization": f"Bearer {credentials.token(damaged.places.credentials, address)}"}
    pages = {"host": f"shipway.localhost:{damaged.port}", "accept": "text/html"}
    names = []
    for path, headers in (("/", pages | token), ("/runs", pages | token), ("/api/v1/overview", token)):
        status, told, text = ask(damaged, path, headers)
        assert status == 500, text
        assert ALWAYS.items() <= told.items()
        assert WHY.search(text), text
        assert WHAT_NEXT in text.replace("&#39;", "'")
        assert [word for word in INSIDE if word in text] == []
        names.append(told["x-request-id"])
        assert names[-1] in text
    program = json.loads(text)["error"]
    assert (program["id"], program["actor"], program["request"]) == ("machine.cannot_read", "owner", names[-1])
    terminal = damaged.shipway("applications")
    assert terminal.code != 0
    assert terminal.out.startswith("machine.cannot_read ")
    assert WHY.search(terminal.out), terminal.out
    assert WHAT_NEXT in terminal.out
    names.append(terminal.out.partition("Request ")[2].partition(" ")[0])
    assert damaged.json("applications")["error"]["actor"] == "owner"
    log = damaged.server_log()
    assert len(set(names)) == len(names)
    assert [name for name in names if f"{name}: GET /" not in log] == [], "the log knows every one of them"
