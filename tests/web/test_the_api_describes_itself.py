"""The reference of the API is what the server declares, at a page of ours, for nobody without a token."""

from __future__ import annotations

import html
import inspect
import re

import pytest
from playwright.sync_api import Browser, expect

from shipway.web import app
from shipway.web.endpoints import API
from shipway.web.routes import Declared, described
from web.server import Site
from web.visiting import person

NOW = [one for one in app.DECLARED if not one.instead]


def test_every_address_is_on_the_page_with_who_may_call_it(shared: Site) -> None:
    text = html.unescape(shared.get("/reference/api").text).replace("<wbr>", "")
    words = re.sub("</?code>", "`", text)
    for one in map(described, app.DECLARED):
        assert f"<code>{one.path}</code>" in text, one.path
        assert one.summary in words, one.summary
    assert "an owner" in text


def test_every_call_has_an_address_of_its_own(shared: Site) -> None:
    ids = re.findall('<details id="([^"]+)"', shared.get("/reference/api").text)
    assert sorted(ids) == sorted({described(one).anchor for one in NOW})


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("width", [1440, 390])
def test_a_call_is_found_by_a_few_letters_and_opened_by_its_address(
    browser: Browser, shared: Site, width: int
) -> None:
    context = person(browser, shared, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(f"{shared.origin}/reference/api#delete-api-v1-tokens-token")
    expect(page.locator("#delete-api-v1-tokens-token")).to_have_attribute("open", "")
    expect(page.locator("#delete-api-v1-tokens-token .told")).to_be_in_viewport()
    heights = page.locator("details[id]:not([open])").evaluate_all("(all) => all.map((call) => call.offsetHeight)")
    assert len(heights) == len(NOW) - 1, "all but the one that was asked for"
    assert max(heights) < 120, "a line or two each"
    page.get_by_role("searchbox", name="Filter").fill("freeze post")
    expect(page.locator("#sifted")).to_have_text(re.compile(r"^\d of \d{3}$"))
    expect(page.locator("#delete-api-v1-tokens-token")).to_be_hidden()
    page.get_by_role("searchbox", name="Filter").fill("")
    expect(page.locator("#delete-api-v1-tokens-token")).to_be_visible()
    context.close()


def test_the_document_has_every_address_of_the_api(shared: Site) -> None:
    told = shared.get("/api/v1/openapi.json").json
    assert told["openapi"].startswith("3.1")
    described_ones = {(method.upper(), path) for path, methods in told["paths"].items() for method in methods}
    known = {(one.method, described(one).path) for one in app.DECLARED}
    assert described_ones == {(method, path) for method, path in known if path.startswith(f"{API}/")}
    operations = [each for methods in told["paths"].values() for each in methods.values()]
    assert len({each["operationId"] for each in operations}) == len(operations)
    closed = told["paths"]["/api/v1/tokens"]["post"]
    assert (closed["x-who"], closed["security"]) == ("owner", [{"token": []}])
    assert told["paths"]["/api/v1/health"]["get"]["security"] == []
    names = told["paths"]["/api/v1/runs/{run}"]["get"]["parameters"]
    assert [each["name"] for each in names] == ["run"]


def test_an_address_from_before_answers_as_the_one_instead_and_is_called_deprecated(site: Site) -> None:
    site.scene.application("topup")
    commit = site.scene.push("topup", "Fix it").commit
    told = site.get("/api/v1/openapi.json").json["paths"]
    former = [described(one) for one in app.DECLARED if one.instead]
    assert {one.path.rpartition("}")[2] for one in former} == {"", "/where", "/wait", "/why"}
    for one in former:
        assert told[one.path]["get"]["deprecated"] is True
        assert one.instead in told[one.path]["get"]["description"]
        assert "deprecated" not in told[one.instead]["get"]
        places = [path.format(application="topup", commit=commit) for path in (one.path, one.instead)]
        before, now = (site.get(f"{place}?environment=dev&seconds=0") for place in places)
        assert (before.status, before.json) == (200, now.json)


@pytest.mark.parametrize(
    "one", [one for one in app.DECLARED if one.path.startswith(API)], ids=lambda one: one.path
)
def test_every_call_is_told_in_a_sentence(one: Declared) -> None:
    assert inspect.getdoc(one.answer), (
        f"{one.answer.__name__} has no docstring: the page would show its name alone"
    )


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/reference/api", "/api/v1/openapi.json"])
def test_nobody_reads_it_without_a_token(shared: Site, path: str) -> None:
    assert shared.ask("GET", path).status == 401
