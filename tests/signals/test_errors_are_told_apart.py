"""Reports of the same error are one error, and reports of others are not."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.signals.errors import event, grouping
from web import reporting

FRAMES = (reporting.frame("topup/web.py", 9, "handle"), reporting.frame("topup/ledger.py", 12, "charge"))
LIBRARY = reporting.frame("lib/python3.11/site-packages/flask/app.py", 870, "dispatch", own=False)


def print_of(told: dict[str, Any]) -> str:
    return grouping.fingerprint(event.read(told))


def with_frames(*frames: dict[str, Any], kind: str = "KeyError") -> dict[str, Any]:
    return reporting.event(kind, "'cents'", *frames)


SAME = {
    "another value": reporting.event("KeyError", "'euros'", *FRAMES),
    "other lines": with_frames(*({**frame, "lineno": frame["lineno"] + 40} for frame in FRAMES)),
    "another library around it": with_frames(LIBRARY, *FRAMES),
    "a library below it": with_frames(*FRAMES, LIBRARY),
    "a deeper recursion": with_frames(FRAMES[0], *[FRAMES[1]] * 7),
    "another machine": with_frames(
        *({**frame, "abs_path": f"/srv/other/{frame['filename']}"} for frame in FRAMES)
    ),
    "the usual fingerprint": {**with_frames(*FRAMES), "fingerprint": ["{{ default }}"]},
    "a level": {**with_frames(*FRAMES), "level": "fatal"},
}
OTHER = {
    "another exception": with_frames(*FRAMES, kind="ValueError"),
    "another function": with_frames(FRAMES[0], {**FRAMES[1], "function": "refund"}),
    "another file": with_frames(FRAMES[0], {**FRAMES[1], "filename": "topup/balance.py"}),
    "another way to it": with_frames({**FRAMES[0], "function": "retry"}, FRAMES[1]),
    "a fingerprint of its own": {**with_frames(*FRAMES), "fingerprint": ["gateway-down"]},
    "a fingerprint beside the usual": {**with_frames(*FRAMES), "fingerprint": ["{{ default }}", "visa"]},
}


@pytest.mark.parametrize("name", SAME)
def test_what_says_nothing_makes_no_other_error(name: str) -> None:
    assert print_of(SAME[name]) == print_of(with_frames(*FRAMES))


@pytest.mark.parametrize("name", OTHER)
def test_what_is_another_error_is_told_apart(name: str) -> None:
    assert print_of(OTHER[name]) != print_of(with_frames(*FRAMES))


def test_the_applications_own_fingerprint_joins_what_looks_different() -> None:
    own = {"fingerprint": ["gateway-down"]}
    assert print_of({**OTHER["another exception"], **own}) == print_of({**OTHER["another function"], **own})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("order 4711 has no lines", "order 9 has no lines"),
        ("user 7f3c2a9e-0d4b-4c6e-9a57-3c1b2a4d5e6f is gone", "user 00000000-0000-4000-8000-000000000001 is gone"),
        ("no answer from 10.0.0.1:5432", "no answer from 10.0.0.27:5433"),
        ("ada@example.org bounced", "ben.weber@mail.example.org bounced"),
        ("object at 0x7f8a2c is closed", "object at 0xffffff is closed"),
        ("digest 9f86d081884c7d65 differs", "digest 60303ae22b998861 differs"),
        ("late since 2026-11-20T14:02:11Z", "late since 2025-01-02 03:04:05.123+01:00"),
        ("balance 1,204.50 is too low", "balance 3 is too low"),
    ],
)
def test_a_message_is_known_by_what_does_not_differ(one: str, other: str) -> None:
    assert print_of({"message": one}) == print_of({"message": other})
    assert print_of({"message": one}) != print_of({"message": f"{one} again"})


def test_a_template_is_known_before_anything_is_put_into_it() -> None:
    entry = {"message": "no such account: %s"}
    one = {"logentry": {**entry, "formatted": "no such account: ada"}}
    other = {"logentry": {**entry, "formatted": "no such account: ben"}}
    assert print_of(one) == print_of(other)
    assert grouping.title(event.read(one)) == "no such account: ada"


def test_words_that_mean_something_are_not_taken_for_ids() -> None:
    assert (
        grouping.masked("the facade feedback was added to a decade") == "the facade feedback was added to a decade"
    )


def test_an_exception_without_calls_is_known_by_its_value() -> None:
    bare = {"exception": {"values": [{"type": "OSError", "value": "disk 3 is full"}]}}
    same = {"exception": [{"type": "OSError", "value": "disk 44 is full"}]}
    other = {"exception": [{"type": "OSError", "value": "disk 44 is gone"}]}
    assert print_of(bare) == print_of(same) != print_of(other)


def test_what_caused_an_exception_belongs_to_it() -> None:
    cause = with_frames(*FRAMES)["exception"]["values"]
    outer = with_frames(FRAMES[0], kind="ServiceError")["exception"]["values"]
    chain = {"exception": {"values": [*cause, *outer]}}
    assert print_of(chain) != print_of({"exception": {"values": outer}})
    read = event.read(chain)
    assert grouping.title(read) == "ServiceError: 'cents'"


def test_an_error_is_called_by_its_first_line_and_the_applications_own_call() -> None:
    read = event.read(reporting.event("ValueError", "\n  too long\nsecond line", *FRAMES, LIBRARY))
    assert grouping.title(read) == "ValueError: too long"
    assert grouping.place(read) == "charge in topup/ledger.py"


FOREIGN = {
    "a part of Python that its SDK takes for the application's": {
        "abs_path": "/app/<frozen runpy>",
        "in_app": True,
    },
    "a part of Node that its SDK takes for the application's": {"filename": "node:internal/main", "in_app": True},
    "a script beside the packages": {"abs_path": "/app/.venv/bin/flask"},
    "a class of the JDK": {"filename": "Thread.java", "module": "java.lang.Thread"},
}


@pytest.mark.parametrize("name", FOREIGN)
def test_an_error_is_not_new_because_more_is_known_to_be_foreign(name: str) -> None:
    """It is told apart as ever, whatever of its calls is shown as the application's own."""
    told = with_frames(*FRAMES, {"filename": "<frozen runpy>", "function": "run", "lineno": 9, **FOREIGN[name]})
    read = event.read(told)
    assert [frame.own for frame in read.raised[0].frames] == [*(True for _ in FRAMES), False]
    assert grouping.place(read) == "charge in topup/ledger.py"
    assert print_of(told) != print_of(with_frames(*FRAMES))


@pytest.mark.parametrize(
    "path", ["https://u:p@shop.example/pay?card=4111#x", "/pay?card=4111", "http://[/pay?card=4111"]
)
def test_a_request_is_shown_without_what_may_be_secret(path: str) -> None:
    read = event.read(
        {"request": {"url": path, "method": "POST", "query_string": "card=4111"}, "transaction": "pay"}
    )
    assert read.request in ("POST /pay", "pay")
    assert "4111" not in str(read)
