"""Looking at written values that nothing has checked yet."""

from __future__ import annotations

from typing import Any


def below(value: Any, *path: str) -> Any:
    """What was written at the path, or None when there is nothing of that shape."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def texts(value: Any) -> list[str]:
    """A list of texts as it was written; empty when it is anything else."""
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else []
