"""What a few lines of a program say to somebody who only knows indentation: any language that people indent."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST = 500
"""Characters of a line that may define something: a machine wrote what is longer, and it takes long to match."""

NEAR = 3  # lines around a place whose function is not found
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_SAYS_NOTHING = re.compile(r"[\s(){}\[\];,.]*|\s*(?:#|//|/\*|\*|--|\"\"\"|''').*")
_BINDS = re.compile(
    r"\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?"
    r"(?:(?:def|class|function|func|fn|const|let|var|static|type|interface)\s+([A-Za-z_$][\w$]*)"
    r"|(?:self\.|this\.)?([A-Za-z_$][\w$]*)\s*(?::[^=]{0,80})?=(?!=)"
    r"|(?:from\s+\S+\s+)?import\s+(.{1,200}))"
)

_DEFINES = re.compile(r"\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:def|function|func|fn)\b")
_OF_AN_OBJECT = re.compile(r"\s*(?:self|this)\.")


def says_something(line: str) -> bool:
    """Whether a line can make a difference: not empty, no comment, not brackets alone."""
    return not _SAYS_NOTHING.fullmatch(line)


def span(lines: Sequence[str], line: int, function: str) -> tuple[int, int]:
    """The first and the last line (from 1) of the function around `line`; a few lines when it is not found.

    With `line` 0 the function is looked for in the whole file; (0, 0) when it is not there.
    """
    name = _simple(function)
    begin = _definition(lines, line, name) if name else None
    if begin is None:
        return (max(1, line - NEAR), min(len(lines), line + NEAR)) if line else (0, 0)
    first = begin
    while first > 1 and lines[first - 2].lstrip().startswith("@"):
        first -= 1
    return first, _end(lines, begin)


def reached(lines: Sequence[str], line: int, last: int) -> int:
    """The last line that has run when it goes wrong at `line`: of a statement of several lines, its end.

    That is `last`, the end of the function, where the line is not known.
    """
    if not 0 < line < last:
        return last
    at, outer = line, _indent(lines[line - 1])
    while at < last and (not lines[at].strip() or _indent(lines[at]) > outer or lines[at].strip()[0] in "})]"):
        at += 1
    return at


def bound(line: str) -> set[str]:
    """The names that a line gives something to: what it defines, assigns or imports."""
    found = _BINDS.match(line)
    if found is None:
        return set()
    return {found[1] or found[2]} if found[1] or found[2] else set(_NAME.findall(found[3])) - {"as", "from"}


def given(lines: Sequence[str], line: int, around: int | None) -> set[str]:
    """The names by which others know what a line is part of: what it binds itself, or what is `around` it.

    What a function binds inside is known to nobody else, unless it belongs to an object.
    """
    text = lines[line - 1]
    if around is None or not _DEFINES.match(lines[around - 1]):
        return bound(text)
    return bound(lines[around - 1]) | (bound(text) if _OF_AN_OBJECT.match(text) else set())


def blocks(lines: Sequence[str]) -> list[int | None]:
    """For each line the one that the block begins with in which it stands; None at the top of the file.

    In one pass, whatever the lines are: a table of a thousand rows stands a thousand lines below its beginning.
    """
    open_blocks: list[tuple[int, int | None]] = []  # how far each is indented, and the line that names it
    found: list[int | None] = []
    for line, text in enumerate(lines, 1):
        if not text.strip():
            found.append(None)
            continue
        indent = _indent(text)
        while open_blocks and open_blocks[-1][0] >= indent:
            open_blocks.pop()
        found.append(open_blocks[-1][1] if open_blocks else None)
        open_blocks.append((indent, line if bound(text) else found[-1]))
    return found


def names(lines: Sequence[str]) -> set[str]:
    """Every name in these lines."""
    return {name for line in lines for name in _NAME.findall(line)}


def _simple(function: str) -> str:
    """`Cart.total` and `async Cart.total [as sum]` are defined as `total`; `<module>` is not defined at all."""
    last = function.partition(" [as ")[0].strip().rpartition(".")[2].rpartition(" ")[2]
    return last if _NAME.fullmatch(last) else ""


def _definition(lines: Sequence[str], line: int, name: str) -> int | None:
    """Upwards from a place, the nearest line that defines the name and is indented less."""
    quoted = re.escape(name)
    defines = re.compile(
        rf"\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:def|function\*?|func|fn|sub)\s(?:\([^)]*\)\s*)?\s*{quoted}\b"
        rf"|\s*(?:export\s+)?(?:const|let|var)\s+{quoted}\s*=|\s*(?:[\w$]+\s+){{0,4}}{quoted}\s*\([^;]*\{{\s*$"
        rf"|.*\b{quoted}\s*[:=]\s*(?:async\s*)?(?:function\b|\([^)]*\)\s*=>)"
    )
    deepest = _indent(lines[line - 1]) if 0 < line <= len(lines) else None
    for at in range(min(line, len(lines)) if line else len(lines), 0, -1):
        if len(lines[at - 1]) > LONGEST:
            continue
        if (deepest is None or at == line or _indent(lines[at - 1]) < deepest) and defines.match(lines[at - 1]):
            return at
    return None


def _end(lines: Sequence[str], begin: int) -> int:
    """The last line before one that is indented as little as the definition; its closing bracket belongs to it."""
    outer, last = _indent(lines[begin - 1]), begin
    for at in range(begin + 1, len(lines) + 1):
        text = lines[at - 1]
        if not text.strip():
            continue
        if _indent(text) <= outer:
            return at if text.strip()[0] in "})]" else last
        last = at
    return last


def _indent(line: str) -> int:
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip())
