"""The table of `shipway signals`: a dash where nothing is known, never a zero."""

from __future__ import annotations

import pytest

from shipway.cli import show
from shipway.cli.signals import COLUMNS, MEASURED, _remarks, _series, rows

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
