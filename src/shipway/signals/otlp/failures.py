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

_BEGIN = "Traceback (most recent call last)"
_SOURCE = re.compile(r'^  File "([^"\n]{1,400})", line (\d{1,7}).*\n    (\S.*)$', re.MULTILINE)


def event(told: Any, sender: Sender, environment: str) -> dict[str, Any] | None:
    """What a log tells of an exception, as the protocol of Sentry has it; None for any other log."""
    found = attributes(told.attributes)
    kind, value = _text(found, "exception.type"), _text(found, "exception.message")
    stack = _text(found, "exception.stacktrace")
    if told.severity_number < ERROR or not (kind or stack):
        return None
    raised: dict[str, Any] = {"type": kind or "Error", "value": value}
    frames = _frames(stack)
    if frames:
        raised["stacktrace"] = {"frames": frames}
    asked = {"request": {"headers": {"User-Agent": agent}}} if (agent := _agent(found)) else {}
    return {
        "event_id": uuid.uuid4().hex,
        "level": level(told),
        "release": sender.commit,
        "environment": environment,
        "server_name": sender.instance,
        "exception": {"values": [raised]},
        **asked,
    }


def _agent(found: Mapping[str, Any]) -> str:
    """Who sent the request that went wrong, where the log says it, by the newer or the older convention."""
    return _text(found, "user_agent.original") or _text(found, "http.user_agent")


def _frames(stack: str) -> list[dict[str, Any]]:
    """The calls of the exception that was raised last, the outermost first."""
    last = stack[stack.rfind(_BEGIN) :] if _BEGIN in stack else stack
    sources = {(path, int(line)): source for path, line, source in _SOURCE.findall(last)}
    return [
        {
            "filename": call.file,
            "lineno": call.line,
            "function": call.function,
            "context_line": sources.get((call.path, call.line), ""),
        }
        for call in reversed(stacks.calls_in(last))
    ]


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""
