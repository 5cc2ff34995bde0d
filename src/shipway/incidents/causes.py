"""What happened, read from a fact: the same trouble has the same key, however many facts tell of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from shipway.pipelines.attempts import following
from shipway.state import deployments, facts, messages, pushes, releases, runs
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.facts import Fact
from shipway.state.pushes import NOTHING
from shipway.state.releases import Release
from shipway.state.runs import Run, Step

Kind = Literal["stopped", "undone", "bad", "silent", "error", "machine"]
Whose = Literal["author", "asker", "owner"]

EPISODE = 6 * 3600.0
"""Seconds after its last message in which the same trouble of the machine is the same cause."""

FAILED = ("failed", "timed out")
UNKNOWN = "shipway.run"  # the id of trouble that has none
LINES = 12  # of what explains a failure
BACK_SOON = 60.0  # seconds after a bad verdict in which what becomes of it is told with it


@dataclass(frozen=True)
class Suspect:
    """The commit that an error, or a step that failed, points at."""

    commit: str
    author: str
    email: str
    confidence: str
    evidence: str


@dataclass(frozen=True)
class Cause:
    """One trouble. `what` happened, in a few words; `lines` explain it; `base` is the commit before it.

    `whose` says where to look for who can mend it: the author of the change, who asked for it, the owner of the
    installation. `asked` is who pushed or asked. `stuck` is why a bad release stays as it is, if it does;
    `deployment` brought it.
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
    asked: str = ""
    suspect: Suspect | None = None
    files: tuple[str, ...] = ()
    hint: str = ""
    group: str = ""
    stuck: str = ""
    deployment: str = ""


def of(conn: Connection, fact: Fact) -> Cause | None:
    """The trouble that a fact tells of, if it tells of any that somebody has to hear of."""
    return _READERS[fact.kind](conn, fact)


def _step(conn: Connection, fact: Fact) -> Cause | None:
    """A step that failed for good: one that is tried again is no news yet. What is no command's fault is the
    machine's; of any other it is looked first whose commit it came by.
    """
    run = _run(conn, fact)
    name = str(fact.data.get("step", ""))
    attempts = [step for step in runs.steps_of(conn, run.id) if step.name == name]
    if not attempts or attempts[-1].state not in FAILED or following(attempts, _retry(run, name)) is not None:
        return None
    how = "ran out of time" if "timed_out" in (fact.kind.removeprefix("step."), fact.data.get("how")) else "failed"
    lines = _lines(fact.data.get("excerpt"))
    if fact.data.get("actor") in ("owner", "nobody"):
        error = str(fact.data.get("error") or UNKNOWN)
        return _machine(conn, fact, run, error, lines[0] if lines else f"{name} {how}")
    if fact.kind != "step.suspected":
        return None
    return replace(_stopped(conn, fact, run, f"{name} {how}", lines), suspect=_suspect(fact.data))


def _end(conn: Connection, fact: Fact) -> Cause | None:
    """A run that failed: by a deployment, by shipway.yml, by the machine. Steps were told before."""
    run = _run(conn, fact)
    steps = runs.steps_of(conn, run.id)
    if _explained(conn, run, steps):
        return None
    stops = facts.after(conn, 0, runs=[run.id], kinds=["run.stopped"])
    undone = _undone_before(conn, fact, run)
    hint = str(stops[0].data.get("hint", "")) if stops else ""
    if any(one.data.get("actor") != "you" for one in stops) or _by_shipway(run, steps, stops, undone):
        what = str(stops[0].data.get("message", "")) if stops else run.reason
        error = str(stops[0].data.get("id") or UNKNOWN) if stops else UNKNOWN
        return _machine(conn, fact, run, error, what or "A run could not go on", hint)
    rehearsed = facts.after(conn, 0, runs=[run.id], kinds=["rehearsal.failed"])
    if rehearsed:
        return _rehearsed(conn, fact, run, rehearsed[-1], hint)
    if undone:
        return _undone(conn, fact, run, undone[0], hint)
    if stops and _closed(stops[0]):
        return None  # the gate was closed by somebody, who knows
    return _stopped(conn, fact, run, "the run could not go on" if steps else "the run could not start", (), hint)


def _closed(stop: Fact) -> bool:
    """Whether it was a gate that let the run go no further: before a deployment, or the rehearsal for it."""
    at, error = stop.data.get("at"), str(stop.data.get("id"))
    return at == "deploy" or (at == "rehearse" and error.startswith("releases."))


def _verdict(conn: Connection, fact: Fact) -> Cause | None:
    """A bad verdict; what is told waits a moment for the old release to be back."""
    if fact.application is None or fact.commit is None:
        return None
    release = _release(conn, fact)
    run = None if fact.run is None else runs.find(conn, fact.run)
    reason = str(fact.data.get("reason", "")).strip()
    findings = fact.data.get("findings") or ()
    stuck = _stuck(conn, fact)
    return Cause(
        f"bad {fact.application} {fact.environment} {fact.data.get('deployment') or fact.id}",
        "bad",
        fact.at,
        reason or "the judge found it worse than what served before",
        _lines([_finding(finding) for finding in findings]),
        application=fact.application,
        environment=fact.environment,
        commit=fact.commit,
        run=run,
        base=_before(conn, fact, release),
        asked="" if run is None else run.who,
        suspect=_suspect_within(conn, fact),
        hint=str(stuck.get("hint", "")),
        stuck=str(stuck.get("reason", "")),
        deployment=str(fact.data.get("deployment", "")),
    )


def _suspect_within(conn: Connection, verdict: Fact) -> Suspect | None:
    """Whom the errors that are new in a bad release point at, since it came: one commit, or nobody."""
    if verdict.run is None:
        return None
    there = verdict.environment
    came = facts.after(conn, 0, runs=[verdict.run], environment=there, limit=1)[0].id
    kinds = ["error.suspected"]
    told = facts.after(
        conn, came, kinds=kinds, application=verdict.application, environment=there, commit=verdict.commit
    )
    found = [one for one in (_suspect(each.data) for each in told if _is_new(conn, each)) if one is not None]
    if len({one.commit for one in found}) != 1:
        return None
    return replace(found[0], evidence=f"An error that is new in it: {found[0].evidence}")


def _is_new(conn: Connection, suspected: Fact) -> bool:
    came = facts.last_of_error(conn, suspected, ("error.new", "error.regressed"))
    return came is not None and came.kind == "error.new" and came.commit == suspected.commit


def _silent(conn: Connection, fact: Fact) -> Cause:
    """A release that gave no answer once it served alone, and is taken back without a verdict on its commit."""
    run = None if fact.run is None else runs.find(conn, fact.run)
    return Cause(
        f"silent {fact.application} {fact.environment} {fact.data['deployment']}",
        "silent",
        fact.at,
        f"gave no answers: {fact.data['reason']}",
        (),
        application=fact.application,
        environment=fact.environment,
        commit=fact.commit,
        run=run,
        base=_before(conn, fact, _release(conn, fact)),
        asked="" if run is None else run.who,
        deployment=str(fact.data["deployment"]),
    )


def _stuck(conn: Connection, verdict: Fact) -> Mapping[str, Any]:
    """What is on record of a bad release that cannot be taken back; nothing where it can."""
    every = facts.after(
        conn,
        verdict.id,
        application=verdict.application,
        environment=verdict.environment,
        kinds=["release.stuck"],
    )
    mine = [each.data for each in every if each.data.get("deployment") == verdict.data.get("deployment")]
    return mine[0] if mine else {}


def _taken_back(conn: Connection, fact: Fact) -> Cause | None:
    """What followed a bad verdict is told with it: a quarantine, that it is stuck, that something else serves."""
    if fact.application is None:
        return None
    commit = fact.commit if fact.kind in ("commit.quarantined", "release.stuck") else None
    verdict = facts.last(conn, "verdict.bad", fact.application, environment=fact.environment, commit=commit)
    if verdict is None or fact.at - verdict.at > BACK_SOON:
        return None
    return _verdict(conn, verdict)


def _suspected(conn: Connection, fact: Fact) -> Cause | None:
    """An error that is new in a release, or is back, once a commit is suspected or it is clear that none is."""
    came = facts.last_of_error(conn, fact, ("error.new", "error.regressed"))
    return None if came is None else _of_error(conn, replace(fact, data={**came.data, **fact.data}), came.kind)


def _of_error(conn: Connection, fact: Fact, kind: str) -> Cause | None:
    release = _release(conn, fact)
    error, title = fact.data.get("error"), str(fact.data.get("title", "an error"))
    back = f" again in {fact.data.get('release')}" if kind == "error.regressed" else ""
    return Cause(
        f"error {fact.application} {error}{back}",
        "error",
        fact.at,
        f"Error is back: {title}" if back else f"New error: {title}",
        _lines([title, *_hunk(fact.data)]),
        application=fact.application,
        environment=fact.environment,
        commit=fact.commit or (None if release is None else release.commit),
        base=_before(conn, fact, release),
        suspect=_suspect(fact.data),
        files=tuple(str(path) for path in fact.data.get("files") or ()),
        group=str(fact.data.get("number") or error),
    )


_READERS: Mapping[str, Callable[[Connection, Fact], Cause | None]] = {
    "step.failed": _step,
    "step.timed_out": _step,
    "step.suspected": _step,
    "run.failed": _end,
    "verdict.bad": _verdict,
    "commit.quarantined": _taken_back,
    "release.stuck": _taken_back,
    "release.silent": _silent,
    "deployment.failed": _taken_back,
    "deployment.switched_back": _taken_back,
    "error.suspected": _suspected,
}
KINDS = tuple(_READERS)


def _stopped(conn: Connection, fact: Fact, run: Run, what: str, lines: tuple[str, ...], hint: str = "") -> Cause:
    return Cause(
        f"stopped {run.application} {run.commit}",
        "stopped",
        fact.at,
        what,
        lines or _lines(run.reason),
        application=run.application,
        commit=run.commit,
        run=run,
        base=_pushed_onto(conn, run),
        asked=run.who,
        hint=hint,
    )


def _undone(conn: Connection, fact: Fact, run: Run, deployment: Deployment, hint: str) -> Cause:
    """A deployment that failed. Of one that brought no new commit there, who asked for it has to know."""
    now = releases.now_serving(conn, run.application, deployment.environment)
    serves = None if now is None else releases.get(conn, now.release).commit
    new = deployment.kind == "deploy" and serves != deployment.commit
    return Cause(
        f"stopped {run.application} {run.commit}" + ("" if new else f" asked by {run.id}"),
        "undone",
        fact.at,
        deployment.reason or run.reason,
        _lines(deployment.excerpt),
        whose="author" if new else "asker",
        application=run.application,
        environment=deployment.environment,
        commit=deployment.commit,
        run=run,
        base=serves or _pushed_onto(conn, run),
        asked=run.who,
        hint=hint,
    )


def _rehearsed(conn: Connection, fact: Fact, run: Run, failed: Fact, hint: str) -> Cause:
    """A rehearsal that failed: the commit does not come to where the next environment's commit still serves."""
    bound = str(failed.data["before"][0])
    now = releases.now_serving(conn, run.application, bound)
    return Cause(
        f"stopped {run.application} {run.commit}",
        "undone",
        fact.at,
        f"its rehearsal in {failed.environment} failed with {failed.data['part']}: {failed.data['reason']}",
        _lines(failed.data.get("excerpt")),
        application=run.application,
        environment=bound,
        commit=run.commit,
        run=run,
        base=_pushed_onto(conn, run) if now is None else releases.get(conn, now.release).commit,
        asked=run.who,
        hint=hint,
    )


def _machine(conn: Connection, fact: Fact, run: Run, error: str, what: str, hint: str = "") -> Cause:
    """Trouble of the machine or of Shipway: the owner's, and one cause for as long as it goes on."""
    before = messages.newest_of(conn, f"machine {error} ")
    going_on = before is not None and fact.at - before.created < EPISODE
    return Cause(
        before.cause if before is not None and going_on else f"machine {error} {fact.id}",
        "machine",
        fact.at,
        what,
        whose="owner",
        application=run.application,
        commit=run.commit,
        run=run,
        hint=hint,
    )


def _explained(conn: Connection, run: Run, steps: list[Step]) -> bool:
    """Whether somebody heard already of what ended this run: a failed step, or a bad verdict."""
    if any(step.state in FAILED for step in steps if _last(step, steps)):
        return True
    verdict = facts.last(conn, "verdict.bad", run.application, commit=run.commit)
    first = facts.after(conn, 0, runs=[run.id], limit=1)
    return verdict is not None and bool(first) and verdict.id > first[0].id


def _by_shipway(run: Run, steps: list[Step], stops: list[Fact], undone: list[Deployment]) -> bool:
    """Whether it was no deployment, no step and nobody's mistake that ended the run, though it had begun."""
    return not stops and not undone and bool(run.plan.get("nodes"))


def _undone_before(conn: Connection, fact: Fact, run: Run) -> list[Deployment]:
    """The deployments that ended badly before their run: one undone later is so because the run had ended."""
    told = facts.after(conn, 0, runs=[run.id], kinds=("deployment.failed", "deployment.unknown"))
    ids = [one.data.get("deployment") for one in told if one.id < fact.id]
    return [one for one in deployments.all_of_run(conn, run.id) if one.id in ids]


def _last(step: Step, steps: list[Step]) -> bool:
    return step.attempt == max(each.attempt for each in steps if each.name == step.name)


def _retry(run: Run, step: str) -> int:
    settings = run.plan.get("project", {}).get("steps", {}).get(step, {})
    return int(settings.get("retry", 0)) if isinstance(settings, Mapping) else 0


def _run(conn: Connection, fact: Fact) -> Run:
    return runs.get(conn, str(fact.run))


def _pushed_onto(conn: Connection, run: Run) -> str | None:
    """The commit that the branch was at before the push."""
    if run.push is None:
        return None
    old = pushes.get(conn, run.push).old
    return None if old == NOTHING else old


def _release(conn: Connection, fact: Fact) -> Release | None:
    """The release that a fact names: by number, as `r3`, or by its id."""
    said = fact.data.get("release")
    if said is None or fact.application is None or fact.environment is None:
        return None
    number = str(said).removeprefix("r")
    if number.isdecimal() and len(number) < 10:
        return releases.numbered(conn, fact.application, fact.environment, int(number))
    made = releases.recent(conn, fact.application, fact.environment, 50)
    return next((one for one in made if one.id == said), None)


def _before(conn: Connection, fact: Fact, release: Release | None) -> str | None:
    """The commit that served there before this release: before the deployment, where the fact names it."""
    if fact.application is None or fact.environment is None:
        return None
    if fact.data.get("deployment"):
        done = deployments.done_before(conn, deployments.get(conn, str(fact.data["deployment"])))
        return None if done is None else done.commit
    now = releases.now_serving(conn, fact.application, fact.environment)
    around = [] if now is None else [releases.get(conn, name) for name in (now.release, now.warm) if name]
    mine = fact.commit if release is None else release.commit
    return next((one.commit for one in around if one.commit != mine), None)


def _suspect(said: Mapping[str, Any]) -> Suspect | None:
    """Whom the errors stage names, if it names anybody, and why."""
    commit, email = str(said.get("commit") or ""), str(said.get("email") or "")
    if not (commit and email):
        return None
    confidence = str(said.get("confidence") or "likely")
    why = [said.get("reason"), said.get("evidence") if isinstance(said.get("evidence"), str) else _place(said)]
    return Suspect(
        commit,
        str(said.get("author") or ""),
        email,
        {"high": "sure", "medium": "likely", "low": "perhaps"}.get(confidence, confidence),
        " ".join(str(part) for part in why if part),
    )


def _place(said: Mapping[str, Any]) -> str:
    """The line of code that a suspicion rests on."""
    first = next(iter(said.get("evidence") or ()), None)
    return f"Look at {first['path']}:{first['line']}." if isinstance(first, Mapping) else ""


def _hunk(said: Mapping[str, Any]) -> list[str]:
    first = next(iter(said.get("evidence") or ()), None)
    return [str(line) for line in first.get("hunk") or ()] if isinstance(first, Mapping) else []


def _finding(said: object) -> str:
    """A line of the judge's numbers, as far as it has them."""
    if not isinstance(said, Mapping):
        return str(said)
    numbers = ("new_count", "new_of", "old_count", "old_of")
    if any(said.get(name) is None for name in numbers):
        return str(said.get("what", ""))
    return "{what}: {new_count} of {new_of}, beside {old_count} of {old_of} before".format(**said)


def _lines(said: object) -> tuple[str, ...]:
    """The lines that explain something, the empty ones left out."""
    if isinstance(said, list | tuple):
        said = "\n".join(str(line) for line in said)
    lines = [line.rstrip() for line in str(said or "").splitlines()]
    return tuple([line for line in lines if line.strip()][-LINES:])
