"""On the narrowest page no line ends between a number and its unit; what is copied, sent or run stays as it is."""

from __future__ import annotations

import re

import pytest

from shipway.web import words
from shipway.web.pages.rendering import ported
from shipway.web.pages.typeset import STAYS, typeset
from web.server import Site

PARTED = re.compile(r"\d (?:%|ms|s|min|m|h|d|B|kB|MB|GB|requests?|times)(?!\w)")


@pytest.mark.parametrize(
    "says",
    [
        *(words.length(seconds) for seconds in (0.4, 48, 249, 7500, 800_000)),
        *(words.milliseconds(count) for count in (8, 1800)),
        *(words.size(count) for count in (412, 18_200_000, 4e9)),
        *(words.percent(share) for share in (0.0001, 0.5)),
        *(words.lasting(0.0, passed) for passed in (40, 1400, 18_000, 800_000)),
        words.ago(0.0, 1400.0),
        words.date(1_800_000_000.0),
        "12 of 20 requests failed in the last 10 s",
        "1 of 1 request, asked 12 times",
    ],
)
def test_everything_words_say_of_a_number_stays_together(says: str) -> None:
    assert PARTED.search(typeset(f"<p>{says}.</p>")) is None
    assert typeset(f"<p>{says}.</p>").replace(STAYS, " ") == f"<p>{says}.</p>"


@pytest.mark.parametrize(("share", "says"), [(4e-17, "0 %"), (1e-5, "0.001 %"), (0.025, "2.5 %"), (1.0, "100 %")])
def test_a_share_is_told_in_digits_that_a_person_reads(share: float, says: str) -> None:
    assert words.percent(share) == says


@pytest.mark.parametrize(
    "part",
    [
        '<input value="frozen for 8 s">',
        "<pre>took 8 s <b>or 9 s</b></pre>",
        "<code>sleep 8 s</code>",
        "<option>team 8 s</option>",
        "<textarea>8 s</textarea>",
        "<p>8 steps, 3 minutes, 2 min4, r8 mended</p>",
    ],
)
def test_what_is_no_number_to_be_read_stays_as_it_is(part: str) -> None:
    assert typeset(f"<main>{part}</main>") == f"<main>{part}</main>"


def test_a_text_full_of_numbers_takes_one_pass() -> None:
    """An error's message is whatever an application says. Looking ahead from each number took minutes."""
    assert typeset(f"<p>{'1 s ' * 50_000}</p>") == f"<p>{f'1{STAYS}s ' * 50_000}</p>"


def test_no_line_ends_before_the_port_of_an_address() -> None:
    assert ported("http://topup--dev.localhost:8080") == (
        'http://topup--dev.<wbr><span class="port">localhost:8080</span>'
    )
    assert ported("https://ship.<b>.example") == "https://ship.&lt;b&gt;.example"


@pytest.mark.parametrize("path", ["/", "/runs", "/applications/topup/environments/prod", "/runs/nothing:1"])
def test_pages_are_set_so_without_a_word_in_their_templates(past: Site, path: str) -> None:
    page = past.get(path, accept="text/html").body.decode()
    assert PARTED.findall(re.sub(r"<(pre|code|option|title)\b.*?</\1>|<[^>]*>", "", page, flags=re.DOTALL)) == []
