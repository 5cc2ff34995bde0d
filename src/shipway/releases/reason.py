"""The reason that a person gives for what they ask, as it is recorded and shown."""

from __future__ import annotations

from shipway.errors import UserError

LONGEST = 500  # characters


def needed(why: str, invalid: type[UserError], what: str, shown: str) -> str:
    """The reason in one line. Raises `invalid` where it is missing or too long: `what` is what needs one, as in
    `A freeze`, and `shown` says who reads it.
    """
    said = _line(why)
    if not said:
        raise invalid(f"{what} needs a reason.", hint=shown)
    if len(said) > LONGEST:
        raise invalid(f"The reason has more than {LONGEST} characters.", hint="A sentence is enough.")
    return said


def fits(why: str) -> bool:
    """Whether it is there, and not too long."""
    return 0 < len(_line(why)) <= LONGEST


def _line(why: str) -> str:
    return " ".join(why.split())
