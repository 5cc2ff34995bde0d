"""BARS S9: whatever a body would become, little more than the limit of it is ever in memory."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard

from shipway.signals.errors import envelope
from shipway.signals.errors.refusals import ReportTooLarge, ReportUnreadable, UnknownEncoding
from shipway.signals.errors.unpacking import unpacked

LIMIT = 100_000
MEBIBYTE = 1024 * 1024


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def wide_zstd(body: bytes) -> bytes:
    """Packed with a window of 128 MiB, which whoever unpacks it would have to hold."""
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return packer.compress(body) + packer.flush()


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "deflate without a header": ("deflate", raw_deflate),
    "br": ("br", lambda body: brotli.compress(body, quality=1)),
    "zstd": ("zstd", zstandard.compress),
    "nothing": ("", bytes),
}


@pytest.mark.parametrize("name", PACKERS)
def test_up_to_the_limit_a_body_is_unpacked_and_not_beyond(name: str) -> None:
    encoding, pack = PACKERS[name]
    for body in (b"", b"x", b"x" * LIMIT, os.urandom(LIMIT)):
        assert unpacked(pack(body), encoding, LIMIT) == body
    with pytest.raises(ReportTooLarge):
        unpacked(pack(b"x" * (LIMIT + 1)), encoding, LIMIT)


@pytest.mark.parametrize("name", [name for name in PACKERS if name != "nothing"])
def test_a_bomb_takes_no_memory(name: str) -> None:
    encoding, pack = PACKERS[name]
    bomb = pack(bytes(64 * MEBIBYTE))
    tracemalloc.start()
    try:
        with pytest.raises(ReportTooLarge):
            unpacked(bomb, encoding, LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 2 * MEBIBYTE
    finally:
        tracemalloc.stop()


def test_a_window_that_is_too_wide_is_refused() -> None:
    body = wide_zstd(b"x" * MEBIBYTE)
    with pytest.raises(ReportUnreadable):
        unpacked(body, "zstd", 20 * MEBIBYTE)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_what_is_not_packed_that_way_is_told(encoding: str) -> None:
    with pytest.raises(ReportUnreadable):
        unpacked(b"not packed at all", encoding, LIMIT)


@pytest.mark.parametrize("encoding", ["compress", "gzip, gzip", "x" * 1000, "\ud800"])
def test_a_packing_nobody_knows_is_told(encoding: str) -> None:
    with pytest.raises(UnknownEncoding):
        unpacked(b"", encoding, LIMIT)


def test_an_envelope_with_and_without_lengths() -> None:
    event, other = json.dumps({"message": "a\nb"}).encode(), b'{"x": 1}'
    head = b'{"event_id": "9ec79c33-ec99-42ab-8353-589fcb2e04dc", "dsn": "http://abc@127.0.0.1:1/7"}'
    without = b"\n".join([head, b'{"type": "session"}', other, b'{"type": "event"}', event])
    attached = b'{"type": "attachment", "length": 11}\nline\n{"type'
    withs = b"\n".join([head, attached, b'{"type": "event", "length": %d}' % len(event), event, b""])
    for body in (without, withs):
        found = envelope.parse(body)
        assert (found.id, found.key, found.event) == ("9ec79c33ec9942ab8353589fcb2e04dc", "abc", event)


@pytest.mark.parametrize("dsn", ["", 7, None, [], "x", "http://[", "http://127.0.0.1/7", "http://\ud800@x/1"])
def test_what_is_no_address_has_no_key(dsn: object) -> None:
    found = envelope.parse(json.dumps({"dsn": dsn, "event_id": dsn}).encode())
    assert found.id is None
    assert found.key in (None, "\ud800")


def test_an_envelope_of_very_many_items_is_not_read_to_its_end() -> None:
    body = b"{}\n" + b'{"type": "session"}\n{}\n' * 10_000 + b'{"type": "event"}\n{}\n'
    assert envelope.parse(body).event is None


def test_a_length_that_lies_ends_with_the_line() -> None:
    for length in (-1, 10**9, "3", None, True):
        item = json.dumps({"type": "event", "length": length}).encode()
        assert envelope.parse(b"{}\n" + item + b'\n{"a": 1}\nrest').event == (
            b"{" if length is True else b'{"a": 1}'
        )
