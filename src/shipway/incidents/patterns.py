"""Patterns of paths, as .gitignore and CODEOWNERS have them, in time that grows with pattern times path.

Anybody who pushes writes them, and a regular expression with several wildcards tries their places in every
combination. It need not: after a wildcard the first place that fits is as good as any, so none is tried twice
(an atomic group, `(?>...)`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

ANY = "**"


def compiled(pattern: str) -> re.Pattern[str]:
    """What matches the paths that a pattern means, from their beginning; raises ValueError, re.error."""
    first, *further = _runs(pattern)
    end = "/" if pattern.endswith("/") else r"\Z" if pattern.endswith("/*") else r"(?:\Z|/)"
    if not further:
        return re.compile(_in_a_row(first) + end)
    *middle, last = further
    begin = f"{_in_a_row(first)}/" if first else ""
    between = "".join(f"(?>(?:[^/]*+/)*?{_in_a_row(run)}/)" for run in middle if run)
    if last:
        return re.compile(f"{begin}{between}(?:[^/]*+/)*?{_in_a_row(last)}{end}")
    return re.compile(begin + between + ("[^/]*+/" if pattern.endswith("/") else ""))


def _runs(pattern: str) -> list[list[str]]:
    """The folders and names of a pattern, parted where any number of folders may lie between."""
    anchored = "/" in pattern[:-1]
    runs: list[list[str]] = [[]] if anchored else [[], []]
    for part in pattern.strip("/").split("/"):
        if part == ANY:
            runs.append([])
        else:
            runs[-1].append(part)
    return runs


def _in_a_row(parts: list[str]) -> str:
    return "/".join(_name(part) for part in parts)


def _name(part: str) -> str:
    """One folder or name: what stands before, between and after its wildcards."""
    first, *further = _around_stars(part)
    if not further:
        return first
    *middle, last = further
    return f"(?>{first}{''.join(f'(?>[^/]*?{each})' for each in middle if each)}[^/]*{last}(?=/|\\Z))"


def _around_stars(part: str) -> list[str]:
    pieces = [""]
    for piece in _pieces(part):
        if piece == "*":
            pieces.append("")
        else:
            pieces[-1] += piece
    return pieces


def _pieces(part: str) -> Iterator[str]:
    """The regular expression of each character, and `*` for a wildcard."""
    at = 0
    while at < len(part):
        letter, after = part[at], part[at + 1 : at + 2]
        if letter == "[":
            end = part.index("]", at)
            yield f"(?!/){_letters(part[at + 1 : end])}"
            at = end
        elif letter == "\\":
            yield re.escape(after)
            at += 1
        else:
            yield {"*": "*", "?": "[^/]"}.get(letter) or re.escape(letter)
        at += 1


def _letters(said: str) -> str:
    """One of these letters, or with `!` before them none of them."""
    negated = said.startswith(("!", "^"))
    quoted = said[negated:].replace("\\", "\\\\").replace("[", "\\[")
    return f"[{'^' * negated}{quoted}]"
