"""A commit that takes back what was rolled back, ready on a branch for whoever mends it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from shipway.errors import UserError
from shipway.pushes.git import SHIPWAY, Git
from shipway.state.releases import Release

MOST = 100  # commits that are named as taken back


class NoRevert(UserError):
    """There can be no commit that takes another one back by itself."""

    id = "rollbacks.no_revert"
    status = 409


def commit(git: Git, head: str | None, branch: str, good: Release, bad: Release, reason: str) -> str:
    """On top of `head`, where `branch` stands: the same as before the bad release, and all that came after it.

    The difference taken back is that between the two releases, whether or not one grew from the other. Raises
    NoRevert when that conflicts, or there is nothing to take back.
    """
    if head is None or not git.is_ancestor(bad.commit, head):
        raise NoRevert(f"{branch} does not have it")
    was = git.write_commit(git.tree(good.commit), bad.commit, SHIPWAY, time.time(), "What served before")
    tree = git.merged(head, was)
    if tree is None:
        raise NoRevert(f"taking it back contradicts what came after it on {branch}")
    if tree == git.tree(head):
        raise NoRevert(f"{branch} has taken it back already")
    between = git.between(good.commit, bad.commit, MOST) or [bad.commit]
    message = _message(_title(git.commit(bad.commit).subject, len(between) - 1), good, bad, reason, between)
    return git.write_commit(tree, head, SHIPWAY, time.time(), message)


def _title(subject: str, others: int) -> str:
    """Of the last commit, and of how many more are taken back."""
    if not others:
        return f'Revert "{subject}"'
    more = (
        f"{MOST - 1} or more commits" if others >= MOST - 1 else "commit" if others == 1 else f"{others} commits"
    )
    return f'Revert "{subject}" and the {more} before it'


def _message(title: str, good: Release, bad: Release, reason: str, between: Sequence[str]) -> str:
    """What says `This reverts commit` is understood wherever git's own reverts are."""
    return "\n".join(
        [
            title,
            "",
            f"{bad.environment} was rolled back from r{bad.number} ({bad.commit[:12]}) to r{good.number}",
            f"({good.commit[:12]}), because of this:",
            "",
            reason,
            "",
            "This takes back what lies between the two. Shipway wrote it; it was deployed nowhere.",
            "",
            *(f"This reverts commit {commit}." for commit in between),
        ]
    )
