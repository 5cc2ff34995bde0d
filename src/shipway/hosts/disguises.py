"""The forms in which a secret shows up in a log: what a step's output is searched for."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from shipway.errors import UserError

SHORTEST = 6  # characters; masking shorter ones would blank out innocent text (actions/runner #326)
WRAPPED = 76  # characters in a line of what the program `base64` prints


class TooShortToMask(UserError):
    """A secret of a few characters cannot be masked: it is part of too much else."""

    id = "hosts.too_short_to_mask"
    default_hint = f"Use a value of {SHORTEST} characters or more, or make it an ordinary variable."


def disguises(secrets: Iterable[str]) -> list[bytes]:
    """What to mask for `secrets`: each as it is, each of its lines, and in base64, URL, hex and JSON form.

    Best effort: a program that reverses or encrypts a secret gets it through. Raises TooShortToMask.
    """
    found: set[bytes] = set()
    for secret in secrets:
        if len(secret.strip()) < SHORTEST:
            raise TooShortToMask(f"A secret of fewer than {SHORTEST} characters cannot be masked in logs.")
        lines = [line.strip() for line in secret.splitlines()]
        for value in {secret, secret.strip(), *(line for line in lines if len(line) >= SHORTEST)}:
            found.update(_forms(value))
    return sorted(found)


def masks(secrets: Iterable[str]) -> list[bytes]:
    """The disguises of those that are long enough to be masked."""
    return disguises(secret for secret in secrets if len(secret.strip()) >= SHORTEST)


def _forms(value: str) -> Iterator[bytes]:
    raw = value.encode(errors="surrogateescape")
    yield raw
    yield from (raw.hex().encode(), raw.hex().upper().encode())
    yield from (quote(raw, safe="").encode(), quote(raw).encode(), quote_plus(raw).encode())
    yield from (
        json.dumps(value)[1:-1].encode(),
        json.dumps(value, ensure_ascii=False)[1:-1].encode(errors="replace"),
    )
    yield from _base64(raw)


def _base64(raw: bytes) -> Iterator[bytes]:
    """Whole, in lines, and the part that stays the same wherever the value stands in what was encoded."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw)
        yield whole
        if len(whole) > WRAPPED:
            yield from (whole[at : at + WRAPPED] for at in range(0, len(whole) - SHORTEST, WRAPPED))
        for before in range(3):
            encoded = encode(bytes(before) + raw)
            yield encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
