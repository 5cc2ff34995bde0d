"""`shipway logs --env` shows what an application prints, as people and programs want it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest

from cli.terminal import Said
from shipway.cli import application_log
from shipway.cli.server import NoServer, Server
from web.server import Site
from web.written import write

Shipway = Callable[..., Said]
PROD = ("logs", "--app", "topup", "--env", "prod")


@pytest.fixture
def serving(site: Site) -> Site:
    site.scene.application("topup")
    site.scene.deliver(site.scene.push("topup", "One"))
    return site


def test_lines_come_oldest_first_each_with_all_that_is_known_of_it(serving: Site, shipway: Shipway) -> None:
    write(serving.scene, "web", "\x1b[32mINFO\x1b[0m: here", position=1)
    write(serving.scene, "worker", "ERROR it failed", "  at line 3")
    told = {"level": "error", "msg": "no coins", "account": 7, "stack": "E\n  at f"}
    write(serving.scene, "worker", json.dumps(told))
    first, second, *rest = shipway(*PROD).out.splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} info     r1 web\.1  INFO: here", first)
    assert re.fullmatch(r"\S+ error    r1 worker\.0  ERROR it failed", second)
    assert rest[0] == "      at line 3"
    assert rest[1].endswith("no coins account=7")
    assert rest[2:] == ["    E", "      at f"]


def test_lines_are_searched_and_counted(serving: Site, shipway: Shipway) -> None:
    write(serving.scene, "worker", *(f"{'WARNING' if number % 2 else 'INFO'}: {number}" for number in range(10)))
    assert len(shipway(*PROD).out.splitlines()) == 10
    assert [line[-1] for line in shipway(*PROD, "-n", "3").out.splitlines()] == ["7", "8", "9"]
    assert len(shipway(*PROD, "--level", "warning").out.splitlines()) == 5
    assert shipway(*PROD, "-n", "0").out == ""
    found = shipway(*PROD, "--search", "warning", "--regex", "[13]$", "--release", "r1", "--since", "1h", "--json")
    assert [json.loads(line)["message"] for line in found.out.splitlines()] == ["WARNING: 1", "WARNING: 3"]


def test_more_lines_than_a_page_has_are_fetched_page_by_page(
    serving: Site, shipway: Shipway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application_log, "PAGE", 2)
    write(serving.scene, "worker", *map(str, range(5)))
    assert [line[-1] for line in shipway(*PROD, "-n", "5").out.splitlines()] == ["0", "1", "2", "3", "4"]


def test_what_cannot_be_looked_for_is_said(serving: Site, shipway: Shipway) -> None:
    for words, said in (
        (["--level", "loud"], "There are: debug, info, warning, error, critical."),
        (["--since", "tomorrow"], "10m"),
        (["--release", "99"], "no release"),
        (["--regex", "("], "RE2"),
    ):
        answer = shipway(*PROD, *words)
        assert answer.code == 2
        assert said in answer.told


def test_a_search_needs_an_environment(serving: Site, shipway: Shipway) -> None:
    answer = shipway("logs", "--app", "topup", "--regex", "two words")
    assert answer.code == 2
    assert "shipway logs --env prod --regex 'two words'" in answer.told


def test_what_comes_is_shown_and_a_server_that_went_away_is_asked_again(
    serving: Site, shipway: Shipway, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(serving.scene, "worker", "before")
    asked: list[str] = []
    lines = Server.lines

    def failing(server: Server, path: str, **query: str) -> Iterator[str]:
        asked.append(query["from"])
        if len(asked) == 1:
            raise NoServer("It went away.")
        if len(asked) == 3:
            raise KeyboardInterrupt
        write(serving.scene, "worker", "meanwhile")
        yield next(iter(filter(None, lines(server, path, **query))))

    monkeypatch.setattr(Server, "lines", failing)
    monkeypatch.setattr(application_log, "AGAIN", 0.0)
    answer = shipway(*PROD, "-f")
    assert [line.split()[-1] for line in answer.out.splitlines()] == ["before", "meanwhile"]
    assert "asked again" in answer.err
    assert asked[0] == asked[1] != asked[2]
