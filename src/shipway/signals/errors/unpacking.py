"""The body of a report as it was before it was packed, never more of it than a limit (BARS S9)."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped] # there are no stubs of it
import zstandard

from shipway.signals.errors.refusals import ReportTooLarge, ReportUnreadable, UnknownEncoding

PIECE = 64 * 1024
WINDOW = 8 * 1024 * 1024  # bytes that an unpacker may remember


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """The body that `encoding` (of the header Content-Encoding) packed.

    Stops within PIECE bytes of `limit`. Raises ReportTooLarge, UnknownEncoding or ReportUnreadable.
    """
    unpack = UNPACKERS.get(encoding.strip().lower())
    if unpack is None:
        raise UnknownEncoding(f"{encoding!r} is no way of packing that is known here.")
    try:
        plain = unpack(body, limit)
    except (zlib.error, brotli.error, zstandard.ZstdError) as error:
        raise ReportUnreadable(f"The report is not packed as {encoding}.") from error
    if len(plain) > limit:
        raise ReportTooLarge(f"The report has more than {limit} bytes.")
    return plain


def _as_it_is(body: bytes, _limit: int) -> bytes:
    return body


def _gzip(body: bytes, limit: int) -> bytes:
    return zlib.decompressobj(wbits=31).decompress(body, limit + 1)


def _deflate(body: bytes, limit: int) -> bytes:
    """With its header, as it should be, or without it, as some send it."""
    try:
        return zlib.decompressobj().decompress(body, limit + 1)
    except zlib.error:
        return zlib.decompressobj(wbits=-15).decompress(body, limit + 1)


def _brotli(body: bytes, limit: int) -> bytes:
    unpacker = brotli.Decompressor()
    parts = [unpacker.process(body, output_buffer_limit=PIECE)]
    while parts[-1] and not unpacker.is_finished() and sum(map(len, parts)) <= limit:
        parts.append(unpacker.process(b"", output_buffer_limit=PIECE))
    return b"".join(parts)


def _zstd(body: bytes, limit: int) -> bytes:
    return zstandard.ZstdDecompressor(max_window_size=WINDOW).stream_reader(body).read(limit + 1)


UNPACKERS: dict[str, Callable[[bytes, int], bytes]] = {
    "": _as_it_is,
    "identity": _as_it_is,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
