"""Where a commit is: in which environments, and if not there, why not."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from shipway.incidents.letter import listed, shortened
from shipway.releases import gate
from shipway.state import decisions, deployments, facts, holds, releases, runs, stuck
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.state.stuck import Stuck
from shipway.web import by_now, outcomes, quarantines, rehearsing, sentences, taken, trials
from shipway.web.commits import Commits
from shipway.web.taken import Taken
from shipway.web.trials import Trial
from shipway.web.words import headline, phase

DEPLOYED, FAILED = "it is being deployed: ", "its deployment failed: "
RUN_ENDED = re.compile(r"run \d+ (?:was )?\w+: ")
PART = re.compile(r"as part of \w{7}: ")
BACK = ("undone", "gone back")
SERVES, PENDING, STOPPED = "serves", "pending", "stopped"


@dataclass(frozen=True)
class Whereabouts:
    """`state` is serves (also as part of a newer commit that does not take it back), pending or stopped; `release`
    is what serves there.

    `brief` is the reason in a few words, without its numbers; where it serves what is to be said besides, mostly
    nothing. `cause` is the same wherever the same happened: it names no release, run or share. `stuck` is what is
    frozen there, with the commit or beside it. `reverted_by` is the commit there that takes it back, `gone` what
    took it away where it served, if that is the reason.
    """

    environment: str
    state: str
    release: Release | None
    reason: str
    brief: str
    cause: str
    stuck: Stuck | None = None
    reverted_by: str = ""
    gone: Taken | None = None

    @property
    def word(self) -> str:
        """The state, or `frozen at 50 %` where it is that."""
        return self.state if self.stuck is None or self.state != STOPPED else self.stuck.state


@dataclass(frozen=True)
class Came:
    """How far a commit came that does not serve: the `state`, the `reason`, and the `release` that was made, if
    one was. `by` is its own commit, or another one that brought it.
    """

    state: str
    reason: str
    by: str = ""
    release: Release | None = None

    def whose(self, commit: str, found: Whereabouts) -> Whereabouts:
        """With the name of the commit that the reason is about, where that is another one."""
        if self.by in ("", commit):
            return found
        named = f"as part of {self.by[:7]}: "
        reason, brief, cause = (f"{named}{each}" for each in (found.reason, found.brief, found.cause))
        return replace(found, reason=reason, brief=brief, cause=cause)


def where(
    conn: Connection,
    commits: Commits,
    application: str,
    commit: str,
    environments: Sequence[str],
    frozen: Mapping[str, Stuck | None] | None = None,
) -> list[Whereabouts]:
    """The commit (a whole id) in each of the environments, in their order; `frozen` is what is so in each of
    them, where that was asked before.
    """
    left = stuck.everywhere(conn, application, environments) if frozen is None else frozen
    recent = runs.recent_commits(conn, application, 200)
    serving = _serving(conn, application, environments)
    beside = [one.release.commit for one in left.values() if one is not None]
    asked = {*recent.values(), *(one.commit for one in serving.values()), *beside}
    having = commits.containing(application, commit, asked)
    there = {name: one for name, one in serving.items() if one.commit in having}
    reverted = _reverted(conn, commits, application, commit, [one.commit for one in there.values()])
    missing = [name for name in environments if name not in there]
    carriers = runs.those(conn, [run for run, of in recent.items() if of in having]) if missing else []
    away = {name: _why_not(conn, commits, commit, name, carriers) for name in missing}
    stopped = [name for name, came in away.items() if came.state == STOPPED]
    gone = taken.everywhere(conn, commits, application, commit, stopped)
    found = []
    for name in environments:
        if name in there:
            by = reverted.get(there[name].commit, "")
            here = _in_what_serves(conn, commit, there[name], left[name], by)
        else:
            serves = serving.get(name)
            here = _not_in_it(conn, application, commit, name, serves, away[name], left[name], gone.get(name))
        found.append(_beside_what_is_frozen(here, left[name], having))
    return found


def _serving(conn: Connection, application: str, environments: Sequence[str]) -> dict[str, Release]:
    """What serves in each of the environments where anything does."""
    now = {one.environment: one.release for one in releases.serving_of(conn, application)}
    found = releases.those(conn, now.values())
    return {name: found[now[name]] for name in environments if name in now}


def _reverted(
    conn: Connection, commits: Commits, application: str, commit: str, serving: Sequence[str]
) -> dict[str, str]:
    """What takes the commit back in those of the newer ones that serve where anything does."""
    newer = {one for one in serving if one != commit}
    ready = facts.last(conn, "revert.ready", application, commit=commit) if newer else None
    return commits.reverted(application, commit, newer, "" if ready is None else str(ready.data["commit"]))


def _beside_what_is_frozen(found: Whereabouts, left: Stuck | None, having: Collection[str]) -> Whereabouts:
    """What is frozen is said of the commit that it has (`having` do), and of one that serves beside it."""
    if left is None or found.state == PENDING:
        return found
    if found.state == STOPPED and left.release.commit in having:
        return replace(found, reason=left.says, brief=left.title, cause="it is frozen with its share", stuck=left)
    if found.state == SERVES and found.release is not None and found.release.id != left.release.id:
        beside = f"{left.title} beside it"
        brief = f"{found.brief}; {beside}" if found.brief else beside
        return replace(found, reason=f"{found.reason}; {beside}: {left.shares}", brief=brief, stuck=left)
    return found


def _not_in_it(
    conn: Connection,
    application: str,
    commit: str,
    environment: str,
    serves: Release | None,
    came: Came,
    left: Stuck | None,
    gone: Taken | None,
) -> Whereabouts:
    if came.state == STOPPED:
        own = next(iter(releases.of_commit(conn, application, environment, commit)), None)
        if own is not None and (said := _judged_bad(conn, own, left, gone)) is not None:
            return Whereabouts(environment, came.state, serves, *said)
        if came.release is not None and (said := _judged_bad(conn, came.release, left, gone)) is not None:
            return came.whose(commit, Whereabouts(environment, came.state, serves, *said))
        if gone is not None and _is_why(conn, gone, came.release):
            says, brief, cause = _and_frozen(conn, application, environment, commit, gone)
            return Whereabouts(environment, came.state, serves, says, brief, cause, gone=gone)
    failed = came.reason.removeprefix(FAILED)
    brief = came.reason if failed == came.reason else headline(failed)
    cause = _cause(failed, environment)
    return came.whose(commit, Whereabouts(environment, came.state, serves, came.reason, brief, cause))


def _and_frozen(
    conn: Connection, application: str, environment: str, commit: str, gone: Taken
) -> tuple[str, str, str]:
    """That it was taken away, and what keeps it from coming back: a freeze."""
    every = holds.on(conn, application, environment, commit)
    freeze = next((one for one in every if one.kind == holds.FREEZE), None)
    if freeze is None:
        return gone.says, gone.brief, gone.cause
    brief = f"; {freeze.who} froze {environment}: {shortened(freeze.why, taken.ROOM)}"
    return f"{gone.says}; {gate.froze(freeze, environment)}", f"{gone.brief}{brief}", f"{gone.cause}{brief}"


def _cause(reason: str, environment: str) -> str:
    """Why a deployment failed is also why its run did, and why the commit is in no later environment."""
    first = RUN_ENDED.sub("", reason).partition("\n")[0]
    return first.replace(f"is not delivered to {environment}", "is not delivered there")


def _in_what_serves(
    conn: Connection, commit: str, serves: Release, left: Stuck | None, reverted_by: str
) -> Whereabouts:
    """It serves, itself or as part of a newer commit, unless a commit on top of it takes it back."""
    says, environment = f"r{serves.number} serves", serves.environment
    if serves.commit == commit:
        kept = quarantines.over(conn, serves, environment)
        tried = trials.read_beside(conn, serves, left) if _is_doubted(conn, serves) or kept else None
        doubted = tried is not None and (tried.asking or (kept is not None and kept.in_force))
        but = sentences.sentence(tried) if tried is not None and doubted else ""
        says += f" still: {but.replace(f'r{serves.number} ', 'it ', 1)}" if but else ""
        if (decided := decisions.of_what_serves(conn, serves.application, environment)) is not None:
            says, but = f"{says}; {decided.says}", f"{but}; {decided.says}" if but else decided.says
        return Whereabouts(environment, SERVES, serves, says, but, but)
    kept = quarantines.of_commit(conn, serves.application, commit, environment)
    but = held = "" if kept is None else kept.says
    if kept is not None and kept.in_force:
        trial = trials.read_beside(conn, serves, left)
        but += f", and {sentences.sentence(trial) if trial.moving else _not_yet(trial)}"
    more = f"; {but}" if but else ""
    if reverted_by:
        brief = f"reverted by {reverted_by[:7]}"
        part = "" if serves.commit == reverted_by else f" as part of {serves.commit[:7]}"
        reason = f"{brief}, which serves{part}{more}"
        return Whereabouts(environment, STOPPED, serves, reason, brief, brief, reverted_by=reverted_by)
    says += f", as part of {serves.commit[:7]}{more}"
    but, held = (one.replace(f" in {environment}", "") for one in (but, held))
    return Whereabouts(environment, SERVES, serves, says, but, held)


def _is_doubted(conn: Connection, serves: Release) -> bool:
    """Whether the release before was ever asked because of it: mostly not, and that is known at once."""
    asked = facts.last(
        conn, "deployment.asked", serves.application, environment=serves.environment, commit=serves.commit
    )
    return asked is not None


def _not_yet(trial: Trial) -> str:
    """What is said of a fix that serves, and does not end the quarantine."""
    good = [f"{each.share} %" for each in trial.verdicts if each.kind == "good"]
    name = f"r{trial.release.number}"
    if not good:
        return f"{name} was not"
    return f"{name} was judged good at {listed(list(dict.fromkeys(good)))}, but not to the end with all requests"


def _judged_bad(
    conn: Connection, release: Release, left: Stuck | None, gone: Taken | None
) -> tuple[str, str, str] | None:
    """What was judged, from which numbers, and what came of it, if a release was judged bad when it came last, and
    that is why it does not serve: `gone` is what took its commit away, if it served.
    """
    trial = trials.read_beside(conn, release, left)
    bad, came = trial.decisive, trial.deployment
    if bad is None or bad.kind != "bad" or came is None or bad.deployment != came.id:
        return None
    if gone is not None and not gone.is_because_of(came):
        return None
    kept = quarantines.over(conn, release, release.environment)
    held = "" if kept is None else f" {kept.says}"
    happened = sentences.sentence(trial)
    decided = "" if trial.decided is None else f"{'.' if held else ''} {trial.decided.says}"
    cause = "it was judged bad, and the release before has all requests again"
    return f"{happened}: {bad.reason}{held}{decided}", happened, cause if trial.fate in BACK else happened


def _is_why(conn: Connection, gone: Taken, came: Release | None) -> bool:
    """Whether nothing with the commit has come there since it was taken away."""
    tried = None if came is None else deployments.of_release(conn, came.id)
    return not tried or tried[0].epoch < gone.by.epoch


def _why_not(conn: Connection, commits: Commits, commit: str, environment: str, carriers: list[Run]) -> Came:
    """By the newest run that was to bring the commit there; by the commit's own while that is under way, though a
    newer one waits, and where a gate stopped that: what became of a newer one since is not why.
    """
    bound = [run for run in carriers if environment in run.deliver]
    if not bound:
        return _not_bound(conn, commits, environment, carriers)
    next_ = next((run for run in bound if run.commit == commit and not run.over), bound[0])
    if not next_.over and deployments.of_run(conn, next_.id, environment) is None:
        return Came(PENDING, _under_way(conn, next_), next_.commit)
    own = [run for run in bound if run.commit == commit][:1]
    if outcomes.blocked(conn, own):
        return Came(STOPPED, _ended(conn, commits, own[0]), commit)
    deployment = deployments.newest_of_runs(conn, [run.id for run in bound], environment)
    if deployment is not None:  # one that never came there did not take it away
        state, reason = _of_deployment(conn, deployment)
        return Came(state, reason, deployment.commit, releases.get(conn, deployment.release))
    return Came(STOPPED, _ended(conn, commits, bound[0]), bound[0].commit)


def _not_bound(conn: Connection, commits: Commits, environment: str, carriers: Sequence[Run]) -> Came:
    """No run was to bring it there: what became of one that was to bring it elsewhere is not why."""
    if not carriers:
        return Came(STOPPED, "no run has it: it was not pushed, or long ago")
    newest = carriers[0]
    if newest.over and newest.state != "passed" and not newest.deliver:
        return Came(STOPPED, _ended(conn, commits, newest), newest.commit)
    return Came(STOPPED, f"{newest.branch} is not delivered to {environment}")


def _of_deployment(conn: Connection, deployment: Deployment) -> tuple[str, str]:
    if not deployment.over:
        going_back = deployment.phase == "undo" and deployments.shares(conn, deployment)
        release = releases.get(conn, deployment.release)
        back = f"it is going back: {sentences.sentence(trials.read(conn, release))}" if going_back else ""
        return PENDING, back or f"{DEPLOYED}{phase(deployment.phase)}"
    if deployment.state == "done":
        return STOPPED, "it served there and does not any more"
    if deployment.state == "unknown" and not stuck.was_left(conn, deployment):
        return STOPPED, f"nobody can know how its deployment ended: {deployment.reason}"
    return STOPPED, f"{FAILED}{deployment.reason}"


def _under_way(conn: Connection, run: Run) -> str:
    if run.state == "queued":
        return f"run {run.number} waits for its turn"
    busy = [step.name for step in runs.steps_of(conn, run.id) if step.state == "running"]
    busy += [
        f"the deployment to {one.environment}" for one in deployments.all_of_run(conn, run.id) if not one.over
    ]
    told = rehearsing.of(facts.after(conn, 0, runs=[run.id]))
    busy += [f"the {one.title}: {one.says}" for one in told if one.ended is None]
    return f"run {run.number} is under way: {', '.join(busy)}" if busy else f"run {run.number} is under way"


def _ended(conn: Connection, commits: Commits, run: Run) -> str:
    how = f"run {run.number} {'was blocked' if outcomes.blocked(conn, [run]) else run.state}"
    reason = by_now.of(conn, commits, run) or run.reason
    return f"{how}: {reason}" if reason else how
