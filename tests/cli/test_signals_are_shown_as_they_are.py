"""The table of `shipway signals`: a dash where nothing is known, never a zero."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import get_args

import pytest

from cli.terminal import Said
from shipway.cli import past, show
from shipway.cli.signals import COLUMNS, MEASURED, _remarks, _series, rows
from shipway.web.api import measured as measured_api
from shipway.web.api import signals as signals_api
from shipway.web.pages.environment import SPANS
from web import judged, measuring
from web.server import Site

TOLD = {
    "release": 3,
    "commit": "8c1f0ae" + "0" * 33,
    "rate": 21.53,
    "error_share": 0.0104,
    "p50": 40,
    "p95": 90,
    "p99": 220,
    "in_flight": 2,
    "heard": True,
    "cpu": 0.254,
    "memory": 212_000_000,
    "restarts": 1,
    "instances": [{}],
}


def row(**changes: object) -> tuple[str, ...]:
    (shown,) = rows({"releases": [{**TOLD, **changes}]})
    assert len(shown) == len(COLUMNS)
    return tuple(shown)


def test_a_release_in_a_row() -> None:
    assert row() == (
        *("r3 8c1f0ae", "21.5", "1.04 %", "40/90/220", "2"),
        *("25 %", "212 MB", "1"),
    )


def test_what_was_not_heard_is_no_zero() -> None:
    assert row(heard=False, rate=0.0, error_share=None, p50=None)[1:4] == ("not heard", "-", "-")
    assert row(heard=False)[4] == "-"


def test_a_release_that_nobody_asks_has_no_share_of_errors() -> None:
    assert row(rate=0.0, error_share=None)[1:3] == ("0.0", "-")


def test_instances_that_were_not_measured_are_not_idle() -> None:
    assert row(instances=[], cpu=0, memory=0)[5:] == ("-", "-", "-")


MEASURES = {
    "series": [
        {
            "name": "sold\x1b[31m",
            "kind": "counter",
            "unit": "",
            "labels": {"item": "map"},
            "release": "r3",
            "rate": 0.4,
        }
    ],
    "asked": [
        {"instance": "shop.prod.r3.web.1", "good": True, "says": "3 of 3 kept"},
        {"instance": "shop.prod.r3.web.2", "good": False, "says": "no answer within 5 s"},
    ],
    "refused": {"too many series": 1200},
    "most": 500,
    "known": 500,
}


def test_a_series_in_a_row_steers_no_terminal() -> None:
    (shown,) = _series(MEASURES)
    assert len(shown) == len(MEASURED)
    assert shown == ("sold", "item=map", "r3", "0.4/s")


def test_who_is_silent_and_what_was_too_much_is_said() -> None:
    assert list(_remarks(MEASURES)) == [
        "shop.prod.r3.web.2: no answer within 5 s",
        "Not kept: 1,200 too many series. There is room for 500 series, and 500 are known.",
    ]
    assert list(_remarks({"releases": []})) == []


def test_a_program_that_reads_along_gets_every_look(capsys: pytest.CaptureFixture[str]) -> None:
    looks = iter([[row()], [row(release=4)], []])

    with pytest.raises(StopIteration):
        show.following(lambda: (COLUMNS, next(looks)), every=0.0, empty="Nothing serves.")
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in told] == ["release", "r3", "release", "r4", "Nothing"]


def step(at: int, *releases: dict[str, object]) -> dict[str, object]:
    return {"at": at, "releases": list(releases)}


def answered(release: int, requests: int, errors: int = 0, *, heard: bool = True) -> dict[str, object]:
    share = errors / requests if requests else None
    figures = {"rate": requests / 10, "requests": requests, "errors": errors, "error_share": share}
    return {"release": release, **figures, "p95": 90 if requests else None, "heard": heard}


PAST = {
    "step": 10,
    "steps": [
        step(0, answered(3, 200, 22)),
        step(10, answered(4, 0), answered(3, 180)),
        step(20, answered(4, 0), answered(3, 0)),
        step(50, answered(3, 0, heard=False)),
        step(60, answered(3, 7, heard=False)),
    ],
    "beside": [{"release": 4, "begins": 5.0, "ends": 20.0, "back": True}],
    "deployments": [
        {"at": 5.0, "release": 4, "says": "r4 8c1f0ae began to be tried"},
        {"at": 20.0, "release": 3, "says": "rolled back to r3 5d2e1aa"},
    ],
}


def test_the_past_has_what_was_deployed_between_its_steps_and_says_what_nobody_knows() -> None:
    """A release on trial that nobody asked is there, one that is kept warm is not."""
    told = past.rows(PAST)
    assert {len(each) for each in told} == {len(past.COLUMNS)}
    assert [tuple(each[1:]) for each in told] == [
        ("r3", "20.0", "22 of 200, 11 %", "90", ""),
        ("r4", "", "", "", "r4 8c1f0ae began to be tried"),
        ("r3", "18.0", "none of 180", "90", ""),
        ("r4", "0.0", "-", "-", ""),
        ("", "0.0", "-", "-", ""),
        ("r3", "", "", "", "rolled back to r3 5d2e1aa"),
        ("", "not heard", "-", "-", ""),
        ("r3", "not heard", "-", "-", ""),
        ("r3", "0.7", "none of 7", "90", "not heard whole"),
    ]
    (line,) = past.beside(PAST)
    assert line.startswith("r4 had some of the requests, beside what serves, from ")


def test_one_looks_as_far_back_by_the_same_names_everywhere() -> None:
    named = list(get_args(past.Length))
    assert named == list(SPANS) == list(signals_api.SPANS)
    known = signals_api.SPANS, measured_api.SPANS
    assert {name: known[0][name][1] for name in known[1]} == past.STEPS


def test_the_past_of_an_environment_and_of_a_series_is_asked_for(site: Site, shipway: Callable[..., Said]) -> None:
    with site.scene.history():
        judged.bad(site.scene)
    measuring.measure(site, "bad")
    of = "--app", "bad", "--span"
    assert (
        shipway("signals", *of, "15m", "--json").json
        == site.get("/api/v1/applications/bad/environments/prod/signals/history?span=15m").json
    )
    shown = shipway("signals", *of, "1d").out
    assert re.search(r"  r2 \w{7} began to be tried\n", shown)
    assert re.search(r"  rolled back to r1 \w{7}\n", shown)
    orders = shipway("signals", *of, "15m", "--name", "topup_open_orders").out.splitlines()
    longer = shipway("signals", *of, "1h", "--name", "topup_open_orders").out.splitlines()
    assert len(orders) > 3 * len(longer) > 30, "of ten seconds each, and of a minute"
    for words, said in (
        (("1h", "--follow"), "--follow and --over are of now"),
        (("1h", "--metrics"), "it is not said which"),
        (("7d", "--name", "x"), "that of 15m, 1h, 6h or 1d"),
        (("7d", "--name", "x"), "shipway signals --name x --span 1d"),
        (("3m", "--name", "x"), "shipway signals --name x --span 15m"),
        (("2d",), "is not 3m, 15m, 1h, 6h, 1d or 7d"),
    ):
        refused = shipway("signals", *of, *words)
        assert (refused.code, said in refused.told) == (2, True)
