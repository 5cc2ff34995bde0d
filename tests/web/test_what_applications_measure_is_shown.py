"""What applications measure themselves is shown on the page, in the API and on the command line alike."""

from __future__ import annotations

import re

import pytest

from shipway.signals.series.sample import Sample
from shipway.signals.series.series import Series, level
from shipway.web.measures import number, said
from web.measuring import measure
from web.server import Site

BASE = "/api/v1/applications/topup/environments/prod/signals/measured"
PAGE = "/applications/topup/environments/prod"


def test_the_newest_figures_and_the_past_of_a_series(shared: Site) -> None:
    measure(shared)
    answer = shared.get(BASE).json
    found = {one["name"]: one for one in answer["series"]}
    assert found["topup.paid"]["labels"] == {"currency": "EUR", "kind": "topup"}
    assert 10 < found["topup.paid"]["rate"] < 30
    assert (found["topup_waited_seconds"]["p50"], found["topup_waited_seconds"]["kind"]) == (
        pytest.approx(0.0667, abs=0.001),
        "histogram",
    )
    assert (answer["known"], answer["most"], answer["refused"]) == (15, 500, {})
    assert [(one["instance"], one["good"]) for one in answer["asked"]] == [("topup.prod.r1.web.2", False)]
    past = shared.get(f"{BASE}/history?name=topup_open_orders&span=15m").json
    (series,) = past["series"]
    assert (past["step"], len(series["steps"]) > 80) == (10, True)
    assert all(10 <= step["value"] <= 30 for step in series["steps"])


@pytest.mark.parametrize("query", ["", "?span=1h", "?name=x&span=2h"])
def test_a_past_of_nothing_is_refused(shared: Site, query: str) -> None:
    assert shared.get(f"{BASE}/history{query}").status == 400


def test_the_page_has_what_the_application_counts_before_what_every_program_has(shared: Site) -> None:
    measure(shared)
    shown = shared.ask("GET", PAGE, {**shared.sign_in(), "accept": "text/html"}).text
    card = shown.partition('id="measured"')[2].partition("</section>")[0]
    assert "currency=EUR, kind=topup" in card
    assert card.count("<li>") == 12
    assert card.index("topup_open_orders") < card.index("process_number_")
    assert "And three more." in card
    assert "<b>web.2 of r1</b> does not say what it measures: no answer within 5 s." in card
    assert f'href="{BASE}"' in card


def test_a_name_is_no_markup(shared: Site) -> None:
    series = Series("<b>sold</b>", "gauge", "<i>", (("<u>", "</section>"),), "<s>")
    shared.cast.meters.of("topup", "test").take([Sample(series, "web.1", level(1))], list)
    page = PAGE.replace("prod", "test")
    shown = shared.ask("GET", page, {**shared.sign_in(), "accept": "text/html"}).text
    card = shown.partition('id="measured"')[2]
    assert "&lt;b&gt;sold&lt;/b&gt;" in card
    assert "&lt;u&gt;=&lt;/section&gt;" in card
    assert not {"<i>", "<s>", "<u>"} & set(re.findall(r"<[a-z]+>", card))


def test_where_nothing_is_measured_the_page_says_nothing_of_it(shared: Site) -> None:
    shown = shared.ask("GET", PAGE.replace("prod", "dev"), {**shared.sign_in(), "accept": "text/html"}).text
    assert 'id="measured"' not in shown


NOTHING = dict.fromkeys(("rate", "value", "low", "high", "p50", "p95", "p99"))


@pytest.mark.parametrize(
    ("kind", "unit", "figures", "words"),
    [
        ("counter", "cents", {"rate": 2.5}, "2.5 cents/s"),
        ("counter", "", {}, "-"),
        ("gauge", "", {"value": 3.0, "low": 3.0, "high": 3.0}, "3"),
        ("gauge", "By", {"value": 4e6, "low": 1e6, "high": 9e6}, "4,000,000 By, from 1,000,000 to 9,000,000"),
        ("histogram", "s", {"rate": 0.2, "value": 0.1, "p95": 0.48}, "0.2/s, 95 of 100 up to 0.48 s"),
        ("histogram", "s", {"rate": 0.2, "value": 0.1}, "0.2/s, 0.1 s each"),
        ("histogram", "s", {"rate": 0.0}, "0/s"),
    ],
)
def test_figures_as_people_say_them(kind: str, unit: str, figures: dict[str, float], words: str) -> None:
    assert said(kind, unit, {**NOTHING, **figures}) == words


@pytest.mark.parametrize(
    ("value", "words"), [(0.04171, "0.0417"), (12.0, "12"), (4210.4, "4,210"), (1e21, "1e+21")]
)
def test_numbers_are_short(value: float, words: str) -> None:
    assert number(value) == words
