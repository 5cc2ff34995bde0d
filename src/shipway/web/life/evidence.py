"""What speaks for one commit and no other, said once however many environments it was seen in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.incidents.proof import Proof, proof
from shipway.web import suspicions
from shipway.web.life.record import Suspected


@dataclass(frozen=True)
class Charge:
    """An error that the commit is suspected of, for one reason in all of `wheres`; `proofs` are those of which no
    charge before has shown the lines, `shown` whether one has shown others.
    """

    wheres: Sequence[Suspected]
    proofs: Sequence[Proof]
    shown: bool


def charges(suspected: Sequence[Suspected]) -> list[Charge]:
    """Those against a commit, in the order in which its errors were seen."""
    seen: set[tuple[str, ...]] = set()
    found = []
    for wheres in suspicions.alike(suspected, lambda one: {"error": one.error.id, **(one.place.suspicion or {})}):
        proofs = _proofs(wheres[0])
        found.append(
            Charge(wheres, [each for hunk, each in proofs.items() if hunk not in seen], bool(seen & set(proofs)))
        )
        seen |= set(proofs)
    return found


def _proofs(one: Suspected) -> dict[tuple[str, ...], Proof]:
    """Each by its lines, the first of those with the same."""
    found: dict[tuple[str, ...], Proof] = {}
    for each in map(proof, (one.place.suspicion or {}).get("evidence", ())):
        found.setdefault(each.hunk, each)
    return {hunk: each for hunk, each in found.items() if hunk}
