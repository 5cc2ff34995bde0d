"""Settings one by one: what each means in the words of the reference, what counts, and where it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shipway.config import durations
from shipway.config.positions import Positions
from shipway.config.problems import Path, field
from shipway.config.schema import Schema, forms
from shipway.config.settings import Settings
from shipway.config.written import below

WORDS = {"boolean": "true or false", "integer": "whole number"}
NONE = "none"


@dataclass(frozen=True)
class Described:
    """One setting: `key` is `traffic.hold`, `says` its line of the reference, `value` what counts, in words.

    `line` is where it was written, counted from 1; None: nowhere, so that `value` is the usual one.
    """

    key: str
    says: str
    value: str
    line: int | None


@dataclass(frozen=True)
class Text:
    """What was written: the value of a text with its positions, and the model's value as JSON has it."""

    written: Any
    positions: Positions
    value: Mapping[str, Any]


def described(schema: Schema, text: Text) -> list[Described]:
    """Every setting of a text, in the order of the reference; those of parts that are not there are left out."""
    return list(_keys(schema, schema, text, text.value, ()))


def type_words(value: Schema) -> str:
    """In words what may be written."""
    if "anyOf" in value:
        return next(type_words(form) for form in value["anyOf"] if form.get("type") != "null")
    if "$ref" in value:
        return "see below"
    if "enum" in value or "const" in value:
        return " or ".join(f"`{word}`" for word in value.get("enum", [value.get("const")]))
    if value.get("type") == "array":
        return f"list, each: {type_words(value['items'])}"
    if value.get("type") == "object":
        return f"by name, each: {type_words(value['additionalProperties'])}"
    return str(value.get("format") or WORDS.get(str(value.get("type")), "text"))


def short_form(full: Schema) -> str | None:
    """The field for which a text may be written instead of the whole mapping."""
    models = {model.__name__: model for model in Settings.__subclasses__()}
    model = models.get(str(full.get("title")))
    return None if model is None else model.short_form


def _keys(schema: Schema, full: Schema, text: Text, value: Any, path: Path) -> Iterator[Described]:
    for name, part in full["properties"].items():
        inner = value.get(name) if isinstance(value, Mapping) else None
        yield from _part(schema, full, text, part, inner, (*path, name))


def _part(schema: Schema, full: Schema, text: Text, part: Schema, value: Any, path: Path) -> Iterator[Described]:
    mapping = _mapping(schema, part)
    many = _mapping(schema, part.get("additionalProperties", {})) or _mapping(schema, part.get("items", {}))
    if mapping is not None and isinstance(value, Mapping):
        yield from _keys(schema, mapping, text, value, path)
    elif many is not None and value:
        pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
        for name, inner in pairs:
            yield from _keys(schema, many, text, inner, (*path, name))
    else:
        line = _line(text, full, path)
        yield Described(field(path), str(part.get("description", "")), _words(part, value), line)


def _mapping(schema: Schema, part: Any) -> Schema | None:
    """The form of a part that has keys of its own."""
    if not isinstance(part, dict):
        return None
    return next((form for form in forms(schema, part) if "properties" in form), None)


def _line(text: Text, full: Schema, path: Path) -> int | None:
    """Where the setting was written: at its key, or as the short form of what is around it."""
    if path in text.positions.keys:
        return text.positions.keys[path][0]
    around = text.written
    for name in path[:-1]:
        around = around[name] if isinstance(around, list) and isinstance(name, int) else below(around, str(name))
    if isinstance(around, str) and path[-1] == short_form(full):
        return text.positions.of(path[:-1])[0]
    return None


def _words(part: Schema, value: Any) -> str:
    if value in (None, [], {}, ""):
        return NONE
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and _is_length(part):
        return durations.text(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_words({}, each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(_words(part.get("items", {}), each) for each in value)
    return str(value)


def _is_length(part: Schema) -> bool:
    return any(form.get("format") == "length of time" for form in (part, *part.get("anyOf", [])))
