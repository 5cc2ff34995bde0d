"""One trouble that somebody has to hear of, and what of it is read from facts in the same way everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from shipway.incidents.proof import proof
from shipway.incidents.sure import Confidence, level
from shipway.state import deployments, pushes, releases, settings, verdicts
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.facts import Fact
from shipway.state.pushes import NOTHING
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.state.settings import Setting

Kind = Literal["stopped", "undone", "bad", "silent", "error", "failing", "machine", "well"]
Whose = Literal["author", "asker", "owner"]

LINES = 12  # of what explains a failure


@dataclass(frozen=True)
class Suspect:
    """The commit that an error, or a step that failed, points at."""

    commit: str
    author: str
    email: str
    confidence: Confidence | None
    evidence: str


@dataclass(frozen=True)
class OnTop:
    """The newest commit on top of a bad one; `fits`: what takes the bad one back can be merged with it."""

    commit: str
    fits: bool


@dataclass(frozen=True)
class Cause:
    """One trouble. `what` happened, in a sentence; `brief` says it in a few words, `lines` explain it.

    `base` is the commit before it that was free of it, empty where none is, and `far` that more lies between than
    was pushed, `onto` where the branch stood. It may have `began` between: what came later did not bring it.

    `whose` says where to look for who can mend it: the author of the change, who asked for it, the owner of the
    installation. `asked` is who pushed or asked. `stuck` is why a bad release stays as it is, if it does;
    `deployment` brought `release`, by its number, or it was a `step` that failed. `ends` is how the keys begin of
    those that are over with it. `values` are what was set otherwise, where the commit is the same as before, and
    `beside` where it is another than the one that `served` there last. `unsure` is a sentence that says why it may
    be nobody's commit, `seen` how often an error was met, where Shipway's own checks met it. Of a release that was
    `unexplained` no error was reported or printed that says why: its log may. Somebody may have pushed `on_top`.
    An error may come from what a newer release, `beneath`, did to the data.
    """

    key: str
    kind: Kind
    at: float
    what: str
    lines: tuple[str, ...] = ()
    whose: Whose = "author"
    application: str | None = None
    environment: str | None = None
    commit: str | None = None
    run: Run | None = None
    base: str | None = None
    onto: str | None = None
    asked: str = ""
    suspect: Suspect | None = None
    files: tuple[str, ...] = ()
    hint: str = ""
    group: str = ""
    stuck: str = ""
    deployment: str = ""
    step: str = ""
    ends: str = ""
    far: bool = False
    began: str = ""
    values: tuple[Setting, ...] = ()
    beside: tuple[Setting, ...] = ()
    served: str = ""
    brief: str = ""
    unsure: str = ""
    seen: str = ""
    release: int | None = None
    unexplained: bool = False
    on_top: OnTop | None = None
    beneath: Release | None = None

    @property
    def of(self) -> str | None:
        """The commit that what is told of it belongs to: not the one that failed where another is why."""
        if self.kind == "failing":
            return None
        if self.beneath is None:
            return self.commit
        return self.beneath.commit if self.suspect is None else self.suspect.commit


def with_values(conn: Connection, cause: Cause, deployment: Deployment) -> Cause:
    """With what was set beside the commit that a deployment brought, if anything was."""
    done = deployments.done_before(conn, deployment)
    beside = tuple(settings.beside(conn, deployment))
    return cause if done is None or not beside else replace(cause, beside=beside, served=done.commit)


def pushed_onto(conn: Connection, run: Run | None) -> str | None:
    """The commit that the branch was at before the push of a run."""
    if run is None or run.push is None:
        return None
    old = pushes.get(conn, run.push).old
    return None if old == NOTHING else old


def release_of(conn: Connection, fact: Fact) -> Release | None:
    """The release that a fact names: by number, as `r3`, or by its id."""
    said = fact.data.get("release")
    if said is None or fact.application is None or fact.environment is None:
        return None
    number = str(said).removeprefix("r")
    if number.isdecimal() and len(number) < 10:
        return releases.numbered(conn, fact.application, fact.environment, int(number))
    made = releases.recent(conn, fact.application, fact.environment, 50)
    return next((one for one in made if one.id == said), None)


def before(conn: Connection, fact: Fact, release: Release | None) -> str | None:
    """The commit that served there before this release and was not condemned itself: before the deployment, where
    the fact names it.
    """
    if fact.application is None or fact.environment is None:
        return None
    if fact.data.get("deployment"):
        done = deployments.done_before(conn, deployments.get(conn, str(fact.data["deployment"])))
        while done is not None and verdicts.is_condemned(conn, done):
            done = deployments.done_before(conn, done)
        return None if done is None else done.commit
    now = releases.now_serving(conn, fact.application, fact.environment)
    around = [] if now is None else [releases.get(conn, name) for name in (now.release, now.warm) if name]
    mine = fact.commit if release is None else release.commit
    return next((one.commit for one in around if one.commit != mine), None)


def suspect(said: Mapping[str, Any]) -> Suspect | None:
    """Whom the errors stage names, if it names anybody, and why."""
    commit, email = str(said.get("commit") or ""), str(said.get("email") or "")
    if not (commit and email):
        return None
    why = [said.get("reason"), said.get("evidence") if isinstance(said.get("evidence"), str) else _place(said)]
    return Suspect(
        commit,
        str(said.get("author") or ""),
        email,
        level(said.get("confidence")),
        " ".join(str(part) for part in why if part),
    )


def _place(said: Mapping[str, Any]) -> str:
    """The line of code that a suspicion rests on."""
    first = next(iter(said.get("evidence") or ()), None)
    if not isinstance(first, Mapping):
        return ""
    wrote = first.get("how") == "line" and first.get("line")  # the lines that are shown may begin above it
    return f"Look at {first['path']}:{first['line']}." if wrote else f"Look at {proof(first).at}."


def lines(said: object) -> tuple[str, ...]:
    """The lines that explain something, the empty ones left out."""
    if isinstance(said, list | tuple):
        said = "\n".join(str(line) for line in said)
    lines = [line.rstrip() for line in str(said or "").splitlines()]
    return tuple([line for line in lines if line.strip()][-LINES:])


def first_lines(said: str) -> tuple[str, ...]:
    """The first lines of what is a list below its heading, and how many more there are."""
    every = [line.rstrip() for line in said.splitlines() if line.strip()]
    if len(every) <= LINES:
        return tuple(every)
    return (*every[: LINES - 1], f"  and {len(every) - LINES + 1} more: the page of the run shows them all")
