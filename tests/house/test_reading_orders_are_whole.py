"""A package that says in which order its modules are read leaves none of them out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import shipway

PACKAGE = Path(shipway.__file__).parent
LINE = re.compile(r"([a-z_]+) +(?=\S)")


def listed(package: Path) -> list[str]:
    """The modules that the docstring of `package` has a line for, in a column; none if there is no such column."""
    told = ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""
    paragraphs = [list(map(LINE.match, each.splitlines())) for each in told.split("\n\n")]
    return next((found for each in paragraphs if (found := column(each))), [])


def column(lines: list[re.Match[str] | None]) -> list[str]:
    names = [line for line in lines if line is not None]
    aligned = len({line.end() for line in names}) == 1
    return [line[1] for line in names] if aligned and len(names) == len(lines) > 1 else []


def modules(package: Path) -> list[str]:
    files = [path.stem for path in package.glob("*.py") if not path.stem.startswith("__")]
    return files + [path.parent.name for path in package.glob("*/__init__.py")]


ORDERS = [each.parent for each in sorted(PACKAGE.rglob("__init__.py")) if listed(each.parent)]


def test_some_packages_say_in_which_order_they_are_read() -> None:
    assert {"story", "incidents", "series", "otlp"} <= {each.name for each in ORDERS}


@pytest.mark.parametrize("package", ORDERS, ids=lambda each: each.relative_to(PACKAGE).as_posix())
def test_what_is_listed_is_what_is_there(package: Path) -> None:
    assert sorted(listed(package)) == sorted(modules(package))
