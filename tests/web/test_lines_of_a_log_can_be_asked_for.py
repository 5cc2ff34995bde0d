"""The log of a step by its lines: by number, by what is in them, by the command they belong to."""

from __future__ import annotations

import pytest

from shipway.hosts.logs import opened
from web.server import Site

LOG = "/api/v1/runs/topup:1/log"


@pytest.fixture
def logged(site: Site) -> Site:
    site.scene.application("topup")
    run = site.scene.push("topup", "One")
    site.scene.begin(run)
    site.scene.step(run, "test", "failed", log="the attempt before\n")
    told = "$ make deps\n\x1b[31mred\nstill red\x1b[0m\n$ make test\n" + "x" * 10_000 + "\nno end"
    site.scene.step(run, "test", "running", log=told, attempt=2)
    return site


def test_lines_come_by_number_with_their_colours(logged: Site) -> None:
    told = logged.get(f"{LOG}/lines?step=test&from=3&limit=2").json
    assert told["before"] == "\x1b[31m"
    assert [(line["number"], line["text"]) for line in told["lines"]] == [
        (3, "still red\x1b[0m"),
        (4, "$ make test"),
    ]
    assert (told["count"], told["over"]) == (6, False)
    assert told["log"].endswith("/test/2")


def test_without_a_number_the_last_lines_come(logged: Site) -> None:
    last = logged.get(f"{LOG}/lines?step=test&limit=2").json["lines"]
    assert [line["text"][:6] for line in last] == ["xxxxxx", "no end"]
    assert (len(last[0]["text"]), last[0]["size"]) == (opened.CUT, 10_000)
    assert logged.get(f"{LOG}?step=test&line=5").text == "x" * 10_000
    assert logged.get(f"{LOG}?step=test&line=6").text == "no end"
    assert logged.get(f"{LOG}?step=test&line=7").text == ""
    assert logged.get(f"{LOG}/lines?step=test&from=100").json["lines"] == []


def test_an_older_attempt_has_its_own(logged: Site) -> None:
    told = logged.get(f"{LOG}/lines?step=test&attempt=1").json
    assert [line["text"] for line in told["lines"]] == ["the attempt before"]
    assert told["over"] is True


def test_commands_and_what_is_searched_are_found_by_line(logged: Site) -> None:
    told = logged.get(f"{LOG}/commands?step=test").json["commands"]
    assert [(one["line"], one["command"]) for one in told] == [(1, "make deps"), (4, "make test")]
    assert logged.get(f"{LOG}/search?step=test&text=MAKE").json["lines"] == [1, 4]
    assert logged.get(f"{LOG}/search?step=test&text=nowhere").json == {
        "lines": [],
        "next": None,
        "size": logged.get(f"{LOG}/lines?step=test").json["size"],
    }


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/search?step=test", 400),
        ("/search?step=test&text=" + "x" * 201, 400),
        ("/lines", 400),
        ("/lines?step=nothing", 404),
        ("/commands?step=test&attempt=9", 404),
        ("/lines?step=test&from=-1", 400),
    ],
)
def test_what_is_not_there_or_means_nothing_is_refused(logged: Site, path: str, status: int) -> None:
    assert logged.get(LOG + path).status == status
