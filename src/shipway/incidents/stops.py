"""What stopped a run: a step, a deployment, a rehearsal, its shipway.yml, or the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from shipway.incidents import new_errors, production
from shipway.incidents.cause import Cause, first_lines, lines, pushed_onto, suspect, with_values
from shipway.incidents.headlines import first_words
from shipway.pipelines.attempts import following
from shipway.state import deployments, facts, messages, releases, runs
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.facts import Fact
from shipway.state.runs import Run, Step

EPISODE = 6 * 3600.0
"""Seconds after its last message in which the same trouble of the machine is the same cause."""

FAILED = ("failed", "timed out")
RETRY = (
    "See why {0} does not answer, then `shipway retry {1}` does the run again. What serves needs nothing of it."
)
UNSURE: Mapping[str, str] = {
    "deployments.both_out": "What served was not healthy either: it may be what both depend on, and no commit.",
    "signals.not_judged": "It could not be judged: it may be the signals, or what both depend on, and no commit.",
}
"""Ids of what stopped a release while nobody could tell whose trouble it was; what is said of each."""

UNKNOWN = "shipway.run"  # the id of trouble that has none


def step(conn: Connection, fact: Fact) -> Cause | None:
    """A step that failed for good: one that is tried again is no news yet. What is no command's fault is the
    machine's; of any other it is looked first whose commit it came by.
    """
    run = _run(conn, fact)
    name = str(fact.data.get("step", ""))
    attempts = [step for step in runs.steps_of(conn, run.id) if step.name == name]
    if not attempts or attempts[-1].state not in FAILED or following(attempts, _retry(run, name)) is not None:
        return None
    how = "ran out of time" if "timed_out" in (fact.kind.removeprefix("step."), fact.data.get("how")) else "failed"
    explaining = lines(fact.data.get("excerpt"))
    if fact.data.get("actor") in ("owner", "nobody"):
        error, about = str(fact.data.get("error") or UNKNOWN), str(fact.data.get("about") or "")
        error = f"{error}({about})" if about else error
        hint = RETRY.format(about, run.number) if about else ""
        what = explaining[0] if explaining else f"{name} {how}"
        return replace(_machine(conn, fact, run, error, what, hint), step=name)
    if fact.kind != "step.suspected":
        return None
    stopped = _stopped(conn, fact, run, f"{name} {how}", explaining)
    far, began = bool(fact.data.get("far")), str(fact.data.get("began", ""))
    base = str(fact.data["base"]) if far else stopped.base
    return replace(stopped, step=name, base=base, far=far, began=began, suspect=suspect(fact.data))


def end(conn: Connection, fact: Fact) -> Cause | None:
    """A run that failed: by a deployment, by shipway.yml, by the machine. Steps were told before."""
    run = _run(conn, fact)
    steps = runs.steps_of(conn, run.id)
    if _explained(conn, run, steps):
        return _bad_before(conn, fact, run)
    stops = facts.after(conn, 0, runs=[run.id], kinds=["run.stopped"])
    undone = _undone_before(conn, fact, run)
    hint = str(stops[0].data.get("hint", "")) if stops else ""
    if any(one.data.get("actor") != "you" for one in stops) or _by_shipway(run, stops, undone):
        what = str(stops[0].data.get("message", "")) if stops else run.reason
        error = str(stops[0].data.get("id") or UNKNOWN) if stops else UNKNOWN
        return _machine(conn, fact, run, error, what or "A run could not go on", hint)
    rehearsed = facts.after(conn, 0, runs=[run.id], kinds=["rehearsal.failed"])
    if rehearsed:
        return _rehearsed(conn, fact, run, rehearsed[-1], hint)
    if undone:
        return _undone(conn, fact, run, undone[0], hint, unsure=_unsure(stops))
    if stops and _closed(stops[0]):
        return None  # the gate was closed by somebody, who knows
    return _stopped(conn, fact, run, "the run could not go on" if steps else "the run could not start", (), hint)


def _unsure(stops: Sequence[Fact]) -> str:
    return next((UNSURE[said] for one in stops if (said := str(one.data.get("id"))) in UNSURE), "")


def _closed(stop: Fact) -> bool:
    """Whether it was a gate that let the run go no further: before a deployment, or the rehearsal for it."""
    at, error = stop.data.get("at"), str(stop.data.get("id"))
    return at == "deploy" or (at == "rehearse" and error.startswith("releases."))


def _stopped(conn: Connection, fact: Fact, run: Run, what: str, said: tuple[str, ...], hint: str = "") -> Cause:
    return Cause(
        f"stopped {run.application} {run.commit}",
        "stopped",
        fact.at,
        what,
        said or first_lines(run.reason),
        application=run.application,
        commit=run.commit,
        run=run,
        base=pushed_onto(conn, run),
        onto=pushed_onto(conn, run),
        asked=run.who,
        hint=hint,
    )


def _undone(
    conn: Connection, fact: Fact, run: Run, deployment: Deployment, hint: str, *, unsure: str
) -> Cause | None:
    """A deployment that failed. Of one that brought no new commit there, who asked for it has to know. One that
    somebody took back is told as what they did.
    """
    if deployments.taken_back_by(conn, deployment) is not None:
        return None
    now = releases.now_serving(conn, run.application, deployment.environment)
    serves = None if now is None else releases.get(conn, now.release).commit
    new = deployment.kind == "deploy" and serves != deployment.commit
    its = replace(fact, environment=deployment.environment, commit=deployment.commit)
    pointed = new_errors.pointed_at(conn, its)
    undone = Cause(
        f"stopped {run.application} {run.commit}" + ("" if new else f" asked by {run.id}"),
        "undone",
        fact.at,
        deployment.reason or run.reason,
        _with_its_errors(conn, its, lines(deployment.excerpt), new_errors.line(pointed)),
        whose="author" if new else "asker",
        application=run.application,
        environment=deployment.environment,
        commit=deployment.commit,
        run=run,
        base=serves or pushed_onto(conn, run),
        onto=pushed_onto(conn, run),
        asked=run.who,
        suspect=new_errors.suspect_within(pointed),
        hint=hint,
        unsure=unsure,
    )
    return _frozen(conn, with_values(conn, undone, deployment) if new else undone, deployment)


def _with_its_errors(conn: Connection, its: Fact, printed: Sequence[str], code: Sequence[str]) -> tuple[str, ...]:
    """What it printed, and the errors that came with its run: of what is too long what came first is left out."""
    began = facts.after(conn, 0, runs=[str(its.run)], limit=1)[0].id
    errors = [*new_errors.titles(conn, its, began), *code]
    return lines([*printed, *errors])


def of_error(conn: Connection, error: Cause) -> Cause | None:
    """The end of the run whose deployment of the commit with an error was undone, if the error came with that."""
    deployment = production.brought(conn, error)
    if deployment is None or deployment.ended is None or deployment.state == "done":
        return None
    ends = facts.after(conn, 0, runs=[deployment.run], kinds=["run.failed"])
    if not ends or error.at - deployment.ended > production.FOUND_SOON:
        return None
    undone = end(conn, ends[0])
    return undone if undone is not None and undone.environment == error.environment else None


def _frozen(conn: Connection, undone: Cause, deployment: Deployment) -> Cause:
    """One that is frozen instead, if it is: it has requests, and a person decides."""
    told = facts.after(conn, 0, runs=[deployment.run], environment=deployment.environment, kinds=["release.stuck"])
    if not told or deployment.state != "stuck":
        return undone
    said, release = told[0].data, releases.get(conn, deployment.release)
    why = str(said.get("why") or undone.what)
    return replace(
        undone,
        what=why,
        hint=str(said.get("hint", "")),
        stuck=str(said["reason"]),
        deployment=deployment.id,
        brief=first_words(why.removeprefix(f"r{release.number} ")),
        release=release.number,
        unsure=UNSURE.get(str(said.get("error")), ""),
    )


def rehearsed(failed: Fact) -> str:
    """What is said of a rehearsal that failed."""
    return f"its rehearsal in {failed.environment} failed with {failed.data['part']}: {failed.data['reason']}"


def _rehearsed(conn: Connection, fact: Fact, run: Run, failed: Fact, hint: str) -> Cause:
    """A rehearsal that failed: the commit does not come to where the next environment's commit still serves."""
    bound = str(failed.data["before"][0])
    now = releases.now_serving(conn, run.application, bound)
    return Cause(
        f"stopped {run.application} {run.commit}",
        "undone",
        fact.at,
        rehearsed(failed),
        lines(failed.data.get("excerpt")),
        application=run.application,
        environment=bound,
        commit=run.commit,
        run=run,
        base=pushed_onto(conn, run) if now is None else releases.get(conn, now.release).commit,
        onto=pushed_onto(conn, run),
        asked=run.who,
        hint=hint,
    )


def _machine(conn: Connection, fact: Fact, run: Run, error: str, what: str, hint: str = "") -> Cause:
    """Trouble of the machine or of Shipway: the owner's, and one cause for as long as it goes on.

    `error` is its id, and what it is with where that makes it trouble of its own.
    """
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
        onto=pushed_onto(conn, run),
        hint=hint,
    )


def _explained(conn: Connection, run: Run, steps: list[Step]) -> bool:
    """Whether somebody heard already of what ended this run: a failed step, or a bad verdict."""
    if any(step.state in FAILED for step in steps if _last(step, steps)):
        return True
    verdict = facts.last(conn, "verdict.bad", run.application, commit=run.commit)
    first = facts.after(conn, 0, runs=[run.id], limit=1)
    return verdict is not None and bool(first) and verdict.id > first[0].id


def _bad_before(conn: Connection, fact: Fact, run: Run) -> Cause | None:
    """What was bad in an environment before is told at once when its run has ended: it goes no further."""
    judged = facts.after(conn, 0, runs=[run.id], kinds=["verdict.bad"])
    return production.verdict(conn, judged[-1]) if judged and judged[-1].commit == run.commit else None


def _by_shipway(run: Run, stops: list[Fact], undone: list[Deployment]) -> bool:
    """Whether it was no deployment, no step and nobody's mistake that ended the run, though it had begun."""
    return not stops and not undone and bool(run.plan.get("nodes"))


def _undone_before(conn: Connection, fact: Fact, run: Run) -> list[Deployment]:
    """The deployments that ended badly before their run: one undone later is so because the run had ended."""
    told = facts.after(
        conn, 0, runs=[run.id], kinds=("deployment.failed", "deployment.stuck", "deployment.unknown")
    )
    ids = [one.data.get("deployment") for one in told if one.id < fact.id]
    return [one for one in deployments.all_of_run(conn, run.id) if one.id in ids]


def _last(step: Step, steps: list[Step]) -> bool:
    return step.attempt == max(each.attempt for each in steps if each.name == step.name)


def _retry(run: Run, step: str) -> int:
    settings = run.plan.get("project", {}).get("steps", {}).get(step, {})
    return int(settings.get("retry", 0)) if isinstance(settings, Mapping) else 0


def _run(conn: Connection, fact: Fact) -> Run:
    return runs.get(conn, str(fact.run))
