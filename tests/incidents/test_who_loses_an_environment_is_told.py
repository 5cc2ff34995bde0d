"""Whoever's commit a person takes away hears who it was, and why, once; and how what was frozen was decided."""

from __future__ import annotations

from dataclasses import replace

import pytest

from incidents.team import APP, Team
from shipway.environments.configure import change
from shipway.incidents import follow
from shipway.incidents.channels import NOISE
from shipway.state import channels, configurations, decisions, deployments, holds, messages, releases
from shipway.state.decisions import Decision
from shipway.state.messages import Message
from shipway.state.runs import Run
from shipway.story import condemn
from support.receivers import Hook

WHY = "it charges twice"
FORWARD = "Mend it forward: push a commit on top."


def served(team: Team) -> tuple[str, Run]:
    """Ben's commit served, and Ada's serves instead."""
    team.deliver(old := team.commit("ben"))
    return old, team.deliver(team.commit("ada", subject="Charge in cents"), old)


def rolled_back(team: Team, to: str, who: str, why: str = "", past: int | None = None) -> Run:
    """Somebody rolls prod back to a commit, with a reason if they give one."""
    run = team.ask(to, who, "rollback")
    if why:
        with team.database.write() as conn:
            chosen = releases.of_commit(conn, APP, "prod", to)[0]
            decisions.record(conn, Decision(who, why, chosen.number, past), run, chosen, [])
    team.deploy(run, kind="rollback")
    return run


def heard(team: Team) -> list[tuple[str, str]]:
    """Who was told what kind of message, without what only one channel hears."""
    return [(one.person.partition("@")[0], one.kind) for one in team.tell() if one.kind not in NOISE]


def told_and_sent(team: Team) -> None:
    team.tell()
    team.send()


def last(team: Team) -> Message:
    return team.tell()[-1]


def test_the_author_of_what_is_rolled_back_hears_who_did_it_and_what_to_do(team: Team) -> None:
    old, run = served(team)
    rolled_back(team, old, "cho")
    assert heard(team) == heard(team) == [("ada", "by hand")]
    message = last(team)
    assert message.subject == "[shop] prod: cho rolled back from r2 to r1"
    assert message.text.startswith(f"cho rolled prod back from r2 ({run.commit[:7]}) to r1 ({old[:7]}).\n")
    for words in (
        f"Commit   {run.commit[:7]} Charge in cents, by Ada Okafor <ada@example.org>\n",
        "Reason   cho gave none.\n",
        f"Done     prod serves r1 ({old[:7]}) with all requests since ",
        "Next     Ask cho why. Mend it and push again: you will hear when that serves. `shipway deploy",
    ):
        assert words in message.text
    assert "Hold" not in message.text


def test_the_reason_is_said_if_one_was_given(team: Team) -> None:
    old, _ = served(team)
    rolled_back(team, old, "cho", WHY)
    assert f"Reason   “{WHY}”.\n" in last(team).text
    assert "Ask cho" not in last(team).text


@pytest.mark.parametrize("who", ["ada", "Ada", "ada@example.org", "shipway"])
def test_who_rolls_back_what_they_wrote_is_not_told(team: Team, who: str) -> None:
    """Nor is anybody told as if a person had done it, where Shipway did."""
    old, _ = served(team)
    rolled_back(team, old, who)
    assert heard(team) == []


def test_each_author_of_what_is_lost_hears_of_their_own(team: Team) -> None:
    team.deliver(old := team.commit("ben"))
    for who in ("ada", "cho", "ben", "ada"):
        team.commit(who)
    team.deliver(team.head, old)
    rolled_back(team, old, "cho")
    assert sorted(heard(team)) == [("ada", "by hand"), ("ben", "by hand")]
    assert any(", and 1 more of yours\n" in one.text for one in team.tell() if one.person == "ada@example.org")


def test_going_forward_again_takes_nothing_from_anybody(team: Team) -> None:
    old, run = served(team)
    rolled_back(team, old, "ada")
    rolled_back(team, run.commit, "cho")
    assert heard(team) == []


@pytest.mark.parametrize("why", ["", WHY])
def test_they_hear_when_what_comes_after_it_serves(team: Team, why: str) -> None:
    """It is called a fix only where somebody said what was wrong."""
    old, run = served(team)
    rolled_back(team, old, "cho", why)
    team.tell()
    team.deliver(fix := team.commit("ada"), run.commit)
    assert heard(team) == [("ada", "by hand"), ("ada", "fixed")]
    plain = f"{fix[:7]} is in prod, on top of {run.commit[:7]}, which was taken away by hand"
    assert last(team).subject == f"[shop] {f'Your fix serves: {fix[:7]} is in prod' if why else plain}"
    team.deliver(team.commit("ada"), fix)
    assert len(heard(team)) == 2


@pytest.mark.parametrize("order", ["by hand first", "by hand last"])
def test_of_a_rollback_by_hand_and_a_failure_one_message_says_that_they_are_mended(
    team: Team, hook: Hook, order: str
) -> None:
    """News opened nothing at a webhook: what it has open is closed by the very message that is read."""
    team.channel("ada@example.org", hook.url())
    old, run = served(team)
    if order == "by hand last":
        team.fail_step(team.push(team.commit("ada"), run.commit))
        told_and_sent(team)
    rolled_back(team, old, "cho", WHY)
    if order == "by hand first":
        team.fail_step(team.push(team.commit("ada"), run.commit))
    told_and_sent(team)
    opened = {body["title"]: body["id"] for body in hook.bodies}
    team.deliver(team.commit("ada"), team.head)
    told_and_sent(team)
    (fix,) = hook.bodies[2:]
    assert (fix["update"], fix["ended"]) == (False, True)
    assert fix["id"] == next(key for title, key in opened.items() if "rolled back" not in title)


def test_of_two_failures_one_message_is_read_and_the_other_call_only_closes(team: Team, hook: Hook) -> None:
    team.channel("ada@example.org", hook.url())
    _, run = served(team)
    for _ in range(2):
        team.fail_step(team.push(team.commit("ada"), run.commit))
        told_and_sent(team)
    team.deliver(fix := team.commit("ada"), run.commit)
    told_and_sent(team)
    first, second, *both = hook.bodies
    read, closed = sorted(both, key=lambda one: bool(one["update"]))  # they set out together
    assert [one["id"] for one in (read, closed)] == [second["id"], first["id"]]
    assert [(one["update"], one["ended"]) for one in (read, closed)] == [(False, True), (True, True)]
    assert closed["title"] == first["title"].replace("[shop] ", "[shop] Over: ")
    assert f"“Your fix serves: {fix[:7]} is in prod” says it.\n" in closed["message"]


def test_an_incident_that_news_opened_is_closed_too(team: Team) -> None:
    """At PagerDuty all that is taken opens one."""
    old, _ = served(team)
    rolled_back(team, old, "cho", WHY)
    news = replace(last(team), service="Pager Duty")
    assert follow.is_open(news)
    assert not follow.is_open(replace(news, service="JSON"))


def test_nothing_is_said_to_be_mended_of_what_came_back_as_it_was(team: Team) -> None:
    """Somebody tried a rollback, and went forward again: what comes later fixes nothing."""
    old, run = served(team)
    rolled_back(team, old, "cho", WHY)
    assert heard(team) == [("ada", "by hand")]
    rolled_back(team, run.commit, "cho")
    team.deliver(team.commit("ada"), run.commit)
    assert heard(team) == [("ada", "by hand")]


@pytest.mark.parametrize("where", [("prod", "prod", "prod"), ("dev", "test", "prod")])
def test_who_was_rolled_back_again_and_again_hears_once_that_it_is_there_all_the_same(
    team: Team, hook: Hook, where: tuple[str, ...]
) -> None:
    team.channel("ada@example.org", hook.url())
    old, run = served(team)
    for name in where:
        team.deploy(team.ask(old, "cho", "rollback"), name, kind="rollback")
        team.tell()
        team.deploy(team.ask(run.commit, "ada", "rollback"), name, kind="rollback")
    told_and_sent(team)
    assert len(hook.bodies) == 3
    for name in dict.fromkeys(where):
        team.deploy(team.ask(run.commit, "ada"), name)
    told_and_sent(team)
    assert [one["title"] for one in hook.bodies[3:]] == [f"[shop] {run.commit[:7]} is in prod all the same"]


def test_what_is_taken_back_while_it_is_tried_is_told_in_the_same_way(team: Team) -> None:
    team.deliver(old := team.commit("ben"))
    run = team.push(team.commit("ada"), old)
    team.deploy(run, ending="running")
    with team.database.write() as conn:
        tried = deployments.get(conn, team.deployment(run))
        deployments.enter(conn, tried, "try", {"share": 50})
        deployments.take_back(conn, tried, "cho")
        deployments.give_up(conn, tried, "cho took r2 back while it was tried.", "")
        deployments.switched_back(conn, tried)
        deployments.end(conn, tried, "failed", "cho took r2 back while it was tried.")
    team.stop(run, "deploy", "signals.taken_back", "cho took r2 back while it was tried.", "you")
    assert heard(team) == [("ada", "by hand")]
    assert last(team).subject == "[shop] prod: cho took r2 back, which was tried"
    assert "where it was tried on 50 % of the requests.\n" in last(team).text


def test_who_was_told_that_it_is_bad_is_not_told_a_second_time_that_it_is_gone(team: Team) -> None:
    """Somebody was a moment quicker than Shipway."""
    old, run = served(team)
    data = {"deployment": team.deployment(run), "release": 2, "reason": "37 of 74 requests failed"}
    team.fact("verdict.bad", environment="prod", commit=run.commit, run=run.id, data=data)
    team.tell()
    rolled_back(team, old, "cho")
    assert heard(team) == [("ada", "bad")]
    assert "prod: r2 taken back" in last(team).subject


def test_it_goes_on_from_what_was_told_of_the_same_commit(team: Team) -> None:
    old, run = served(team)
    data = {"error": "01k", "number": 1, "title": "KeyError: 'eggs'", "release": "r2"}
    about = {"commit": run.commit, "author": "Ada Okafor", "email": "ada@example.org", "confidence": "high"}
    team.fact("error.new", environment="prod", commit=run.commit, data=data)
    team.fact("error.suspected", environment="prod", commit=run.commit, data={**data, **about})
    team.tell()
    rolled_back(team, old, "cho")
    first, second = team.tell()
    assert (second.kind, second.answers) == ("by hand", first.id)


def frozen(team: Team) -> tuple[str, Run]:
    """Ada's canary is bad, and frozen with half of the requests; she was told."""
    team.deliver(old := team.commit("ben"))
    run = team.push(team.commit("ada"), old)
    team.deploy(run, ending="running")
    with team.database.write() as conn:
        tried = deployments.get(conn, team.deployment(run))
        deployments.enter(conn, tried, "try", {"share": 50})
    data = {"deployment": tried.id, "release": 2, "reason": "37 of 74 requests failed"}
    team.fact("verdict.bad", environment="prod", commit=run.commit, run=run.id, data=data)
    team.quarantine(run.commit)
    with team.database.write() as conn:
        told = {"release": 2, "reason": "r2 changed the data.", "hint": FORWARD, "by": 2}
        deployments.note(conn, tried, "release.stuck", told, who="shipway")
        deployments.end(conn, tried, "stuck", "r2 is frozen at 50 %.")
    team.tell()
    return old, run


def decide(team: Team, to: str, who: str = "cho", past: int | None = None) -> None:
    run = rolled_back(team, to, who, WHY, past)
    with team.database.write() as conn:
        condemn.clear(conn, deployments.get(conn, team.deployment(run)))


def taken(team: Team) -> None:
    """What waits was taken by a webhook of Ada's."""
    with team.database.write() as conn:
        hook = channels.add(
            conn, whose="ada@example.org", service="JSON", seal=lambda _: b"", private=True, who="ada"
        )
        for one in messages.recent(conn, state="waiting"):
            messages.sent(conn, one, hook)


def test_who_was_told_that_it_is_frozen_hears_that_a_person_says_it_is_good(team: Team) -> None:
    _, run = frozen(team)
    decide(team, run.commit)
    assert heard(team) == [("ada", "bad"), ("ada", "settled")]
    message = last(team)
    assert message.subject == "[shop] prod: cho gave r2 all requests, r1 has none"
    assert message.text.startswith(f"cho gave r2 all requests: “{WHY}”.\n")
    assert f"Hold     The quarantine of {run.commit[:7]} has ended in prod.\n" in message.text
    assert "Next     Nothing.\n" in message.text
    assert message.answers == team.tell()[0].id
    team.deliver(team.commit("ada"), run.commit)
    assert heard(team) == [("ada", "bad"), ("ada", "settled")]


def test_who_was_told_that_it_is_frozen_hears_that_the_one_before_has_all_requests(team: Team, hook: Hook) -> None:
    team.channel("ada@example.org", hook.url())
    old, run = frozen(team)
    team.send()
    decide(team, old, past=2)
    assert heard(team) == [("ada", "bad"), ("ada", "by hand")]
    team.send()
    message = last(team)
    assert message.subject == "[shop] prod: cho gave r1 all requests, r2 has none"
    assert "past the data change of r2" in message.text
    assert f"Hold     {run.commit[:7]} stays in quarantine in prod" in message.text
    assert f"Next     Push a commit on top of {run.commit[:7]} that mends it." in message.text
    assert len({body["id"] for body in hook.bodies}) == 1
    assert [(body["update"], body["ended"]) for body in hook.bodies] == [(False, False), (True, False)]
    team.deliver(team.commit("ada"), run.commit)
    assert heard(team)[2:] == [("ada", "fixed")]
    team.send()
    assert [body["ended"] for body in hook.bodies] == [False, False, True]


def test_who_decides_themselves_hears_nothing_but_their_incident_is_closed(team: Team) -> None:
    _, run = frozen(team)
    taken(team)
    decide(team, run.commit, "ada")
    assert heard(team) == [("ada", "bad")]
    assert [one.kind for one in team.tell()] == ["bad", "ended"]
    with team.database.read() as conn:
        assert holds.quarantines_of(conn, APP, run.commit) == []


def test_an_author_who_was_not_told_of_it_hears_how_it_was_decided(team: Team) -> None:
    """Nobody knew whose change it was."""
    team.deliver(old := team.commit("ben"))
    team.commit("ada", {"a.py": "1\n"})
    run = team.push(team.commit("ben", {"b.py": "1\n"}), old)
    team.deploy(run, ending="running")
    with team.database.write() as conn:
        tried = deployments.get(conn, team.deployment(run))
        deployments.enter(conn, tried, "try", {"share": 50})
        told = {"release": 2, "reason": "r2 changed the data.", "by": 2, "why": "r2 could not be judged in 2 s."}
        deployments.note(conn, tried, "release.stuck", told, who="shipway")
        deployments.end(conn, tried, "stuck", "r2 is frozen at 50 %.")
    team.stop(run, "deploy", "rollbacks.left_frozen", "r2 is frozen at 50 %.", "you")
    assert heard(team) == [("cho", "undone")]
    decide(team, old, "ada", past=2)
    assert sorted(heard(team)[1:]) == [("ben", "by hand"), ("cho", "by hand")]


def test_who_deploys_what_is_older_takes_it_from_its_authors_all_the_same(team: Team) -> None:
    old, run = served(team)
    team.deploy(team.ask(old, "cho"))
    assert heard(team) == [("ada", "by hand")]
    message = last(team)
    assert message.subject == "[shop] prod: cho deployed r1 instead of r2"
    assert message.text.startswith(
        f"cho deployed r1 ({old[:7]}) to prod instead of r2 ({run.commit[:7]}): it is without your commit.\n"
    )
    assert "Why you  You wrote it.\n" in message.text


@pytest.mark.parametrize("who", ["cho", "ada"])
def test_who_deploys_what_is_newer_takes_nothing_and_what_it_mends_is_said(team: Team, who: str) -> None:
    team.deliver(old := team.commit("ben"))
    team.fail_step(team.push(team.commit("ada"), old))
    team.deploy(team.ask(team.commit("ada"), who))
    assert heard(team) == [("ada", "stopped"), ("ada", "fixed")]


def configure(team: Team, who: str, **values: str) -> None:
    with team.database.write() as conn:
        configurations.add(conn, APP, "prod", values=values, secrets=b"", secret_names=[], who=who, what="")


def configured(team: Team) -> str:
    """Cho's commit serves with a greeting that Ben set."""
    team.deliver(commit := team.commit("cho"))
    configure(team, "ben", GREETING="hello")
    team.deploy(team.ask(commit, "ben"), configured="yes")
    assert heard(team) == []
    return commit


def test_whose_value_is_rolled_back_hears_who_did_it_and_that_it_comes_again(team: Team) -> None:
    commit = configured(team)
    team.deploy(team.ask(commit, "ada", "rollback"), kind="rollback")
    assert heard(team) == [("ben", "by hand")]
    message = last(team)
    assert message.subject == "[shop] prod: ada rolled back from r2 to r1"
    for words in (
        "Values   GREETING (taken away)\n",
        "Why you  You set GREETING.\n",
        "Next     Ask ada why. GREETING stays as it is set and comes with the next deployment.\n",
    ):
        assert words in message.text
    team.deploy(team.push(team.commit("cho"), commit))
    assert heard(team) == [("ben", "by hand")]


@pytest.mark.parametrize(
    ("who", "values", "hears"),
    [
        ("ada", {}, [("ben", "by hand")]),
        ("ben", {}, []),
        ("ada", {"GREETING": "good day"}, []),
        ("ada", {"GREETING": "hello", "LIMIT": "9"}, []),
    ],
    ids=["set back", "by who had set it", "set anew", "another"],
)
def test_whose_value_is_set_back_hears_it(
    team: Team, who: str, values: dict[str, str], hears: list[tuple[str, str]]
) -> None:
    commit = configured(team)
    configure(team, who, **values)
    team.deploy(team.ask(commit, who), configured="yes")
    assert heard(team) == hears
    if hears:
        assert f"{who} deployed r3 ({commit[:7]}) to prod instead of r2 (" in last(team).text
        assert "): it is without what you set.\n" in last(team).text
        assert "Next     Ask ada why. `shipway env GREETING=… --env prod` has it as you had" in last(team).text


@pytest.mark.parametrize(("to", "hears"), [("the first", [("ben", "by hand")]), ("a third", [])])
def test_whose_secret_is_set_back_hears_it_though_nobody_sees_its_value(
    team: Team, to: str, hears: list[tuple[str, str]]
) -> None:
    commit = team.commit("cho")
    keep_secret(team, "ada", "the first")
    team.deploy(team.push(commit), at="1")
    keep_secret(team, "ben", "the second")
    team.deploy(team.ask(commit, "ben"), at="2")
    keep_secret(team, "ada", to)
    team.deploy(team.ask(commit, "ada"), at="3")
    assert heard(team) == hears
    if hears:
        assert "Why you  You set KEY.\n" in last(team).text
        assert "`shipway secrets KEY --env prod` has it as you had" in " ".join(last(team).text.split())


def keep_secret(team: Team, who: str, value: str) -> None:
    change(team.database, team.vault, APP, "prod", who=who, secrets={"KEY": value})
