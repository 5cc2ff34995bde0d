"""What was set beside a bad commit, and is no suspect: it has served well in code as new as what served last."""

from __future__ import annotations

from dataclasses import replace

from shipway.incidents.cause import Cause
from shipway.pushes.git import Git, GitFailed


def cleared(git: Git | None, cause: Cause) -> Cause:
    """A cause without the values that served well with a commit that contains the one that served last: what older
    code did well with, newer code may not. Where git cannot say that of all of them, they stay.
    """
    proved = {commit for one in cause.beside for commit in one.proved}
    if git is None or not proved:
        return cause
    try:
        as_new = git.containing(cause.served, proved)
    except (GitFailed, ValueError):
        return cause
    return replace(cause, beside=tuple(one for one in cause.beside if as_new.isdisjoint(one.proved)))
