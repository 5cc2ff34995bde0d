"""What is listed fits its terminal, says what is meant, and is whole for a program."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from cli.terminal import Said
from shipway.cli import show, watching
from shipway.cli.server import Server
from shipway.project import Project
from shipway.state import instances, messages, runs
from shipway.state.messages import Draft
from shipway.story import plan
from shipway.web import journey, narration
from web import telling
from web.judged import BAD, Trials
from web.server import Site

Shipway = Callable[..., Said]
TOPUP = ("--app", "topup")


@pytest.fixture
def two(site: Site) -> list[str]:
    """Two commits that went to prod, the older first."""
    site.scene.application("topup")
    made = []
    for subject in ("Sell credit", "Count calls"):
        run = site.scene.push("topup", subject)
        site.scene.deliver(run)
        made.append(run.commit)
    return made


def test_a_rollback_is_shown_with_its_reason(site: Site, shipway: Shipway) -> None:
    scene = site.scene
    scene.application("topup")
    good = scene.deliver(scene.push("topup", "One"))
    scene.deliver(scene.push("topup", "Two"))
    run = scene.roll_back("topup", "prod", good, why="it greets wrongly")
    shown = shipway("runs", str(run.number), *TOPUP).out.splitlines()
    assert shown[2] == "ben rolled prod back to r1: “it greets wrongly”."


def test_releases_are_listed_with_what_serves_and_what_is_kept_warm(
    two: list[str], site: Site, shipway: Shipway
) -> None:
    newest, older = shipway("releases", *TOPUP, "--json").json
    assert (newest["number"], newest["commit"], newest["subject"]) == (2, two[1], "Count calls")
    assert newest["served_since"] is not None
    assert newest["warm_until"] is None
    assert (older["number"], older["served_since"], older["verdict"]) == (1, None, None)
    assert older["warm_until"] > time.time()
    _columns, second, first = shipway("releases", *TOPUP).out.splitlines()
    assert second.split()[:3] == ["r2", "serves", "since"]
    assert first.split()[:3] == ["r1", "warm", "until"]
    assert first.rstrip().endswith("Sell credit")
    assert shipway("releases", *TOPUP, "--limit", "1", "--json").json == [newest]


def test_what_was_judged_bad_is_listed_as_that_and_not_as_a_way_back(site: Site, shipway: Shipway) -> None:
    told = Trials(site.scene, "topup")
    run, deployment = told.comes(0, "Count calls twice", strategy="blue_green")
    told.serves(deployment)
    site.scene.end(run)
    told.condemned(run, deployment, 100)
    site.scene.roll_back("topup", "prod", told.first, who="shipway")
    _columns, bad, _first = shipway("releases", *TOPUP).out.splitlines()
    assert bad.split()[:5] == ["r2", "judged", "bad,", "runs", "until"]
    assert "warm" not in bad


def test_what_is_on_trial_is_listed_with_its_share_and_its_instances(site: Site, shipway: Shipway) -> None:
    told = Trials(site.scene, "topup")
    _run, deployment = told.comes(0, "Count calls twice")
    assert shipway("releases", *TOPUP).out.splitlines()[1].split()[:4] == ["r2", "on", "its", "way"]
    told.share(deployment, 10)
    with site.scene.database.write() as conn:
        instances.want(
            conn, id="topup.prod.r2.web.1", release=deployment.release, process="web", position=1, port=None
        )
    _columns, second, first = shipway("releases", *TOPUP).out.splitlines()
    assert second.split()[:5] == ["r2", "on", "trial,", "10", "%"]
    assert first.split()[:3] == ["r1", "serves", "since"]
    assert [one["release"] for one in shipway("ps", *TOPUP, "--json").json] == [1, 1, 1, 2]


def test_an_environment_without_a_release_says_so(site: Site, shipway: Shipway) -> None:
    site.scene.application("topup")
    site.scene.push("topup", "One")
    assert shipway("releases", *TOPUP).out.startswith("prod has no release yet. `shipway where` says")
    assert "no environment called 'moon'" in shipway("releases", *TOPUP, "--env", "moon").told


def test_a_long_reason_takes_one_line_and_a_program_gets_it_whole(site: Site, shipway: Shipway) -> None:
    site.scene.application("topup")
    run = site.scene.push("topup", "One")
    reason = "shipway.yml: " + "this should have been a number, " * 10
    site.scene.end(run, "failed", f"{reason}:\nand a second problem")
    assert len(shipway("runs", *TOPUP).out.splitlines()) == 2
    assert reason.strip() in shipway("runs", *TOPUP).out
    assert f"{reason}: and a second problem" in shipway("runs", *TOPUP).out
    assert len(shipway("where", run.commit, *TOPUP).out.splitlines()) == 2 + 1


def test_what_stops_a_commit_everywhere_is_said_once(two: list[str], site: Site, shipway: Shipway) -> None:
    """Unless something else serves in one of them."""
    run = site.scene.push("topup", "Try it", branch="fix/why", deliver=())
    site.scene.end(run)
    _commit, _columns, *rows = shipway("where", run.commit, *TOPUP).out.splitlines()
    assert [" ".join(row.split()) for row in rows] == [
        f"dev, test and prod stopped r2, {two[1][:7]} fix/why is not delivered there"
    ]
    with site.scene.database.read() as conn:
        before = site.scene.artifact_of(conn, "topup", "prod", 1)
    site.scene.roll_back("topup", "prod", before)
    _commit, _columns, *rows = shipway("where", run.commit, *TOPUP).out.splitlines()
    assert [" ".join(row.split()[:3]) for row in rows] == ["dev and test", "prod stopped r1,"]


def test_a_terminal_sees_the_beginning_of_a_long_cell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    show.table(("run", ""), [("topup 12", "a reason " * 20)], empty="", one_line=True)
    shown = capsys.readouterr().out
    assert "topup 12" in shown
    assert "…" in shown
    assert len(shown.splitlines()) == 2


def test_a_long_cell_that_wraps_is_shown_to_its_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the quarantine that `shipway where` names: what ends it stands at its end."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    rows = [("prod", "stopped", "r1, 1234567", f"{'a reason ' * 20}and its end")]
    show.table(("environment", "", "serves there", ""), rows, empty="", one_line=True, wraps=True)
    shown = capsys.readouterr().out
    assert "prod         stopped  r1, 1234567   a reason" in shown
    assert shown.endswith("its end\n")
    assert "…" not in shown


def test_the_first_of_several_problems_is_said_with_how_many_follow() -> None:
    assert show.first_line("shipway.yml has 3 problems:\n  one\n  two\n  three") == (
        "shipway.yml has 3 problems: one (2 more)"
    )
    assert show.first_line("it failed.\nmore of it") == "it failed."


def test_no_line_is_filled_up_with_spaces(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("1", "a reason " * 100), ("2", "short"), ("3", "")]
    for one_line in (False, True):
        show.table(("run", "why"), rows, empty="", one_line=one_line)
        lines = capsys.readouterr().out.splitlines()
        assert [line.split() for line in lines] == [
            ["run", "why"],
            ["1", *["a", "reason"] * 100],
            ["2", "short"],
            ["3"],
        ]
        assert not [line for line in lines if line != line.rstrip()]


@pytest.mark.parametrize("tty", ["0", "1"])
def test_what_is_typed_again_is_never_cut(
    tty: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TTY_COMPATIBLE", tty)
    first, other = "t" * 36, "n" * 50
    for one_line in (False, True):
        show.table(("token", "name", ""), [(first, other, "used here")], empty="", one_line=one_line)
        assert first in capsys.readouterr().out
    show.table(("", "title", "page"), [("k", other, first)], empty="", one_line=True, typed=("page",))
    assert first in capsys.readouterr().out


def test_a_token_is_revoked_by_how_its_id_begins_or_by_its_name(site: Site, shipway: Shipway) -> None:
    made = [shipway("token", "create", "cho", "--name", name, "--json").json for name in ("laptop", "desk", "bus")]
    assert made[0]["id"] in shipway("token").out
    assert shipway("token", "revoke", "laptop").code == 0
    assert shipway("token", "revoke", made[1]["id"][:-1]).code == 0
    assert "no token 'laptop'" in shipway("token", "revoke", "laptop").told
    assert shipway("token", "revoke", "cho").code == 0
    assert shipway("token", "revoke", "").code == 2
    shipway("token", "create", "cho")
    shipway("token", "create", "cho")
    several = shipway("token", "revoke", "cho")
    assert (several.code, "may be one of 2 tokens" in several.told) == (2, True)
    assert sum(not one["revoked"] for one in shipway("token", "--json").json) == 4


def test_where_names_what_serves_there_with_its_commit(two: list[str], site: Site, shipway: Shipway) -> None:
    run = site.scene.push("topup", "Fail")
    site.scene.begin(run)
    site.scene.end(run, "failed", "test failed")
    prod = shipway("where", run.commit, *TOPUP).out.splitlines()[-1]
    assert f"r2, {two[1][:7]}" in prod


def test_a_run_took_as_long_here_as_on_its_page(site: Site, shipway: Shipway) -> None:
    site.scene.application("topup")
    run = site.scene.push("topup", "One")
    site.scene.begin(run)
    site.scene.end(run, "cancelled", "ada")
    (shown,) = shipway("runs", *TOPUP, "--json").json
    assert show.took(shown["created"], shown["ended"]) in shipway("runs", *TOPUP).out


def test_a_commit_that_is_green_already_is_said_not_to_be_tested(two: list[str], site: Site) -> None:
    with site.scene.database.write() as conn:
        run = runs.create(
            conn,
            application="topup",
            push=None,
            branch="other",
            commit=two[1],
            who="ada",
            purpose="push",
            deliver=(),
            plan=plan.deployments(Project.parse("name: topup\nbuild: static\n"), ()).as_dict(),
        )
    site.scene.begin(run)
    site.scene.end(run)
    with site.scene.database.read() as conn:
        lines = narration.Telling(8080, {}).news(journey.read(conn, run.id), time.time())
    assert f"{two[1][:7]} was tested before; other is not delivered anywhere" in " ".join(lines)


def test_a_hint_is_never_broken_inside_a_command(site: Site, shipway: Shipway) -> None:
    said = shipway("deploy", "f" * 40, "--app", "a" * 90)
    assert f"{'a' * 90}" in said.err
    assert len(said.err.splitlines()) <= 2


def test_who_stops_watching_is_told_that_the_run_goes_on(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_server: Server, _path: str) -> Iterator[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(Server, "lines", interrupted)
    with pytest.raises(KeyboardInterrupt):
        watching.outcome(Server("http://127.0.0.1:1", ""), "RUN")
    assert "The run goes on. `shipway runs RUN`" in capsys.readouterr().err


def test_no_message_steers_the_terminal_that_it_is_read_in(site: Site, shipway: Shipway) -> None:
    said = {"subject": "\x1b[2Jboo", "text": "One.\n\n    \x1b]0;title\x07two\r\x9b\n"}
    with site.scene.database.write() as conn:
        messages.write(conn, Draft("ada@example.org", "c", "stopped", **said, due=time.time() + 600))
    whole, listed = shipway("messages", "--full").out, shipway("messages").out
    assert "One.\n\n    two\n" in whole
    assert not set(whole + listed) & set("\x1b\x07\x9b\r")
    assert "boo" in listed


def test_what_follows_up_a_message_is_called_so(site: Site, shipway: Shipway) -> None:
    due = time.time() + 600
    with site.scene.database.write() as conn:
        messages.write(conn, Draft("ada@example.org", "c", "stopped", "One", "One.", due))
        messages.write(conn, Draft("ada@example.org", "d", "updated", "Two", "Two.", due))
    one, two = (line for line in reversed(shipway("messages").out.splitlines()[-2:]))
    assert one.endswith("on its way")
    assert "update" not in one
    assert two.endswith("update, on its way")


def test_a_message_that_nobody_took_is_sent_again_by_what_the_list_says(site: Site, shipway: Shipway) -> None:
    said = telling.say(site.scene, "owner", "c", "machine", "No room.")
    with site.scene.database.write() as conn:
        messages.nowhere(conn, said)
    assert f"not sent: no channel; `--again {said.id}` sends it now" in shipway("messages").out
    assert shipway("messages", "--again", said.id).out == "No room.\nTo owner, on its way.\n"
    assert "sends it now" not in shipway("messages").out
    assert shipway("messages", "--again", "nope").err.startswith("shipway.not_found There is no message 'nope'.")


def test_messages_are_narrowed_down_and_read_a_part_at_a_time(site: Site, shipway: Shipway) -> None:
    assert "Nobody had to be told anything." in shipway("messages").out
    for number in range(3):
        telling.say(site.scene, f"p{number}@example.org", "c", "stopped", f"No {number}.")
    telling.refused(site.scene, telling.say(site.scene, "owner", "c", "machine", "No room."), "It answered 500.")
    assert shipway("messages", "--person", "p1@example.org").out.count("@example.org") == 1
    assert "No message is like that." in shipway("messages", "--state", "sent").out
    assert "No message is like that." in shipway("messages", "--state", "sent", "--person", "p1@example.org").out
    assert "Nobody called 'p9@example.org' was ever" in shipway("messages", "--person", "p9@example.org").out
    part = shipway("messages", "--limit", "2", "--state", "waiting").out
    assert "tried one time, last by Slack: It answered 500.; next try" in part
    on = part.split("--before ")[1].split("`")[0]
    rest = shipway("messages", "--before", on).out
    assert [f"No {number}." in rest for number in range(3)] == [True, True, False]
    assert "--before" not in rest


def test_why_says_its_headline_in_full(site: Site, shipway: Shipway, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal breaks it between its words."""
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "Two")
    scene.green(run)
    reason = f"web did not get healthy in time {'and was not answered ' * 8}before it ended"
    scene.fail_deployment(scene.begin_deployment(run, "prod"), reason)
    scene.end(run, "failed", reason)
    headline = f"{run.commit[:7]} in prod: stopped (its deployment failed: {reason})"
    assert shipway("why", run.commit, *TOPUP).out.splitlines()[0] == headline
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    broken = shipway("why", run.commit, *TOPUP).out.splitlines()
    assert all(len(line) <= 80 for line in broken)
    assert headline in " ".join(" ".join(broken).split())
    assert "…" in shipway("where", run.commit, *TOPUP).out


def test_the_numbers_of_a_verdict_are_said_where_they_are_known_and_at_the_end(
    site: Site, shipway: Shipway
) -> None:
    told = Trials(site.scene, "topup")
    run, deployment = told.comes(0, "Count calls twice")
    told.share(deployment, 10)
    told.condemned(run, deployment, 10)
    told.undone(run, deployment, f"r2 was taken back at 10 % of the requests: {BAD}", "signals.bad_verdict")
    with site.scene.database.read() as conn:
        lines = narration.Telling(8080, {}).news(journey.read(conn, run.id), time.time())
    judged, ended = " ".join(" ".join(lines).split()).split("run 2 was rolled back after")
    assert (judged.count("by chance at most"), ended.count("by chance at most")) == (1, 1)
    assert "by chance" not in shipway("where", run.commit, *TOPUP).out
    assert "by chance" not in shipway("wait", run.commit, *TOPUP, "--timeout", "0").out
    headline, *events = shipway("why", run.commit, *TOPUP).out.splitlines()
    assert headline.endswith("in prod: stopped (r2 was judged bad at 10 %, and r1 has all requests again)")
    assert any("by chance at most" in line for line in events)
    listed = next(
        line for line in shipway("runs", *TOPUP).out.splitlines() if line.startswith(f"topup {run.number} ")
    )
    assert " rolled back " in listed
    assert listed.endswith("r2 was taken back at 10 % of the requests")
    _first, second, *shown = shipway("runs", str(run.number), *TOPUP).out.splitlines()
    assert second == "rolled back: r2 was taken back at 10 % of the requests"
    assert any("by chance at most" in line for line in shown)
    assert shipway("why", run.commit, *TOPUP, "--json").out.count("by chance at most") == 2, (
        "the reason, the event"
    )
