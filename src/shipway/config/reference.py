"""The reference of a configuration file, written from the settings themselves so that it cannot lag."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from shipway.config import durations
from shipway.config.schema import Schema, forms

VALUES = """\
A length of time is written `30s`, `15m`, `2h` or `1d`. Text is taken exactly as it stands: `python: 3.10` is 3.10
and `env: {COUNTRY: NO}` is NO; only `true` and `false` are true and false. Nothing is substituted: values reach a
command as environment variables. A file has at most 256 KiB; tags, merge keys and a key written twice are
refused."""

HEADER = "| key | value | default | |\n| --- | --- | --- | --- |"


def page(model: type[BaseModel], title: str, example: str) -> str:
    """Markdown: the example, then a table of keys for the file and for each mapping in it."""
    schema = model.model_json_schema()
    lines = [f"# {title}", "", _text(schema), "", "```yaml", example.strip(), "```", "", VALUES]
    for path, mapping in _mappings(schema, schema, ""):
        lines += ["", f"## `{path}`" if path else "## The whole file", ""]
        lines += [_text(mapping), ""] if path else []
        lines += [HEADER, *_rows(schema, mapping)]
    return "\n".join(lines) + "\n"


def _mappings(schema: Schema, mapping: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """The mapping and all below it, each with its path: `steps.<name>`, `environments[]`."""
    yield path, mapping
    for key, value in mapping["properties"].items():
        for beyond, inner in _inner(schema, value):
            if "properties" in inner:
                yield from _mappings(schema, inner, f"{path}.{key}{beyond}".lstrip("."))


def _inner(schema: Schema, value: Schema) -> Iterator[tuple[str, Schema]]:
    for form in forms(schema, value):
        yield "", form
        for beyond, part in (("[]", "items"), (".<name>", "additionalProperties")):
            if isinstance(form.get(part), dict):
                yield from ((beyond, inner) for inner in forms(schema, form[part]))


def _rows(schema: Schema, mapping: Schema) -> Iterator[str]:
    required = mapping.get("required", [])
    for key, value in mapping["properties"].items():
        default = "**required**" if key in required else _default(value)
        yield f"| `{key}` | {_kind(schema, value)} | {default} | {_text(value)} |"


def _kind(schema: Schema, value: Schema) -> str:
    return " or ".join(dict.fromkeys(_one_kind(schema, form) for form in forms(schema, value) if _says(form)))


def _says(form: Schema) -> bool:
    return "anyOf" not in form and form.get("type") != "null"


def _one_kind(schema: Schema, form: Schema) -> str:
    if "format" in form:
        return str(form["format"])
    if "const" in form or "enum" in form:
        return ", ".join(f"`{choice}`" for choice in form.get("enum", [form.get("const")]))
    if form.get("type") == "array":
        return f"list of {_kind(schema, form['items'])}"
    if isinstance(form.get("additionalProperties"), dict):
        return f"names with {_kind(schema, form['additionalProperties'])}"
    return _PLAIN[form["type"][0] if isinstance(form["type"], list) else form["type"]] + _bounds(form)


_PLAIN = {"string": "text", "integer": "whole number", "boolean": "`true`, `false`", "object": "mapping"}


def _bounds(form: Schema) -> str:
    least, most = form.get("minimum"), form.get("maximum")
    return f" {least}..{most}" if least is not None and most is not None else ""


def _default(value: Schema) -> str:
    default: Any = value.get("default")
    if value.get("format") == durations.FORMAT:
        return f"`{durations.text(default)}`"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, list) and default and isinstance(default[0], dict):
        return f"`[{', '.join(str(each['name']) for each in default)}]`"
    return f"`{default}`" if default not in (None, [], {}) and not isinstance(default, dict) else ""


def _text(part: Schema) -> str:
    return " ".join(str(part.get("description", "")).split())
