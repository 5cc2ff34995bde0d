"""A name, a number or a commit that is not there is said to be so, with what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import get_args

import pytest
from typer.main import get_command

from cli.terminal import Said
from shipway.cli.app import build, run
from shipway.releases.gate import Frozen
from shipway.state import runs
from shipway.state.artifacts import Artifact
from shipway.state.runs import Run
from web.server import Site

Shipway = Callable[..., Said]
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def first(site: Site) -> Run:
    """The run of a commit that went to prod."""
    site.scene.application("topup")
    run = site.scene.push("topup", "One")
    site.scene.deliver(run)
    return run


def test_an_application_that_is_not_there(first: Run, shipway: Shipway) -> None:
    said = shipway("runs", "--app", "zzz")
    assert said.code == 2
    assert "There is no application called 'zzz'." in said.told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("runs --limit 0", "'0' is not a whole number from 1 to 500."),
        ("runs --limit=-3", "'-3' is not a whole number from 1 to 500."),
        ("logs --lines=1.5", "'1.5' is not a whole number of at least 0."),
        ("wait --timeout x", "'x' is not a number of at least 0."),
        ("errors abc", "'abc' is not a whole number."),
        ("signals --over 601", "'601' is not a whole number from 1 to 600."),
        ("messages --state lost", "'lost' is not waiting, sent or nowhere."),
    ],
)
def test_a_value_that_means_nothing_is_told_with_what_would(words: str, told: str, capsys: Captured) -> None:
    assert run([*words.split(), "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["id"], error["message"].partition(": ")[2]) == ("cli.wrong_words", told)


def test_no_verb_has_the_words_of_a_library_for_a_wrong_value(capsys: Captured) -> None:
    """Whatever is no text: nothing that nobody here has a word for."""
    tried = 0
    for name, command in get_command(build()).commands.items():  # type: ignore[attr-defined]
        for param in command.params:
            kind = param.type_descriptor
            wrong = [param.opts[-1], "abc"] if param.param_type_name == "option" else ["abc"]
            if kind.choices is not None or {int, float} & {kind.annotation, *get_args(kind.annotation)}:
                tried += 1
                assert run([name, *wrong, "--json"]) == 2
                said = json.loads(capsys.readouterr().out)["error"]["message"]
                assert "'abc' is not " in said, (name, param.opts, said)
    assert tried > 10


def test_a_release_that_never_served_says_why(first: Run, site: Site, shipway: Shipway) -> None:
    run = site.scene.push("topup", "Two")
    site.scene.green(run)
    coming = site.scene.begin_deployment(run, "prod")
    assert "on its way" in shipway("releases", "--app", "topup").out
    site.scene.fail_deployment(coming, "web did not get healthy")
    site.scene.end(run, "failed", "web did not get healthy")
    _head, undone, serves = shipway("releases", "--app", "topup").out.splitlines()
    assert undone.split()[:2] == ["r2", "undone"]
    assert "serves since" in serves


def test_who_thaws_hears_of_the_newest_of_the_commits_that_were_stopped(
    first: Run, site: Site, shipway: Shipway
) -> None:
    """It has the others in it; and nobody hears of those that came there since."""
    assert shipway("freeze", "Month end", "--app", "topup").code == 0
    for subject in ("Two", "Three", "Four"):
        run, artifact = stopped(site, subject)
    assert shipway("thaw", "--app", "topup").out == f"prod is open again.\n{waits(run)}"
    site.scene.deploy_again("topup", "prod", artifact)
    shipway("freeze", "Month end", "--app", "topup")
    assert shipway("thaw", "--app", "topup").out == "prod is open again.\n"


def test_who_thaws_hears_of_what_the_freezes_before_had_stopped(first: Run, site: Site, shipway: Shipway) -> None:
    """Each took the place of the one before; what stood between is as frozen out as before."""
    shipway("freeze", "Month end", "--app", "topup")
    run, _artifact = stopped(site, "Two")
    for why in ("The fair", "Until we know"):
        assert "It replaces" in shipway("freeze", why, "--app", "topup").out
    assert shipway("thaw", "--app", "topup").out == f"prod is open again.\n{waits(run)}"
    shipway("freeze", "Month end", "--app", "topup")
    assert shipway("thaw", "--app", "topup").out == "prod is open again.\n", "that one stopped nothing"


def stopped(site: Site, subject: str) -> tuple[Run, Artifact]:
    run = site.scene.push("topup", subject)
    artifact = site.scene.green(run)
    site.scene.remark(run, "run.stopped", environment="prod", id=Frozen.id, message="ada froze prod")
    site.scene.end(run, "failed", "ada froze prod")
    return run, artifact


def waits(run: Run) -> str:
    short = run.commit[:7]
    return f"{short} was stopped by that: `shipway deploy {short} --env prod` takes it there.\n"


def test_an_environment_of_which_nothing_is_asked(first: Run, shipway: Shipway) -> None:
    assert shipway("probes", "--app", "topup").out.startswith("Nothing is asked of prod but its health, when")


def test_a_log_in_which_nothing_is(first: Run, site: Site, shipway: Shipway) -> None:
    run = site.scene.push("topup", "Two")
    site.scene.end(run, "superseded")
    said = shipway("logs", run.id, "--app", "topup")
    assert (said.code, said.out) == (0, "")
    assert "Nothing was written." in said.err


def test_an_application_that_reports_nothing_is_not_said_to_be_without_errors(
    first: Run, site: Site, shipway: Shipway
) -> None:
    """Somebody who sees tracebacks in its log is told where they are, and what would have them reported."""
    for words in (["errors"], ["errors", "--all"]):
        told = shipway(*words, "--app", "topup").told
        assert told.startswith("This application has reported no error: ")
        assert "`shipway logs --env prod --level error`" in told
        assert "docs/guides/telemetry.md" in told
    page = site.get("/applications/topup/errors").text
    assert '<a href="/applications/topup/environments/prod/log?level=error">of prod</a>' in page
    error = site.scene.report("topup", {"exception": [{"type": "KeyError", "value": "'cents'"}]})
    assert shipway("errors", str(error.number), "--resolve", "--app", "topup").code == 0
    assert shipway("errors", "--app", "topup").told.startswith("There is no open error. ")
    assert shipway("errors", "--all", "--env", "dev", "--app", "topup").told == "No error is from dev."


def test_a_process_that_is_not_there(first: Run, shipway: Shipway) -> None:
    said = shipway("logs", "--app", "topup", "--env", "prod", "--process", "nope")
    assert said.code == 2
    assert "prod of topup runs no process called 'nope'." in said.told
    assert "There are: web, worker." in said.told
    assert shipway("logs", "--app", "topup", "--env", "prod", "--process", "worker").code == 0


@pytest.mark.parametrize(
    "words", [["1", "--env", "prod"], ["--env", "prod", "--step", "test"], ["--process", "web"]]
)
def test_what_of_a_log_would_be_left_out(words: list[str], first: Run, shipway: Shipway) -> None:
    said = shipway("logs", "--app", "topup", *words)
    assert said.code == 2
    assert "shipway logs" in said.err


def deploying(site: Site, shipway: Shipway, run: Run) -> str:
    said = shipway("deploy", run.commit, "--app", "topup")
    assert said.code == 2
    return said.told


def test_why_a_commit_that_was_pushed_cannot_be_deployed(first: Run, site: Site, shipway: Shipway) -> None:
    run = site.scene.push("topup", "Two")
    assert f"run {run.number} is queued." in deploying(site, shipway, run)
    site.scene.end(run, "superseded", "commit 1234567 was pushed to main after it")
    told = deploying(site, shipway, run)
    assert f"There is no artifact of {run.commit[:7]} in topup: run {run.number} was superseded." in told
    assert f"git push shipway {run.commit[:7]}:refs/heads/again" in told
    assert "Push it first" not in told


def test_why_a_commit_that_failed_cannot_be_deployed(first: Run, site: Site, shipway: Shipway) -> None:
    run = site.scene.push("topup", "Two")
    site.scene.begin(run)
    site.scene.end(run, "failed", "test failed")
    told = deploying(site, shipway, run)
    assert f"run {run.number} failed. `shipway runs {run.number}` says why." in told


def test_why_a_commit_without_a_run_cannot_be_deployed(first: Run, site: Site, shipway: Shipway) -> None:
    between = site.scene.commit("topup", "Between")
    site.scene.push("topup", "Three")
    said = shipway("deploy", between, "--app", "topup")
    assert "it came with a later commit and had no run of its own" in said.told
    with site.scene.database.read() as conn:
        assert {run.purpose for run in runs.recent(conn)} == {"push"}


NEXT = {
    ("runs", "3", "--app", "zzz"): ("There is no application called 'zzz'", "`shipway applications` lists those"),
    ("runs", "99"): ("topup has no run 99.", "`shipway runs` lists them"),
    ("judge", "r9"): (
        "prod of topup has no release 'r9'.",
        "There is r1; `shipway releases --env prod` lists them",
    ),
    ("logs", "--env", "prod", "--release", "r99"): ("has no release 'r99'.", "There is r1; `shipway releases"),
    ("rollback", "--to", "1"): ("'1' may be a release or a run.", "Say r1 if that release is meant."),
    ("messages", "--before", "zzz"): ("'zzz' is no id of a message.", "ends with the id to go on from"),
    ("rollback", "--to", "banana"): ("has no release 'banana'.", "They are called r1, r2 and so on"),
    ("signals", "--env", "moon"): ("no environment called 'moon'.", "There are: dev, test, prod."),
    ("where", "deadbeef"): ("topup has no commit 'deadbeef'.", "`shipway runs` lists what was."),
    ("deploy", "deadbeef"): ("topup has no commit 'deadbeef'.", "`shipway runs` lists what was."),
    ("messages", "nope"): ("topup has no commit 'nope'.", "`shipway runs` lists what was."),
    ("why",): ("No commit is named, and there is none here.", "Name a commit, a branch or a tag"),
}


@pytest.mark.parametrize("words", NEXT, ids=" ".join)
def test_what_is_not_there_leads_on(words: tuple[str, ...], first: Run, shipway: Shipway) -> None:
    said = shipway(*words, *(() if "--app" in words else ("--app", "topup")))
    assert said.code == 2
    assert all(part in said.told for part in NEXT[words])


def test_what_has_not_come_yet_leads_on(site: Site, shipway: Shipway) -> None:
    site.scene.application("topup")
    assert (
        "Nothing serves in prod, so nothing is counted there. `shipway where`"
        in shipway("signals", "--app", "topup").out
    )
    assert "docs/guides/telemetry.md says how" in shipway("errors", "--app", "topup").out
    assert "a Sentry SDK in it does" in shipway("errors", "--all", "--app", "topup").out
