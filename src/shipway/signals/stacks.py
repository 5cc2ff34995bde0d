"""The calls that a stack names, and which files of a repository they are in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from shipway.hosts.foreign import is_foreign

LINE = r"(\d{1,7})"
_PATTERNS = (
    re.compile(rf'File "([^"\n]{{1,400}})", line {LINE}(?:, in (\S{{1,200}}))?'),
    re.compile(rf"^\s*at (?:(.{{1,200}}?) \()?(?:file://)?([^\s()]{{1,400}}?):{LINE}:\d{{1,7}}\)?\s*$"),
    re.compile(rf"(?:^|\s)([\w./@+-]{{1,300}}\.\w{{1,8}}):{LINE}(?::\d{{1,7}})?(?:: in (\S{{1,200}}))?"),
    re.compile(r"\b([\w./@+-]{1,300}\.\w{1,8})::(?:\w{1,200}::)?(\w{1,200})"),
)
_COMPILED = (".js", ".mjs", ".cjs", ".jsx")
_TYPED = (".ts", ".mts", ".cts", ".tsx")


@dataclass(frozen=True)
class Call:
    """A call as a program names it: `source` is the line of code, where it is known; `own` may be mistaken."""

    file: str
    path: str
    line: int
    function: str
    source: str = ""
    own: bool = True


def calls_in(text: str, most: int = 50) -> list[Call]:
    """The calls that a log names, the innermost first: the last ones of a Python, the first ones of a Node."""
    found = [call for line in text.splitlines()[-500:] for call in _in_line(line[:2000])]
    node = any(_PATTERNS[1].match(line[:2000]) for line in text.splitlines()[-500:])
    return (found if node else found[::-1])[:most]


def located(call: Call, files: Collection[str]) -> str | None:
    """The file of the repository that a call is in: what a machine puts before its path is cut off."""
    for said in dict.fromkeys((call.path, call.file)):
        parts = [part for part in said.replace("\\", "/").split("/") if part not in ("", ".")]
        for at in range(len(parts)):
            ending = "/".join(parts[at:])
            if ending in files:
                return ending
            if "/" in ending:
                below = [file for file in files if file.endswith(f"/{ending}")]
                if len(below) == 1:
                    return below[0]
    return None


def source_of(call: Call, files: Collection[str]) -> str | None:
    """The file in TypeScript that a call's is compiled from, where that alone is in the repository: the only one
    with the most of its path, wherever it was compiled to.
    """
    path = (call.path or call.file).replace("\\", "/")
    parts = path.split("/")
    stem, _, kind = parts[-1].rpartition(".")
    if f".{kind}" not in _COMPILED or is_foreign(path):
        return None
    named = {f"{stem}{each}" for each in _TYPED}
    found = [file for file in files if file.rpartition("/")[2] in named]
    shared = {file: _shared(file.split("/")[:-1], parts[:-1]) for file in found}
    most = [file for file in found if shared[file] == max(shared.values())]
    return most[0] if len(most) == 1 else None


def is_compiled(call: Call, path: str) -> bool:
    """Whether a call that was found at `path` names what a compiler made of it."""
    return path.endswith(_TYPED) and not (call.path or call.file).endswith(_TYPED)


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many directories two have in common at their end."""
    pairs = zip(reversed(one), reversed(other), strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _in_line(line: str) -> Iterator[Call]:
    python, node, plain, test = _PATTERNS
    if found := python.search(line):
        yield Call(found[1], found[1], int(found[2]), found[3] or "")
    elif found := node.search(line):
        yield Call(found[2], found[2], int(found[3]), found[1] or "")
    elif found := plain.search(line):
        yield Call(found[1], found[1], int(found[2]), found[3] or "")
    elif found := test.search(line):
        yield Call(found[1], found[1], 0, found[2])
