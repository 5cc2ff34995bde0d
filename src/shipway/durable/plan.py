"""What the engine interprets: nodes in an order that depends on the plan alone.

The plan is data and the interpreter is small, so that upgrading Shipway strands no run in flight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Node:
    """One thing to do: `action` is the name of a callable, `arguments` are JSON.

    It runs once everything in `needs` has "passed"; otherwise its outcome is "skipped". With `always` it runs
    whatever the outcomes were.
    """

    id: str
    action: str
    needs: Sequence[str] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    always: bool = False


@dataclass(frozen=True)
class Plan:
    """Nodes in an order in which everything comes after what it needs."""

    nodes: Sequence[Node]

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for node in self.nodes:
            missing = set(node.needs) - seen
            if missing or node.id in seen:
                raise ValueError(f"node {node.id!r} stands twice or before what it needs: {sorted(missing)}")
            seen.add(node.id)

    def as_dict(self) -> dict[str, Any]:
        return {"nodes": [asdict(node) for node in self.nodes]}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Plan:
        return cls([Node(**node) for node in value["nodes"]])
