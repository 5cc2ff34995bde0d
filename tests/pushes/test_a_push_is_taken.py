"""What somebody who pushes sees, and what is recorded of it."""

from __future__ import annotations

import os

import leftovers
from pushes.desk import Desk, press_ctrl_c
from pushes.git_host import Host, wait_for
from shipway.state.pushes import NOTHING


def moves(host: Host, ref: str = "refs/heads/main") -> list[tuple[str, str, int, str]]:
    return [(push.old, push.new, push.sequence, push.who) for push in host.accepted(ref)]


def test_the_first_and_the_last_line_say_accepted_and_the_run_is_between(host: Host, desk: Desk) -> None:
    said = desk.push()
    commit = desk.git("rev-parse", "main").strip()
    assert said[0] == f"accepted main {commit[:7]} (push 1)"
    assert said[1:-1] == ["runs: 1", "a line \ufffd[2Jthat would clear the screen", "outcome: passed"]
    assert said[-1] == f"accepted main {commit[:7]}"


def test_a_to_b_to_a_is_three_pushes(host: Host, desk: Desk) -> None:
    a = desk.commit("a")
    desk.push("shipway", "HEAD:other")
    b = desk.commit("b")
    desk.push("shipway", "HEAD:other")
    desk.push("--force", "shipway", f"{a}:other")
    ref = "refs/heads/other"
    assert moves(host, ref) == [(NOTHING, a, 1, "ada"), (a, b, 2, "ada"), (b, a, 3, "ada")]
    assert host.carried() == [push.id for push in host.accepted()]


def test_git_writes_down_the_ancestry_of_what_was_pushed(host: Host, desk: Desk) -> None:
    """Else it reads every commit between two to tell which of them contains the other."""
    first, second = desk.commit("one"), desk.commit("two")
    desk.push("shipway", f"{first}:refs/heads/main")
    wait_for(lambda: bytes.fromhex(first) in written(host))
    desk.push()
    wait_for(lambda: bytes.fromhex(second) in written(host))


def test_what_a_killed_git_leaves_in_its_ancestry_stops_it_for_a_day_at_most(host: Host, desk: Desk) -> None:
    first = desk.commit("one")
    lock = host.repository / "objects/info/commit-graphs/commit-graph-chain.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    os.utime(lock, (0, 0))
    desk.push("shipway", f"{first}:refs/heads/main")
    wait_for(lambda: bytes.fromhex(first) in written(host))


def written(host: Host) -> bytes:
    """All that git's own files of ancestry hold."""
    return b"".join(each.read_bytes() for each in host.repository.glob("objects/info/commit-graphs/*.graph"))


def test_pushing_what_is_there_already_is_no_push(host: Host, desk: Desk) -> None:
    desk.push()
    assert "Everything up-to-date" in desk.git("push", "shipway", "main")
    assert len(host.accepted()) == 1


def test_several_refs_tags_and_deletions_are_each_listed(host: Host, desk: Desk) -> None:
    desk.push("shipway", "main", "main:old")
    commit = desk.commit("b")
    desk.git("tag", "v1")
    said = desk.push("shipway", "main", "v1", "main:new", ":old")
    short = commit[:7]
    assert sorted(line for line in said if line.startswith("accepted")) == sorted(
        [
            f"accepted main {short} (push 2)",
            f"accepted tag v1 {short} (push 1): kept, tags are not delivered",
            f"accepted new {short} (push 1)",
            "accepted old: deleted, nothing runs for it",
            "accepted 4 refs",
        ]
    )
    assert said[-1] == "accepted 4 refs"
    assert "runs: 2" in said
    assert host.git.refs() == {"refs/heads/main": commit, "refs/heads/new": commit, "refs/tags/v1": commit}


def test_a_deleted_branch_that_comes_back_goes_on_counting(host: Host, desk: Desk) -> None:
    commit = desk.commit()
    desk.push("shipway", "main:topic")
    assert desk.push("shipway", ":topic")[-1] == "accepted topic: deleted"
    desk.push("shipway", "main:topic")
    assert moves(host, "refs/heads/topic") == [
        (NOTHING, commit, 1, "ada"),
        (commit, NOTHING, 2, "ada"),
        (NOTHING, commit, 3, "ada"),
    ]


def test_detach_returns_while_the_run_goes_on(host: Host, desk: Desk) -> None:
    host.hold_runs()
    for option in ("detach", "shipway.detach"):
        desk.commit(option)
        said = desk.push("--push-option", option, "shipway", "main")
        assert "outcome: passed" not in said
        assert said[-1].startswith("accepted main ")
    assert len(host.accepted()) == 2


def test_ctrl_c_ends_the_watching_and_leaves_the_push(host: Host, desk: Desk) -> None:
    host.hold_runs()
    push = desk.start("shipway", "main")
    wait_for(lambda: len(host.carried()) == 1)
    assert "outcome" not in press_ctrl_c(push)
    wait_for(host.watching_ended)
    wait_for(lambda: not leftovers.left([host.repository]))
    assert [push.state for push in host.accepted()] == ["accepted"]
    assert host.git.refs() == {"refs/heads/main": desk.git("rev-parse", "main").strip()}


def test_a_server_that_is_stopped_lets_the_watchers_go(own_host: Host, own_desk: Desk) -> None:
    own_host.hold_runs()
    push = own_desk.start("shipway", "main")
    wait_for(lambda: len(own_host.carried()) == 1)
    own_host.stop()
    said = push.communicate(timeout=20)[0].decode()
    assert push.returncode == 0
    assert "Shipway is stopping; the run goes on when it is up again." in said
    assert [line for line in said.splitlines() if line.startswith("remote: ")][-1].startswith(
        "remote: accepted main"
    )


def test_what_a_later_stage_finds_wrong_refuses_the_push_before_it_is_taken(host: Host, desk: Desk) -> None:
    desk.push()
    commit = desk.commit("no good", broken="yes\n")
    said = desk.push("shipway", "main", "main:other", code=None)
    assert said == [
        "Shipway refused this push; nothing of it was accepted.",
        f"refs/heads/main: broken at {commit[:7]}",
        f"refs/heads/other: broken at {commit[:7]}",
    ]
    assert len(host.accepted()) == 1
    assert host.offered() == []
    assert host.git.resolve(commit) is None


def test_nobody_pushes_without_a_token(host: Host, desk: Desk) -> None:
    desk.git("remote", "set-url", "shipway", f"http://ada:wrong@127.0.0.1:{host.port}/{host.application}")
    assert "Authentication failed" in desk.git("push", "shipway", "main", code=None)
    assert host.accepted() == []
