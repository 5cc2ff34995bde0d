"""What the server answers, told in words: for the page of the API, and as OpenAPI for programs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shipway import __version__

API = "/api/v1"
WHO = {
    "public": "anybody",
    "metrics": "whoever has a token, also one for metrics alone",
    "user": "whoever has a token",
    "owner": "an owner",
}


@dataclass(frozen=True)
class Endpoint:
    """One method of one address: who may call it (public, metrics, user, owner), of which group, what it does.

    `instead` is the address that took its place, if one did.
    """

    method: str
    path: str
    who: str
    group: str
    says: str
    instead: str = ""

    @property
    def summary(self) -> str:
        """The first paragraph of what it does, on one line."""
        return " ".join(self.says.split("\n\n", 1)[0].split())

    @property
    def more(self) -> str:
        return " ".join(self.says.partition("\n\n")[2].split())

    @property
    def anchor(self) -> str:
        """What an address of the reference names it by, such as `get-api-v1-runs-run`."""
        return re.sub(r"\W+", "-", f"{self.method} {self.path}".lower()).strip("-")

    @property
    def parameters(self) -> list[str]:
        """The parts of the path that the caller fills in."""
        return re.findall(r"\{(\w+)", self.path)


def openapi(endpoints: Sequence[Endpoint], address: str) -> dict[str, Any]:
    """The addresses under /api/v1 as an OpenAPI document. What bodies hold is told in words, in `description`."""
    paths: dict[str, dict[str, Any]] = {}
    for one in endpoints:
        if one.path.startswith(f"{API}/"):
            paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Shipway",
            "version": __version__,
            "description": "Everything the pages show and do. Times are seconds since 1970, absent things null.",
        },
        "servers": [{"url": address}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {
                "refused": {"description": "Why not, and what to do.", "content": {"application/json": REFUSED}}
            },
        },
    }


REFUSED = {
    "schema": {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["id", "message", "hint", "actor"],
                "properties": {name: {"type": "string"} for name in ("id", "message", "hint", "actor")},
            }
        },
    }
}


def _operation(one: Endpoint) -> dict[str, Any]:
    former = {"deprecated": True} if one.instead else {}
    moved = f"It is at {one.instead} now." if one.instead else None
    return {
        **former,
        "operationId": re.sub(r"\W+", "_", f"{one.method.lower()}{one.path.removeprefix(API)}").strip("_"),
        "tags": [one.group],
        "summary": one.summary,
        "description": " ".join(filter(None, [one.summary, one.more, moved, f"For {WHO[one.who]}."])),
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in one.parameters
        ],
        "security": [] if one.who == "public" else [{"token": []}],
        "x-who": one.who,
        "responses": {
            "200": {"description": "Done, or shown."},
            "default": {"$ref": "#/components/responses/refused"},
        },
    }
