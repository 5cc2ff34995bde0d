"""What was pushed on top of a bad commit, and whether the commit that takes that back still fits beside it."""

from __future__ import annotations

from dataclasses import replace

from shipway.incidents.cause import Cause, OnTop
from shipway.pushes.git import Git, GitFailed
from shipway.state import applications, facts
from shipway.state.database import Connection


def with_what_is_on_top(conn: Connection, git: Git | None, cause: Cause) -> Cause:
    """A bad verdict with the newest commit on top of the bad one, as the default branch has it now; as it is where
    there is none, no commit that takes the bad one back is ready, or git cannot tell.
    """
    if git is None or cause.kind != "bad" or cause.application is None or cause.commit is None:
        return cause
    ready = facts.last(conn, "revert.ready", cause.application, commit=cause.commit)
    branch = applications.get(conn, cause.application).default_branch
    try:
        head = git.resolve(f"refs/heads/{branch}")
        made = None if ready is None else git.resolve(f"refs/heads/{ready.data['branch']}")
        if head is None or made is None or head == cause.commit or not git.is_ancestor(cause.commit, head):
            return cause
        return replace(cause, on_top=OnTop(head, git.merged(head, made) is not None))
    except (GitFailed, ValueError):
        return cause
