"""What speaks for one commit and no other, said once however many environments it was seen in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.web import suspicions
from shipway.web.life.record import Suspected

Hunk = tuple[str, ...]


@dataclass(frozen=True)
class Charge:
    """An error that the commit is suspected of, for one reason in all of `wheres`; `hunks` are the lines of its
    difference that no charge before has shown, `shown` whether one has shown others.
    """

    wheres: Sequence[Suspected]
    hunks: Sequence[Hunk]
    shown: bool


def charges(suspected: Sequence[Suspected]) -> list[Charge]:
    """Those against a commit, in the order in which its errors were seen."""
    seen: set[Hunk] = set()
    found = []
    for wheres in suspicions.alike(suspected, lambda one: {"error": one.error.id, **(one.place.suspicion or {})}):
        hunks = _hunks(wheres[0])
        found.append(Charge(wheres, [each for each in hunks if each not in seen], bool(seen & set(hunks))))
        seen |= set(hunks)
    return found


def _hunks(one: Suspected) -> list[Hunk]:
    evidence = (one.place.suspicion or {}).get("evidence", ())
    return list(dict.fromkeys(tuple(each["hunk"]) for each in evidence if each.get("hunk")))
