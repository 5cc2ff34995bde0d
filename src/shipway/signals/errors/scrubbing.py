"""What of a report may leave this installation: all of it, but for secrets and what holds what people typed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from shipway.signals.errors.envelope import object_in
from shipway.signals.errors.secrecy import mask

_OF_A_REQUEST = ("method", "url")
_OF_A_RESPONSE = ("type", "status_code", "body_size")
_WITH_STACKS = ("exception", "threads")
_OF_A_CRUMB = ("http.query", "http.fragment")


def scrubbed(event: bytes, secrets: list[bytes]) -> bytes:
    """A report (JSON) without the user and the variables of its calls; of the request nothing but its method and
    the address of its path, of the response no more than what became of it; every secret in it is masked. Raises
    ReportUnreadable.
    """
    told = object_in(event)
    told.pop("user", None)
    for frame in _frames(told):
        frame.pop("vars", None)
    if isinstance(told.get("request"), dict):
        told["request"] = _request(told["request"])
    contexts = told.get("contexts")
    if isinstance(contexts, dict) and isinstance(answered := contexts.get("response"), dict):
        contexts["response"] = {name: answered[name] for name in _OF_A_RESPONSE if name in answered}
    for crumb in _values(told.get("breadcrumbs")):
        if isinstance(crumb.get("data"), dict):
            crumb["data"] = _crumb(crumb["data"])
    return json.dumps(mask(told, secrets)).encode()


def _frames(told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every call a report names, whosever stack it is on: of an exception, of a thread, of a message."""
    stacks = [one.get("stacktrace") for name in _WITH_STACKS for one in _values(told.get(name))]
    raw = [one.get("raw_stacktrace") for name in _WITH_STACKS for one in _values(told.get(name))]
    for stack in (told.get("stacktrace"), *stacks, *raw):
        frames = stack.get("frames") if isinstance(stack, dict) else None
        yield from (frame for frame in (frames if isinstance(frames, list) else []) if isinstance(frame, dict))


def _values(told: Any) -> list[dict[str, Any]]:
    """The mappings of a list, which may stand under `values`; of one alone, as the protocol allows too, itself."""
    values = told.get("values", [told]) if isinstance(told, dict) else told
    return [each for each in values if isinstance(each, dict)] if isinstance(values, list) else []


def _request(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _without_query(told[name]) for name in _OF_A_REQUEST if name in told}


def _crumb(told: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in told.items() if name not in _OF_A_CRUMB}
    return kept if "url" not in kept else {**kept, "url": _without_query(kept["url"])}


def _without_query(told: Any) -> Any:
    return told.partition("?")[0].partition("#")[0] if isinstance(told, str) else told
