"""Who is suspected of an error, said once for all environments of which the same is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

Where = TypeVar("Where")


def alike(wheres: Iterable[Where], said: Callable[[Where], Mapping[str, Any] | None]) -> list[list[Where]]:
    """Those of which the same is `said` together, in the order of the first of each."""
    found: list[list[Where]] = []
    for where in wheres:
        same = next((these for these in found if said(these[0]) == said(where)), None)
        if same is None:
            found.append([where])
        else:
            same.append(where)
    return found
