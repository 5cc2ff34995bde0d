"""Evidence as it is shown: what ran where it went wrong, and what a commit changed, each in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Proof:
    """`hunk` stands `at` its own place in the commit; `ran` is what stands at `where` it went wrong, and is empty
    where the hunk shows that, or the record does not have it.
    """

    at: str
    hunk: tuple[str, ...]
    where: str = ""
    ran: str = ""


def proof(evidence: Mapping[str, Any]) -> Proof:
    """That of evidence as it stands on record."""
    path, line, source = str(evidence["path"]), evidence.get("line"), str(evidence.get("source") or "")
    hunk = tuple(str(each) for each in evidence.get("hunk") or ())
    start = evidence.get("start") or (line if evidence.get("how") in ("line", "beside") else None)
    at = f"{path}:{start}" if start else path
    if not source or any(each[:1] == "+" and each[1:].strip() == source for each in hunk):
        return Proof(at, hunk)
    return Proof(at, hunk, f"{path}:{line}", source)


def code(evidence: Mapping[str, Any]) -> str:
    """The line of code that went wrong, after its place; empty where the record does not have it."""
    source = str(evidence.get("source") or "").strip()
    return f"{evidence['path']}:{evidence.get('line')}  {source}" if source else ""
