"""What shipway.yml says here of an environment that no push has named yet."""

from __future__ import annotations

from shipway.cli import here
from shipway.errors import UserError


def not_yet(environment: str, *, in_this_repository: bool) -> str:
    """A sentence for somebody who has set something there: it may be early, or a slip of the pen."""
    names = _names_here() if in_this_repository else None
    if names is None:
        return f"No push has named {environment} yet."
    if environment in names:
        return f"No push has named {environment} yet; shipway.yml here does."
    return f"No push has named {environment} yet, and shipway.yml here names {', '.join(names)} only."


def _names_here() -> list[str] | None:
    """The environments of the shipway.yml of this repository; None where there is none, or it has mistakes."""
    from shipway.project import FILE, Project  # noqa: PLC0415 - a moment that only this answer pays

    try:
        return Project.parse((here.root() / FILE).read_bytes(), FILE).order
    except (UserError, OSError):
        return None
