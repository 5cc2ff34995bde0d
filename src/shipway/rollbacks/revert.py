"""A commit that takes back what was rolled back, ready on a branch for whoever mends it."""

from __future__ import annotations

import time

from shipway.pushes.git import Git
from shipway.state.releases import Release

AUTHOR = "Shipway <shipway@localhost>"


def commit(git: Git, head: str, good: Release, bad: Release, reason: str) -> str | None:
    """On top of `head`, the same as before the bad release and all that came after it; None if that conflicts.

    The difference taken back is that between the two releases, whether or not one grew from the other.
    """
    if not git.is_ancestor(bad.commit, head):
        return None
    was = git.write_commit(git.tree(good.commit), bad.commit, AUTHOR, time.time(), "What served before")
    tree = git.merged(head, was)
    if tree is None or tree == git.tree(head):
        return None
    return git.write_commit(
        tree, head, AUTHOR, time.time(), _message(git.commit(bad.commit).subject, good, bad, reason)
    )


def _message(subject: str, good: Release, bad: Release, reason: str) -> str:
    return "\n".join(
        [
            f'Revert "{subject}"',
            "",
            f"{bad.environment} was rolled back from r{bad.number} ({bad.commit[:12]}) to r{good.number}",
            f"({good.commit[:12]}), because of this:",
            "",
            reason,
            "",
            "This takes back what lies between the two. Shipway wrote it; it was deployed nowhere.",
        ]
    )
