"""Writes docs/reference from the code: shipway.yml, the commands, the errors. `make docs` runs it.

Tests compare what it would write with what is written, so that the pages cannot lag.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import typer

import shipway
from shipway.cli import app
from shipway.config import durations
from shipway.config.described import short_form, type_words
from shipway.errors import ShipwayError, UserError
from shipway.project import Project

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
WRITTEN = "<!-- Written by `make docs`; change the text in the code. -->"
EXAMPLE = REFERENCE.parents[1] / "examples" / "topup" / "shipway.yml"
Schema = dict[str, Any]


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def page(*parts: str) -> str:
    return "\n\n".join([WRITTEN, *(part for part in parts if part)]) + "\n"


# --- shipway.yml


def project() -> str:
    schema = Project.schema()
    sections = [part for key, text in _sections(schema) for part in (f"## {key}", text)]
    example = f"```yaml\n{EXAMPLE.read_text()}```"
    return page("# shipway.yml", schema["description"], example, _keys(schema), *sections)


def _sections(schema: Schema) -> Iterator[tuple[str, str]]:
    """Each key whose value has keys of its own."""
    for key, value in schema["properties"].items():
        for place, name in _references(key, value):
            forms = schema["$defs"][name].get("anyOf", [schema["$defs"][name]])
            full = forms[-1]
            short = f" A text alone stands for `{short_form(full)}`." if len(forms) > 1 else ""
            yield f"`{place}`", f"{full['description']}{short}\n\n{_keys(full)}"


def _references(key: str, value: Schema) -> Iterator[tuple[str, str]]:
    places = [(key, value), *((key, form) for form in value.get("anyOf", []))]
    places += [(f"{key}.NAME", value.get("additionalProperties", {})), (f"{key}[]", value.get("items", {}))]
    for place, part in places:
        if isinstance(part, dict) and "$ref" in part:
            yield place, part["$ref"].rpartition("/")[2]


def _keys(full: Schema) -> str:
    required = full.get("required", [])
    rows = [
        (
            f"`{key}`",
            type_words(value),
            "required" if key in required else _default(value),
            value.get("description", ""),
        )
        for key, value in full["properties"].items()
    ]
    return table(["key", "value", "default", ""], rows)


def _default(value: Schema) -> str:
    default = value.get("default")
    if default in (None, [], {}, ""):
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if value.get("format") == "length of time":
        return f"`{durations.text(default)}`"
    if isinstance(default, list):
        return ", ".join(f"`{item['name'] if isinstance(item, dict) else item}`" for item in default)
    return "its defaults" if isinstance(default, dict) else f"`{default}`"


# --- errors


def errors() -> str:
    classes = sorted(set(_below(ShipwayError)), key=lambda error: (error.id, error.__name__))
    rows = [
        (
            f"`{error.id}`",
            _sentence(error.__doc__),
            error.default_hint,
            error.actor,
            "yes" if error.retry else "no",
        )
        for error in classes
    ]
    return page(
        "# Errors",
        "Everything that can go wrong has an id that stays. `--json` and the API show it as "
        '`{"error": {"id", "message", "hint", "actor"}}`. **Who acts**: *you*, who asked; the *owner* of the '
        "installation or of the machine; or *nobody*, because Shipway goes on by itself. **Again** says whether "
        "the same call may succeed later. A fault of Shipway's own, or of its machine, has a `request` besides: "
        "under that name `server.log` in the data directory has what nobody who asks is shown.",
        table(["id", "what happened", "what to do", "who acts", "again"], rows),
    )


def _below(error: type[ShipwayError]) -> Iterator[type[ShipwayError]]:
    """Every error a person can meet; of those that only say who acts just the asker's."""
    for module in pkgutil.walk_packages(shipway.__path__, "shipway."):
        if not module.name.endswith("__main__") and ".migrations." not in module.name:
            importlib.import_module(module.name)
    pending = [error]
    while pending:
        pending += (children := pending.pop().__subclasses__())
        yield from (
            child
            for child in children
            if child.__module__ != "shipway.errors" or child is UserError or child.__subclasses__() == []
        )


def _sentence(text: str | None) -> str:
    """The first paragraph, on one line, without the numbers of requirements it answers to."""
    first = " ".join((text or "").strip().split("\n\n")[0].split())
    return re.sub(r" \((?:BARS )?[SR]\d+[^)]*\)", "", first)


# --- commands


def commands() -> str:
    root: Any = typer.main.get_command(app.build())
    return page(
        "# Commands", _sentence(root.help), _sentence((app.__doc__ or "").partition("\n\n")[2]), *_verbs(root)
    )


def _verbs(root: Any) -> Iterator[str]:
    """Every verb, under the name of its stage, in the order of the story."""
    panel = None
    for name, verb in root.commands.items():
        if verb.rich_help_panel != panel:
            panel = verb.rich_help_panel
            yield f"## {panel}"
        usage = [part for part in verb.collect_usage_pieces(typer.Context(verb)) if part != "[OPTIONS]"]
        yield f"### `{' '.join(['shipway', name, *usage])}`"
        yield inspect.cleandoc(verb.help or "")
        rows = [(_names(parameter), _usual(parameter), parameter.help or "") for parameter in verb.params]
        if rows:
            yield table(["", "default", ""], rows)


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{(parameter.metavar or parameter.name).upper()}`"
    value = "" if parameter.is_flag else f" {(parameter.metavar or parameter.name).upper()}"
    return ", ".join(f"`{name}{value}`" for name in [*parameter.opts, *parameter.secondary_opts])


def _usual(parameter: Any) -> str:
    plain = isinstance(parameter.default, (str, int, float)) and not isinstance(parameter.default, bool)
    return f"`{parameter.default}`" if plain and parameter.default != "" else ""


PAGES: dict[str, Callable[[], str]] = {"shipway.yml.md": project, "commands.md": commands, "errors.md": errors}


def main() -> None:
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, write in PAGES.items():
        (REFERENCE / name).write_text(write())
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    sys.exit(main())
