"""The life of a commit on one time line: what happened, in words, each from a fact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from shipway.incidents.letter import listed
from shipway.releases.gate import GATES
from shipway.state import decisions
from shipway.state.deployments import Deployment
from shipway.state.facts import Fact
from shipway.state.releases import Release
from shipway.web import icons, outcomes
from shipway.web.journey import TAKEN_BACK, Journey
from shipway.web.life import by_fact
from shipway.web.life.by_fact import lines
from shipway.web.life.moment import Chip, Moment
from shipway.web.life.record import Record
from shipway.web.purposes import is_configuration
from shipway.web.trials import Trial
from shipway.web.words import clock, length, phase, sentences, size

RUN_ENDS = ("run.queued", "run.started", "run.passed", "run.failed", "run.cancelled", "run.superseded")
DEPLOYMENT_ENDS = (
    "deployment.begun",
    "deployment.done",
    "deployment.failed",
    "deployment.stuck",
    "deployment.unknown",
)
RUN_ICONS = {"queued": "queued", "running": "running", "passed": "passed", "failed": "failed"}


def moments(record: Record, extent: str = "") -> list[Moment]:
    """Everything that happened to it, oldest first; `extent` says how much it changed, if git knows."""
    found = [
        *_pushes(record, extent),
        *_runs(record),
        *_artifact(record),
        *(_deployment(record, now, one) for now in record.journeys for one in now.deployments.values()),
        *(moment for fact in _told_apart(record) if (moment := by_fact.of_fact(record, fact)) is not None),
        *(moment for trial in record.trials.values() if (moment := _ended(record, trial)) is not None),
        *(by_fact.of_error(each) for each in record.suspected),
        *(by_fact.of_message(record, one) for one in record.told),
    ]
    return sorted(found, key=lambda moment: moment.at)


def address(release: Release) -> str:
    """Where the page of a release is."""
    return f"/applications/{release.application}/environments/{release.environment}/releases/r{release.number}"


def _pushes(record: Record, extent: str) -> Iterator[Moment]:
    for fact in record.facts:
        if fact.kind == "push.accepted":
            name = str(fact.data.get("ref", "")).removeprefix("refs/heads/").replace("refs/tags/", "tag ")
            by = f"By {fact.who}. " if fact.who else ""
            yield Moment(fact.at, "push", "commit", f"Pushed to {name}", f"{by}{extent}".strip(), fact.id)


def _runs(record: Record) -> Iterator[Moment]:
    """Each of its runs; what stopped several of them for the same reason is said once."""
    said: dict[str, int] = {}
    hinted: set[str] = set()
    for now in record.journeys:
        gate = _stopped_at_once(now)
        if gate is None:
            yield _of_run(record, now)
            continue
        message, hint = str(gate.data.get("message") or ""), str(gate.data.get("hint") or "")
        known = said.get(message)
        reasons = [_without_numbers(record, message), "" if hint in hinted else hint]
        if known is not None:
            reasons = [f"For the same reason as run {known}."]
        said.setdefault(message, now.run.number)
        hinted.add(hint)
        title = f"Run {now.run.number} was stopped before it was deployed"
        says = _asked(now) + sentences(*reasons)
        yield replace(_of_run(record, now), state="blocked", title=title, says=says, fact=gate.id)


def _without_numbers(record: Record, message: str) -> str:
    """Why a gate is closed, without what a verdict on the line has said."""
    for fact in record.facts:
        reason = str(fact.data.get("reason") or "") if fact.kind == "verdict.bad" else ""
        if reason and message.endswith(f": {reason}"):
            return f"{message.removesuffix(f': {reason}')}."
    return message


def _stopped_at_once(now: Journey) -> Fact | None:
    """The closed gate that was all that a run came to."""
    gates = [fact for fact in now.stopped if fact.data.get("id") in GATES]
    return gates[0] if len(gates) == 1 and now.run.over and not now.steps and not now.deployments else None


def _told_apart(record: Record) -> list[Fact]:
    """The facts that are not told with their run, or with the rollback that they are the reason of."""
    with_runs = {gate.id for now in record.journeys if (gate := _stopped_at_once(now)) is not None}
    apart = [fact for fact in record.facts if fact.id not in with_runs]
    return [fact for fact in apart if fact.kind != decisions.FACT or not _is_told_with_it(record, fact)]


def _is_told_with_it(record: Record, fact: Fact) -> bool:
    """Whether the run that went back to the commit says so, or what took its requests."""
    backs = {now.run.id for now in record.journeys if now.run.purpose == "rollback"}
    backs |= {trial.moves[-1].run for trial in record.trials.values() if trial.fate == "gone back" and trial.moves}
    return fact.run in backs and bool(decisions.of_fact(fact).back)


def _of_run(record: Record, now: Journey) -> Moment:
    run = now.run
    told = record.fact(RUN_ENDS, run=run.id)
    gates = [fact for fact in now.stopped if fact.data.get("id") in GATES]
    told_apart = gates or now.failed_rehearsal is not None
    failed = run.state == "failed" and not now.deployments and not told_apart
    return Moment(
        at=run.created,
        kind="run",
        state=_pipeline(record, now),
        title=f"Run {run.number} {_how(record, now)}",
        says=_asked(now) + (run.reason.split("\n")[0] if failed or run.state == "superseded" else ""),
        fact=None if told is None else told.id,
        address=f"/runs/{run.application}:{run.number}",
        lines=lines(now.failed_steps[0].excerpt) if now.failed_steps else (),
        steps=[_chip(now, each.name) for each in now.planned if each.name in now.steps],
    )


def _rolled_back(record: Record, now: Journey) -> str:
    """From where, while it was tried or since it had all requests."""
    return now.taken_back or listed(outcomes.gone(now, {one: it.fate for one, it in record.trials.items()}))


def _pipeline(record: Record, now: Journey) -> str:
    """How the steps fared, whatever became of the deployments, but for what was rolled back."""
    if _rolled_back(record, now):
        return "rolled"
    if now.run.state in ("running", "failed") and now.deployments:
        return "passed"
    if now.blocked is not None:
        return "passed" if now.steps else "blocked"
    return RUN_ICONS.get(now.run.state, "draining")


def _how(record: Record, now: Journey) -> str:
    back = _rolled_back(record, now)
    return f"{_fared(now)}, and was rolled back from {back}" if back else _fared(now)


def _fared(now: Journey) -> str:
    run, took = now.run, length(now.seconds or 0.0)
    if run.state == "queued":
        return "waits for its turn"
    if run.state == "running":
        busy = [step.name for step in now.steps.values() if step.state == "running"]
        return f"is under way{': ' + listed(busy) if busy else ''}"
    if run.state == "failed" and (now.deployments or now.blocked is not None):
        return "passed its steps" if now.steps else f"stopped after {took}"
    return f"{run.state} {'in' if run.state == 'passed' else 'after'} {took}"


def _asked(now: Journey) -> str:
    run, where = now.run, listed(list(now.run.deliver))
    if run.retry_of is not None:
        return f"{run.who} did run {run.retry_of} again. "
    if is_configuration(run):
        return f"{run.who} gave it a new configuration in {where}. "
    return {
        "deploy": f"{run.who} deployed it to {where}. ",
        "rollback": f"{run.who} went back to it in {where}{_because(now)}. ",
    }.get(run.purpose, "")


def _because(now: Journey) -> str:
    return f": “{now.decided.why}”" if now.decided is not None and now.decided.back else ""


def _chip(now: Journey, name: str) -> Chip:
    step = now.steps[name]
    over = step.started is not None and step.ended is not None
    return Chip(
        name,
        icons.STEPS.get(step.state, "failed"),
        (step.ended or 0.0) - (step.started or 0.0) if over else None,
        None if over else step.started,
        f"/runs/{now.run.application}:{now.run.number}?step={name}#log",
    )


def _artifact(record: Record) -> Iterator[Moment]:
    one = record.artifact
    if one is None:
        return
    told = record.fact(("artifact.published",))
    made = [each for now in record.journeys for each in now.deployments.values()]
    went = list(dict.fromkeys(each.environment for each in made if each.over or record.trials[each.release].moves))
    same = f" The same bytes went to {listed(went)}." if went else ""
    yield Moment(
        one.created,
        "artifact",
        "box",
        f"Artifact {one.digest[:7]}…{one.digest[-4:]}",
        f"{size(one.size)}, built once.{same}",
        None if told is None else told.id,
    )


def _deployment(record: Record, now: Journey, one: Deployment) -> Moment:
    """What became of a deployment; one that was given up happened when it was."""
    told = record.fact(DEPLOYMENT_ENDS, run=one.run, environment=one.environment)
    trial, name = record.trials[one.release], f"r{now.releases[one.release]}"
    state, title, says = _of_deployment(now, one, trial, name)
    tried = [move for move in trial.moves if move.run == one.run]
    return Moment(
        at=one.started,
        kind="deployment",
        state=state,
        title=title,
        says=says,
        fact=None if told is None else told.id,
        environment=one.environment,
        address=f"/applications/{one.application}/environments/{one.environment}/releases/{name}",
        lines=lines(one.excerpt),
        shares=tried if any(0 < move.share < 100 for move in tried) else (),
        release=one.release,
    )


def _of_deployment(now: Journey, one: Deployment, trial: Trial, name: str) -> tuple[str, str, str]:
    where = one.environment
    if one.state == "running" and trial.fate == "going back":
        instead = "" if trial.before is None else f"r{trial.before.number} is getting all requests again."
        return "rolled", f"{name} is going back in {where}", instead
    if one.state == "running":
        share = f" It has {trial.share} % of the requests." if trial.share else ""
        return "running", f"{name} is on its way to {where}", f"{phase(one.phase).capitalize()}.{share}"
    if one.state == "done":
        return _done(one, trial, name)
    if one.environment in now.stuck:
        left = now.stuck[where]
        return "blocked", f"{left.title} of {where}", f"{left.shares}; {left.cause}; {left.way_out}."
    if one.state == "unknown":
        return "unknown", f"Nobody can know how the deployment to {where} ended", one.reason
    return _undone(now, one, trial, name)


def _undone(now: Journey, one: Deployment, trial: Trial, name: str) -> tuple[str, str, str]:
    where = one.environment
    if not any(fact.data.get("id") in TAKEN_BACK for fact in now.stopped):
        return "failed", f"The deployment to {where} was undone", one.reason
    instead = ", and lost them" if trial.before is None else f"; r{trial.before.number} got all of them again"
    title = f"{name} was rolled back from {where}"
    if trial.ended is None or not any(each.kind == "bad" for each in trial.verdicts):
        return "rolled", title, one.reason
    had = f"It had up to {trial.tried} % of the requests for {length(trial.had)}"
    return "rolled", title, f"{had}{instead} at {clock(trial.ended)}."


def _done(one: Deployment, trial: Trial, name: str) -> tuple[str, str, str]:
    moved = "" if one.switched is None else f" All requests moved at {clock(one.switched)}."
    serves = _serves(trial, one)
    took = length((one.ended or one.started) - one.started)
    came = f"{name} {'serves' if serves else 'served'} in {one.environment}"
    return (
        "serving" if serves else "draining",
        f"{one.environment} went back to {name}" if one.kind == "rollback" else came,
        f"Done after {took}.{moved}",
    )


def _serves(trial: Trial, one: Deployment) -> bool:
    mine = trial.deployment is not None and trial.deployment.id == one.id
    return mine and trial.fate in ("serves", "watched", "stuck", "going back")


def _ended(record: Record, trial: Trial) -> Moment | None:
    """That another release took its requests."""
    if trial.fate not in ("gone back", "replaced") or not trial.moves:
        return None
    move, where, after = trial.moves[-1], trial.release.environment, trial.after
    told, instead = record.moved.get((move.run, where)), "another release" if after is None else f"r{after.number}"
    if trial.fate == "gone back":
        title = f"{trial.who or 'shipway'} rolled {where} back to {instead}"
    else:
        title = f"{instead} took its place in {where}"
    decided = trial.decided if trial.fate == "gone back" else None
    why = f"“{decided.why}”. " if decided is not None and decided.back else ""
    return Moment(
        at=move.at,
        kind="rollback" if trial.fate == "gone back" else "replaced",
        state="rolled" if trial.fate == "gone back" else "draining",
        title=title,
        says=f"{why}It had requests for {length(trial.had_in_all)}.",
        fact=None if told is None else told.id,
        environment=where,
        address=f"/applications/{record.application}/environments/{where}/releases/{instead}",
    )
