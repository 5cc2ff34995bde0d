"""A crash at any moment (BARS R1, R11): what was acknowledged is recorded once, what did not happen is not."""

from __future__ import annotations

import random
import re
import signal
import socket
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

import leftovers
from pushes.desk import Desk
from pushes.git_host import Host, wait_for
from shipway.pushes import processes
from shipway.pushes.receive import Arrival, Refused, offer
from shipway.pushes.reconcile import decide, reconcile
from shipway.state import pushes
from shipway.state.pushes import NOTHING, Outcome, Push, Update

MAIN = "refs/heads/main"
A, B, C = "a" * 40, "b" * 40, "c" * 40
GONE = f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}/1/no-such-start"


def recorded_equals_refs(host: Host) -> bool:
    """Nothing is left open, and the accepted pushes of each ref are a chain that ends where the ref stands."""
    refs = dict.fromkeys((push.ref for push in host.accepted()), NOTHING)
    for push in host.accepted():
        if refs[push.ref] != push.old:
            return False
        refs[push.ref] = push.new
    return not host.offered() and {ref: new for ref, new in refs.items() if new != NOTHING} == host.git.refs()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_while_it_is_offered_accepts_nothing(stopped_host: Host, own_desk: Desk, when: str) -> None:
    stopped_host.start(die_at=f"push.offered {when}")
    own_desk.push(code=None)
    stopped_host.gone()
    assert stopped_host.git.refs() == {}
    wait_for(lambda: all(not processes.lives(push.process) for push in stopped_host.offered()))
    stopped_host.start()
    assert stopped_host.accepted() == []
    assert recorded_equals_refs(stopped_host)
    own_desk.push()
    assert len(stopped_host.accepted()) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_while_it_is_accepted_loses_nothing(stopped_host: Host, own_desk: Desk, when: str) -> None:
    stopped_host.start(die_at=f"push.accepted {when}")
    own_desk.push(code=None)
    stopped_host.gone()
    commit = own_desk.git("rev-parse", "main").strip()
    assert stopped_host.git.refs() == {MAIN: commit}
    stopped_host.start()
    assert [(push.old, push.new, push.who) for push in stopped_host.accepted()] == [(NOTHING, commit, "ada")]
    assert recorded_equals_refs(stopped_host)
    assert "Everything up-to-date" in own_desk.git("push", "shipway", "main")


def test_a_kill_between_the_two_hooks_loses_nothing(own_host: Host, own_desk: Desk) -> None:
    assert own_host.process is not None
    hook = own_host.repository / "hooks" / "post-receive"
    hook.write_text(hook.read_text().replace("exec ", f"kill -9 {own_host.process.pid}\nexec "))
    own_desk.push(code=None)
    own_host.gone()
    assert [push.state for push in own_host.offered()] == ["offered"]
    own_host.start()
    assert [push.who for push in own_host.accepted()] == ["ada"]
    assert own_host.carried() == [push.id for push in own_host.accepted()]


def test_a_kill_in_the_middle_of_a_request_leaves_no_git_behind(own_host: Host, own_desk: Desk) -> None:
    own_desk.push()
    head = f"POST /shop/git-receive-pack HTTP/1.1\r\nHost: x\r\nContent-Length: {1 << 20}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in own_host.authorization.items())
    with socket.create_connection(("127.0.0.1", own_host.port)) as client:
        client.sendall(head.encode() + b"\r\n" + b"00")
        wait_for(
            lambda: any("http-backend" in command for command in leftovers.left([own_host.repository]).values())
        )
        own_host.stop(signal.SIGKILL)
    wait_for(lambda: not leftovers.left([own_host.repository]))


def test_a_receive_pack_that_is_killed_leaves_a_push_that_did_not_happen(host: Host, desk: Desk) -> None:
    hook = host.repository / "hooks" / "pre-receive"
    whole = hook.read_text()
    hook.write_text(whole.replace("exec ", "") + "kill -9 $PPID $$\n")
    desk.push(code=None)
    wait_for(lambda: not host.offered())
    assert host.accepted() == []
    hook.write_text(whole)
    desk.push()
    assert [push.sequence for push in host.accepted()] == [2]


def test_a_hook_that_tells_nothing_is_made_good_when_git_has_ended(host: Host, desk: Desk) -> None:
    (host.repository / "hooks" / "post-receive").write_text("#!/bin/sh\nexit 0\n")
    desk.push()
    wait_for(lambda: len(host.accepted()) == 1)
    assert host.accepted()[0].who == "ada"
    wait_for(lambda: len(host.carried()) == 1)


def test_an_offer_settles_what_the_one_before_left_open(own_host: Host, own_desk: Desk) -> None:
    """A → B → A with the record of the first move lost: only the second offer shows that it happened."""
    own_desk.push("shipway", "main:topic")
    a, b = own_desk.git("rev-parse", "main").strip(), own_desk.commit("b")
    own_desk.push("shipway", f"{b}:refs/heads/other")
    with own_host.database.write() as conn:
        pushes.offer(conn, "shop", [Update("refs/heads/topic", a, b)], who="bob", process=GONE)
        own_host.git.run("update-ref", values=["refs/heads/topic", b])
    own_desk.push("--force", "shipway", f"{a}:topic")
    topic = own_host.accepted("refs/heads/topic")
    assert [(push.old, push.new, push.who) for push in topic] == [
        (NOTHING, a, "ada"),
        (a, b, "bob"),
        (b, a, "ada"),
    ]
    assert recorded_equals_refs(own_host)


def test_a_ref_moved_by_hand_is_found_at_the_next_start(own_host: Host, own_desk: Desk) -> None:
    own_desk.push("shipway", "main", "main:topic")
    commit = own_desk.commit("b")
    own_desk.push("shipway", f"{commit}:refs/heads/other")
    own_host.stop()
    own_host.git.run("update-ref", values=[MAIN, commit])
    own_host.git.run("update-ref", "-d", values=["refs/heads/topic"])
    own_host.start()
    found = [(push.ref, push.new, push.who) for push in own_host.accepted()[-2:]]
    assert found == [(MAIN, commit, "unknown"), ("refs/heads/topic", NOTHING, "unknown")]
    assert recorded_equals_refs(own_host)
    assert reconcile(own_host.database, own_host.places, "shop") == []


def test_of_many_at_once_on_one_branch_one_wins(host: Host, desk: Desk, tmp_path: Path) -> None:
    desk.push()
    desks = [Desk(tmp_path / f"desk{number}") for number in range(5)]
    for number, other in enumerate(desks):
        desk.git("clone", "--quiet", "--origin", "shipway", host.address, str(other.tree))
        other.commit(f"from {number}")
    running = [other.start("shipway", "HEAD:main", f"HEAD:topic{number}") for number, other in enumerate(desks)]
    codes = [push.wait(60) for push in running]
    said = [push.communicate()[0] for push in running]
    assert codes.count(0) == 1, said
    assert recorded_equals_refs(host)
    assert len(host.accepted(MAIN)) == 2


def test_a_push_waits_for_the_one_before_it_and_goes_on_top(host: Host, desk: Desk, tmp_path: Path) -> None:
    """The same person in the same clone, while the ref of their first push is about to move."""
    held, trace = tmp_path / "held", tmp_path / "trace"
    hook = host.repository / "hooks" / "pre-receive"
    whole = hook.read_text()
    wait = f"touch {held}; while [ -e {held} ]; do sleep 0.05; done"
    hook.write_text(whole.replace("exec ", "") + f"code=$?\n{wait}\nexit $code\n")
    first = desk.start("shipway", "main")
    wait_for(held.exists)
    hook.write_text(whole)
    desk.commit("on top")
    second = desk.start("shipway", "main", environment={"GIT_TRACE_CURL": str(trace)})
    wait_for(lambda: trace.exists() and "Authorization: Basic" in trace.read_text(errors="replace"))
    held.unlink()
    said = [each.communicate(timeout=60)[0].decode() for each in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], said
    assert [push.old for push in host.accepted(MAIN)] == [NOTHING, host.accepted(MAIN)[0].new]
    assert recorded_equals_refs(host)


def test_a_push_that_came_too_late_says_by_whose_and_what_helps(host: Host, desk: Desk) -> None:
    """Told where the refs stand before another push moved them, as a slow client is."""
    desk.push()
    begun, one, two = (desk.commit(name) for name in ("one", "two", "three"))
    desk.push("shipway", f"{two}:refs/heads/kept", f"{begun}:main")
    late = Arrival(host.application, "ada", GONE, [Update(MAIN, begun, two)])
    desk.push("shipway", f"{one}:main")
    told = "main: another push to it, by ada, was accepted while this one was on its way."
    with pytest.raises(Refused, match=re.escape(f"{told} Push again.")):
        offer(host.database, host.repository, late, delivered={}, check=lambda *_: [])
    with pytest.raises(Refused, match=re.escape(f"{told} Fetch, then push again.")):
        offer(
            host.database,
            host.repository,
            replace(late, updates=[Update(MAIN, begun, begun)]),
            delivered={},
            check=lambda *_: [],
        )


def test_kills_at_random_moments_lose_nothing_that_was_acknowledged(
    own_host: Host, own_desk: Desk, tmp_path: Path
) -> None:
    own_desk.push()
    acknowledged: dict[str, list[str]] = {}
    over = threading.Event()

    def push_on(name: str) -> None:
        desk = Desk(tmp_path / name)
        while not over.is_set():
            commit = desk.commit(name)
            done = subprocess.run(
                ["git", "push", "--quiet", "shipway", f"HEAD:{name}"],
                cwd=desk.tree,
                capture_output=True,
                check=False,
            )
            if done.returncode == 0:
                acknowledged.setdefault(f"refs/heads/{name}", []).append(commit)

    for name in ("one", "two"):
        own_desk.git("clone", "--quiet", "--origin", "shipway", own_host.address, str(tmp_path / name))
    writers = [threading.Thread(target=push_on, args=(name,)) for name in ("one", "two")]
    for writer in writers:
        writer.start()
    chance = random.Random(2)
    for _ in range(3):
        time.sleep(chance.uniform(0.3, 1.0))
        own_host.stop(signal.SIGKILL)
        own_host.start()
    over.set()
    for writer in writers:
        writer.join()
    wait_for(lambda: bool(reconcile(own_host.database, own_host.places, "shop")) or recorded_equals_refs(own_host))
    assert recorded_equals_refs(own_host)
    for ref, commits in acknowledged.items():
        assert set(commits) <= {push.new for push in own_host.accepted(ref)}


def push(old: str, new: str, process: str, ref: str = MAIN) -> Push:
    return Push(ref, old, new, old + new, "shop", 1, "ada", "offered", process, 0.0)


HERE = processes.identity(1)
CASES = {
    "nothing was offered": ([], {MAIN: A}, {MAIN: A}, Outcome((), (), ())),
    "it moved": ([push(A, B, GONE)], {MAIN: A}, {MAIN: B}, Outcome((push(A, B, GONE),), (), ())),
    "it moved and git still runs": (
        [push(A, B, HERE)],
        {MAIN: A},
        {MAIN: B},
        Outcome((push(A, B, HERE),), (), ()),
    ),
    "it has not moved": ([push(A, B, GONE)], {MAIN: A}, {MAIN: A}, Outcome((), (push(A, B, GONE),), ())),
    "it may yet move": ([push(A, B, HERE)], {MAIN: A}, {MAIN: A}, Outcome((), (), ())),
    "the ref is new": ([push(NOTHING, A, GONE)], {}, {MAIN: A}, Outcome((push(NOTHING, A, GONE),), (), ())),
    "it was deleted": ([push(A, NOTHING, GONE)], {MAIN: A}, {}, Outcome((push(A, NOTHING, GONE),), (), ())),
    "a hand moved it": ([], {MAIN: A}, {MAIN: B}, Outcome((), (), (Update(MAIN, A, B),))),
    "a hand moved it elsewhere": (
        [push(A, B, GONE)],
        {MAIN: A},
        {MAIN: C},
        Outcome((), (push(A, B, GONE),), (Update(MAIN, A, C),)),
    ),
    "a hand made one and deleted one": (
        [],
        {MAIN: A},
        {"refs/tags/v1": B},
        Outcome((), (), (Update(MAIN, A, NOTHING), Update("refs/tags/v1", NOTHING, B))),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_ref_tells_what_became_of_an_offer(case: str) -> None:
    offered, heads, refs, outcome = CASES[case]
    assert decide(offered, heads, refs) == outcome
