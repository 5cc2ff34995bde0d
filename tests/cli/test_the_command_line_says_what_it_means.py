"""Exit codes and words of the command line: each is what was typed, and none a file to be read (BARS S4)."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import typer

import shipway
from cli.terminal import Said
from shipway.cli import app, checks, rollbacks, watching
from shipway.cli.server import Server
from shipway.cli.typed import ELSEWHERE
from shipway.pushes import credentials
from shipway.state.runs import Run
from shipway.story import plan
from shipway.web.checkup import Check
from shipway.web.purposes import purpose
from web.server import Site

VERBS = [verb for verbs in app.GROUPS.values() for verb in verbs]


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory without repository, server or token."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHIPWAY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.mark.parametrize(("optional", "mark", "code"), [(True, "!", 0), (False, "✗", 1)])
def test_the_doctor_ends_with_1_where_it_marks_what_is_missing(
    optional: bool, mark: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What one can do without has another mark: no server runs before `shipway up`."""
    found = [Check("git", True, "2.39"), Check("server", False, "does not run", optional=optional)]
    monkeypatch.setattr(checks, "every", lambda _places: found)
    assert app.run(["doctor"]) == code
    assert [line[0] for line in capsys.readouterr().out.splitlines()] == ["✓", mark]


def test_every_verb_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["--help"]) == 0
    listed = capsys.readouterr().out
    assert [verb for verb in VERBS if verb not in listed] == []
    assert "<bool>" not in listed


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_and_answers_with_json(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No switch looks as if a value followed."""
    assert app.run([verb, "--help"]) == 0
    said = capsys.readouterr().out
    assert "Usage: shipway" in said
    assert "<bool>" not in said
    assert "--json" in said or verb == "schema"


def test_words_it_does_not_know_are_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["rollbck"]) == 2
    assert "rollback" in capsys.readouterr().err


@pytest.mark.parametrize(("typed", "verb"), [("whre", "where"), ("statsu", "where"), ("undo", "rollback")])
def test_the_verb_that_was_meant_is_named(typed: str, verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where another tool has it by another name."""
    assert app.run([typed, "--json"]) == 2
    said = json.loads(capsys.readouterr().out)["error"]["message"]
    assert said.startswith(f"No such command {typed!r}. Did you mean {verb!r}?")


def test_what_other_tools_call_it_leads_to_a_verb_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    ours = {verb for verbs in app.GROUPS.values() for verb in verbs}
    assert set(ELSEWHERE.values()) <= ours
    assert not ours & set(ELSEWHERE)
    assert app.run(["xyzzy", "--json"]) == 2
    said = json.loads(capsys.readouterr().out)["error"]["message"]
    assert said == "No such command 'xyzzy'. `shipway --help` lists them."


def test_of_a_word_that_is_missing_it_is_said_what_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["freeze", "--json"]) == 2
    said = json.loads(capsys.readouterr().out)["error"]["message"]
    assert said.startswith("Missing argument 'why'. The reason, in quotes: `shipway freeze \"The fair is on\"")


@pytest.mark.parametrize(
    "words", [["wait", "--timeout", "x", "--json"], ["rollbck", "--json"], ["runs", "--nope", "--json"]]
)
def test_words_it_does_not_know_are_told_to_a_program_as_json(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(words) == 2
    out, err = capsys.readouterr()
    assert (json.loads(out)["error"]["id"], err) == ("cli.wrong_words", "")


@pytest.mark.parametrize("words", [["schema"], ["--version"]], ids=["written", "buffered"])
def test_it_ends_quietly_when_nobody_reads_on(words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", "from shipway.cli import main; main()", *words]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False, env=buffered)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("stream", [1, 2])
def test_it_ends_as_ever_where_one_of_its_streams_is_closed(stream: int) -> None:
    """As `2>&-` does it, and who starts daemons."""
    ends = (
        "import os, sys; os.close(int(sys.argv.pop(1))); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    main = ["-c", "from shipway.cli import main; main()", "schema"]
    done = subprocess.run(
        [sys.executable, "-c", ends, str(stream), *main], capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_without_a_server_it_says_how_to_start_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["runs"]) == 2
    assert "shipway up -d" in capsys.readouterr().err
    assert app.run(["runs", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["id"] == "cli.no_server"


def test_outside_a_repository_init_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["init"]) == 2
    assert "git init" in capsys.readouterr().err


SPELLINGS = ("@{}", "file://{}", "{}", "~/passwords", "<{}", "$(cat {})", "-", "@-")
CONTENT = "hunter2-in-a-file"


@pytest.fixture
def spelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name of a file, in all the ways in which other programs would read it; the same stands on stdin."""
    (tmp_path / "passwords").write_text(f"{CONTENT}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{CONTENT}\n" * 100))
    return [spelling.format(tmp_path / "passwords") for spelling in SPELLINGS]


@pytest.mark.parametrize("verb", VERBS)
def test_a_word_reaches_its_command_as_it_was_typed(verb: str, spelled: list[str]) -> None:
    command = typer.main.get_command(app.build()).commands[verb]  # type: ignore[attr-defined]
    before: list[str] = []
    for param in command.params:
        is_option = param.param_type_name == "option"
        for word in spelled if param.name in of_text(verb) else ():
            typed = [f"{param.opts[0]}={word}"] if is_option else ["--", *before, word]
            got = command.make_context(verb, typed, resilient_parsing=True).params[param.name]
            assert got in (word, [word], (word,), Path(word))
        before += [] if is_option else ["x"]


def of_text(verb: str) -> set[str]:
    """The parameters of a verb that take words, and not only numbers."""
    hints = get_type_hints(next(verbs[verb] for verbs in app.GROUPS.values() if verb in verbs))
    return {name for name, hint in hints.items() if name != "return" and {str, Path} & {hint, *get_args(hint)}}


def test_nothing_of_a_file_that_was_named_is_kept_or_shown(
    site: Site, shipway: Callable[..., Said], spelled: list[str]
) -> None:
    site.scene.application("topup")
    site.scene.push("topup", "One")
    said = [shipway("env", f"GREETING={spelled[0]}", "--app", "topup"), shipway("find", "--", spelled[0])]
    said += [shipway("freeze", spelled[1], "--app", "topup"), shipway("where", "--app", "topup", "--", spelled[2])]
    assert [each.code for each in said] == [0, 1, 0, 2]
    with site.scene.database.read() as conn:
        record = "\n".join(conn.connection.iterdump())  # type: ignore[attr-defined]
    assert f'"GREETING": "{spelled[0]}"' in record
    assert spelled[1] in record
    assert CONTENT not in record + "".join(each.out + each.err for each in said)


def test_the_schema_needs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["properties"]["steps"]


def test_a_token_is_found_as_we_and_as_git_write_it(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    credentials.keep(file, "http://127.0.0.1:8440", "shipway_one")
    file.write_text(file.read_text() + "http://shipway:shipway_two@127.0.0.1%3a9000\n")
    assert credentials.token(file, "http://127.0.0.1:8440") == "shipway_one"
    assert credentials.token(file, "http://127.0.0.1:9000") == "shipway_two"
    assert credentials.token(file, "http://127.0.0.1:9001") is None
    credentials.keep(file, "http://127.0.0.1:9000", "shipway_three")
    assert credentials.token(file, "http://127.0.0.1:9000") == "shipway_three"
    assert file.stat().st_mode & 0o777 == 0o600


def test_it_says_which_version_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["--version"]) == 0
    assert capsys.readouterr().out == f"shipway {shipway.__version__}\n"


def test_a_run_took_what_it_took_since_it_was_asked_for_on_pages_and_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waited = {"created": 100.0, "started": 106.0, "ended": 107.5}
    asked = {"what": "push to main", "who": "ada"}
    run = {"application": "shop", "number": 4, "commit": "a" * 40, **asked}
    answer = {
        "runs": [{**run, **waited, "state": "cancelled", "brief": "", "taken_back": False, "blocked": False}]
    }
    monkeypatch.setattr(Server, "find", lambda: Answering(answer))
    assert app.run(["runs", "--app", "shop"]) == 0
    assert "7.5 s" in capsys.readouterr().out


RUN = Run(
    "1",
    5,
    "shop",
    None,
    "main",
    "a" * 40,
    "ada",
    "push",
    ["test", "prod"],
    {},
    "",
    "passed",
    "",
    0.0,
    None,
    None,
    None,
)


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (RUN, "push to main"),
        (replace(RUN, retry_of=4), "run 4 again"),
        (replace(RUN, who="shipway", branch="revert-8c1f0ae"), "revert, ready on revert-8c1f0ae"),
        (replace(RUN, purpose="deploy"), "deployment to test and prod"),
        (
            replace(RUN, purpose="deploy", deliver=["prod"], plan=plan.reconfiguration("prod").as_dict()),
            "new configuration of prod",
        ),
        (replace(RUN, purpose="rollback"), "rollback of test and prod"),
    ],
)
def test_what_a_run_was_asked_to_do_has_one_wording(run: Run, says: str) -> None:
    assert purpose(run) == says


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        ({"purpose": "push", "state": "failed", "taken_back": True, "deployments": [{"half_undone": ""}]}, 0),
        (
            {
                "purpose": "push",
                "state": "failed",
                "taken_back": True,
                "deployments": [{"half_undone": "r1 has 50 %"}],
            },
            1,
        ),
        ({"purpose": "push", "state": "failed", "taken_back": False}, 1),
        ({"purpose": "push", "state": "passed", "taken_back": False}, 1),
    ],
)
def test_who_goes_back_while_it_is_tried_got_that_where_it_was_taken_back(
    ended: dict[str, object], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """And is told what serves again, and why, as no failure; otherwise how the run ended that was not undone."""
    back = rollbacks.taken_back({"number": 2, "commit": "68e990b" + "0" * 33}, "prod", "it greets wrongly")
    assert watching.outcome(Ended(ended), "1", back=back) == code
    says = "✓ all requests to prod are back on r2 (68e990b): “it greets wrongly”\n"
    assert capsys.readouterr().out == (f"{Ended.SAYS}\n" if code else says)
    assert watching.outcome(Ended(ended), "1") == (0 if ended["state"] == "passed" else 1)
    assert capsys.readouterr().out == f"{Ended.SAYS}\n"


class Ended(Server):
    """A server whose run is over."""

    SAYS = "✗ run 1 failed after 12 s: ada took r3 back while it was tried."

    def __init__(self, run: dict[str, object]) -> None:
        self._run = run

    def lines(self, path: str, **query: str) -> Iterator[str]:
        return iter((self.SAYS, "outcome: failed"))

    def get(self, path: str, **query: object) -> dict[str, object]:
        return self._run


class Answering:
    """A server with one answer."""

    def __init__(self, answer: dict[str, object]) -> None:
        self._answer = answer

    def get(self, path: str, **query: object) -> dict[str, object]:
        return self._answer
