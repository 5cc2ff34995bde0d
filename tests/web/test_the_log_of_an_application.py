"""What an application prints can be searched, and followed as it comes; by whoever may, and at little cost."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest

from shipway.web import log_feeds, log_searches
from support.hostile import LINES
from web.server import Answer, Site
from web.written import write

PAGE = "/applications/topup/environments/prod/log"
PROD = "/api/v1/applications/topup/environments/prod/logs"
TRACE = """\
2026-11-27 12:00:00,123 ERROR topup.web charge failed
Traceback (most recent call last):
  File "web.py", line 3, in charge
    drawer["cents"]
KeyError: 'cents'"""


@pytest.fixture
def serving(site: Site) -> Site:
    site.scene.application("topup")
    site.scene.deliver(site.scene.push("topup", "One"))
    return site


def ask(site: Site, **query: object) -> Answer:
    return site.get(f"{PROD}?{urlencode(query)}")


def texts(site: Site, **query: object) -> list[str]:
    answer = ask(site, **query)
    assert answer.status == 200, answer.text
    return [one["text"] for one in answer.json["entries"]]


@contextmanager
def stream(site: Site, **query: object) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    connection.request("GET", f"{PROD}?{urlencode({**query, 'follow': 1})}", headers=site.bearer())
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    yield answer
    answer.close()
    connection.close()


def line(answer: http.client.HTTPResponse) -> Any:
    """The next one, read as strictly as a browser does."""
    while not (said := answer.readline()).strip():
        assert said, "the stream has ended"
    return json.loads(said, parse_constant=pytest.fail)


def test_every_line_has_its_moment_level_release_process_and_instance(serving: Site) -> None:
    before = time.time()
    write(serving.scene, "web", "WARNING: low on coins", position=1)
    (entry,) = ask(serving).json["entries"]
    assert before <= entry["at"] <= time.time()
    assert {name: entry[name] for name in ("level", "release", "process", "instance", "message")} == {
        "level": "warning",
        "release": 1,
        "process": "web",
        "instance": "web.1",
        "message": "WARNING: low on coins",
    }


def test_a_stack_trace_belongs_to_its_line(serving: Site) -> None:
    write(serving.scene, "worker", "INFO: tick", *TRACE.split("\n"), "INFO: tock")
    assert texts(serving, order="oldest") == ["INFO: tick", TRACE, "INFO: tock"]
    assert texts(serving, level="error") == [TRACE]
    assert texts(serving, search="KEYERROR") == [TRACE]


def test_it_is_narrowed_down(serving: Site) -> None:
    scene = serving.scene
    write(scene, "web", "ERROR: of the first", release=1, position=0)
    scene.deliver(scene.push("topup", "Two"))
    write(scene, "web", "charge 7 of Ärger", position=0)
    write(scene, "web", "charge 12", position=1)
    write(scene, "worker", "DEBUG: tick")
    assert texts(serving, release="r1") == ["ERROR: of the first"]
    assert texts(serving, process="worker") == ["DEBUG: tick"]
    assert texts(serving, instance="web.1") == ["charge 12"]
    assert texts(serving, search="CHARGE") == ["charge 12", "charge 7 of Ärger"]
    assert texts(serving, search="ärGER") == ["charge 7 of Ärger"]
    assert texts(serving, regex=r"charge \d\d$") == ["charge 12"]
    assert texts(serving, level="info", release=2) == ["charge 12", "charge 7 of Ärger"]
    assert texts(serving, since="1h", until=time.time() + 9) == texts(serving)
    assert texts(serving, since="2100-01-01") == []
    assert texts(serving, until="2020-01-01T00:00:00Z") == []


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_pages_follow_one_another_without_gap_or_repeat_while_more_is_written(serving: Site, order: str) -> None:
    for number in range(12):
        write(serving.scene, "web", f"line {number}")
    whole = texts(serving, order=order)
    assert len(whole) == 24
    found: list[str] = []
    more = None
    while True:
        page = ask(serving, order=order, limit=5, **({} if more is None else {"from": more})).json
        found += [one["text"] for one in page["entries"]]
        write(serving.scene, "worker", "meanwhile")
        more = page["more"]
        if more is None or (order == "oldest" and "meanwhile" in found):
            break
    assert [text for text in found if text != "meanwhile"] == whole


UNREADABLE: list[tuple[dict[str, str], str]] = [
    ({"level": "loud"}, "There are: debug, info, warning, error, critical."),
    ({"regex": "(a"}, "missing )"),
    ({"regex": "(?=a)"}, "RE2"),
    ({"since": "yesterday"}, "10m"),
    ({"release": "first"}, "such as 12 or r12"),
    ({"release": "99"}, "no release"),
    ({"process": "nope"}, "There are: web, worker."),
    ({"instance": "web.9"}, "There are: web.0, web.1, worker.0."),
    ({"order": "best"}, "newest"),
    ({"from": "there"}, "position"),
    ({"since": "1m", "until": "2m"}, "before"),
    ({"limit": "many"}, "whole number"),
    ({"search": "x" * 500}, "400"),
]


def test_what_cannot_be_looked_for_is_said(serving: Site) -> None:
    for query, said in UNREADABLE:
        for more in ({}, {"follow": "1"}):
            answer = ask(serving, **query, **more)
            assert answer.status in (400, 404), query
            assert said in answer.text


def test_a_pattern_that_would_take_for_ever_does_not(serving: Site) -> None:
    write(serving.scene, "worker", "a" * 5000)
    assert texts(serving, regex="(a+)+b") == []
    assert texts(serving, regex="(a|aa)+$") == ["a" * 5000]


def test_a_secret_is_neither_shown_nor_found(serving: Site) -> None:
    """An earlier version left it on the disk; today it does not get that far."""
    serving.scene.configure("topup", "prod", {}, ["API_KEY"])
    write(
        serving.scene,
        "worker",
        "key a long one here",
        "YSBsb25nIG9uZQ==",
        '{"msg": "a long one", "level": "info"}',
    )
    assert texts(serving, order="oldest") == ["key *** here", "***", '{"msg": "***", "level": "info"}']
    assert texts(serving, search="a long") == []
    assert texts(serving, search="key") == ["key *** here"]
    with stream(serving, search="long", **{"from": "1.a"}) as answer:
        write(serving.scene, "worker", "a long one", "as long as this")
        assert line(answer)["text"] == "as long as this"


GUESSES: list[dict[str, str]] = [
    {"search": "a long o"},
    {"search": "API_KEY is a"},
    {"regex": "is a long .ne"},
    {"regex": r"is (\*\*\*|a l)"},
    {"regex": r"(\*\*\*|a long one) (here|there)"},
]


@pytest.mark.parametrize("right", GUESSES, ids=repr)
def test_whether_a_guess_at_a_secret_is_right_changes_no_answer(serving: Site, right: dict[str, str]) -> None:
    """Not even where another page begins, nor whether there is one."""
    serving.scene.configure("topup", "prod", {}, ["API_KEY"])
    write(serving.scene, "worker", "API_KEY is a long one here", "and on")
    wrong = {how: text.replace("a l", "b l").replace("is a", "is b") for how, text in right.items()}
    guessed, otherwise = (ask(serving, limit=1, **how).json for how in (right, wrong))
    assert {**guessed, "follow": ""} == {**otherwise, "follow": ""}


def test_no_line_takes_the_log_away(serving: Site) -> None:
    lines = ["before", *LINES, "after"]
    with stream(serving) as answer:
        write(serving.scene, "worker", *lines)
        told = [line(answer)["text"] for _ in lines]
    assert told == texts(serving, order="oldest") == lines
    shown = serving.ask("GET", PAGE, serving.sign_in())
    assert (shown.status, shown.text.count("<li id=")) == (200, len(lines))


def test_where_the_log_begins_is_said(serving: Site) -> None:
    assert ask(serving).json["begins"] is None
    write(serving.scene, "worker", "first")
    first = ask(serving).json["entries"][0]["at"]
    write(serving.scene, "worker", "second")
    page = ask(serving, search="nothing").json
    assert page["begins"] == first
    assert page["more"] is None


def test_a_search_that_takes_long_tells_how_far_it_came_and_goes_on(
    serving: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_searches, "SECONDS", 1e-9)
    monkeypatch.setattr(log_searches.Searches.page, "__defaults__", (1e-9,))
    write(serving.scene, "worker", "needle")
    page = ask(serving, search="needle").json
    assert page["entries"] == []
    assert page["reached"] is not None
    monkeypatch.setattr(log_searches.Searches.page, "__defaults__", (30.0,))
    assert texts(serving, search="needle", **{"from": page["more"]}) == ["needle"]


def test_what_comes_is_told_in_order_from_where_one_was(serving: Site) -> None:
    write(serving.scene, "web", "before")
    page = ask(serving).json
    write(serving.scene, "worker", "meanwhile")
    with stream(serving, **{"from": page["follow"]}) as answer:
        assert line(answer)["text"] == "meanwhile"
        write(serving.scene, "worker", *TRACE.split("\n"))
        write(serving.scene, "web", "and on")
        told = [line(answer) for _ in range(3)]
        assert [one["text"] for one in told] == [TRACE, "and on", "and on"]
    with stream(serving, **{"from": told[0]["position"]}) as answer:
        assert [line(answer)["position"] for _ in range(2)] == [one["position"] for one in told[1:]]


def test_only_what_is_looked_for_is_told(serving: Site) -> None:
    with stream(serving, level="error", process="web") as answer:
        write(serving.scene, "worker", "ERROR: not that")
        write(serving.scene, "web", "INFO: nor that", position=0)
        write(serving.scene, "web", "ERROR: but that", position=1)
        assert line(answer)["text"] == "ERROR: but that"


def test_whoever_was_away_for_long_gets_the_newest_and_is_told_of_the_rest(
    serving: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shipway.web.logs.MISSED", 5)
    monkeypatch.setattr(log_feeds, "BACK", -1)  # what was written lies before everything a feed reads
    for number in range(9):
        write(serving.scene, "worker", f"line {number}")
    with stream(serving, **{"from": "1.a"}) as answer:
        more = line(answer)["left_out"]
        assert [line(answer)["text"] for _ in range(5)] == [f"line {number}" for number in range(4, 9)]
    assert texts(serving, **{"from": more}) == [f"line {number}" for number in reversed(range(4))]


def test_a_log_that_is_turned_is_followed_over_the_turn(serving: Site) -> None:
    log = serving.scene.places.instance_log("topup", "prod", "topup.prod.r1.worker.0")
    with stream(serving, process="worker") as answer:
        for number in range(30):
            write(serving.scene, "worker", f"line {number}")
            if number % 10 == 9:
                os.replace(log, f"{log}.{number:06d}")
        assert [line(answer)["text"] for _ in range(30)] == [f"line {number}" for number in range(30)]


def test_all_who_ask_the_same_are_told_by_one_reader_and_one_who_never_reads_holds_back_nobody(
    serving: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers: list[object] = []
    begin = log_feeds.Feed.read

    async def counted(feed: log_feeds.Feed) -> None:
        readers.append(feed)
        await begin(feed)

    monkeypatch.setattr(log_feeds.Feed, "read", counted)
    monkeypatch.setattr(log_feeds, "KEPT", 20_000)
    with ExitStack() as opened:
        lazy = opened.enter_context(stream(serving))
        viewers = [opened.enter_context(stream(serving)) for _ in range(10)]
        for number in range(20):
            write(serving.scene, "worker", f"line {number} {'x' * 25_000}")
            for viewer in viewers:
                assert line(viewer)["text"].startswith(f"line {number} ")
        assert len(readers) == 1
        (feed,) = readers
        assert feed._size <= 80_000  # type: ignore[attr-defined]
        assert lazy is not None


def test_too_many_searches_are_turned_away(serving: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_feeds, "MOST", 1)
    with stream(serving) as answer:
        write(serving.scene, "worker", "one")
        assert line(answer)["text"] == "one"
        answered = ask(serving, search="other", follow=1)
        assert answered.status == 503
        assert answered.json["error"]["id"] == "signals.too_many_followers"
    monkeypatch.setattr(log_searches, "MOST_WAITING", 0)
    answered = ask(serving)
    assert answered.status == 503
    assert answered.json["error"]["id"] == "signals.too_many_searches"


def test_a_search_ends_with_whoever_asked(serving: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    began, ended = threading.Event(), threading.Event()

    async def endless(*_: object) -> dict[str, Any]:
        began.set()
        try:
            await asyncio.sleep(600)
        finally:
            ended.set()
        return {}

    monkeypatch.setattr(log_searches, "_carried_out", endless)
    connection = http.client.HTTPConnection("127.0.0.1", serving.port)
    connection.request("GET", PROD, headers=serving.bearer())
    assert began.wait(60)
    connection.close()
    assert ended.wait(60)


def test_nobody_without_a_token_is_told(serving: Site) -> None:
    assert serving.ask("GET", PROD).status == 401
    assert serving.ask("GET", f"{PROD}?follow=1").status == 401
