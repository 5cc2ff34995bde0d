"""Which reports tell of the same error, and how people call it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from shipway.signals.errors.event import Event, Frame, Raised

DEFAULT = "{{ default }}"
LONGEST = 4000  # characters of a message that are compared

_PARTS = {
    "<id>": re.compile(r"\b[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\b"),
    "<email>": re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"),
    "<time>": re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?"),
    "<address>": re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b|0x[0-9a-fA-F]{1,16}\b"),
    "<hex>": re.compile(r"\b(?=[a-fA-F]{0,63}\d)[0-9a-fA-F]{8,64}\b"),
    "<number>": re.compile(r"\d+(?:[.,]\d+)*"),
}
"""What differs between messages that say the same."""


def fingerprint(event: Event) -> str:
    """The same for reports of the same error: 32 hexadecimal digits.

    By what the application itself says, or else by the types of its exceptions and its own calls: modules and
    functions, neither lines nor values, so that an unrelated change or another order makes no other error. What
    has no calls is known by its message, without numbers and ids.
    """
    own = tuple(event.fingerprint)
    if own and own != (DEFAULT,):
        usual = _by_content(event)
        return _digest([part for each in own for part in (usual if each.strip() == DEFAULT else ["own", each])])
    return _digest(_by_content(event))


def title(event: Event) -> str:
    """What happened, as one line."""
    if not event.raised or not event.raised[-1].type:
        return _line(event.message) or "An error without words"
    last = event.raised[-1]
    value = _line(last.value)
    return _line(f"{last.type}: {value}" if value else last.type)


def place(event: Event) -> str:
    """Where: the innermost of the application's own calls, as one line."""
    frame = innermost(event.raised[-1].frames) if event.raised else None
    if frame is None:
        return ""
    return _line(f"{frame.function or '?'} in {frame.file}")


def innermost(frames: Sequence[Frame]) -> Frame | None:
    """The last call of the application's own code, or the last of all when none is."""
    return next(reversed([frame for frame in frames if frame.own] or list(frames)), None)


def masked(message: str) -> str:
    """A message without what differs each time: numbers, ids, addresses, times."""
    for word, pattern in _PARTS.items():
        message = pattern.sub(word, message)
    return message


def _by_content(event: Event) -> list[str]:
    if not event.raised:
        return ["message", event.level, masked(event.template[:LONGEST])]
    return [part for raised in event.raised for part in ("raised", *_by_calls(raised, event))]


def _by_calls(raised: Raised, event: Event) -> list[str]:
    calls = list(_names([frame for frame in raised.frames if frame.counted] or raised.frames))
    return [raised.type, *(calls or [masked((raised.value or event.template)[:LONGEST])])]


def _names(frames: Iterable[Frame]) -> Iterable[str]:
    """Each call once: how deep a recursion went says nothing."""
    return dict.fromkeys(f"{frame.module or _short(frame.file)}\0{frame.function}" for frame in frames)


def _short(file: str) -> str:
    """The directories of a machine are not part of what something is called."""
    return "/".join(file.split("/")[-2:])


def _digest(parts: Iterable[str]) -> str:
    joined = "\n".join(part.replace("\n", " ") for part in parts)
    return hashlib.sha256(joined.encode(errors="replace")).hexdigest()[:32]


def _line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
