"""What a JSON Schema made by pydantic allows at a place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shipway.config.problems import Path

Schema = dict[str, Any]


def keys_at(schema: Schema, path: Path) -> list[str]:
    """The keys that may be written in the mapping at `path`."""
    return [key for place in _at(schema, path) for key in place.get("properties", {})]


def is_length(schema: Schema, path: Path) -> bool:
    """Whether a length of time is written at `path`."""
    return any(place.get("format") == "length of time" for place in _at(schema, path))


def _at(schema: Schema, path: Path) -> list[Schema]:
    places = list(forms(schema, schema))
    for part in path:
        places = [form for place in places for inner in _inside(place, part) for form in forms(schema, inner)]
    return places


def forms(schema: Schema, part: Schema) -> Iterator[Schema]:
    """The ways in which a part may be written: itself, and what its `anyOf` allows; references resolved."""
    part = _resolved(schema, part)
    yield part
    for form in part.get("anyOf", []):
        yield from forms(schema, form)


def _inside(place: Schema, part: str | int) -> Iterator[Schema]:
    if isinstance(part, int):
        inner = place.get("items")
    else:
        inner = place.get("properties", {}).get(part, place.get("additionalProperties"))
    if isinstance(inner, dict):
        yield inner


def _resolved(schema: Schema, part: Schema) -> Schema:
    while "$ref" in part:
        part = schema["$defs"][part["$ref"].rpartition("/")[2]]
    return part
