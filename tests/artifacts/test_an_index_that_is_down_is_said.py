"""Where packages come from is down: builds and steps say so and who acts, and blame nobody's code (BARS R10)."""

from __future__ import annotations

import pytest

from shipway.pipelines.unreachable import read
from shipway.state import facts
from shipway.state.runs import Step
from support import receivers
from support.ports import free_port
from support.workshop import Workshop, one_step

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


PIP = "python3 -m pip install --retries 1 --target {} --index-url http://ada:hidden-word@127.0.0.1:{}/simple x==1"


def step_of(workshop: Workshop, line: str, *, network: bool = True) -> tuple[Step, str]:
    """A step of a team's own that fails, and its log."""
    run = workshop.queue(workshop.commit(FILES), one_step(line, network=network))
    assert workshop.step(run, "only") == "failed"
    (step,) = workshop.steps(run)
    return step, workshop.log(run, "only")


def test_a_step_of_a_team_says_the_same_of_an_index_that_is_gone(workshop: Workshop) -> None:
    port = free_port()
    pip = PIP.format("t", port)
    step, log = step_of(workshop, f"echo testing\n{pip}")
    assert who_acts(workshop) == ("artifacts.index_unreachable", "owner")
    assert step.excerpt.startswith(f"Packages could not be fetched from http://127.0.0.1:{port}: Conn")
    assert "Connection refused. Once it answers again, `shipway retry`" in " ".join(step.excerpt.split())
    assert step.exit_code == 1
    assert log.endswith(f"{step.excerpt}\n")
    assert "hidden-word@" not in step.excerpt


def test_a_step_that_failed_otherwise_or_had_no_network_is_the_authors(workshop: Workshop) -> None:
    pip = PIP.format("t", free_port())
    for line, network in ((f"{pip} || true\necho 40 is not 70\nfalse", True), (pip, False)):
        step_of(workshop, line, network=network)
    with workshop.database.read() as conn:
        failed = facts.after(conn, 0, kinds=("step.failed",))
    assert [(one.data.get("error"), one.data.get("actor")) for one in failed] == [("", "")] * 2


NPM = (
    "npm error code {}\nnpm error FetchError: request to https://npm.example/pad failed, reason: {}\nnpm error x\n"
)
UV = (
    "error: Failed to fetch: https://x.example/simple/a/\n"
    "  cause: error sending request for url (https://x.example/simple/a/)\n"
)
ASKED = (
    "WARNING: Retrying (Retry(total={}, connect=None, read=None)) after connection broken by '{}': /simple/{}/\n"
)
REFUSED = "NewConnectionError(\"HTTPSConnection(host='x.example', port=443): Not made: [Errno 111] Refused\")"
LATE = "ReadTimeoutError(\"HTTPSConnectionPool(host='x.example', port=443): Read timed out. (read timeout=15)\")"
UNNAMED = (
    "NewConnectionError('<pip._vendor.urllib3 object at 0x7f>: Failed to establish: [Errno -2] Name not known')"
)
NONE = (
    "ERROR: Could not find a version that satisfies the requirement Greet_it>=1 (from versions: none)\n"
    "ERROR: No matching distribution found for Greet_it>=1\n"
)
FETCHED = "ERROR: Could not install packages due to an OSError: HTTPSConnectionPool(host='x.example', port=8443): "
SAID = [
    (
        ASKED.format(1, REFUSED, "greet-it") + ASKED.format(0, REFUSED, "greet-it") + NONE,
        "https://x.example: Refused.",
    ),
    (ASKED.format(0, UNNAMED, "greet-it") + NONE, "the index that pip asks: Name not known."),
    (
        f"Looking in indexes: https://ada:****@y.example/simple\n{ASKED.format(0, UNNAMED, 'greet-it')}{NONE}",
        "https://y.example: Name not known.",
    ),
    (
        f"{FETCHED}Max retries exceeded with url: /a.whl (Caused by ResponseError('too many 503 error responses'))"
        "\n\nmake: *** [deps] Error 1\n",
        "https://x.example:8443: too many 503 error responses.",
    ),
    (ASKED.format(0, LATE, "greet-it") + NONE, "https://x.example: Read timed out."),
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
    "of pip, tried again": ASKED.format(0, REFUSED, "greet-it") + SYNTAX,
    "of pip, not the last try": ASKED.format(1, REFUSED, "greet-it") + NONE,
    "of pip, another package": ASKED.format(0, REFUSED, "pad") + NONE,
    "of npm, tried again": f"{NPM.format('ENOTFOUND', 'x')}added 1 package\n{SYNTAX}",
    "an install script's": NPM.format("1\nnpm error command failed", "getaddrinfo ENOTFOUND cdn.example"),
}


@pytest.mark.parametrize("log", OTHERWISE.values(), ids=OTHERWISE)
def test_what_a_log_says_otherwise_is_no_such_reason(log: str) -> None:
    assert read(f"$ build\n{log}") is None
