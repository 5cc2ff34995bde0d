"""Which Python a repository asks for, and which of those at hand is one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shipway.pipelines.files import Files

FILE = ".python-version"
_CLAUSE = re.compile(r"(>=|<=|>|<|===?|!=|~=|\^|~)? ?v?(\d{1,2}(?:\.\d{1,3}){0,2})(\.\*)?", re.ASCII)
_EXACT = re.compile(r"3\.\d{1,2}(?:\.\d{1,3})?", re.ASCII)

Numbers = tuple[int, ...]


def exact(text: str) -> str | None:
    """The version of Python 3 that a line of .python-version or runtime.txt names, if it names one."""
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "").removeprefix("python-")
    return first if _EXACT.fullmatch(first) else None


def pinned(files: Files, root: str) -> str | None:
    """The version that the repository keeps to, by the file beside what is shipped or else at the top."""
    places = [FILE] if root == "." else [f"{root}/{FILE}", FILE]
    return next(filter(None, (exact(files.read(place)) for place in places)), None)


def choose(specifier: str, at_hand: Sequence[str]) -> str | None:
    """The first version at hand that satisfies `>=3.10,<4`, as `3.11`; else the least that would.

    None when nothing is known to be at hand, or the specifier asks for nothing that can be understood.
    """
    clauses = [_CLAUSE.fullmatch(part.strip()) for part in specifier.split(",")]
    known = [clause for clause in clauses if clause is not None]
    if not at_hand or not known:
        return None
    for version in at_hand:
        if all(_satisfies(_numbers(version), clause) for clause in known):
            return minor(version)
    least = [clause[2] for clause in known if clause[1] not in ("<", "<=", "!=", ">") and "." in clause[2]]
    return minor(least[0]) if least else None


def _satisfies(version: Numbers, clause: re.Match[str]) -> bool:
    operator, bound = clause[1], _numbers(clause[2])
    beginning = version[: len(bound)]
    if clause[3] or operator in ("==", "===", None):
        return (beginning == bound) != (operator == "!=")
    return {
        ">=": version >= bound,
        "<=": version <= bound or beginning == bound,
        ">": version > bound and beginning != bound,
        "<": version < bound,
        "!=": version != bound,
        "~=": version >= bound and version[: len(bound) - 1] == bound[:-1],
        "~": version >= bound and version[:2] == bound[:2],
        "^": version >= bound and version[:1] == bound[:1],
    }[operator]


def _numbers(version: str) -> Numbers:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def minor(version: str) -> str:
    """`3.12` of `3.12.1`."""
    return ".".join(version.split(".")[:2])
