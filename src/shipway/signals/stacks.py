"""The calls that a stack names, and which files of a repository they are in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

LINE = r"(\d{1,7})"
_PATTERNS = (
    re.compile(rf'File "([^"\n]{{1,400}})", line {LINE}(?:, in (\S{{1,200}}))?'),
    re.compile(rf"^\s*at (?:(.{{1,200}}?) \()?(?:file://)?([^\s()]{{1,400}}?):{LINE}:\d{{1,7}}\)?\s*$"),
    re.compile(rf"(?:^|\s)([\w./@+-]{{1,300}}\.\w{{1,8}}):{LINE}(?::\d{{1,7}})?(?:: in (\S{{1,200}}))?"),
    re.compile(r"\b([\w./@+-]{1,300}\.\w{1,8})::(?:\w{1,200}::)?(\w{1,200})"),
)


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
    node = any(re.match(r"\s*at ", line) for line in text.splitlines())
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
