"""S23: no form of a secret is in the log, wherever its output is cut."""

from __future__ import annotations

import base64
import json
import random
from urllib.parse import quote, quote_plus

import pytest

from shipway.hosts.disguises import TooShortToMask, disguises
from shipway.hosts.masking import Masker

SECRET = 'p"ä/ss\\wo rd+&=?'
KEY = "-----BEGIN KEY-----\nQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\nab\n-----END KEY-----\n"


def inside_base64(before: int) -> str:
    """The part of a longer text in base64 that is the same whatever stands before and after the secret."""
    raw = SECRET.encode()
    zeros, ones = (base64.b64encode(fill * before + raw + fill * 9).decode() for fill in (b"\0", b"\xff"))
    return "".join(one for one, other in zip(zeros, ones, strict=True) if one == other != "=")


FORMS = {
    "raw": SECRET,
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 at 0": inside_base64(0),
    "base64 at 1": inside_base64(1),
    "base64 at 2": inside_base64(2),
    "base64 for URLs": base64.urlsafe_b64encode(SECRET.encode()).decode(),
    "URL": quote(SECRET, safe=""),
    "URL path": quote(SECRET),
    "form": quote_plus(SECRET),
    "hex": SECRET.encode().hex(),
    "HEX": SECRET.encode().hex().upper(),
    "JSON": json.dumps(SECRET)[1:-1],
    "JSON in UTF-8": json.dumps(SECRET, ensure_ascii=False)[1:-1],
}


def masked(patterns: list[bytes], *chunks: bytes) -> bytes:
    masker = Masker(patterns)
    return b"".join([*map(masker.feed, chunks), masker.end()])


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_every_form_is_masked_at_every_split(form: str) -> None:
    patterns = disguises([SECRET])
    text = f"before {form} after".encode()
    assert masked(patterns, text) == b"before *** after"
    for at in range(len(text) + 1):
        assert masked(patterns, text[:at], text[at:]) == b"before *** after"
    assert masked(patterns, *(bytes([byte]) for byte in text)) == b"before *** after"


def test_each_line_of_a_secret_is_masked_alone() -> None:
    patterns = disguises([KEY])
    assert masked(patterns, b"key: QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\n") == b"key: ***\n"
    assert masked(patterns, KEY.encode()) == b"***"


def test_short_lines_of_a_secret_are_left_in_innocent_text() -> None:
    assert masked(disguises([KEY]), b"grab a cab") == b"grab a cab"


def test_base64_in_lines_of_76_is_masked() -> None:
    secret = "".join(random.Random(7).choices("abcdefghijklmnop", k=300))
    printed = base64.encodebytes(secret.encode())
    assert all(line in (b"***", b"") for line in masked(disguises([secret]), printed).splitlines())


def test_secrets_that_overlap_leave_nothing_of_either() -> None:
    patterns = disguises(["abcdefgh", "efghijkl"])
    assert masked(patterns, b"<abcdefghijkl>") == b"<***>"
    assert masked(patterns, b"<abcdefgh", b"ijkl>") == b"<***>"
    assert masked(patterns, b"<abcdefgh", b"i>") == b"<***i>"


def test_a_secret_that_repeats_itself_is_masked_without_keeping_the_stream_back() -> None:
    masker = Masker(disguises(["aaaaaa"]))
    shown = [masker.feed(b"a" * 1000) for _ in range(3)]
    assert b"".join([*shown, masker.feed(b"b"), masker.end()]) == b"***b"


def test_any_split_gives_the_same_text() -> None:
    dice = random.Random(42)
    patterns = [b"abab", b"baba", b"aab", b"abbba", b"bb" * 4]
    for _ in range(300):
        text = bytes(dice.choices(b"ab", k=40))
        chunks, at = [], 0
        while at < len(text):
            size = dice.randint(1, 9)
            chunks.append(text[at : at + size])
            at += size
        assert masked(patterns, *chunks) == masked(patterns, text)


def test_a_line_without_a_secret_is_shown_at_once() -> None:
    masker = Masker(disguises([SECRET]))
    assert masker.feed(b"collecting tests\n") == b"collecting tests\n"


@pytest.mark.parametrize("secret", ["", "short", "  abc  ", "\n\n\n\n\n\n\n"])
def test_values_too_short_to_mask_are_refused(secret: str) -> None:
    with pytest.raises(TooShortToMask):
        disguises([secret])
