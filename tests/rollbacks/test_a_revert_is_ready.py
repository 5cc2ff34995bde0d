"""What was rolled back can be taken out of the history with one merge: the commit for it is made, by real git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from shipway.pushes.git import Git
from shipway.rollbacks import revert
from shipway.rollbacks.revert import NoRevert
from shipway.state.releases import Release

WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main")


class Home:
    """A repository with its work tree."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run("init", "-q", str(path), cwd=path.parent)
        self.git = Git(path / ".git")

    def run(self, *words: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *WHO, *words], cwd=cwd or self.path, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, subject: str, **files: str) -> str:
        for name, text in files.items():
            (self.path / name).write_text(text)
        self.run("add", "--all")
        self.run("commit", "-q", "--allow-empty", "-m", subject)
        return self.run("rev-parse", "HEAD")

    def show(self, commit: str, path: str) -> str:
        return self.run("show", f"{commit}:{path}")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "shop")


def release(number: int, commit: str) -> Release:
    return Release(str(number), "shop", "prod", number, "d", commit, 0, 0.0)


def test_it_takes_back_every_commit_between_the_two_releases_and_nothing_else(home: Home) -> None:
    good = home.commit("Open", price="1\n", menu="eggs\n")
    raised = home.commit("Raise the price", price="2\n")
    bad = home.commit("Add bacon", menu="bacon\n")
    head = home.commit("Add a sign, meanwhile", sign="open\n")
    made = revert.commit(home.git, head, "main", release(1, good), release(2, bad), "9 of 18 requests failed")
    assert [home.show(made, path) for path in ("price", "menu", "sign")] == ["1", "eggs", "open"]
    assert home.run("rev-parse", f"{made}^") == head
    told = home.run("log", "-1", "--format=%an|%s|%b", made)
    assert told.startswith('Shipway|Revert "Add bacon" and the commit before it|')
    assert "9 of 18 requests failed" in told
    ((by, taken_back),) = home.git.reverts([good], [made])
    assert by == made
    assert [commit for commit, _ in taken_back] == [bad, raised]


def test_a_conflict_makes_none(home: Home) -> None:
    good = home.commit("Open", price="1\n")
    bad = home.commit("Raise the price", price="2\n")
    head = home.commit("Raise it again", price="3\n")
    with pytest.raises(NoRevert):
        revert.commit(home.git, head, "main", release(1, good), release(2, bad), "why")


def test_what_is_taken_back_already_makes_none(home: Home) -> None:
    good = home.commit("Open", price="1\n")
    bad = home.commit("Raise the price", price="2\n")
    head = home.commit("Lower it", price="1\n")
    with pytest.raises(NoRevert):
        revert.commit(home.git, head, "main", release(1, good), release(2, bad), "why")


def test_a_branch_that_does_not_have_the_bad_commit_needs_none(home: Home) -> None:
    good = home.commit("Open", price="1\n")
    home.run("checkout", "-q", "-b", "other")
    bad = home.commit("Raise the price", price="2\n")
    with pytest.raises(NoRevert):
        revert.commit(home.git, good, "main", release(1, good), release(2, bad), "why")


@pytest.mark.parametrize("subject", ["$(touch owned)", "--output=owned", 'quoted "twice"', "{{7*7}} %s"])
def test_a_subject_is_text_and_nothing_else(home: Home, subject: str) -> None:
    good = home.commit("Open", price="1\n")
    bad = home.commit(subject, price="2\n")
    made = revert.commit(home.git, bad, "main", release(1, good), release(2, bad), "why")
    assert home.run("log", "-1", "--format=%s", made) == f'Revert "{subject}"'
    assert not list(home.path.rglob("owned"))
