"""BARS S18: how long a comparison takes tells nothing of a secret; `==` stops at the first letter that differs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src/shipway"
SECRET = re.compile(r"(?:^|_)(?:token|secrets?|password|signature|mac|(?:hex)?digest|nonce|credential|shown)$")

NAMES_OF_ARTIFACTS = {
    "artifacts/prune.py: artifact.digest != digest",
    "artifacts/prune.py: other.digest == artifact.digest",
    "releases/gate.py: artifact.digest == old.digest",
    "releases/gate.py: release.digest == digest",
    "state/holds.py: said.get('digest') == digest",
    "state/rehearsals.py: fact.data['digest'] == digest",
    "state/rehearsals.py: each['digest'] == old",
    "story/condemn.py: good.digest == bad.digest",
    "story/on_a_copy.py: each.digest == artifact.digest",
    "web/differences.py: old.digest == new.digest",
}
"""An artifact is called by its digest, which is shown to everybody who may look."""

SUMS_OF_FILES = {
    "artifacts/bytecode.py: hashlib.sha256(content).digest() == kept[:32]",
    "artifacts/unpacking.py: source.hash.hexdigest() != digest",
}
"""Whether a file is whole: who can change it can see what is expected of it."""

NOTHING_TO_GUESS = {
    "environments/configure.py: new_secrets == sealed",
    "signals/questions/number.py: shown == str(wanted)",
    "web/pages/tokens.py: one.id == call.caller.token",
    "web/pages/tokens.py: session == call.caller.token",
}
"""Secrets of an environment before and after a change, by who is told whether they differ; the digits of a number;
the ids of tokens, with which nobody gets in."""


def comparisons() -> Iterator[tuple[str, ast.Compare]]:
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
                yield f"{file.relative_to(SOURCE)}: {ast.unparse(node)}", node


def word(value: ast.expr) -> str:
    """What a value is called: the last word of it."""
    match value:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Call(func=ast.Name(id=name)):
            return name
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), *_]):
            return name
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case _:
            return ""


def asked_of_the_record(node: ast.Compare) -> bool:
    """A column of a table: the database looks it up, and is given digests and ids alone."""
    return any(
        isinstance(each, ast.Attribute) and isinstance(each.value, ast.Attribute) and each.value.attr == "c"
        for each in (node.left, *node.comparators)
    )


def test_no_secret_is_compared_by_an_operator() -> None:
    found = {
        text
        for text, node in comparisons()
        if any(SECRET.search(word(each)) for each in (node.left, *node.comparators))
        and not asked_of_the_record(node)
    }
    assert found == NAMES_OF_ARTIFACTS | SUMS_OF_FILES | NOTHING_TO_GUESS


def test_an_operator_would_be_found() -> None:
    for text in ("row['digest'] == digest", "known != request.headers.get('token')", "signature() == 'x'"):
        node = ast.parse(text, mode="eval").body
        assert isinstance(node, ast.Compare)
        assert any(SECRET.search(word(each)) for each in (node.left, *node.comparators)), text
