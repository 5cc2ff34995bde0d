"""A log that tells of an exception is a report of an error, as if an SDK of Sentry had sent it.

OpenTelemetry's logs carry a stack as text alone, so there is less of it: no variables, and one line of source
where the language prints it. The calls of Python and Node are read; of others type and message tell errors apart.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from shipway.signals import stacks
from shipway.signals.otlp.records import ERROR, level
from shipway.signals.otlp.request import attributes
from shipway.signals.otlp.resource import Sender

_BEGIN = re.compile(r"^(?:Exception Group )?Traceback \(most recent call last\):\n", re.MULTILINE)
_CALL = re.compile(r'  File "([^"\n]{1,400})", line (\d{1,7})(?:, in (\S{1,200}))?')
_RAISED = re.compile(r"(?:[\w<>]{1,200}\.)*(\w{1,200})(?:: (.*))?")
_OF_A_GROUP = re.compile(r"^ *(?:\| ?|\+ (?=Exception Group)|\+-.*)", re.MULTILINE)
_NODE = re.compile(r"\s+at ")
CALLS = 50
"""Of what was raised, the innermost ones."""
EXCEPTIONS = 50
"""Of a stack, those next to what the log tells of."""


def event(told: Any, sender: Sender, environment: str) -> dict[str, Any] | None:
    """What a log tells of an exception, as the protocol of Sentry has it; None for any other log."""
    found = attributes(told.attributes)
    kind, value = _text(found, "exception.type"), _text(found, "exception.message")
    stack = _text(found, "exception.stacktrace")
    if told.severity_number < ERROR or not (kind or stack):
        return None
    last = {"type": kind or "Error", "value": value}
    asked = {"request": {"headers": {"User-Agent": agent}}} if (agent := _agent(found)) else {}
    return {
        "event_id": uuid.uuid4().hex,
        "level": level(told),
        "release": sender.commit,
        "environment": environment,
        "server_name": sender.instance,
        "exception": {"values": _raised(stack, last)},
        **asked,
    }


def _agent(found: Mapping[str, Any]) -> str:
    """Who sent the request that went wrong, where the log says it, by the newer or the older convention."""
    return _text(found, "user_agent.original") or _text(found, "http.user_agent")


def _raised(stack: str, last: dict[str, Any]) -> list[dict[str, Any]]:
    """What was raised, each with its calls: what caused the others first, what the log tells of `last`."""
    if not _BEGIN.search(_plain(stack)):
        return [_with({**last}, _of_node(stack))]
    parts = _tracebacks(stack)
    return [*(_cause(part) for part in parts[:-1]), _with({**last}, _of_python(parts[-1]))]


def _tracebacks(stack: str) -> list[str]:
    """Those of a Python, what caused others first: it prints a group of exceptions before what is in it."""
    plain = _plain(stack)
    found = list(_BEGIN.finditer(plain))
    ends = [*(each.start() for each in found[1:]), len(plain)]
    parts = [(each[0], each.end(), end) for each, end in zip(found, ends, strict=True)]
    group = next((at for at, (head, *_) in enumerate(parts) if "Group" in head), len(parts))
    ordered = [*parts[:group], *reversed(parts[group:])]
    return [plain[begin:end] for _, begin, end in ordered[-EXCEPTIONS:]]


def _plain(stack: str) -> str:
    """Without the frame that Python draws around a group."""
    return _OF_A_GROUP.sub("", stack) if "Exception Group Traceback" in stack else stack


def _cause(traceback: str) -> dict[str, Any]:
    """One that the log names in its stack alone."""
    said = next((line for line in traceback.splitlines() if line and not line.startswith(" ")), "")
    named = _RAISED.fullmatch(said)
    told = {"type": named[1], "value": named[2] or ""} if named else {"type": "Error", "value": said}
    return _with(told, _of_python(traceback))


def _with(raised: dict[str, Any], frames: list[dict[str, Any]]) -> dict[str, Any]:
    return {**raised, "stacktrace": {"frames": frames}} if frames else raised


def _of_python(traceback: str) -> list[dict[str, Any]]:
    """The calls, the outermost first. What is said after them may read like one."""
    lines = traceback.splitlines()
    end = next((at for at, line in enumerate(lines) if line and not line.startswith(" ")), len(lines))
    frames = []
    for at, line in enumerate(lines[:end]):
        if call := _CALL.match(line):
            below = lines[at + 1] if at + 1 < end else ""
            source = below.strip() if below.startswith("    ") else ""
            frames.append(_frame(call[1], int(call[2]), call[3] or "", source))
    return frames[-CALLS:]


def _of_node(stack: str) -> list[dict[str, Any]]:
    lines = stack.splitlines()
    calls = [line for line in lines if _NODE.match(line)] or lines
    return [
        _frame(call.file, call.line, call.function, "") for call in reversed(stacks.calls_in("\n".join(calls)))
    ]


def _frame(file: str, line: int, function: str, source: str) -> dict[str, Any]:
    return {"filename": file, "lineno": line, "function": function, "context_line": source}


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""
