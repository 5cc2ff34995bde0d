"""What a JSON Schema made by pydantic allows at a place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shipway.config.problems import Path

Schema = dict[str, Any]


def keys_at(schema: Schema, path: Path) -> list[str]:
    """The keys that may be written in the mapping at `path`."""
    places = list(_forms(schema, schema))
    for part in path:
        places = [
            form for place in places for inner in _inside(place, part) for form in _forms(schema, inner)
        ]
    return [key for place in places for key in place.get("properties", {})]


def resolved(schema: Schema, part: Schema) -> Schema:
    """The part itself, or what its reference stands for."""
    while "$ref" in part:
        part = schema["$defs"][part["$ref"].rpartition("/")[2]]
    return part


def _forms(schema: Schema, part: Schema) -> Iterator[Schema]:
    part = resolved(schema, part)
    yield part
    for form in part.get("anyOf", []):
        yield from _forms(schema, form)


def _inside(place: Schema, part: str | int) -> Iterator[Schema]:
    if isinstance(part, int):
        inner = place.get("items")
    else:
        inner = place.get("properties", {}).get(part, place.get("additionalProperties"))
    if isinstance(inner, dict):
        yield inner
