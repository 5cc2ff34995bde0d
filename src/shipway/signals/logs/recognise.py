"""What a line says about itself: its level, its message and, if it is JSON, what else there is in it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from shipway.signals.logs import levels

HEAD = 240  # characters of a line in which its level is looked for
LARGEST = 256 * 1024  # characters of a line that is read as JSON
DEEPEST = 32  # objects and lists within one another, in JSON
COLOURS = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]")

_LEVELS = ("level", "severity", "levelname", "lvl", "log.level", "loglevel", "severity_text", "severityText", "@l")
_MESSAGES = ("message", "msg", "event", "@m", "short_message", "body", "text")
_TIMES = ("timestamp", "time", "ts", "@timestamp", "@t", "asctime", "datetime", "eventTime")
_LOGGERS = ("logger", "logger_name", "name", "component", "module")
_STACKS = ("exc_info", "exception", "stack", "stack_trace", "stacktrace", "traceback", "error.stack_trace")
_ERRORS = ("err", "error", "exception")

_WORD = "|".join(levels.WORDS)
_TIME = (
    r"\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?Z| ?[+-]\d\d:?\d\d)?\]?"
    r"|\[?\d\d:\d\d:\d\d(?:[.,]\d+)?\]?"
    r"|\[\w{3} \w{3} +\d+ \d\d:\d\d:\d\d(?:\.\d+)? \d{4}\]"
    r"|\w{3} +\d+ \d\d:\d\d:\d\d"
)
_TOKEN = r"\w[\w.$/@#]{0,60}(?:-[\w.$/@#]{1,60}){0,4}"
_BEHIND_TIME = re.compile(
    rf"^(?P<time>{_TIME})[\s|:,-]*(?:(?:\[[^\[\]]{{0,60}}\]|\([^()]{{0,60}}\)|{_TOKEN})[\s|:,-]+){{0,3}}?"
    rf"[\[(<]?(?:\w+:)?(?P<level>{_WORD.upper()}|(?<=[\[(<:])(?:{_WORD})|(?:{_WORD})(?=\]))"
    r"[\])>]?(?=[\s:|,-]|$)"
)
_FIRST = re.compile(
    rf"^(?:[\[(<](?P<inside>{_WORD})[\])>]|(?P<named>{_WORD}):|(?P<upper>{_WORD.upper()})(?=[\s|,\[-]|$))",
    re.IGNORECASE,
)
_KLOG = re.compile(r"^(?P<level>[IWEF])\d{4,8} (?P<time>\d\d:\d\d:\d\d\.\d+)\s+\d+ \S+:\d+\] ")
_RUBY = re.compile(r"^(?P<level>[DIWEFA]), \[(?P<time>[^\]#]{10,40})")
_SYSLOG = re.compile(r"^<(?P<priority>\d{1,3})>")
_LOGFMT = re.compile(r'(?:^|\s)(?:level|lvl|severity)="?(?P<level>\w+)')
_RAISED = re.compile(
    r"^(?:Traceback \(most recent call last\)|Exception in thread |Unhandled exception|Uncaught "
    r"|[A-Za-z_][\w.$]{0,120}(?:Error|Exception|Throwable)(?::|$))"
)
_ABORTED = re.compile(r"^(?:panic: |fatal error: |thread '[^']*' panicked at )")
_BEFORE_TIME = tuple("[JFMASOND")
_LETTERS = {"D": "debug", "I": "info", "W": "warning", "E": "error", "F": "critical", "A": "info"}


@dataclass(frozen=True)
class Said:
    """What one line says; `level` is None where it says none. `known` is whether it has the form of a logger."""

    message: str
    level: str | None = None
    timestamp: str = ""
    logger: str = ""
    stack: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    known: bool = False


def recognise(line: str) -> Said:
    """What a line says, be it JSON or one of the common plain forms; never fails."""
    stripped = line.strip()
    if stripped.startswith("{") and stripped.endswith("}") and len(stripped) <= LARGEST:
        with suppress(ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
            return _json(stripped)
    level, time = plain(line)
    return Said(line, level, time, known=level is not None)


def plain(line: str) -> tuple[str | None, str]:
    """The level of a line that is not JSON, and the time it names."""
    head = line[:HEAD]
    if "\x1b" in head:
        head = COLOURS.sub("", head)
    head = head.lstrip()
    first = head[:1]
    if (first.isdigit() or first in _BEFORE_TIME) and (found := _BEHIND_TIME.match(head)):
        return levels.of_word(found["level"]), found["time"].strip("[]")
    if first in _LETTERS and (found := _KLOG.match(head) or _RUBY.match(head)):
        return _LETTERS[found["level"]], found["time"]
    if first == "<" and (found := _SYSLOG.match(head)):
        return levels.of_syslog(int(found["priority"]) % 8), ""
    if "=" in head and (found := _LOGFMT.search(head)):
        return levels.of_word(found["level"]), ""
    if found := _FIRST.match(head):
        upper = found["upper"]
        if upper is None or upper.isupper():
            return levels.of_word(found["inside"] or found["named"] or upper), ""
    return raised(head), ""


def raised(line: str) -> str | None:
    """The level of a line with which a program tells, unasked, that it failed."""
    if not line[:1].isalpha() and not line.startswith("_"):
        return None
    if _RAISED.match(line):
        return "error"
    return "critical" if _ABORTED.match(line) else None


def _json(text: str) -> Said:
    """Raises ValueError or RecursionError where it is none, or nested too deep."""
    rest = json.loads(text, parse_constant=str, parse_float=_number)
    if not _is_shallow(rest, DEEPEST):
        raise ValueError("nested too deep")
    found = {what: _take(rest, names) for what, names in _PARTS.items()}
    error: dict[str, Any] = next((rest.pop(name) for name in _ERRORS if isinstance(rest.get(name), dict)), {})
    stack = found["stack"] or error.get("stack") or error.get("stack_trace") or ""
    message = found["message"] if found["message"] is not None else error.get("message", "")
    return Said(
        message=_text(message) or text,
        level=_level(found["level"], rest),
        timestamp=_text(found["time"]),
        logger=_text(found["logger"]),
        stack="\n".join(map(_text, stack)) if isinstance(stack, list) else _text(stack),
        fields=rest,
        known=True,
    )


_PARTS = {"level": _LEVELS, "message": _MESSAGES, "time": _TIMES, "logger": _LOGGERS, "stack": _STACKS}


def _number(text: str) -> float | str:
    """What JSON has no number for stays as it was written."""
    number = float(text)
    return number if math.isfinite(number) else text


def _is_shallow(value: Any, most: int) -> bool:
    if not isinstance(value, (dict, list)):
        return True
    within = value.values() if isinstance(value, dict) else value
    return most > 0 and all(_is_shallow(each, most - 1) for each in within)


def _take(value: dict[str, Any], names: tuple[str, ...]) -> Any:
    """The first of these that is there and not an object, taken out."""
    for name in names:
        if value.get(name) is not None and not isinstance(value[name], (dict, bool)):
            return value.pop(name)
    return None


def _level(said: Any, rest: Mapping[str, Any]) -> str | None:
    number = rest.get("severityNumber", rest.get("severity_number"))
    if isinstance(said, str):
        return levels.of_word(said) or (levels.of_number(float(said)) if said.isdecimal() else None)
    if isinstance(said, (int, float)) and 0 <= said < 1000:
        return levels.of_number(said)
    if isinstance(number, int) and not isinstance(number, bool):
        return levels.of_opentelemetry(number)
    log = rest.get("log")
    return levels.of_word(str(log.get("level"))) if isinstance(log, dict) else None


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
