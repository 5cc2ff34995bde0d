"""Which files of a repository another file says that it imports: Python's and JavaScript's."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator

LONGEST = 500  # characters of a line that is looked at
_PYTHON = re.compile(r"\s*(?:from\s+([\w.]+)\s+import\s+(.+)|import\s+(.+))")
_SCRIPT = re.compile(r"""(?:\bfrom|\brequire\(|\bimport\(?)\s*["'](\.[^"']{1,200})["']""")
_NAME = re.compile(r"[\w.]+")
ROOTS = ("", "src/", "lib/")
ENDINGS = ("", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", "/index.js", "/index.ts")


def imported(path: str, text: str, files: Collection[str]) -> list[str]:
    """Those of `files` that the text of the file at `path` imports, in its order."""
    there = posixpath.dirname(path)
    named = (name for line in text.splitlines() if len(line) <= LONGEST for name in _named(line, there))
    return [name for name in dict.fromkeys(named) if name in files and name != path]


def _named(line: str, there: str) -> Iterator[str]:
    for found in _SCRIPT.finditer(line):
        at = posixpath.normpath(posixpath.join(there, found[1]))
        yield from (at + ending for ending in ENDINGS)
    python = _PYTHON.match(line)
    if python is None:
        return
    whole = python[1]
    given = [each for each in _NAME.findall(python[2] or python[3].partition("#")[0]) if each != "as"]
    modules = given if whole is None else [*(f"{whole}.{each}" for each in given), whole]
    for module in modules:
        yield from _module(module, there)


def _module(module: str, there: str) -> Iterator[str]:
    """The places that a module may be in; one that begins with dots is looked for from `there` on."""
    up = len(module) - len(module.lstrip("."))
    at = module.lstrip(".").replace(".", "/")
    roots = [posixpath.normpath(posixpath.join(there, *[".."] * (up - 1))) + "/"] if up else [*ROOTS, f"{there}/"]
    for root in roots:
        base = posixpath.normpath(root + at)
        yield from (f"{base}.py", f"{base}/__init__.py")
