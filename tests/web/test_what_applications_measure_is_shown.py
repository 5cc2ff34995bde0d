"""What applications measure themselves is shown on the page, in the API and on the command line alike."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from shipway.signals.scraped import Scraped
from shipway.signals.series.sample import Sample
from shipway.signals.series.series import Series, level
from shipway.web.measures import number, said
from web.measuring import measure
from web.server import Site
from web.visiting import person

BASE = "/api/v1/applications/topup/environments/prod/signals/measured"
PAGE = "/applications/topup/environments/prod"


@pytest.fixture(scope="module")
def shared(shared: Site) -> Site:
    """r1 serves everywhere."""
    shared.scene.deliver(shared.scene.push("topup", "One"))
    return shared


def test_where_nothing_is_measured_the_page_says_nothing_of_it(shared: Site) -> None:
    shown = shared.ask("GET", PAGE.replace("prod", "dev"), {**shared.sign_in(), "accept": "text/html"}).text
    assert 'id="measured"' not in shown


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


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("width", [1440, 390])
def test_long_names_and_large_numbers_stay_in_their_card(browser: Browser, shared: Site, width: int) -> None:
    measure(shared)
    long = Series(
        "topup_outstanding_" + "and_pending_" * 9 + "orders", "gauge", "cents", (("of", "x" * 60),), "r1"
    )
    memory = Series("instance.memory", "gauge", "bytes", (("process", "web"),), "r1")
    meter = shared.cast.meters.of("topup", "prod")
    for height in (35_482_624.0, 35_715_072.0, 35_598_848.0):
        meter.take([Sample(one, "web.1", level(height)) for one in (long, memory)], list)
    page = person(browser, shared, viewport={"width": width, "height": 900}).new_page()
    page.goto(f"{shared.origin}{PAGE}")
    card = page.locator("#measured")
    expect(card).to_contain_text("and_pending_orders")
    wide = "(card) => [card.scrollWidth - card.clientWidth, document.documentElement.scrollWidth - innerWidth]"
    assert card.evaluate(wide) == [0, 0]
    page.context.close()


def test_what_releases_measured_that_are_gone_is_not_on_the_page(site: Site) -> None:
    site.scene.application("topup")
    for subject in ("One", "Two", "Three"):
        site.scene.deliver(site.scene.push("topup", subject))
    for release in ("r1", "r2", "r3", "of their own"):
        series = Series("sold", "gauge", "", (), release)
        site.cast.meters.of("topup", "prod").take([Sample(series, "web.1", level(1))], list)
    names = [f"topup.prod.{release}.web.1" for release in ("r1", "r3")]
    site.cast.meters.scraped = {name: Scraped(name, 0.0, False, "no answer within 5 s") for name in names}
    card = re.sub(r"<[^>]+>", "", site.get(PAGE).text.partition('id="measured"')[2].partition("</section>")[0])
    assert re.findall(r"sold of ((?:[a-z ]+|r\d))1", card) == ["of their own", "r2", "r3"]
    assert re.findall(r"web.1 of (r\d)", card) == ["r3"]
    assert len(site.get(BASE).json["series"]) == 4, "as data all of them are there"


def test_what_shipway_measures_of_it_is_told_apart(shared: Site) -> None:
    for name, unit, height in (("cpu", "cores", 0.025), ("memory", "bytes", 35_598_848.0)):
        series = Series(f"instance.{name}", "gauge", unit, (("process", "web"),), "r1")
        shared.cast.meters.of("topup", "dev").take([Sample(series, "web.1", level(height))], list)
    shown = shared.ask("GET", PAGE.replace("prod", "dev"), {**shared.sign_in(), "accept": "text/html"}).text
    card = re.sub(r"<[^>]+>", "", shown.partition('id="measured"')[2].partition("</section>")[0])
    assert "CPU of r1, by Shipway" in card
    assert "Memory of r1, by Shipway" in card
    assert "2.5 % of a core" in card
    assert "35.6 MB" in card


NOTHING = dict.fromkeys(("rate", "value", "low", "high", "p50", "p95", "p99"))


@pytest.mark.parametrize(
    ("kind", "unit", "figures", "words"),
    [
        ("counter", "cents", {"rate": 2.5}, "2.5 cents/s"),
        ("counter", "", {}, "-"),
        ("gauge", "", {"value": 3.0, "low": 3.0, "high": 3.0}, "3"),
        ("gauge", "By", {"value": 4e6, "low": 1e6, "high": 9e6}, "4.0 MB, from 1.0 MB to 9.0 MB"),
        ("gauge", "cores", {"value": 4e-17, "low": 0.0, "high": 0.025}, "0 % of a core, from 0 % to 2.5 %"),
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
