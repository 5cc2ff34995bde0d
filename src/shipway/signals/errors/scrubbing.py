"""What of a report may leave this installation: all of it, but for secrets and what people typed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from shipway.signals.errors.envelope import object_in
from shipway.signals.errors.secrecy import mask

_OF_A_REQUEST = ("method", "url")
_OF_A_CRUMB = ("http.query", "http.fragment")


def scrubbed(event: bytes, secrets: list[bytes]) -> bytes:
    """A report (JSON) without the user, and of the request nothing but its method and its path's address; every
    secret in it is masked. Raises ReportUnreadable."""
    told = object_in(event)
    told.pop("user", None)
    if isinstance(told.get("request"), dict):
        told["request"] = _request(told["request"])
    crumbs = told.get("breadcrumbs")
    values = crumbs.get("values") if isinstance(crumbs, dict) else crumbs
    for crumb in values if isinstance(values, list) else []:
        if isinstance(crumb, dict) and isinstance(crumb.get("data"), dict):
            crumb["data"] = _crumb(crumb["data"])
    return json.dumps(mask(told, secrets)).encode()


def _request(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _without_query(told[name]) for name in _OF_A_REQUEST if name in told}


def _crumb(told: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in told.items() if name not in _OF_A_CRUMB}
    return kept if "url" not in kept else {**kept, "url": _without_query(kept["url"])}


def _without_query(told: Any) -> Any:
    return told.partition("?")[0].partition("#")[0] if isinstance(told, str) else told
