"""BARS S5, S25: nothing that somebody wrote is carried out, or filled in, as if it were ours."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src/shipway"
CARRY_OUT = {"eval", "exec", "from_string", "Template", "format_map", "render_template_string"}
OF_OURS = {"incidents/machine.py: what", "state/stuck.py: verb"}
"""Local names of sentences that stand in the same file."""


def calls(text: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))


def carried_out(text: str) -> list[str]:
    """Calls that take a text for a program or for a template."""
    found = []
    for call in calls(text):
        match call.func:
            case ast.Name(id=name) if name in CARRY_OUT:
                found.append(name)
            case ast.Attribute(attr=name) if name in CARRY_OUT:
                found.append(name)
    return found


def filled_in(text: str) -> list[str]:
    """What `format` is called on that is not written down as a text, or as a constant by its name in capitals."""
    found = []
    for call in calls(text):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "format":
            template = call.func.value
            name = template.value if isinstance(template, ast.Subscript) else template
            word = name.attr if isinstance(name, ast.Attribute) else name.id if isinstance(name, ast.Name) else ""
            if not isinstance(template, ast.Constant) and not is_markup(template) and not word.isupper():
                found.append(ast.unparse(template))
    return found


def is_markup(template: ast.expr) -> bool:
    return isinstance(template, ast.Call) and all(isinstance(each, ast.Constant) for each in template.args)


@pytest.mark.parametrize(
    "text", ["eval(x)", "exec(x)", "environment.from_string(x)", "jinja2.Template(x)", "x.format_map(y)"]
)
def test_what_carries_out_a_text_would_be_found(text: str) -> None:
    assert carried_out(text)


@pytest.mark.parametrize("text", ["x.format(y)", "(x + y).format(z)", "names[x].format(y)", "Markup(x).format(y)"])
def test_what_fills_in_a_text_would_be_found(text: str) -> None:
    assert filled_in(text)


def test_no_text_is_carried_out_or_filled_in() -> None:
    texts = {str(file.relative_to(SOURCE)): file.read_text() for file in SOURCE.rglob("*.py")}
    assert {name: found for name, text in texts.items() if (found := carried_out(text))} == {}
    assert {f"{name}: {each}" for name, text in texts.items() for each in filled_in(text)} == OF_OURS
