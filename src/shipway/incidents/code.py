"""What a few lines of a program say to somebody who only knows indentation: any language that people indent."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST = 500
"""Characters of a line that may define something: a machine wrote what is longer, and it takes long to match."""

NEAR = 3  # lines around a place whose function is not found
WIDE = 40  # lines of a statement
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_NAMED = re.compile(r"(?:(?<!\.)\.)?[A-Za-z_$][\w$]*")
_EXPORTED = re.compile(r"\b(?:module\.)?exports\.")
_SAYS_NOTHING = re.compile(r"[\s(){}\[\];,.]*|\s*(?:#|//|/\*|\*|--|\"\"\"|''').*")
_METHOD = (
    r"(?:(?:static|async|get|set|public|private|protected|override|readonly)\s+){0,4}[*#]{0,2}"
    r"(?!(?:if|for|while|switch|catch|with|function|return)\b)([A-Za-z_$][\w$]*)"
    r"\s*\([^;]{0,200}\)[^;=(]{0,80}\{\s*$"
)
"""As JavaScript writes it, and what looks like it."""

_BINDS = re.compile(
    r"\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?"
    r"(?:(?:def|class|function\*?|func|fn|const|let|var|static|type|interface)\s+([A-Za-z_$][\w$]*)"
    r"|(?:self\.|this\.|(?:module\.)?exports\.|[\w$]{1,80}\.prototype\.)?"
    r"([A-Za-z_$][\w$]*)\s*(?::[^=]{0,80})?=(?!=)"
    r"|(?:from\s+\S+\s+)?import\s+(.{1,200})"
    r"|(?:const|let|var)\s+[{\[]([^=]{1,200})=|" + _METHOD + ")"
)

_DEFINES = re.compile(
    r"\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:def|function|func|fn)\b"
    r"|.{0,200}(?:=>\s*[{(]?|\bfunction\b[^;]{0,200}\{)\s*$|\s*" + _METHOD
)
_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`|//.*|(?:^|\s)#\s.*")
_OF_A_MODULE = re.compile(r"\(0, (?:[\w$]+\.)?([\w$]+)\)|\b(?:[\w$]+_\d+|exports)\.(?=[\w$])")
_TYPE = re.compile(r"^((?:const|let|var) [\w$]+)\s*:[^=]{1,200}=")
_CLASS = re.compile(r"\s*(?:export\s+)?(?:default\s+)?(?:abstract\s+)?(?:class|interface)\b")
_OF_AN_OBJECT = re.compile(r"\s*(?:self|this)\.")


def says_something(line: str) -> bool:
    """Whether a line can make a difference: not empty, no comment, not brackets alone."""
    return not _SAYS_NOTHING.fullmatch(line)


def span(lines: Sequence[str], line: int, function: str) -> tuple[int, int]:
    """The first and the last line (from 1) of the function around `line`; a few lines when it is not found.

    With `line` 0 the function is looked for in the whole file; (0, 0) when it is not there.
    """
    name = _simple(function)
    begin = (_definition(lines, line, name) if name else None) or _around(lines, line)
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


def written(lines: Sequence[str], compiled: str, function: str) -> int:
    """The line of the source that a compiled one was made of, if it is the only one of its function that says the
    same; 0 otherwise.
    """
    first, last = span(lines, 0, function)
    if not first:
        first, last = 1, len(lines)
    wanted = _as_compiled(compiled)
    same = [at for at in range(first, last + 1) if wanted and _as_compiled(lines[at - 1]) == wanted]
    return same[0] if len(same) == 1 else 0


def statement(lines: Sequence[str], line: int) -> int:
    """The last line of the brackets that a line opens: of a call, what it is given. A function among that is not
    called there, so what stands in it does not belong to it.
    """
    if not 0 < line <= len(lines):
        return line
    deep, at = _opened(lines[line - 1]), line
    while deep > 0 and at < min(len(lines), line + WIDE) and not _defines(lines[at - 1]):
        deep += _opened(lines[at])
        at += 1
    return at if deep <= 0 else line


def bound(line: str) -> set[str]:
    """The names that a line gives something to: what it defines, assigns or imports."""
    found = _BINDS.match(line[:LONGEST])
    if found is None:
        return set()
    one, several = found[1] or found[2] or found[5], found[3] or found[4]
    return {one} if one else set(_NAME.findall(several)) - {"as", "from"}


def given(lines: Sequence[str], line: int, around: int | None) -> set[str]:
    """The names by which others know what a line is part of: what it binds itself, or what is `around` it.

    What a function binds inside is known to nobody else, unless it belongs to an object; what a class has in it is
    known by its own name, and what a table has in it by that of the table. What is not at the top of the file is
    known after a dot too: `.least`.
    """
    text = lines[line - 1]
    if around is None or _CLASS.match(lines[around - 1]):
        return _known(text)
    of_its_own = not _defines(lines[around - 1]) or _OF_AN_OBJECT.match(text)
    return _known(lines[around - 1]) | (_known(text) if of_its_own else set())


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
    """Every name in these lines, with its dot where it stands after one: of that name something else may be."""
    return {name for line in lines for name in _NAMED.findall(_EXPORTED.sub("", line))}


def _known(line: str) -> set[str]:
    found = bound(line)
    return found | {f".{name}" for name in found} if _indent(line) else found


def _as_compiled(line: str) -> str:
    """Without what TypeScript's compiler takes away or puts before a name that another file exports."""
    plain = _OF_A_MODULE.sub(r"\1", line[:LONGEST].strip().removesuffix(";"))
    return _TYPE.sub(r"\1 =", plain.removeprefix("export ")).replace("'", '"')


def _opened(line: str) -> int:
    """How many round and square brackets a line leaves open; what is in texts is taken for none of them."""
    code = _TEXT.sub("", line[:LONGEST])
    return sum((each in "([") - (each in ")]") for each in code)


def _defines(line: str) -> bool:
    """Whether a function begins in this line, with or without a name."""
    return len(line) <= LONGEST and _DEFINES.match(line) is not None


def _around(lines: Sequence[str], line: int) -> int | None:
    """The line where the innermost function around a place begins, whatever its name: some have none."""
    if not 0 < line <= len(lines):
        return None
    deepest = _indent(lines[line - 1])
    for at in range(line - 1, 0, -1):
        if not lines[at - 1].strip() or _indent(lines[at - 1]) >= deepest:
            continue
        if _defines(lines[at - 1]):
            return at
        deepest = _indent(lines[at - 1])
    return None


def _simple(function: str) -> str:
    """`Cart.total` and `async Cart.total [as sum]` are defined as `total`, `new Cart` as its constructor;
    `<module>` is not defined at all.
    """
    if function.startswith("new "):
        return "constructor"
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
