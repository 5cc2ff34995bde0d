"""What was pushed on top of a bad commit, and whether the commit that takes that back still fits beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shipway.incidents.cause import Cause, OnTop
from shipway.pushes.git import Git, GitFailed
from shipway.state import applications, facts
from shipway.state.database import Connection


@dataclass(frozen=True)
class Ready:
    """The names of the branch with the commit that takes a bad one back, and of the default branch."""

    branch: str
    onto: str


def ready(conn: Connection, cause: Cause) -> Ready | None:
    """What is ready to take back what was judged bad; None for another cause, or where nothing is."""
    if cause.kind != "bad" or cause.application is None or cause.commit is None:
        return None
    made = facts.last(conn, "revert.ready", cause.application, commit=cause.commit)
    onto = applications.get(conn, cause.application).default_branch
    return None if made is None else Ready(str(made.data["branch"]), onto)


def with_what_is_on_top(git: Git | None, cause: Cause, ready: Ready | None) -> Cause:
    """A bad verdict with the newest commit on top of the bad one, as the default branch has it now; as it is where
    there is none, what is ready is in that branch already, or git cannot tell.
    """
    if git is None or ready is None or cause.commit is None:
        return cause
    try:
        head, made = (git.resolve(f"refs/heads/{branch}") for branch in (ready.onto, ready.branch))
        if head is None or made is None or head == cause.commit or not git.is_ancestor(cause.commit, head):
            return cause
        if git.is_ancestor(made, head):
            return cause
        return replace(cause, on_top=OnTop(head, git.merged(head, made) is not None))
    except (GitFailed, ValueError):
        return cause
