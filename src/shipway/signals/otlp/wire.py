"""A request in protobuf in parts: the records in it are unpacked one after the other, never all at once.

A field of a few bytes is an object of a hundred: 4 MiB of empty records would take 260 MB, were they unpacked
together (measured). So the shells around the records are walked through here, as
https://protobuf.dev/programming-guides/encoding/ describes them, and only a record is given to the library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shipway.signals.errors.refusals import ReportUnreadable

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def parts(text: memoryview, count: Callable[[], None]) -> Iterator[tuple[int, memoryview]]:
    """Every message with the number of its field, in the order in which they came. Raises ReportUnreadable.

    `count` is called for each field, also of what is passed over: it ends the walk by raising.
    """
    at = 0
    while at < len(text):
        count()
        tag, at = _number(text, at)
        end = _end(text, at, tag & 7)
        if end > len(text):
            raise ReportUnreadable("The request breaks off.")
        if tag & 7 == BYTES:
            length, at = _number(text, at)
            yield tag >> 3, text[at : at + length]
        at = end


def _end(text: memoryview, at: int, kind: int) -> int:
    if kind == VARINT:
        return _number(text, at)[1]
    if kind == BYTES:
        length, begin = _number(text, at)
        return begin + length
    if kind in (FIXED64, FIXED32):
        return at + (8 if kind == FIXED64 else 4)
    raise ReportUnreadable("The request is not written in protobuf.")


def _number(text: memoryview, at: int) -> tuple[int, int]:
    number = 0
    for place, byte in enumerate(text[at : at + 10]):
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return number, at + place + 1
    raise ReportUnreadable("The request breaks off, or is not written in protobuf.")
