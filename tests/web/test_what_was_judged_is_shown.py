"""The page of a release: what was judged, drawn from its numbers, and what became of it; the same as data."""

from __future__ import annotations

import html
import io
import re
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import asdict, replace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from shipway.cli import releases as releases_
from shipway.cli import signals
from shipway.hosts.keeper.client import Keeper
from shipway.hosts.keeper.spec import InstanceState
from shipway.incidents.suspects import Evidence, Suspicion
from shipway.signals.instances import Usage
from shipway.signals.reading import Reading
from shipway.signals.verdict import NEW_QUESTION, Finding, Verdict, by_chance, counted, weight
from shipway.state import artifacts, deployments, facts, holds, instances, releases, runs, verdicts
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.traffic.tally import BOUNDS, Tally
from shipway.web import holding, journey, next_move, sentences, shares, trials
from shipway.web.narration import Telling
from shipway.web.pages import trial_chart
from shipway.web.pages.trial_chart import Window
from shipway.web.shares import Move
from shipway.web.trials import Trial
from shipway.web.words import clock
from web.judged import BAD, COLD, DOUBT, DOUBTED, FAILING, FEW, HOSTILE, Trials, everything, fine, waiting_for
from web.past import EVENT
from web.scene import Scene
from web.server import Site
from web.visiting import Look, in_every_look, person

NEVER = Finding("failures of front", 15, 15, 0, 0, 900.0, says="its text lacks <b>", new_question=True)

TALLY = Tally((0, 9, 0, 0, 1), (10, *[0] * len(BOUNDS)))
PLACE = "/applications/{}/environments/prod"
SENTENCES = {
    ("good", 2): "r2 was judged good at 10 %, 50 % and 100 %, and serves",
    ("bad", 2): "r2 was judged bad at 10 %, and r1 has all requests again",
    ("unjudged", 2): "r2 could not be judged at 10 %, and r1 has all requests again",
    ("blue-green", 2): "r2 was judged bad at 100 %, and r1 has all requests again",
    ("asked", 2): "r2 looked bad, and r1 has most of the requests until it is known why",
    ("stuck", 2): "r2 was judged bad, and is frozen at 10 %: r2 has 10 % of the requests, r1 the other 90 %",
    ("alone", 1): "r1 was not judged, and serves",
    ("trying", 2): "r2 is on trial with 50 % of the requests",
}
STATES = {
    "good": ["Serving"],
    "bad": ["Rolled back", "Quarantined"],
    "unjudged": ["Not known", "Rolled back"],
    "blue-green": ["Rolled back", "Quarantined"],
    "asked": ["On trial, 25 %"],
    "stuck": ["Frozen at 10 %", "Quarantined"],
    "alone": ["Serving"],
    "trying": ["On trial, 50 %"],
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    scene = Scene.empty(tmp_path_factory.mktemp("judged"))
    everything(scene)
    site = Site.start(scene)
    yield site
    site.stop()
    scene.database.close()


def address(application: str, number: int) -> str:
    return f"{PLACE.format(application)}/releases/r{number}"


def states(site: Site, application: str) -> dict[int, str]:
    """What the page of its prod lists of each release."""
    table = site.get(PLACE.format(application)).text.partition('id="releases"')[2].partition("</table>")[0]
    cells = [
        [re.sub("<[^>]+>", "", cell).strip() for cell in row.split("<td>")] for row in table.split("<tr>")[2:]
    ]
    return {int(re.findall(r"r(\d+)", row[2])[0]): row[3].replace("\xa0", " ") for row in cells}


@pytest.fixture
def page(browser: Browser, judged: Site) -> Iterator[Page]:
    context = person(browser, judged)
    yield context.new_page()
    context.close()


BESIDE = {
    "good": [("r2", True), ("r2", True)],
    "bad": [("r2", True)],
    "blue-green": [],
    "stuck": [("r2", False)],
    "asked": [("r2", False)],
    "trying": [("r2", False)],
}


@pytest.mark.parametrize("application", BESIDE)
def test_an_environment_draws_what_has_a_part_of_the_requests_by_itself(judged: Site, application: str) -> None:
    """Whether it is over, by the name of each, and every mark: the same in its charts and as data."""
    told = judged.get(f"/api/v1{PLACE.format(application)}/signals/history?span=1h").json
    assert [(f"r{one['release']}", one["ends"] is not None) for one in told["beside"]] == BESIDE[application]
    page = judged.get(f"{PLACE.format(application)}?span=1h").text
    marks = re.findall(r'<g class="mk ..\"><title>\d\d:\d\d ([^<]*)<', page.partition('id="c-errors"')[0])
    assert marks == [one["says"] for one in told["deployments"]]
    legend = re.findall(r'class="b b1" d="M0 2h28"/></svg>(r\d+), beside it (?:two times, last )?(since)?', page)
    assert [(name, not since) for name, since in legend] == BESIDE[application][-1:]
    assert ('<polyline class="b b1"' in page) is bool(BESIDE[application])
    if not all(over for _, over in BESIDE[application]):
        errors = page.partition('id="c-errors"')[2].partition("</svg>")[0]
        named = set(re.findall('class="named"[^>]*>(r.)<', errors))
        assert named in ({"r1", "r2"}, {"r2"})  # where both names would lie on each other, one stands
        assert re.search(r"in the last minute, r2 (none|\d+) of \d+", errors)


@pytest.mark.needs("chromium")
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_each_page_fits_and_says_in_a_sentence_what_was_judged_and_what_happened(
    browser: Browser, judged: Site, width: int, scheme: str
) -> None:
    context = person(browser, judged, viewport={"width": width, "height": 900}, color_scheme=scheme)
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for (application, number), sentence in SENTENCES.items():
        page.goto(judged.origin + address(application, number))
        assert [text.replace("\xa0", " ") for text in page.locator("h1").all_text_contents()] == [sentence]
        expect(page.locator(".states .st")).to_have_text(STATES[application])
        assert page.evaluate("document.documentElement.scrollWidth") <= width, application
        assert page.locator("[style], main script, main img").count() == 0
    page.goto(judged.origin + PLACE.format("trying"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []
    context.close()


@pytest.mark.needs("chromium")
def test_a_bad_one_has_its_numbers_drawn_and_what_would_end_its_quarantine(page: Page, judged: Site) -> None:
    page.goto(judged.origin + address("bad", 2))
    rows = page.locator(".verdict tbody tr")
    expect(rows).to_have_count(len(FAILING))
    expect(rows.first).to_contain_text("9 of 18 requests")
    expect(rows.first).to_contain_text("speaks against it")
    expect(rows.nth(2)).to_contain_text(HOSTILE)
    widths = rows.nth(1).evaluate(
        "(row) => [...row.querySelectorAll('rect')].map((bar) => +bar.getAttribute('width'))"
    )
    assert widths[0] / widths[1] == pytest.approx((5 / 9) / (88 / 172), rel=0.01)
    quarantine = page.locator("#quarantine")
    expect(quarantine).to_contain_text("until a commit on top of it has served there and was judged good")
    expect(quarantine.locator(".cmd")).to_contain_text("git fetch shipway revert-")
    expect(page.locator("#facts")).to_contain_text("ben@example.org by E-mail")
    page.get_by_role("link", name="r1", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("r1 was not judged, and serves")


@pytest.mark.needs("chromium")
def test_a_share_that_was_left_to_the_one_before_is_told_from_one_that_was_lost(page: Page, judged: Site) -> None:
    page.goto(judged.origin + address("good", 2))
    facts = page.locator("#facts")
    expect(facts).to_contain_text("25 % of the requests, r1 was asked")
    expect(facts.locator(".rolled")).to_have_count(0)
    expect(page.locator("#happened")).to_contain_text(
        "the one before did no better: all requests went to it again"
    )
    page.goto(judged.origin + address("asked", 2))
    expect(page.locator("#says")).to_contain_text("beside r1 with the other 75 %")
    page.goto(judged.origin + PLACE.format("asked"))
    expect(page.get_by_role("heading", level=1)).to_have_text("r2 has 25 % of the requests to prod")
    expect(page.locator("#says")).to_contain_text("looked bad")
    expect(page.locator("#channel")).to_have_attribute(
        "aria-label", "Release r1 has 75 % of the requests, r2 on trial 25 %."
    )


def test_the_one_before_is_asked_until_what_comes_next_has_requests(site: Site) -> None:
    """Until then the routers do as they did."""
    scene = site.scene
    told = Trials(scene, "topup")
    _run, deployment = told.comes(0, "Ask the bank in the background")
    told.serves(deployment, warm_for=600)
    told.asked(deployment, 25)

    def said(*words: str) -> list[bool]:
        page = site.get("/applications/topup/environments/prod").text
        return [each in page for each in words]

    asking = "r2 has 25 % of the requests to prod", "Serving, 75 %", "On trial, 25 %", "looked bad"
    assert all(said(*asking))
    newer, coming = told.comes(0, "Ask the bank again")
    coming_next = f'judged by</a>. <a href="/runs/topup:{newer.number}">Run'
    assert all(said(*asking, coming_next)), "it is on its way, and has none of them"
    told.share(coming, 10)
    assert said("r3 has 10 % of the requests to prod", "Serving, 90 %", "On trial, 25 %") == [True, True, False]
    told.undone(newer, coming, "it died", "releases.died")
    assert said("On trial, 25 %", "r2 serves in prod") == [False, True]


def test_a_release_of_which_the_one_before_was_asked_says_what_looked_bad(
    judged: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everywhere, with the numbers; and what was said beside the one before, once it has answered."""
    found = judged.get(f"/api/v1{address('asked', 2)}/verdicts").json
    assert found["shares"][-1] | {"at": 0, "run": ""} == {
        "at": 0,
        "share": 25,
        "run": "",
        "keeps": False,
        "back": False,
        "asked": True,
        "kind": "",
        "reason": DOUBT,
        "findings": [asdict(DOUBTED)],
        "among": {},
    }
    assert DOUBT in found["why"]
    row = next(one for one in judged.get("/api/v1/overview").json["applications"] if one["name"] == "asked")
    assert row["why"] == "It looked bad in prod, and has 25 % of the requests until the one before is asked"
    where = judged.get("/api/v1/applications/asked/commits/main/where").json["environments"]
    assert "r1 has most of the requests until it is known why" in where[-1]["reason"]
    shown = judged.get(address("asked", 2)).text
    for said in (DOUBT, "7 of 9 requests", "r1 was asked", "a doubt"):
        assert said in shown
    assert "7 of 9" in said_by_a_terminal(judged, capsys, "asked", 3)
    answered = said_by_a_terminal(judged, capsys, "good", 0)
    assert "25 % of the requests, r1 was asked: Failed requests: 7 of 9" in answered
    assert "100 % of the requests, r1 does no better: Nothing speaks against 4,210 requests" in answered
    commit = found["release"]["commit"]
    why = judged.get(f"/api/v1/applications/asked/commits/{commit}/why?environment=prod").json["events"]
    assert any("it looked bad (failed requests: 7 of 9" in event["says"] for event in why)


@pytest.mark.parametrize(
    ("recorded", "icon", "title", "told"),
    [
        (
            {"kind": "not known"},
            "unknown",
            "Nobody can tell if r1 does better: all requests again",
            "nobody could tell if the one before does better",
        ),
        ({}, "passed", "r1 did no better: all requests again", "the one before did no better"),
    ],
)
def test_no_answer_is_not_shown_as_one(
    site: Site,
    capsys: pytest.CaptureFixture[str],
    recorded: dict[str, str],
    icon: str,
    title: str,
    told: str,
) -> None:
    """What was recorded before verdicts were beside it, or any reason, reads as it did."""
    asked = Trials(site.scene, "unanswered")
    run, deployment = asked.comes(60, "Ask twice", strategy="blue_green")
    asked.serves(deployment)
    site.scene.end(run)
    if recorded:
        asked.asked(deployment, 25)
    with site.scene.database.write() as conn:
        if not recorded:
            deployments.note(conn, deployment, "deployment.asked", {"share": 25})
        deployments.note(conn, deployment, "deployment.answered", {**recorded, "reason": FEW, "findings": []})
    shown = site.get(address("unanswered", 2)).text
    card = shown.partition(title)[0].rpartition('class="card verdict"')[2]
    assert f'href="#i-{icon}"' in card
    assert f"{told}: all requests went to it again" in shown
    said = said_by_a_terminal(site, capsys, "unanswered", 3)
    assert "25 % of the requests, r1 was asked" in said
    assert ("100 % of the requests, nobody can tell if r1 does better: 12 requests are too few" in said) == bool(
        recorded
    )
    assert ("100 % of the requests, r1 does no better: 12 requests are too few" in said) == (not recorded)


def test_what_is_judged_at_this_moment_has_its_numbers_until_it_is_over(
    judged: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the deployment that the judge looks at, and of no other."""
    place = f"/api/v1{address('asked', 2)}/verdicts"
    waits = next_move.ASKING
    now = Verdict("not known", "9 requests are too few to tell; 50 are enough.", (COLD, NEVER))
    with judged.scene.database.read() as conn:
        deployment = deployments.recent(conn, "asked", "prod", limit=1)[0]
    judged.cast.so_far["asked", "prod"] = (deployment.id, now)
    judged.cast.so_far["good", "prod"] = ("another", now)
    try:
        assert judged.get(place).json["so_far"]["findings"] == [asdict(COLD), asdict(NEVER)]
        assert judged.get(f"/api/v1{address('good', 2)}/verdicts").json["so_far"] is None
        shown = judged.get(address("asked", 2)).text
        assert "So far, with 25 % of the requests" in shown
        assert waits in shown
        assert "Warming up: 12 of 20 requests" in shown
        assert f"its text lacks &lt;b&gt;; {NEW_QUESTION}" in shown
        assert "was not asked" in shown
        assert "0 of 0" not in shown
        told = said_by_a_terminal(judged, capsys, "asked", 3)
        assert "So far not known: 9 requests are too few to tell" in told
        assert waits in told
        assert COLD.why_not in told
        assert f"its text lacks <b>; {NEW_QUESTION}" in told
        assert "0 of 0" not in told
    finally:
        judged.cast.so_far.clear()


def test_what_a_canary_waits_for_is_the_same_sentence_everywhere(
    judged: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the page of its environment, of its run and of itself, for programs, in a terminal and in a push."""
    now = waiting_for(12)
    says = next_move.says(now)
    with judged.scene.database.read() as conn:
        deployment = deployments.recent(conn, "trying", "prod", limit=1)[0]
        run = journey.read(conn, deployment.run)
    judged.cast.so_far["trying", "prod"] = (deployment.id, now)
    try:
        place = "/applications/trying/environments/prod"
        whole = f"{next_move.so_far(now)} {says}"
        for page in (place, f"{place}/so-far", f"/runs/trying:{run.run.number}"):
            assert whole in words_of(judged.get(page).text), page
        assert says in words_of(judged.get(address("trying", 2)).text)
        assert judged.get(f"/api/v1{address('trying', 2)}/verdicts").json["so_far"]["waits"] == says
        assert says in said_by_a_terminal(judged, capsys, "trying", 3)
        share = holding.held(run, "prod")
        assert share is not None
        assert holding.said(share, now).endswith(says)
        assert judged.get("/applications/good/environments/prod/so-far").status == 204
    finally:
        judged.cast.so_far.clear()


@pytest.mark.parametrize(("application", "share"), [("trying", 50), ("asked", 25)])
def test_a_share_that_nobody_has_looked_at_yet_has_a_sentence_as_well(
    judged: Site, capsys: pytest.CaptureFixture[str], application: str, share: int
) -> None:
    """As after a restart of Shipway, until its trial goes on."""
    assert judged.cast.so_far == {}
    assert judged.get(f"/api/v1{address(application, 2)}/verdicts").json["so_far"]["reason"] == trials.NOT_LOOKED
    shown = judged.get(address(application, 2)).text
    assert f"So far, with {share} % of the requests" in shown
    assert trials.NOT_LOOKED in shown
    assert f"So far not known: {trials.NOT_LOOKED}" in said_by_a_terminal(judged, capsys, application, 3)


def test_a_share_that_could_not_be_judged_shows_what_was_counted(
    judged: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = judged.get(address("unjudged", 2)).text
    assert "0 of 12 requests" in shown
    assert "No data is never a pass: what could not be heard went back." in shown
    told = said_by_a_terminal(judged, capsys, "unjudged", 3)
    assert "not known at 10 %" in told
    assert "0 of 12" in told


def test_durations_that_were_not_compared_have_a_row_with_the_reason(
    judged: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    (verdict,) = judged.get(f"/api/v1{address('trying', 2)}/verdicts").json["verdicts"]
    assert verdict["findings"][-1]["why_not"] == COLD.why_not
    shown = judged.get(address("trying", 2)).text
    assert "Slow requests" in shown
    assert "Warming up: 12 of 20 requests" in shown
    told = said_by_a_terminal(judged, capsys, "trying", 3).splitlines()
    assert [line.split() for line in told if COLD.why_not in line] == [["slow", "requests", *COLD.why_not.split()]]


def test_the_line_of_the_release_before_looks_as_the_key_says(judged: Site) -> None:
    """There is one dashed line: no other has to be told from it."""
    page = judged.get(address("bad", 2)).text
    assert '<polyline class="b" points' in page
    assert '<path class="b b1"' in page


@pytest.mark.needs("chromium")
def test_both_releases_are_lines_over_the_same_time(page: Page, judged: Site) -> None:
    """The new one is solid and starts with its first share; the one before is dashed and was there already."""
    page.goto(judged.origin + address("bad", 2))
    errors = page.locator("#numbers svg.chart").nth(1)
    begins = "(lines) => Math.min(...lines.map((line) => parseFloat(line.getAttribute('points'))))"
    solid, dashed = errors.locator(".a").evaluate_all(begins), errors.locator(".b").evaluate_all(begins)
    assert dashed < solid
    marks = page.locator("#numbers svg.chart").first.locator(".mk title")
    assert [text.partition(" ")[2] for text in marks.all_text_contents()] == ["r2 has 10 %", "r2 has 0 %"]


@pytest.mark.needs("chromium")
def test_a_trial_is_watched_until_its_end(browser: Browser, site: Site) -> None:
    told = Trials(site.scene, "topup")
    run, deployment = told.comes(0, "Take a charge once per key")
    context = person(browser, site)
    page = context.new_page()
    page.goto(site.origin + address("topup", 2))
    title = page.get_by_role("heading", level=1)
    expect(title).to_have_text("r2 is on its way to prod, and has no request yet")
    told.share(deployment, 10)
    expect(title).to_have_text("r2 is on trial with 10 % of the requests")
    expect(page.locator("#judged")).to_contain_text("If nothing can be heard, everything goes back at")
    site.cast.so_far["topup", "prod"] = (deployment.id, waiting_for(12))
    beside = context.new_page()
    beside.goto(f"{site.origin}/applications/topup/environments/prod?span=7d")  # asked for anew in 5 minutes
    expect(beside.locator("#says")).to_contain_text("12 requests are too few to tell; 50 are enough")
    site.cast.so_far["topup", "prod"] = (deployment.id, waiting_for(13))
    expect(beside.locator("#says")).to_contain_text("13 requests are too few to tell; 50 are enough")
    beside.close()
    expect(page.locator("#quarantine")).to_be_hidden()
    told.judge(deployment, 10, fine(1310))
    told.share(deployment, 50)
    expect(page.locator(".verdict").first).to_contain_text("Nothing speaks against 1,310 requests")
    told.condemned(run, deployment, 50)
    told.undone(run, deployment, "r2 was taken back.", "signals.bad_verdict")
    told.reverted(run)
    expect(title).to_have_text("r2 was judged bad at 50 %, and r1 has all requests again")
    expect(page.locator("#quarantine")).to_be_visible()
    context.close()


@pytest.mark.needs("chromium")
@in_every_look
def test_an_environment_says_who_has_which_share_and_takes_a_trial_back(
    browser: Browser, site: Site, look: Look
) -> None:
    told = Trials(site.scene, "topup")
    _run, deployment = told.comes(0, "Keep the receipt")
    told.share(deployment, 10)
    context = person(browser, site, look)
    page = context.new_page()
    page.goto(site.origin + PLACE.format("topup"))
    expect(page.get_by_role("heading", level=1)).to_have_text("r2 has 10 % of the requests to prod")
    expect(page.locator("#says")).to_contain_text("Keep the receipt. Judged since")
    expect(page.locator("#says")).to_contain_text("r1 has the other 90 %")
    expect(page.locator("#channel")).to_have_attribute(
        "aria-label", "Release r1 has 90 % of the requests, r2 on trial 10 %."
    )
    expect(page.locator("#releases tr").nth(1)).to_contain_text("On trial, 10 %")
    page.locator("summary", has_text="Take r2 back").click()
    expect(page.locator(".sure[open] form")).to_contain_text("Its 10 % of the requests go back to r1")
    page.get_by_role("button", name="Take r2 back").click()
    page.wait_for_url(f"**{address('topup', 2)}")
    facts = site.get("/api/v1/facts?application=topup&limit=500").json["facts"]
    assert [each["data"]["who"] for each in facts if each["kind"] == "deployment.taken_back"] == ["ada"]
    told.undone(_run, deployment, "ada took r2 back while it was tried.", "signals.taken_back")
    expect(page.get_by_role("heading", level=1)).to_have_text("r2 was not judged, and r1 has all requests again")
    context.close()


def test_the_instances_of_every_release_that_runs_are_listed_with_health_and_memory(site: Site) -> None:
    told = Trials(site.scene, "topup")
    _run, deployment = told.comes(0, "Keep the receipt")
    told.share(deployment, 10)
    with site.scene.database.write() as conn:
        for at in range(10):
            name = f"topup.prod.r2.web.{at}"
            instances.want(conn, id=name, release=deployment.release, process="web", position=at, port=20020 + at)
    used = Usage("topup.prod.r2.web.3", "running", 0.0, 0, 0.25, 12.5, 41_000_000)
    site.cast.collector.instances.latest = {used.instance: used}
    text = site.get(PLACE.format("topup")).text
    card = text[text.index('id="instances"') :].partition("</section>")[0]
    first, trial = (" ".join(re.sub("<[^>]+>", " ", part).split()) for part in card.split('<h3 class="of">')[1:])
    assert first.startswith("r1 ")
    assert "Serving, 90 %" in first
    assert trial.startswith("r2 ")
    assert "On trial, 10 %" in trial
    assert "web.3 not known 41.0 MB 25 % of a core" in trial
    assert "2 more of r2" in trial
    assert " up" not in trial, "no keeper answers here"


def test_an_instance_that_ended_is_said_to_be_restarted_and_when(site: Site) -> None:
    site.scene.application("topup")
    site.scene.deliver(site.scene.push("topup", "Fix it"), ["prod"])
    name, since = "topup.prod.r1.web", time.time()
    waits = InstanceState(f"{name}.0", "topup.prod", None, "backoff", 4, 1, since, False, "", since + 3599)
    begins = InstanceState(f"{name}.1", "topup.prod", None, "backoff", 4, 1, since, False, "")  # an older keeper's
    with patch.object(Keeper, "instances", return_value=[waits, begins]):
        page = " ".join(re.sub("<[^>]+>", " ", site.get(PLACE.format("topup")).text).split())
        told = site.get("/api/v1/applications/topup/environments/prod/ps").json["instances"]
        with patch.object(releases_, "Server") as server, patch.object(releases_.here, "application"):
            server.find.return_value.get.return_value = {"instances": told}
            said = io.StringIO()
            with redirect_stdout(said):
                releases_.ps()
    for text in (page, said.getvalue()):
        assert re.search(r"web\.0 .*restarting, next try in 59 m \d\d s", text)
        assert "backoff" not in text
    assert re.search(r"web\.1 restarting [^,]", page)
    assert {one["id"]: one["state"] for one in told if one["process"] == "web"} == {
        f"{name}.0": "backoff",
        f"{name}.1": "backoff",
    }


MARKS = {
    "bad": [("tr", "r2 began to be tried"), ("rb", "rolled back to r1")],
    "good": [("tr", "r2 began to be tried"), ("dp", "r2 got all requests")],
    "stuck": [("tr", "r2 began to be tried"), ("fz", "r2 was frozen")],
    "blue-green": [("dp", "r2 got all requests"), ("rb", "rolled back to r1")],
}


@pytest.mark.parametrize("application", MARKS)
def test_each_mark_is_named_by_what_it_is_in_the_charts_and_in_the_key(judged: Site, application: str) -> None:
    page = judged.get(f"{PLACE.format(application)}?span=1h").text.partition('id="signals"')[2]
    said = re.findall(r'<g class="mk (\w+)"><title>[\d:]+ ([^<]+)', page.partition("</svg>")[0])
    assert [(kind, re.sub(r" [0-9a-f]{7}", "", words)) for kind, words in said] == MARKS[application]
    key = page.partition('class="key')[2].partition("</nav>")[0]
    for _kind, words in MARKS[application]:
        assert re.sub(r"^r2 | to r1$", "", words) in key


def test_taking_back_what_is_on_trial_no_more_moves_nothing(judged: Site) -> None:
    before = judged.get("/api/v1/runs?application=good").json
    for release in (address("good", 2), address("bad", 2)):
        answer = judged.ask("POST", f"{release}/back", {**judged.sign_in(), "origin": judged.origin})
        assert (answer.status, answer.headers["location"]) == (303, release)
    assert judged.get("/api/v1/runs?application=good").json == before


def test_a_reason_that_is_too_long_takes_nothing_back_and_is_written_there_still(judged: Site) -> None:
    form = {**judged.sign_in(), "origin": judged.origin, "content-type": "application/x-www-form-urlencoded"}
    sent = urlencode({"form": "take-back", "why": "It greets wrongly. " * 30})
    page = judged.ask("POST", f"{address('trying', 2)}/back", form, sent)
    assert page.status == 400
    (asked,) = re.findall('<details class="sure" id="roll-back" open>.*?</details>', page.text, re.S)
    assert 'value="It greets wrongly. It greets' in asked
    assert "The reason has more than 500 characters." in asked


def test_what_is_quarantined_is_shown_so_and_offered_to_nobody(judged: Site) -> None:
    for application in ("bad", "blue-green"):
        assert "Go forward to" not in judged.get(PLACE.format(application)).text
    assert states(judged, "bad")[2] == "Judged bad, quarantined"
    runs = re.fullmatch(r"Judged bad, quarantined, runs until (\d\d:\d\d)", states(judged, "blue-green")[2])
    listed = judged.get(f"/api/v1{PLACE.format('blue-green')}/releases").json["releases"][0]
    assert (runs and runs[1], listed["verdict"]) == (clock(listed["warm_until"])[:5], "bad")


def test_a_quarantine_stays_on_the_page_until_what_is_on_top_was_judged_good(site: Site) -> None:
    scene = site.scene
    with scene.history():
        told = Trials(scene, "mending")
        run, deployment = told.comes(500, "Round up", strategy="blue_green")
        told.serves(deployment)
        scene.end(run)
        told.condemned(run, deployment, 100)
        scene.roll_back("mending", "prod", told.first, who="shipway")
        mends, deployment = told.comes(300, "Round as before", strategy="blue_green")
        told.serves(deployment)
        scene.end(mends)
        told.judge(deployment, 100, Verdict("not known", FEW))
    assert states(site, "mending") == {3: "Serving", 2: "Judged bad, quarantined", 1: "Retired"}
    told.judge(deployment, 100, fine(4210))
    with scene.database.write() as conn:
        holds.lift(conn, holds.quarantined(conn, "mending", "prod"), by=mends.commit, run=mends.id)
    assert states(site, "mending")[2] == "Judged bad"


@pytest.mark.parametrize(
    ("application", "shown"),
    [
        ("asked", {2: "On trial, 25 %", 1: "Serving, 75 %"}),
        ("trying", {2: "On trial, 50 %", 1: "Serving, 50 %"}),
        ("good", {2: "Serving", 1: "Retired"}),
    ],
)
def test_releases_that_share_the_requests_are_listed_with_what_they_have(
    judged: Site, application: str, shown: dict[int, str]
) -> None:
    assert states(judged, application) == shown


FROZEN = "r2 is frozen at 10 %"
SHARES = "r2 has 10 % of the requests, r1 the other 90 %"


def words_of(page: str) -> str:
    """What a page says, without its elements."""
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", page)).split())


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/?who=needs", [f"{FROZEN}: {SHARES}; its data change cannot be taken back", "Frozen at 10 %"]),
        ("/runs/stuck:2", [f"{FROZEN}: {SHARES}", "is frozen at 10 % of the requests to prod"]),
        (
            PLACE.format("stuck"),
            [f"{FROZEN} of prod", SHARES, "Frozen at 10 %", "Serving, 90 %", "Nothing can go back"],
        ),
        ("COMMIT", [f"{FROZEN} of prod", "Frozen at 10 % of prod", f"In prod {FROZEN}: {SHARES}"]),
    ],
)
def test_every_page_says_the_same_of_what_is_frozen(judged: Site, path: str, says: list[str]) -> None:
    run = judged.get("/api/v1/runs?application=stuck").json["runs"][0]
    shown = words_of(judged.get(path.replace("COMMIT", f"/applications/stuck/commits/{run['commit']}")).text)
    assert [one for one in says if one not in shown] == []
    untrue = (
        "taken back at",
        "left as before",
        "What served before",
        "nobody can know",
        "Nobody can know",
        "Not known",
    )
    assert [one for one in untrue if one in shown] == []


def test_the_api_says_the_same_of_what_is_frozen(judged: Site) -> None:
    run, place = judged.get("/api/v1/runs?application=stuck").json["runs"][0], f"/api/v1{PLACE.format('stuck')}"
    commit = f"/api/v1/applications/stuck/commits/{run['commit']}"
    left = judged.get(place).json["stuck"]
    assert (left["release"], left["share"], left["before"], left["state"]) == (2, 10, 1, "frozen at 10 %")
    assert left["says"].startswith(f"{FROZEN}: {SHARES}; ")
    listed = judged.get(f"{place}/releases").json["releases"]
    assert [one["stuck"] for one in listed] == [left, left]
    where = next(one for one in judged.get(f"{commit}/where").json["environments"] if one["name"] == "prod")
    assert (where["serves"], where["stuck"], where["reason"]) == (False, left, left["says"])
    why = judged.get(f"{commit}/why?environment=prod").json
    assert (why["stuck"], why["reason"]) == (left, left["says"])
    assert f"{left['says']}" in [event["says"] for event in why["events"]]
    row = next(row for row in judged.get("/api/v1/overview").json["applications"] if row["name"] == "stuck")
    assert (row["says"], row["why"], row["needs_a_person"]) == ("Frozen at 10 %", f"{left['says']}.", True)


def test_what_serves_beside_what_is_frozen_is_not_said_to_have_all_requests(judged: Site) -> None:
    says = judged.get(f"/api/v1{address('stuck', 1)}/verdicts").json["says"]
    assert says == f"r1 was not judged, and serves; {FROZEN} beside it: {SHARES}"


def test_a_push_ends_with_what_is_frozen(judged: Site) -> None:
    with judged.scene.database.read() as conn:
        run = runs.recent(conn, application="stuck", limit=1)[0]
        now = journey.read(conn, run.id)
    told = " ".join(line.strip() for line in Telling(8080, {}).news(now, judged.scene.real))
    assert f"{FROZEN}: {SHARES}; its data change cannot be taken back; you decide" in told
    assert "left as before" not in told


def test_what_cannot_go_back_is_not_drawn_as_if_somebody_had_frozen_it(judged: Site) -> None:
    assert judged.get(f"/api/v1{address('stuck', 2)}/verdicts").json["fate"] == "stuck"
    run = judged.get("/api/v1/runs?application=stuck").json["runs"][0]
    for path in (address("stuck", 2), f"/applications/stuck/commits/{run['commit']}"):
        shown = judged.get(path).text
        assert 'href="#i-blocked"' in shown
        assert 'href="#i-frozen"' not in shown


def test_a_run_is_called_the_same_in_the_list_at_its_page_and_as_data(judged: Site) -> None:
    listed = {}
    for row in judged.get("/runs").text.split("<tr>")[2:]:
        run, state, *_ = (re.sub("<[^>]+>", "", cell).strip() for cell in row.split("<td>")[1:])
        listed[run.replace(" ", ":")] = state
    assert listed["bad:2"] == listed["blue-green:2"] == listed["unjudged:2"] == "Rolled back"
    assert (listed["good:2"], listed["stuck:2"], listed["asked:2"]) == ("Passed", "Failed", "Passed")
    shown = {run: state_of(judged.get(f"/runs/{run}").text) for run in listed}
    assert shown == listed
    told = judged.get("/api/v1/runs").json["runs"]
    back = {f"{one['application']}:{one['number']}" for one in told if one["taken_back"]}
    assert back == {run for run, state in listed.items() if state == "Rolled back"}


def state_of(page: str) -> str:
    """What the page of a run calls it, below its title."""
    states = ("Passed", "Failed", "Rolled back", "Running", "Queued")
    return next(state for state in states if state in page.partition("</h1>")[2].partition("Live")[0])


def test_what_is_going_back_is_called_rolled_back_already(site: Site) -> None:
    told = Trials(site.scene, "late")
    run, came = told.comes(3, "Round up", strategy="blue_green")
    told.serves(came, warm_for=600)
    site.scene.end(run)
    assert "Rolled back" not in site.get("/runs?application=late").text
    told.condemned(run, came, 100)
    assert site.get("/runs?application=late").text.count("Rolled back") == 1


def test_a_run_leads_to_the_release_it_made(judged: Site) -> None:
    assert f'href="{address("bad", 2)}"' in judged.get("/runs/bad:2").text


def test_a_release_that_does_not_exist_is_said_so(judged: Site) -> None:
    for number in ("r9", "x", "r0", "r-1"):
        assert judged.get(f"{PLACE.format('good')}/releases/{number}").status == 404


def test_the_same_is_there_as_data(judged: Site) -> None:
    found = judged.get(f"/api/v1{address('bad', 2)}/verdicts").json
    assert found["says"] == SENTENCES["bad", 2]
    assert [(each["share"], each["back"]) for each in found["shares"]] == [(10, False), (0, True)]
    assert (found["before"], found["after"], found["fate"]) == (1, None, "undone")
    assert found["quarantine"]["kind"] == "quarantine"
    assert found["revert"].startswith("revert-")
    why = judged.get(f"/api/v1/applications/bad/commits/{found['release']['commit']}/why?environment=prod").json[
        "events"
    ]
    assert any(event["says"].startswith("r2 was judged bad at 10 %: ") for event in why), "of which release"
    taken = judged.get(f"/api/v1{address('blue-green', 2)}/verdicts").json
    assert [each["share"] for each in taken["shares"]] == [100, 0]
    assert (taken["fate"], taken["after"]) == ("gone back", 1)


def test_what_is_on_trial_leaves_the_rest_to_the_one_before(judged: Site) -> None:
    found = judged.get(f"/api/v1{address('trying', 1)}/verdicts").json
    assert [each["share"] for each in found["shares"]] == [100, 90, 50]


def said_by_a_terminal(site: Site, capsys: pytest.CaptureFixture[str], application: str, code: int) -> str:
    """What `shipway judge r2` prints, after checking its exit code."""
    with patch.object(signals, "Server") as server:
        server.find.return_value.get = lambda path: site.get(f"/api/v1{path}").json
        assert signals.judge("r2", app=application) == code
    return capsys.readouterr().out


@pytest.mark.parametrize(("application", "code"), [("good", 0), ("bad", 1), ("unjudged", 3)])
def test_a_terminal_says_the_same(
    judged: Site, capsys: pytest.CaptureFixture[str], application: str, code: int
) -> None:
    said = said_by_a_terminal(judged, capsys, application, code)
    assert said.startswith(f"{SENTENCES[application, 2]}.\n")
    assert ("git fetch shipway revert-" in said) == (application == "bad")
    assert ("speaks against it" in said) == (application == "bad")
    assert said.count("by chance at most once in 671 deployments") == (application == "bad")
    assert said.count("durations once an instance is warm") == 1
    assert "\n\n\n" not in said
    assert said.rstrip().count("\n\n") == 1 + (application == "bad"), "what is quarantined stands apart"


def test_one_verdict_has_one_number_wherever_it_is_shown(judged: Site) -> None:
    """What a finding is worth by itself is another number, and not the one that decides."""
    commit = judged.get(f"/api/v1{address('bad', 2)}/verdicts").json["release"]["commit"]
    for shown in (f"{address('bad', 2)}", f"/applications/bad/commits/{commit}"):
        page = judged.get(shown).text
        assert "at most once in 671 deployments" in page
        assert page.count("at most once in") == page.count("at most once in 671 deployments")


@pytest.mark.parametrize(("application", "share"), [("bad", 10), ("blue-green", 100)])
def test_where_tells_the_verdict_and_what_came_of_it(judged: Site, application: str, share: int) -> None:
    """Whether a trial was undone, or a rollback took back what served alone; all places say it in one way."""
    found = judged.get(f"/api/v1{address(application, 2)}/verdicts").json
    commit, reason = found["release"]["commit"], found["verdicts"][-1]["reason"]
    told = judged.get(f"/api/v1/applications/{application}/commits/{commit}/where").json["environments"][-1][
        "reason"
    ]
    assert told.startswith(f"r2 was judged bad at {share} %, and r1 has all requests again: {reason}")
    if application == "bad":
        assert told.endswith(found["quarantine"]["says"])
        assert f"{commit[:7]} is quarantined in prod until" in found["quarantine"]["says"]
        assert found["quarantine"]["says"] in judged.get(address(application, 2)).text
        page = judged.get(PLACE.format(application)).text
        assert "quarantined in prod" in page
        assert "by chance" not in page, "beside a button there is room for a few words"
        held = judged.get(f"/api/v1{PLACE.format(application)}").json["holds"]
        assert [hold["commit"] for hold in held] == [commit]
    says = judged.get(f"/api/v1/applications/{application}/commits/{commit}/why?environment=prod").json["reason"]
    assert says == told


def test_what_serves_now_is_said_though_something_else_had_the_requests_again(site: Site) -> None:
    """Somebody went further back by hand, after r3 had gone back to r2."""
    scene = site.scene
    with scene.history():
        told = Trials(scene, "further")
        run, deployment = told.comes(20 * 60, "Round up")
        told.serves(deployment)
        scene.end(run)
        run, deployment = told.comes(60, "Take a charge twice")
        told.share(deployment, 10)
        told.condemned(run, deployment, 10)
        told.undone(run, deployment, "r3 was taken back.", "signals.bad_verdict")
        scene.until(20)
        scene.roll_back("further", "prod", told.first)
    said = "r3 was judged bad at 10 %, r2 had all requests again, and r1 serves now"
    assert site.get(f"/api/v1{address('further', 3)}/verdicts").json["says"] == said
    place = f"/api/v1/applications/further/commits/{run.commit}"
    assert site.get(f"{place}/where").json["environments"][-1]["reason"].startswith(f"{said}: ")
    assert site.get(f"{place}/why?environment=prod").json["reason"].startswith(f"{said}: ")
    assert said in site.get(f"/applications/further/commits/{run.commit}").text


def test_a_run_says_where_what_it_brought_was_judged_bad(judged: Site) -> None:
    """It was done, and is no more what serves."""
    every = judged.get("/api/v1/runs?application=blue-green").json["runs"]
    run = next(one for one in every if one["purpose"] == "push")
    place = f"{run['application']}:{run['number']}"
    found = judged.get(f"/api/v1/runs/{place}").json["deployments"]
    assert [(one["state"], one["judged_bad"]) for one in found if one["environment"] == "prod"] == [("done", True)]
    page = judged.get(f"/runs/{place}").text
    assert "Judged bad" in page.partition('id="goes"')[2]
    assert "judged bad" in page.partition('id="graph"')[2]


def test_what_came_before_and_after_a_release_is_known_however_long_ago_that_is(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    for number in range(3):
        last = scene.push("topup", f"Change number {number}")
        scene.deliver(last, ["prod"])
    with scene.database.write() as conn:
        newest = releases.numbered(conn, "topup", "prod", 3)
        assert newest is not None
        about = {"application": "topup", "branch": "main", "commit": last.commit, "who": "ada"}
        for _ in range(shares.FAR + 1):
            run = runs.create(conn, push=None, purpose="deploy", deliver=["prod"], plan={}, **about)
            made = deployments.begin(conn, run=run.id, release=newest, kind="deploy", at_least=0)
            deployments.end(conn, made, "failed", "it does not answer")
    with scene.database.read() as conn:
        second = releases.numbered(conn, "topup", "prod", 2)
        assert second is not None
        trial = trials.read(conn, second)
    assert [one and one.number for one in (trial.before, trial.after)] == [1, 3]


def test_evidence_is_said_in_words() -> None:
    words = [weight(Finding("failed requests", 1, 2, 1, 2, evidence)) for evidence in (1.9, 2.0, 100.0)]
    assert words == ["no more than chance brings", "perhaps against it", "speaks against it"]
    assert by_chance(671.4) == "by chance at most once in 671 deployments"
    assert by_chance(1e9) == "by chance at most once in a million deployments"
    assert counted("failed requests", 9, 1800) == "9 of 1,800 requests"
    assert counted("failures of GET /", 1, 3) == "1 of 3 times"
    assert counted("failures of GET /", 0, 1) == "0 of 1 time"
    assert [counted("restarts", count, 2) for count in (1, 2)] == ["1 restart", "2 restarts"]


def test_what_is_known_only_coarsely_leaves_no_gap() -> None:
    """The older part of a time was kept in tens of seconds, the newer one in looks."""
    release = Release("r", "topup", "prod", 2, "d", "c" * 40, 0, 0.0)
    trial = Trial(release, "on trial", moves=[Move(1_000_020.0, 10, "run")])
    coarse = [Reading(1_000_000.0 + at, 10.0, release.name, TALLY, 0, True) for at in range(10, 60, 10)]
    fine = [Reading(1_000_050.0 + at, 1.0, release.name, TALLY, 0, True) for at in range(1, 31)]
    drawn = trial_chart.drawn(trial, [*coarse, *fine], [], Window(1_000_000.0, 1_000_080.0))
    assert (len(drawn.errors.solid), drawn.deaf) == (1, [])
    assert [share.says for share in drawn.shares.named] == ["10 %"]


@pytest.mark.parametrize("late", [0.02, 0.25, 0.9])
def test_looks_a_little_more_than_a_second_apart_leave_no_gap(late: float) -> None:
    """A machine under load is late: each look is of all the time since the one before."""
    release = Release("r", "topup", "prod", 2, "d", "c" * 40, 0, 0.0)
    trial = Trial(release, "on trial", moves=[Move(1_000_020.0, 10, "run")])
    each = 1.0 + late
    looks = [Reading(1_000_000.3 + each * at, each, release.name, TALLY, 0, True) for at in range(int(80 / each))]
    drawn = trial_chart.drawn(trial, looks, [], Window(1_000_000.0, 1_000_080.0))
    assert (len(drawn.errors.solid), drawn.deaf) == (1, [])
    alone = [one for one in looks if not 1_000_030 < one.at < 1_000_040]
    drawn = trial_chart.drawn(trial, alone, [], Window(1_000_000.0, 1_000_080.0))
    assert (len(drawn.errors.solid), len(drawn.deaf)) == (2, 1), "where nobody looked it is said"


def test_a_share_that_the_axis_names_is_named_once() -> None:
    release = Release("r", "topup", "prod", 2, "d", "c" * 40, 0, 0.0)
    moves = [Move(1_000_020.0, 10, "run"), Move(1_000_050.0, 100, "run"), Move(1_000_070.0, 0, "run", back=True)]
    drawn = trial_chart.drawn(Trial(release, "gone back", moves=moves), [], [], Window(1_000_000.0, 1_000_080.0))
    assert [share.says for share in drawn.shares.named] == ["10 %"]
    assert [mark.says.split(" ", 1)[1] for mark in drawn.marks] == ["r2 has 10 %", "r2 has 100 %", "r2 has 0 %"]


def test_shares_are_of_now_and_rates_of_the_last_minute_and_both_say_so(site: Site) -> None:
    everything(site.scene)
    text = site.get(PLACE.format("trying")).text
    page = re.sub("<[^>]+>", "", text)
    assert re.search(r"50 % now; [\d,]+ in the last minute, (none|[\d,]+) failed", page)
    drawn = text[text.index("<figure") : text.index('<div class="slim"')]
    counts = [int(one.replace(",", "")) for one in re.findall(r"([\d,]+) in the last minute", drawn)]
    assert (len(counts), sum(counts)) == (3, 2 * max(counts)), "the parts add up to the whole"
    assert re.search(r"Errors(none|[\d.]+ %, \d+) of [\d,]+ in the last minute", page)
    assert re.search(r"Of 2\d requests a second \(in the last minute\) 50 %, about 1\d, move to r1", page)


def test_a_form_says_how_requests_move_where_it_is(site: Site) -> None:
    """A canary is in the last environment: in the others all requests move at once."""
    told = Trials(site.scene, "till")
    _run, deployment = told.comes(80, "Count the till")
    told.serves(deployment)
    forms = {name: site.get(f"/applications/till/environments/{name}").text for name in ("dev", "prod")}
    moves = {
        name: set(re.findall(r"as its <code>shipway.yml</code> says: ([^.<]*)", forms[name])) for name in forms
    }
    assert moves["prod"] == {"a share first, then more as it is judged good"}
    assert moves["dev"] == {"all requests at once, with the release before kept warm"}


def test_who_went_back_and_forth_is_on_record_in_the_verdicts_and_in_why(site: Site) -> None:
    scene = site.scene
    with scene.history():
        told = Trials(scene, "till")
        run, deployment = told.comes(80, "Count the till")
        told.serves(deployment)
        scene.end(run)
        again = scene.artifact_of_commit(run)
        scene.until(60)
        scene.roll_back("till", "prod", told.first)
        scene.until(40)
        scene.roll_back("till", "prod", again)
    found = site.get("/api/v1/applications/till/environments/prod/releases/r2/verdicts").json
    assert ([move["share"] for move in found["shares"]], found["fate"]) == ([100, 0, 100], "serves")
    why = site.get(f"/api/v1/applications/till/commits/{run.commit}/why").json
    assert "ben rolled prod back to r1: that has all requests again" in [each["says"] for each in why["events"]]
    assert (why["state"], why["next"]) == ("serves", None)
    with scene.history():
        scene.until(20)
        scene.roll_back("till", "prod", told.first)
    found = site.get("/api/v1/applications/till/environments/prod/releases/r2/verdicts").json
    assert ([move["share"] for move in found["shares"]], found["after"]) == ([100, 0, 100, 0], 1)
    assert "It had requests for 41 s." in found["why"], "without the time between"


def test_each_time_that_a_release_was_tried_has_its_heading(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its own verdicts and shares; what is said of the release is what the last time came to."""
    scene = site.scene
    with scene.history():
        told = Trials(scene, "till")
        run, deployment = told.comes(80, "Count the till")
        told.share(deployment, 10)
        told.judge(deployment, 10, Verdict("bad", "One of one failed."))
        scene.until(70)
        told.undone(run, deployment, "r2 was taken back at 10 %", "signals.bad_verdict")
        scene.until(60)
        artifact = scene.artifact_of_commit(run)
        again = scene.begin_deploy("till", "prod", artifact)
        second = scene.begin_deployment(again, "prod", digest=artifact.digest)
        told.share(second, 50)
        told.judge(second, 50, fine(90))
        scene.until(40)
        told.serves(second)
        scene.end(again)
    found = site.get(f"/api/v1{address('till', 2)}/verdicts").json
    assert found["says"] == "r2 was judged good at 50 %, and serves"
    assert [one["kind"] for one in found["verdicts"]] == ["good"]
    first, last = found["trials"]
    assert first["says"] == "Trial 1 of 2 in prod: it was judged bad at 10 %, and was taken back"
    assert last["says"] == "Trial 2 of 2 in prod"
    assert [[one["kind"] for one in each["verdicts"]] for each in (first, last)] == [["bad"], ["good"]]
    assert [[one["share"] for one in each["shares"]] for each in (first, last)] == [[10, 0], [50, 100]]
    assert (first["run"], last["run"]) == (run.number, again.number)
    assert first["ended"] <= last["began"]
    assert last["ended"] is None
    heads, bad = "Trial 1 of 2", "One of one failed."
    shown = words_of(site.get(address("till", 2)).text)
    assert shown.index("Trial 2 of 2 in prod") < shown.index(heads) < shown.index(bad)
    said = said_by_a_terminal(site, capsys, "till", 0)
    assert said.index(heads) < said.index("bad at 10 %") < said.index("Trial 2 of 2") < said.rindex("good at 50 %")


@pytest.mark.parametrize(
    ("share", "verdict", "says"),
    [
        (20, None, "r2 was not judged (judged bad when it was tried before), and r1 has all requests again"),
        (0, None, "r2 had no request this time (judged bad when it was tried before): its deployment was undone"),
        (
            20,
            Verdict("not known", "Nothing was heard."),
            "r2 is not known to be good at 20 %, and r1 has all requests again",
        ),
        (20, fine(90), "r2 was judged good at 20 %, and r1 has all requests again"),
    ],
)
def test_that_it_was_judged_bad_before_is_said_as_long_as_lists_call_it_bad_for_that(
    scene: Scene, share: int, verdict: Verdict | None, says: str
) -> None:
    with scene.history():
        told = Trials(scene, "till")
        artifact = scene.artifact_of_commit(told.goes_bad(180, "Count the till"))
        scene.until(60)
        again = scene.begin_deploy("till", "prod", artifact)
        second = scene.begin_deployment(again, "prod", digest=artifact.digest)
        if share:
            told.share(second, share)
        if verdict is not None:
            told.judge(second, share, verdict)
        told.undone(again, second, "ben took it back", "runs.cancelled")
    with scene.database.read() as conn:
        trial = trials.read(conn, releases.get(conn, second.release))
        assert sentences.sentence(trial) == says
        assert verdicts.is_bad(conn, second.release) is ("judged bad" in says)
        first, last = sentences.headings(trials.before_that(conn, trial), trial)
    assert first == "Trial 1 of 2 in prod: it was judged bad at 10 %, and was taken back"
    assert "bad" not in last, "its heading is of that time alone"


def test_a_release_that_was_tried_once_has_no_heading(judged: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Trial 1 of" not in said_by_a_terminal(judged, capsys, "bad", 1)
    assert "Trial 1 of" not in judged.get(address("bad", 2)).text


def test_why_shows_the_lines_of_a_step_that_failed_and_what_to_do(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.begin(run)
    scene.step(run, "test", "failed", excerpt="E   assert 1 == 2\n")
    scene.end(run, "failed", "test failed")
    why = site.get(f"/api/v1/applications/topup/commits/{run.commit}/why").json
    (event,) = why["events"]
    assert event["says"] == "`test` of run 1 failed with exit status 1 (shipway logs 1 --step test)"
    assert event["lines"] == ["E   assert 1 == 2"]
    assert why["next"]["says"] == "Push a commit on top of it that mends it."


@pytest.mark.parametrize(("application", "beside"), [("stuck", False), ("trying", True)])
def test_words_stand_beside_a_stream_that_is_too_narrow_for_them(
    judged: Site, application: str, *, beside: bool
) -> None:
    page = judged.get(PLACE.format(application)).text
    (top,) = re.findall(r'<path class="flow new" d="M210 ([\d.]+)H1000', page)
    (line,) = re.findall(r'y="([\d.]+)"(?: class="h">|><tspan class="h">)r1 ', page)
    assert (float(line) < float(top)) is beside


@pytest.mark.parametrize("ready", [True, False])
def test_why_says_all_that_frees_a_commit_which_brings_the_same_as_a_bad_one(site: Site, ready: bool) -> None:
    """As an empty commit on top of it does, which may be innocent."""
    scene = site.scene
    with scene.history():
        told = Trials(scene, "topup")
        bad, deployment = told.comes(80, "Count it twice")
        told.share(deployment, 10)
        told.condemned(bad, deployment, 10)
        told.undone(bad, deployment, f"r2 was taken back: {BAD}", "signals.bad_verdict")
        if ready:
            told.reverted(bad)
        empty = scene.push("topup", "Try again")
        scene.begin(empty)
        with scene.database.write() as conn:
            same = artifacts.of_commit(conn, "topup", bad.commit)
            assert same is not None
            about = {"digest": same.digest, "project": same.project, "size": same.size}
            artifacts.create(conn, application="topup", commit=empty.commit, run=empty.id, **about)
        scene.end(empty, "failed", "it is held")
    why = site.get(f"/api/v1/applications/topup/commits/{empty.commit}/why").json
    says = "Push a commit on top of it that mends it, or changes any file if it is innocent."
    says += " One that takes it back is"
    assert why["next"]["says"] == (f"{says} ready:" if ready else f"{says} not made yet.")
    assert why["next"]["command"].startswith("git fetch shipway revert-" if ready else "")
    assert bool(why["next"]["command"]) == ready


def test_a_commit_that_was_first_bad_elsewhere_is_taken_back_with_what_was_made_then(site: Site) -> None:
    scene = site.scene
    with scene.history():
        told = Trials(scene, "topup")
        bad, deployment = told.comes(80, "Count it twice")
        made = {"branch": holds.revert_branch(bad.commit), "commit": "0" * 40}
        about = {"application": "topup", "environment": "test", "commit": bad.commit}
        with scene.database.write() as conn:
            facts.record(conn, "revert.ready", **about, who="shipway", data=made)
        told.share(deployment, 10)
        told.condemned(bad, deployment, 10)
        told.undone(bad, deployment, f"r2 was taken back: {BAD}", "signals.bad_verdict")
    turn = site.get(f"/api/v1/applications/topup/commits/{bad.commit}/why").json["next"]
    assert turn["says"] == "Push a commit on top of it that mends it, or take it back:"
    assert turn["command"].startswith("git fetch shipway revert-")
    newer = scene.push("topup", "Count it once")
    scene.deliver(newer)
    scene.roll_back("topup", "prod", told.first)
    scene.roll_back("topup", "test", told.first)
    turn = site.get(f"/api/v1/applications/topup/commits/{bad.commit}/why").json["next"]
    says = f"If {newer.commit[:7]}, which comes after it, does, deploy that; merging `{made['branch']}`"
    assert turn["says"].startswith(f"Push a commit on top of it that mends it. {says}")
    assert not turn["command"]
    newest = scene.push("topup", "Count it as it is")
    died_at_its_start(scene, newest)
    assert f" {says}" in next_of(site, bad.commit)["says"], "not what died at its start"


def test_what_died_at_its_start_is_nobodys_way_out(site: Site) -> None:
    scene = site.scene
    with scene.history():
        told = Trials(scene, "topup")
        bad = told.goes_bad(80, "Count it twice")
        told.reverted(bad)
    dead = scene.push("topup", "Count it once")
    died_at_its_start(scene, dead)
    says = f"{dead.commit[:7]}, which comes after it, did not get through dev; merging `revert-{bad.commit[:7]}`"
    assert next_of(site, bad.commit)["says"].startswith(f"Push a commit on top of it that mends it. {says}")


def died_at_its_start(scene: Scene, run: Run) -> None:
    scene.green(run)
    scene.fail_deployment(scene.begin_deployment(run, "dev"), "it died")
    scene.end(run, "failed", "it died")


def next_of(site: Site, commit: str, environment: str = "prod") -> dict[str, Any]:
    found = site.get(f"/api/v1/applications/topup/commits/{commit}/why?environment={environment}").json
    turn: dict[str, Any] = found["next"]
    page = re.sub("<[^>]+>", "", site.get(f"/applications/topup/commits/{commit}").text)
    assert turn["says"].replace("`", "") in page
    return turn


def test_why_leads_to_the_log_of_a_bad_release_where_no_error_says_what_went_wrong(site: Site) -> None:
    scene = site.scene
    with scene.history():
        bad = Trials(scene, "topup").goes_bad(80, "Count it twice")
    way = f"/api/v1/applications/topup/commits/{bad.commit}/why"
    says = f"r2 was judged bad at 10 %: {BAD}"
    log = " (shipway logs --env prod --release r2)"
    assert f"{says}{log}" in [one["says"] for one in site.get(way).json["events"]]
    with scene.database.write() as conn:
        about = {"application": "topup", "environment": "prod", "commit": bad.commit}
        facts.record(conn, "release.printed", **about, data={"title": "KeyError: 'cents'", "printed": 5.5})
    events = site.get(way).json["events"]
    assert says in [one["says"] for one in events]
    assert [one["at"] for one in events if one["kind"] == "release.printed"] == [5.5], "when its log has it"


def test_what_was_printed_leads_to_its_lines_from_the_bad_commit_and_from_the_suspected_one(site: Site) -> None:
    """As an error that was reported does: on their pages, in `why` and in the API."""
    scene = site.scene
    with scene.history():
        told = Trials(scene, "topup")
        other = scene.push("topup", "Count it twice", who="ben", deliver=())
        bad = told.goes_bad(80, "Count on")
    hunk = ("@@ -60,0 +61 @@", "+    return 100 * cents / 0")
    place = Evidence("till.py", 61, "pay", "line", hunk, "return 100 * cents / 0")
    ben = ("Ben Weber", "ben@example.org")
    who = Suspicion("It wrote the line.", other.commit, *ben, confidence="high", evidence=(place,))
    data = {"title": "ZeroDivisionError", "release": 2, "printed": 5.5, **asdict(who)}
    with scene.database.write() as conn:
        (made,) = (one for one in deployments.all_of_run(conn, bad.id) if one.environment == "prod")
        deployments.note(conn, made, "release.printed", data)
        by = replace(made, commit=other.commit)
        deployments.note(conn, by, "commit.suspected", {**data, "brought": bad.commit})
    leads = f"ZeroDivisionError at till.py:61; suspected: {other.commit[:7]} by Ben Weber"
    says = f"{leads}. Sure: very. It wrote the line"
    for one, it in ((bad, "it"), (other, f"r2, {bad.commit[:7]},")):
        there = f"/applications/topup/commits/{one.commit}"
        page = site.get(there).text
        assert says in page
        assert "+    return 100 * cents / 0" in re.sub("</?(ins|del)>", "", page)
        assert (f'href="/applications/topup/commits/{other.commit[:10]}"' in page) == (one is bad)
        assert ("Why it is this commit" in page) == (one is other)
        found = site.get(f"/api/v1{there}").json
        assert [each["release"] for each in found["suspected_of"]] == ([2] if one is other else [])
        (event,) = (
            each
            for each in site.get(f"/api/v1{there}/why?environment=prod").json["events"]
            if each["kind"] in ("release.printed", "commit.suspected")
        )
        assert event["says"] == f"{it} printed a failure: {says}"
        assert event["lines"] == ["till.py:61", *hunk]
    error = scene.report("topup", {**EVENT, "release": bad.commit})
    scene.suspect(error, who)
    page = site.get(f"/applications/topup/commits/{other.commit}").text
    assert "ZeroDivisionError at" not in page, "what was reported says it as well"


def test_what_a_person_rolled_back_says_how_it_comes_again(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    first = scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Two")
    scene.deliver(run)
    scene.roll_back("topup", "prod", first)
    turn = next_of(site, run.commit)
    assert turn["says"].startswith("No quarantine holds it: a commit on top of it comes there")
    assert turn["command"] == f"shipway deploy {run.commit[:7]} --env prod"
    with scene.database.write() as conn:
        holds.freeze(conn, "topup", "prod", why="the fair is on", who="mira", until=None)
    turn = next_of(site, run.commit)
    assert turn["says"] == "No quarantine holds it. Once somebody thaws prod, a commit on top of it comes there."
    assert turn["command"] == ""


def test_why_says_of_what_nothing_is_known_while_it_was_on_trial(site: Site) -> None:
    """In dev all requests have moved, so nothing is held. What comes later is the environment's alone."""
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.deliver(run)
    about = {"application": "topup", "environment": "dev", "commit": run.commit}
    with scene.database.write() as conn:
        for tried in (True, False):
            data = {"probe": "ledger", "says": f"exit status {int(tried)}", "tried": tried}
            facts.record(conn, "probe.unknown", **about, data=data)
        del data["tried"]  # as it was recorded before it said so
        facts.record(conn, "probe.unknown", **about, data=data)
    found = site.get(f"/api/v1/applications/topup/commits/{run.commit}/why?environment=dev").json
    says = [
        f"nothing is known of ledger: exit status {one}; "
        "what has a share of the requests gets no more until it is known"
        for one in (1, 0)
    ]
    assert [one["says"] for one in found["events"] if one["kind"] == "probe.unknown"] == says
    moments = site.get(f"/api/v1/applications/topup/commits/{run.commit}").json["moments"]
    titles = [one["title"] for one in moments if one["kind"] == "probe unknown"]
    assert titles == ["Nothing is known of ledger in dev"] * 2


def test_why_says_what_has_mended_a_step_that_failed(site: Site) -> None:
    """Though what mends it is nowhere yet; and which commit it is of, where that has failed as well."""
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.begin(run)
    scene.step(run, "test", "failed")
    scene.end(run, "failed", "test failed")
    worse = scene.push("topup", "Two")
    scene.begin(worse)
    scene.step(worse, "test", "failed")
    scene.end(worse, "failed", "test failed")
    revert = f"shipway/revert-{run.commit[:7]}"
    made = scene.commit("topup", "Take One back", branch=revert)
    reverted = scene.push("topup", "Take One back", who="shipway", branch=revert, commit=made)
    scene.begin(reverted)
    scene.step(reverted, "install")
    scene.step(reverted, "test")
    scene.end(reverted)
    says = "Push a commit on top of it that mends it."
    assert next_of(site, run.commit)["says"] == says, "a commit that Shipway made is nowhere before it is merged"
    mends = scene.push("topup", "Three")
    scene.begin(mends)
    scene.step(mends, "install")
    scene.step(mends, "test")
    scene.end(mends, "failed", "lint failed")
    says = f"{mends.commit[:7]}, which comes after it, passed `test` in run 4: nothing is left to do."
    for each in (run, worse):
        assert next_of(site, each.commit) == {"whose": "", "says": says, "command": ""}
    found = site.get(f"/api/v1/applications/topup/commits/{run.commit}/why").json
    assert found["reason"] == f"as part of {mends.commit[:7]}: run 4 failed: lint failed"


def test_why_says_what_has_mended_a_deployment_that_was_undone(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    first = scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Two")
    scene.green(run)
    scene.fail_deployment(scene.begin_deployment(run, "dev"), "web did not get healthy.")
    scene.end(run, "failed", "web did not get healthy.")
    mends = scene.push("topup", "Three")
    scene.green(mends)
    scene.deploy(mends, "dev")
    scene.end(mends, "failed", "it was held")
    scene.roll_back("topup", "dev", first)
    says = f"{mends.commit[:7]}, which comes after it, has come to serve in dev, as r3: nothing is left to do."
    assert next_of(site, run.commit, "dev") == {"whose": "", "says": says, "command": ""}


def test_why_says_what_ended_a_quarantine_though_it_serves_no_more(site: Site) -> None:
    scene = site.scene
    with scene.history():
        told = Trials(scene, "topup")
        bad = told.goes_bad(80, "Count it twice")
        fix, deployment = told.comes(50, "Count it once")
        told.serves(deployment)
        told.judge(deployment, 100, fine(1310))
        with scene.database.write() as conn:
            holds.lift(conn, holds.quarantines_in(conn, "topup"), by=fix.commit, run=fix.id)
        scene.end(fix)
        scene.until(20)
        scene.roll_back("topup", "prod", told.first)
    says = f"{fix.commit[:7]} has mended {bad.commit[:7]}, and ended its quarantine: nothing is left to do."
    assert next_of(site, bad.commit) == {"whose": "", "says": says, "command": ""}


def test_a_finished_run_says_that_its_commit_is_quarantined_and_what_has_ended_that(site: Site) -> None:
    scene = site.scene
    with scene.history():
        told = Trials(scene, "topup")
        bad = told.goes_bad(80, "Count it twice")

    def says() -> tuple[str, str]:
        (held,) = re.findall(r'id="held">.*?<span>(.*?)</span>', site.get(f"/runs/topup:{bad.number}").text, re.S)
        return held, " ".join(site.get(f"/api/v1/runs/topup:{bad.number}").json["by_now"])

    until = "until a commit on top of it has served there and was judged good"
    assert says() == (f"{bad.commit[:7]} is quarantined in prod {until}.",) * 2
    with scene.database.write() as conn:
        holds.lift(conn, holds.quarantines_in(conn, "topup"), by="79a653f", run=bad.id)
    ended = f"prod: 79a653f has mended {bad.commit[:7]}, and ended its quarantine."
    assert says() == (ended,) * 2
    assert 'id="held"' not in site.get("/runs/topup:1").text


def test_why_says_what_serves_without_the_error_of_a_commit(site: Site) -> None:
    """It says that it was not met since: whether it is mended, nobody can know."""
    scene = site.scene
    scene.application("topup")
    first = scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Two")
    scene.deliver(run)
    error = scene.report("topup", {**EVENT, "release": run.commit})
    scene.suspect(error, Suspicion("It wrote the line.", commit=run.commit, confidence="likely"))
    of_error = f"/applications/topup/errors/{error.number}"
    assert "taken back" not in site.get(of_error).text
    scene.roll_back("topup", "prod", first)
    assert "r2 brought it to prod, and was taken back." in site.get(of_error).text
    assert next_of(site, run.commit)["says"] == "Push a commit on top of it that mends it."
    later = scene.push("topup", "Three")
    scene.deliver(later)
    page = re.sub("<[^>]+>", "", site.get(f"/applications/topup/commits/{run.commit}").text)
    says = f"r3 of prod, {later.commit[:7]}, which comes after it, has not had it so far: "
    assert f"{says}shipway errors 1 --resolve says that it is mended." in page
