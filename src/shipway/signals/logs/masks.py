"""What must not be shown of a log is not found in it either: it is taken out before anything is looked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import re2  # type: ignore[import-untyped]

from shipway.hosts.masking import Masker

KNOWN_BY = 24  # bytes of a secret that are looked for before it is taken out
MEMORY = 64 << 20  # bytes that looking for all of them may take


class Masks:
    """`secrets` are the forms that `hosts.disguises` makes."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._secrets = [one for one in secrets if one]

    def may_be_in(self, data: bytes) -> bool:
        """False only if no secret is in it, also not with moments between its lines."""
        return bool(self._secrets) and self._pieces.search(data) is not None

    def masked(self, text: str) -> str:
        """The text with `***` for each secret in it."""
        data = text.encode(errors="replace")
        if not self.may_be_in(data):
            return text
        masker = Masker(self._secrets)
        return (masker.feed(data) + masker.end()).decode(errors="replace")

    @cached_property
    def _pieces(self) -> Any:
        """Finds a piece of any of them: all at once, for there may be hundreds and the log is long."""
        made = re2.Options()
        made.log_errors = False
        made.max_mem = MEMORY
        made.encoding = re2.Options.Encoding.LATIN1
        pieces = {max(one.split(b"\n"), key=len)[:KNOWN_BY] for one in self._secrets}
        return re2.compile(b"|".join(map(_literally, sorted(pieces))), made)


def _literally(piece: bytes) -> bytes:
    return b"".join(b"\\x%02x" % each for each in piece)
