"""A line tells its level in many languages, and what belongs to it stands below it."""

from __future__ import annotations

import json
import time

import pytest

from shipway.signals.logs import levels
from shipway.signals.logs.entries import grouped
from shipway.signals.logs.masks import Masks
from shipway.signals.logs.query import Query
from shipway.signals.logs.recognise import recognise
from shipway.signals.logs.search import matching
from shipway.signals.logs.sources import Source
from support.hostile import LINES

SOURCE = Source("r1.web.0", "", 1, "web", "web.0")

PLAIN = {
    "2026-11-27 12:00:00,123 ERROR topup.web charge failed": "error",
    "2026-11-27 12:00:00,123 - topup.web - WARNING - slow": "warning",
    "ERROR:root:boom": "error",
    "INFO:     Started server process [12]": "info",
    "[2026-11-27 12:00:00 +0000] [12] [INFO] Listening at": "info",
    "2026-11-27 12:00:00.123  WARN 123 --- [nio-8080-exec-1] c.e.Foo : slow": "warning",
    "12:00:00.123 [main] ERROR com.example.Foo - boom": "error",
    "[2026-11-27T12:00:00Z ERROR crate] boom": "error",
    "2026-11-27T12:00:00.123Z\tDEBUG\tmain/x.go:3\tboom": "debug",
    "2026/11/27 12:00:00 [error] 12#0: *1 open() failed": "error",
    "[Fri Nov 27 12:00:00.1 2026] [core:warn] [pid 1] slow": "warning",
    "2026-11-27 12:00:00 UTC [12] FATAL:  the database system is starting up": "critical",
    "E1127 12:00:00.123456   12 main.go:33] failed": "error",
    "W, [2026-11-27T12:00:00.1 #12]  WARN -- : slow": "warning",
    "<3>disk failed": "error",
    "<14>hello": "info",
    'time="2026-11-27" level=error msg="boom"': "error",
    "time=2026-11-27 level=WARN msg=slow": "warning",
    "info: Microsoft.Hosting.Lifetime[14]": "info",
    "\x1b[31mERROR\x1b[0m red": "error",
    "\x1b[2m2026-11-27T12:00:00.1Z\x1b[0m \x1b[32m INFO\x1b[0m green": "info",
    "KeyError: 'cents'": "error",
    'Exception in thread "main" java.lang.IllegalStateException: no': "error",
    "panic: runtime error": "critical",
    "User clicked the ERROR button": None,
    "An error occurred": None,
    "Information is power": None,
    "Log in please": None,
    '127.0.0.1 - - [27/Nov/2026] "GET /error HTTP/1.1" 200': None,
    "": None,
}
JSON = [
    ({"level": "warn", "msg": "m"}, "warning"),
    ({"severity": "CRITICAL", "message": "m"}, "critical"),
    ({"levelname": "ERROR", "message": "m", "exc_info": "Traceback"}, "error"),
    ({"level": 50, "msg": "m", "time": 1764}, "error"),
    ({"level": 30, "msg": "m"}, "info"),
    ({"level": 3, "short_message": "m"}, "error"),
    ({"log.level": "debug", "message": "m"}, "debug"),
    ({"log": {"level": "error"}, "message": "m"}, "error"),
    ({"@l": "Fatal", "@m": "m"}, "critical"),
    ({"severityNumber": 13, "body": "m"}, "warning"),
    ({"event": "m"}, None),
    ({"level": {"of": "nesting"}, "msg": "m"}, None),
    ({"level": True, "msg": "m"}, None),
    ({"level": 1e300, "msg": "m"}, None),
]


@pytest.mark.parametrize(("line", "level"), PLAIN.items(), ids=range(len(PLAIN)))
def test_a_plain_line(line: str, level: str | None) -> None:
    said = recognise(line)
    assert said.level == level
    assert said.message == line


@pytest.mark.parametrize(("told", "level"), JSON, ids=range(len(JSON)))
def test_a_line_of_json(told: dict[str, object], level: str | None) -> None:
    said = recognise(json.dumps(told))
    assert (said.message, said.level) == ("m", level)


def test_what_else_is_in_json_is_kept() -> None:
    error = {"type": "E", "message": "no", "stack": "E: no\n  at f"}
    said = recognise(json.dumps({"level": 50, "name": "web", "time": 1764, "account": 7, "err": error}))
    assert (said.message, said.logger, said.timestamp, said.stack) == ("no", "web", "1764", "E: no\n  at f")
    assert said.fields == {"account": 7}


@pytest.mark.parametrize("line", ["{", "{}", "{nope}", "{" * 100_000 + "}", '{"a": NaN}', "[1]", '{"msg": null}'])
def test_what_only_looks_like_json_is_a_line(line: str) -> None:
    assert recognise(line).message == line


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_what_is_said_can_be_sent_on_as_json_whatever_was_printed(line: str) -> None:
    (entry,) = (matching(SOURCE, group, Query(), Masks([])) for group in grouped([(0, line)]))
    assert entry is not None
    json.dumps(entry.as_dict(), allow_nan=False)


def test_a_number_that_json_does_not_have_is_kept_as_text() -> None:
    said = recognise('{"msg": "x", "a": NaN, "b": [-Infinity, 1e999, 1.5]}')
    assert (said.message, said.fields) == ("x", {"a": "NaN", "b": ["-Infinity", "1e999", 1.5]})


def test_a_line_that_is_not_understood_is_a_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(word: str) -> str:
        raise OverflowError(word)

    line = '{"level": "error", "msg": "x"}'
    monkeypatch.setattr(levels, "of_word", fails)
    assert recognise(line).message == line


@pytest.mark.parametrize("part", ["a", "a ", "[", "- ", " -", "(a) ", "[a] ", "a-", "ERRO", ":,", "\t|"])
def test_no_line_takes_long_to_recognise(part: str) -> None:
    began = time.process_time()
    for before in ("", "2026-11-27 12:00:00 ", "12:00:00 ", "Nov 27 12:00:00 "):
        recognise(before + part * 500_000)
    assert time.process_time() - began < 5, "seconds, where milliseconds are meant"


def test_worse_is_at_least_as_bad() -> None:
    assert [one for one in levels.LEVELS if levels.at_least(one, "warning")] == ["warning", "error", "critical"]
    assert levels.at_least(None, "info")
    assert not levels.at_least(None, "warning")


PYTHON = """\
ERROR: charge failed
Traceback (most recent call last):
  File "web.py", line 3, in charge
    drawer["cents"]
KeyError: 'cents'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "web.py", line 5, in charge
ValueError: no
INFO: go on"""
JAVA = """\
12:00:00.123 [main] ERROR Foo - boom
java.lang.IllegalStateException: no
\tat Foo.main(Foo.java:3)
Caused by: java.io.IOException: gone
\t... 12 more
12:00:00.124 [main] INFO Foo - on"""
ALONE = """\
plain
Traceback (most recent call last):
  File "web.py", line 3
KeyError: 'cents'
plain again"""
NODE = """\
TypeError: x is not a function
    at charge (/app/web.js:3:1)
listening"""


@pytest.mark.parametrize(
    ("text", "counts"), [(PYTHON, [11, 1]), (JAVA, [1, 4, 1]), (ALONE, [1, 3, 1]), (NODE, [2, 1])]
)
def test_a_stack_trace_is_one_entry(text: str, counts: list[int]) -> None:
    found = list(grouped(enumerate(text.split("\n"))))
    assert [len(group.lines) for group in found] == counts
    assert [line for group in found for line in group.lines] == text.split("\n")


def test_what_comes_much_later_does_not_belong_to_it() -> None:
    found = list(grouped([(0, "INFO: one"), (1, "  its own"), (5_000_000, "  an indented one")]))
    assert [group.lines for group in found] == [["INFO: one", "  its own"], ["  an indented one"]]


def test_an_entry_has_an_end() -> None:
    found = list(grouped(enumerate(["INFO: one", *["  more"] * 1000])))
    assert max(len(group.lines) for group in found) <= 401
    assert sum(len(group.lines) for group in found) == 1001
