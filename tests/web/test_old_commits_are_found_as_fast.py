"""Which commits have an old one is told as fast after 90,000 as after 1,000: bench/commit_scale.py has figures."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest

from shipway.pushes.git import Git, environment
from shipway.web import milestones
from shipway.web.commits import Commits
from shipway.web.milestones import Milestones
from web.scene import Scene

NAME = "topup"
Drawn = tuple[str, int, list[int]]
"""A commit: its branch, when it was made, and what it is made on, by their numbers from 1."""


@pytest.fixture
def repository(scene: Scene) -> Git:
    scene.application(NAME)
    return Git(scene.places.repository(NAME))


def written(git: Git, drawn: Sequence[Drawn]) -> list[str]:
    """The ids of these commits."""
    subprocess.run(
        ["git", f"--git-dir={git.directory}", "fast-import", "--quiet", f"--export-marks={git.directory}/marks"],
        input="\n".join(_given(drawn)).encode(),
        check=True,
        env=environment(),
    )
    rows = [row.split() for row in (git.directory / "marks").read_text().splitlines()]
    return [commit for _, commit in sorted((int(mark[1:]), commit) for mark, commit in rows)]


def _given(drawn: Sequence[Drawn]) -> Iterator[str]:
    for number, (branch, at, parents) in enumerate(drawn, 1):
        yield f"commit refs/heads/{branch}\nmark :{number}\ncommitter Ada <ada@example.org> {at} +0000\ndata 0\n"
        yield from (f"{'merge' if place else 'from'} :{one}" for place, one in enumerate(parents))
        yield ""


def straight(length: int) -> list[Drawn]:
    return [("main", 1_700_000_000 + 60 * each, [each] if each else []) for each in range(length)]


def tangled(length: int, chance: random.Random) -> list[Drawn]:
    """With branches that are merged late or never, by clocks that are some commits off."""
    drawn: list[Drawn] = []
    heads = {"main": 0}
    for number in range(1, length + 1):
        branch = chance.choice(("main", "main", *heads, f"idea-{number}"))
        on = [one for one in (heads.get(branch, heads["main"]),) if one]
        if branch == "main" and len(heads) > 1 and chance.random() < 0.3:
            on.append(heads.pop(chance.choice([name for name in heads if name != "main"])))
        drawn.append((branch, 1_700_000_000 + 60 * (number + chance.randint(-20, 20)), on))
        heads[branch] = number
    return drawn


@pytest.mark.parametrize("seed", range(3))
def test_what_is_told_by_milestones_is_what_git_says(
    scene: Scene, repository: Git, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(milestones, "EVERY", 4)
    ids = written(repository, tangled(200, random.Random(seed)))
    commits, among = Commits(scene.places), set(ids[100:])
    for older in ids[::9]:
        assert commits.containing(NAME, older, among) == repository.containing(older, among)


def test_git_walks_to_the_next_milestone_and_not_to_what_is_new(
    scene: Scene, repository: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = written(repository, straight(6000))
    commits, recent = Commits(scene.places), set(ids[-200:])
    assert commits.containing(NAME, ids[0], recent) == recent
    told: list[int] = []
    run = Git.run

    def counted(git: Git, verb: str, *options: str, values: Sequence[str] = (), stdin: bytes = b"") -> bytes:
        said = run(git, verb, *options, values=values, stdin=stdin)
        told.append(said.count(b"\n") if verb == "rev-list" else 0)
        return said

    monkeypatch.setattr(Git, "run", counted)
    for older in ids[300:3000:300]:
        told.clear()
        assert commits.containing(NAME, older, recent) == recent
        assert len(told) == 2
        assert sum(told) <= 5 * milestones.EVERY


def test_what_is_old_is_found_as_fast_once_another_history_has_taken_the_place_of_the_milestones(
    scene: Scene, repository: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a forced push, and once git has forgotten what was there before."""
    monkeypatch.setattr(milestones, "EVERY", 4)
    gone = written(repository, straight(100))
    commits = Commits(scene.places)
    assert commits.containing(NAME, gone[5], set(gone[-9:])) == set(gone[-9:])
    (repository.directory / "refs" / "heads" / "main").unlink()
    late = [("main", 1_800_000_000 + 60 * each, [20 + each]) for each in range(80)]
    ids = written(repository, [*straight(20), *late])
    forget(repository)
    recent = set(ids[-30:])
    processes: list[str] = []
    done = Git._done

    def counted(git: Git, verb: str, *options: str, **more: Any) -> Any:
        processes.append(verb)
        return done(git, verb, *options, **more)

    monkeypatch.setattr(Git, "_done", counted)
    for older in ids[3:11:3]:
        assert commits.containing(NAME, older, recent) == recent
    assert len(processes) < len(recent)


def forget(git: Git) -> None:
    """What no branch has any more."""
    for verb in (["reflog", "expire", "--expire=now", "--all"], ["gc", "--quiet", "--prune=now"]):
        subprocess.run(["git", f"--git-dir={git.directory}", *verb], check=True, env=environment())


def test_what_a_commit_is_made_on_is_known_or_said_not_to_be(repository: Git) -> None:
    first, second = written(repository, straight(2))
    assert [repository.commit(each).parents for each in (first, second)] == [(), (first,)]
    assert [each.parents for each in repository.brought(None, second, 2)] == [None, None]


def test_milestones_are_on_top_of_each_other_whatever_clocks_and_branches_do(
    repository: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(milestones, "OFTEN", 0.0)
    monkeypatch.setattr(milestones, "EVERY", 3)
    known = Milestones(repository)
    assert not known.known()
    drawn = straight(20)
    ids = written(repository, drawn)
    assert [commit for _, commit in known.known()] == ids[2::3]
    drawn.append(("main", 1, [20]))  # by a clock that is years off
    ids = written(repository, drawn)
    assert [commit for _, commit in known.known()] == ids[2::3]
    assert all(at <= after for (at, _), (after, _) in pairwise(known.known()))
    drawn += [("another", 1_800_000_000 + number, [21 + number] if number else []) for number in range(9)]
    assert written(repository, drawn)[:21] == ids
    repository.set_head("another")
    assert [commit for _, commit in known.known()] == ids[2::3]
