"""A report as a typed value: what is of use of it, whatever shape the rest has.

Everything in it comes from an application, so nothing is taken on trust: what has not the expected type is not
there, and lists have an end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from shipway.hosts.foreign import is_built_in, is_foreign, is_javas
from shipway.signals.errors import askers

FRAMES = 100
RAISED = 10
VARIABLES = 20
LINES = 5  # of the source, before and after
_SET_APART = re.compile(r"(^|/)(site-packages|dist-packages|node_modules|lib/python3[^/]*)/|^node:|^<|^internal/")
"""By path, where a report does not say. Never changed: errors that are known would become new ones."""


@dataclass(frozen=True)
class Frame:
    """One call. `file` is as the application names it, `path` whole; `own`: code of the application itself.
    `counted`: by it reports are told apart, which stays as it was whatever is known to be foreign later.
    """

    function: str
    module: str
    file: str
    path: str
    line: int
    own: bool
    counted: bool
    source: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    variables: Mapping[str, str]


@dataclass(frozen=True)
class Raised:
    """An exception with its calls, the outermost first."""

    type: str
    value: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True)
class Event:
    """`raised` has what caused the others first. `template` is the message before numbers were put into it.

    `check` is which check of Shipway's asked, empty where somebody else did or the report does not say.
    """

    id: str
    level: str
    message: str
    template: str
    raised: tuple[Raised, ...]
    request: str
    release: str
    platform: str
    server: str
    handled: bool
    fingerprint: tuple[str, ...]
    check: str


def read(told: Mapping[str, Any]) -> Event:
    """What a report says."""
    entry = _mapping(told.get("logentry")) or _mapping(told.get("message"))
    message = _text(told.get("message")) or _text(entry.get("formatted")) or _text(entry.get("message"))
    values = _values(told.get("exception"))[-RAISED:]
    return Event(
        id=_text(told.get("event_id")),
        level=_text(told.get("level")) or "error",
        message=message,
        template=_text(entry.get("message")) or message,
        raised=tuple(_raised(value) for value in values) or _without_exception(told),
        request=_request(told),
        release=_text(told.get("release")),
        platform=_text(told.get("platform")),
        server=_text(told.get("server_name")),
        handled=all(_mapping(value.get("mechanism")).get("handled") is not False for value in values),
        fingerprint=tuple(filter(None, map(_text, _list(told.get("fingerprint")))))[:20],
        check=askers.own(_mapping(told.get("request")).get("headers")),
    )


def _raised(value: Mapping[str, Any]) -> Raised:
    return Raised(_text(value.get("type")), _text(value.get("value")), _frames(value.get("stacktrace")))


def _without_exception(told: Mapping[str, Any]) -> tuple[Raised, ...]:
    """A message may bring the calls that led to it."""
    threads = _values(told.get("threads"))
    stacks = [told.get("stacktrace"), *(each.get("stacktrace") for each in threads if each.get("current"))]
    found = [frames for frames in map(_frames, stacks) if frames]
    return (Raised("", "", found[0]),) if found else ()


def _frames(stacktrace: Any) -> tuple[Frame, ...]:
    """The last ones of a long stack: they are nearest to what went wrong."""
    return tuple(_frame(frame) for frame in _mappings(_mapping(stacktrace).get("frames"))[-FRAMES:])


def _frame(told: Mapping[str, Any]) -> Frame:
    file, path = _text(told.get("filename")), _text(told.get("abs_path"))
    line, said = told.get("lineno"), told.get("in_app")
    function, module = _text(told.get("function")), _text(told.get("module"))
    return Frame(
        function=function,
        module=module,
        file=file or path,
        path=path or file,
        line=line if isinstance(line, int) and 0 < line < 10_000_000 else 0,
        own=_is_own(said, file, path, f"{module}.{function}"),
        counted=said if isinstance(said, bool) else not _SET_APART.search(path or file),
        source=_text(told.get("context_line")),
        before=_lines(told.get("pre_context"))[-LINES:],
        after=_lines(told.get("post_context"))[:LINES],
        variables=_variables(told.get("vars")),
    )


def _is_own(said: Any, file: str, path: str, call: str) -> bool:
    """An SDK knows which package is the application's own; some take a part of the language for that too."""
    if is_built_in(file) or is_built_in(path) or ((not file or file.endswith(".java")) and is_javas(call)):
        return False
    return said if isinstance(said, bool) else not is_foreign(path or file)


def _variables(told: Any) -> dict[str, str]:
    found = list(_mapping(told).items())[:VARIABLES]
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in found}


def _request(told: Mapping[str, Any]) -> str:
    """The method and the path; what follows `?` is where secrets are, and is left out."""
    request, transaction = _mapping(told.get("request")), _text(told.get("transaction"))
    try:
        path = urlsplit(_text(request.get("url"))).path
    except ValueError:
        path = ""
    shown = path or transaction.partition("?")[0]
    return " ".join(filter(None, [_text(request.get("method")) if path else "", shown]))


def _values(told: Any) -> list[Mapping[str, Any]]:
    """Lists come bare, or as `values` of an object."""
    return _mappings(_mapping(told).get("values") if isinstance(told, dict) else told)


def _mappings(told: Any) -> list[Mapping[str, Any]]:
    return [each for each in _list(told) if isinstance(each, dict)]


def _lines(told: Any) -> tuple[str, ...]:
    return tuple(each for each in _list(told) if isinstance(each, str))


def _mapping(told: Any) -> Mapping[str, Any]:
    return told if isinstance(told, dict) else {}


def _list(told: Any) -> list[Any]:
    return told if isinstance(told, list) else []


def _text(told: Any) -> str:
    if isinstance(told, str):
        return told
    return str(told) if isinstance(told, (int, float)) and not isinstance(told, bool) else ""
