"""How accepted pushes are told to those who pushed."""

from __future__ import annotations

from collections.abc import Sequence

from shipway.state.pushes import Push

_LISTED = 20


def lines(accepted: Sequence[Push]) -> list[str]:
    """A line for each push, the first twenty of them."""
    told = [f"accepted {_about(push)}" for push in accepted[:_LISTED]]
    return told if len(accepted) <= _LISTED else [*told, f"accepted {len(accepted) - _LISTED} more"]


def _about(push: Push) -> str:
    if push.deletes:
        return f"{push.name}: deleted, nothing runs for it"
    what = f"{push.name} {push.new[:7]} (push {push.sequence})"
    return what if push.branch is not None else f"{what}: kept, tags are not delivered"


def summary(accepted: Sequence[Push]) -> str:
    """What the last line says of them all."""
    if len(accepted) == 1:
        push = accepted[0]
        return f"{push.name}: deleted" if push.deletes else f"{push.name} {push.new[:7]}"
    return f"{len(accepted)} refs"
