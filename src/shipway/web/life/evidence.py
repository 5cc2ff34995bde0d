"""What speaks for one commit and no other, said once however many environments it was seen in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shipway.incidents.proof import Proof, proof
from shipway.web import suspicions
from shipway.web.life.record import Record

SAID = ("commit", "reason", "confidence", "evidence")


@dataclass(frozen=True)
class Seen:
    """An error, or what a release printed, in one environment; the page at `address` has all of it. What is the
    `same` in another is named alike.
    """

    same: str
    title: str
    address: str
    environment: str
    suspicion: Mapping[str, Any]


@dataclass(frozen=True)
class Charge:
    """What the commit is suspected of, for one reason in all of `wheres`; `proofs` are those of which no charge
    before has shown the lines, `shown` whether one has shown others.
    """

    wheres: Sequence[Seen]
    proofs: Sequence[Proof]
    shown: bool


def charges(record: Record) -> list[Charge]:
    """Those against a commit, in the order in which its errors were seen; then what was printed."""
    seen: set[tuple[str, ...]] = set()
    found = []
    for wheres in suspicions.alike(_seen(record), lambda one: {"same": one.same, **one.suspicion}):
        proofs = _proofs(wheres[0])
        found.append(
            Charge(wheres, [each for hunk, each in proofs.items() if hunk not in seen], bool(seen & set(proofs)))
        )
        seen |= set(proofs)
    return found


def of_printed(said: Mapping[str, Any]) -> dict[str, Any]:
    """What speaks for who is suspected of what a release printed."""
    return {name: said[name] for name in SAID if name in said}


def _seen(record: Record) -> Iterator[Seen]:
    there = f"/applications/{record.application}"
    for one in record.suspected:
        address, suspicion = f"{there}/errors/{one.error.number}", one.place.suspicion or {}
        yield Seen(one.error.id, one.error.title, address, one.place.environment, suspicion)
    for fact in record.printed:
        where, title = str(fact.environment), str(fact.data["title"])
        address = f"{there}/environments/{where}/releases/r{fact.data['release']}"
        yield Seen(title, title, address, where, of_printed(fact.data))


def _proofs(one: Seen) -> dict[tuple[str, ...], Proof]:
    """Each by its lines, the first of those with the same."""
    found: dict[tuple[str, ...], Proof] = {}
    for each in map(proof, one.suspicion.get("evidence", ())):
        found.setdefault(each.hunk, each)
    return {hunk: each for hunk, each in found.items() if hunk}
