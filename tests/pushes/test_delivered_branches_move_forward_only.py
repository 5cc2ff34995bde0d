"""A delivered branch has a history that others rely on; what is refused comes with what was meant."""

from __future__ import annotations

from pushes.desk import Desk
from pushes.git_host import Host
from shipway.pushes.git import Git
from shipway.pushes.rules import broken_rule
from shipway.state.pushes import Update

REFUSED = "Shipway refused this push; nothing of it was accepted."


def test_moving_back_is_refused_with_rollback_and_revert(host: Host, desk: Desk) -> None:
    desk.push()
    old = desk.commit("worse")
    desk.push()
    desk.git("reset", "--quiet", "--hard", "HEAD^")
    new = desk.git("rev-parse", "HEAD").strip()
    said = desk.push("--force", "shipway", "main", code=None)
    assert said[0] == REFUSED
    assert "that is a move back" in said[1]
    assert said[2].endswith("shipway rollback --env prod")
    assert said[3].endswith(f"git revert --no-edit {new[:12]}..{old[:12]}")
    assert host.git.resolve("main") == old


def test_the_commands_of_the_refusal_do_what_they_promise(host: Host, desk: Desk) -> None:
    desk.push()
    desk.commit("worse", a="worse\n")
    desk.push()
    desk.git("fetch", "--quiet", "shipway")
    desk.git("reset", "--quiet", "--hard", "HEAD^")
    said = desk.push("--force", "shipway", "main", code=None)
    desk.git("merge", "--quiet", "shipway/main")
    for line in said[3:5]:
        desk.git(*line[line.index("git ") :].split()[1:])
    head = host.git.resolve("main")
    assert head is not None
    assert "a" not in host.git.files(head)


def test_the_way_back_is_that_of_where_the_branch_goes(host: Host, desk: Desk) -> None:
    first = desk.commit("first")
    second = desk.commit("second")
    moved = Update("refs/heads/main", second, first)
    said = broken_rule(Git(desk.tree / ".git"), moved, {"main": ["dev", "test"], "live": ["prod"]})
    assert said[1].endswith("shipway rollback --env test")


def test_a_rewritten_history_is_refused_with_a_rebase(host: Host, desk: Desk) -> None:
    desk.push()
    old = desk.commit("first try", a="1\n")
    desk.push()
    desk.git("commit", "--quiet", "--amend", "--message", "second try")
    desk.commit("more", b="2\n")
    said = desk.push("--force", "shipway", "main", code=None)
    assert said[:2] == [
        REFUSED,
        f"main: this branch is delivered, so it moves forward only; that history has lost {old[:12]}.",
    ]
    assert said[2].endswith("git pull --rebase shipway main")
    desk.git(*said[2][said[2].index("git ") :].split()[1:])
    assert desk.push()[0].startswith("accepted main")


def test_deleting_it_is_refused(host: Host, desk: Desk) -> None:
    desk.push()
    assert desk.push("shipway", ":main", code=None)[:2] == [
        REFUSED,
        "main: this branch is delivered, so it cannot be deleted.",
    ]
    assert len(host.accepted()) == 1


def test_other_branches_may_be_rewritten(host: Host, desk: Desk) -> None:
    desk.push("shipway", "main:topic")
    desk.git("commit", "--quiet", "--amend", "--message", "again")
    assert desk.push("--force", "shipway", "main:topic")[-1].startswith("accepted topic")


def test_one_refused_ref_refuses_the_whole_push(host: Host, desk: Desk) -> None:
    desk.push()
    desk.git("commit", "--quiet", "--amend", "--message", "again")
    desk.push("--force", "shipway", "main", "main:topic", code=None)
    assert set(host.git.refs()) == {"refs/heads/main"}
    assert host.offered() == []
