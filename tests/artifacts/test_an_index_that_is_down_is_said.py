"""Where packages come from is down: a build says so and who acts, and blames nobody's code (BARS R10)."""

from __future__ import annotations

import pytest

from shipway.artifacts.unreachable import read
from shipway.state import facts
from shipway.state.runs import Step
from support import receivers
from support.ports import free_port
from support.workshop import Workshop

PROJECT = "name: shop\nbuild: {kind: python}\nprocesses: {web: app}\n"
FILES = {"shipway.yml": PROJECT, "requirements.txt": "greet==1.0\n", "app.py": ""}


def build(workshop: Workshop, monkeypatch: pytest.MonkeyPatch, port: int) -> tuple[Step, str]:
    """The step of a build that finds packages at this port, and its log."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://ada:hidden-word@127.0.0.1:{port}/simple/")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    run = workshop.queue(workshop.commit(FILES), PROJECT)
    assert workshop.build(run) == "failed"
    (step,) = workshop.steps(run)
    return step, workshop.log(run, "build")


def who_acts(workshop: Workshop) -> tuple[str, str]:
    """The error that a failed step is recorded with, and who has to act; neither when a command failed."""
    with workshop.database.read() as conn:
        (failed,) = facts.after(conn, 0, kinds=("step.failed",))
    return failed.data.get("error", ""), failed.data.get("actor", "")


def test_nobody_is_blamed_for_an_index_that_is_gone(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    step, log = build(workshop, monkeypatch, port)
    assert who_acts(workshop) == ("artifacts.index_unreachable", "owner")
    assert f"Packages could not be fetched from http://127.0.0.1:{port}: Connection refused" in step.excerpt
    assert "`shipway retry`" in step.excerpt
    assert "once more" not in log, "it would not find more"
    assert "hidden-word" not in log + step.excerpt


def test_nor_for_one_that_answers_with_an_error_of_its_own(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receivers.hook() as index:
        index.status = 503
        step, _log = build(workshop, monkeypatch, index.port)
        assert f"from http://127.0.0.1:{index.port}: 503 Service Unavailable." in step.excerpt


def test_a_package_that_is_not_there_is_the_authors(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    with receivers.hook() as index:
        index.status = 404
        step, log = build(workshop, monkeypatch, index.port)
        assert who_acts(workshop) == ("", "")
        assert "greet" in step.excerpt + log


NPM = (
    "npm error code {}\nnpm error FetchError: request to https://npm.example/pad failed, reason: {}\nnpm error x\n"
)
UV = (
    "error: Failed to fetch: https://x.example/simple/a/\n"
    "  cause: error sending request for url (https://x.example/simple/a/)\n"
)
SAID = [
    (NPM.format("ENOTFOUND", "getaddrinfo ENOTFOUND"), "https://npm.example: getaddrinfo ENOTFOUND."),
    (NPM.format("ECONNREFUSED", ""), "https://npm.example: no answer."),
    (
        "error: Failed to fetch: https://x.example/simple/a/\n"
        "  Caused by: error sending request for url (https://x.example/simple/a/)\n"
        "  Caused by: operation timed out\n",
        "https://x.example: operation timed out.",
    ),
    (
        f"{UV}  cause: dns error\n  cause: Name or service not known\n\nhint: Wait.\nmake: *** [deps] Error 2\n",
        "https://x.example: Name or service not known.",
    ),
    (
        f"{UV}  cause: proxy http://ada:p@ss@proxy.example:3128 did not answer\n",
        "https://x.example: proxy http://proxy.example:3128 did not answer.",
    ),
    (
        "  ├─▶ Failed to fetch: `https://x.example/a.whl`\n"
        "  ╰─▶ HTTP status server error (502 Bad Gateway) for url (https://x.example/a.whl)\n",
        "https://x.example: 502 Bad Gateway.",
    ),
]


@pytest.mark.parametrize(("log", "said"), SAID)
def test_it_is_said_from_where_and_why(log: str, said: str) -> None:
    assert str(read(f"$ build\n{log}")) == f"Packages could not be fetched from {said}"


SYNTAX = '  File "app.py", line 1\n    def\n       ^\nSyntaxError: invalid syntax\n'
OTHERWISE = {
    "of the application": "tests failed: ECONNREFUSED 127.0.0.1:5432\n",
    "not the index's fault": (
        "error: Failed to fetch: http://x/\n  cause: HTTP status client error (404) for url (http://x/)\n"
    ),
    "another program's": "error: error sending request for url (https://deno.example/x)\n  Caused by: dns\n",
    "tried again, and it was there": f"{UV}  cause: Connection refused\nInstalled 1 package\n{SYNTAX}",
    "of npm, tried again": f"{NPM.format('ENOTFOUND', 'x')}added 1 package\n{SYNTAX}",
    "an install script's": NPM.format("1\nnpm error command failed", "getaddrinfo ENOTFOUND cdn.example"),
}


@pytest.mark.parametrize("log", OTHERWISE.values(), ids=OTHERWISE)
def test_what_a_log_says_otherwise_is_no_such_reason(log: str) -> None:
    assert read(f"$ build\n{log}") is None
