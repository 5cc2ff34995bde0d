"""Which ref updates are refused, whatever the commit contains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shipway.pushes.git import Git
from shipway.state.pushes import NOTHING, Update

_LONGEST = 200  # bytes of a ref's name (BARS S6)


def broken_rule(git: Git, update: Update, delivered: Mapping[str, Sequence[str]]) -> list[str]:
    """The lines that say why `update` is refused and what to do instead; none when it may go ahead.

    `delivered` has the environments that a branch goes to, in order: only such branches have a history that
    others rely on. `git` must see the new objects, which are still in quarantine.
    """
    name = bad_name(update.ref)
    if name is not None:
        return [f"{_printable(update.ref)}: {name}"]
    if update.branch is None or update.branch not in delivered or update.old == NOTHING:
        return []
    if update.deletes:
        return _deletion(update)
    if not git.is_ancestor(update.old, update.new):
        return _not_forward(git, update, delivered[update.branch][-1])
    return []


def bad_name(ref: str) -> str | None:
    """What is wrong with a ref's name. git takes `refs/heads/--output=x`; commands read that as an option."""
    if not ref.startswith(("refs/heads/", "refs/tags/")):
        return "only branches and tags can be pushed."
    if not ref.isprintable():
        return "the name has characters that cannot be printed."
    if len(ref.encode()) > _LONGEST:
        return f"the name is longer than {_LONGEST} bytes."
    if any(part.startswith("-") for part in ref.split("/")):
        return "no part of the name may begin with `-`."
    return None


def _deletion(update: Update) -> list[str]:
    return [
        f"{update.name}: this branch is delivered, so it cannot be deleted.",
        "  To deliver another one, name it as `branch:` of the environment in shipway.yml on the default branch.",
    ]


def _not_forward(git: Git, update: Update, environment: str) -> list[str]:
    """What was meant depends on whether the new history lacks the end of the old one or was written anew."""
    name = update.branch
    back = f"{f'  To take {environment} back now:':<38}shipway rollback --env {environment}"
    if git.is_ancestor(update.new, update.old):
        return [
            f"{name}: this branch is delivered, so it moves forward only; that is a move back.",
            back,
            f"  To take the commits out for good:   git revert --no-edit {update.new[:12]}..{update.old[:12]}",
            f"                                      git push shipway HEAD:{name}",
        ]
    return [
        f"{name}: this branch is delivered, so it moves forward only; that history has lost {update.old[:12]}.",
        f"  To put your commits on top of it:   git pull --rebase shipway {name}",
        f"                                      git push shipway HEAD:{name}",
        back,
    ]


def _printable(text: str) -> str:
    return text if text.isprintable() and len(text) <= _LONGEST else ascii(text[:_LONGEST])
