"""How requests are dealt out between the releases, and how many of them make a block."""

from __future__ import annotations

OF_NEW, LEAST, MOST_NEEDED = 0.7, 8, 50
"""A block is to hold so many requests of the new release, and so many of both at least and at most."""
FORGET, PLANNED = 0.9, 20
"""What a block says of the next counts so much less after each; what was planned counts as so many requests."""


class Dealing:
    """What the new release gets of all requests: by the blocks before, beginning with what it was to get."""

    def __init__(self) -> None:
        self._new = self._of = 0.0

    def share(self, planned: float) -> float:
        """Between 0 and 1, and neither."""
        share = (self._new + PLANNED * planned) / (self._of + PLANNED)
        return min(max(share, 0.005), 0.995)

    def is_block(self, requests: int, planned: float) -> bool:
        """Whether so many requests of both are enough, whoever got the bad ones."""
        return requests >= min(max(OF_NEW / self.share(planned), LEAST), MOST_NEEDED)

    def learn(self, new: int, of: int) -> None:
        """Of a block of `of` requests the new release got `new`."""
        self._new, self._of = self._new * FORGET + new, self._of * FORGET + of

    def forget(self) -> None:
        """Requests are dealt out differently from now on."""
        self._new = self._of = 0.0
