"""What the next move of a canary waits for, as values; `web/next_move.py` has the words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Rule = Literal["known", "doubt", "hold", "durations"]


@dataclass(frozen=True)
class Move:
    """The move that comes next: the release gets `share` of 100 requests then. `began` is when the share that it
    has now was given (seconds since 1970); one that `keeps` it is frozen where others go back.
    """

    share: int
    began: float
    keeps: bool = False


@dataclass(frozen=True)
class Count:
    """What the new release has answered, of `enough` requests to call it good, which have come in `comes` seconds
    as requests come now (infinite while none do).
    """

    requests: int
    enough: int
    comes: float


@dataclass(frozen=True)
class Waits:
    """`rule` is what `move` waits for longest, of what is not met yet: that something is `known` again of the
    release or of what is `asked`, that more requests tell in a `doubt`, that the share was heard for `hold`
    seconds (`heard` by now), or that `durations` are compared, of which `far` says how far that is.

    `left` are the seconds until then, as things go; infinite where nobody can say. At `by` (seconds since 1970)
    the share has come to its end, whatever happens.
    """

    rule: Rule
    move: Move
    by: float
    left: float
    heard: float
    hold: float
    count: Count
    asked: tuple[str, ...] = ()
    far: str = ""
