"""The gate: may this artifact be released there, now? Only facts on record decide."""

from __future__ import annotations

import time
from collections.abc import Sequence

from shipway.errors import UserError
from shipway.state import artifacts, deployments, facts, holds, rehearsals, releases, runs
from shipway.state.artifacts import Artifact
from shipway.state.database import Connection
from shipway.state.holds import Hold, Quarantine
from shipway.state.releases import Release
from shipway.state.runs import Run


class GateClosed(UserError):
    """A recorded reason not to deploy."""

    id = "releases.gate_closed"
    status = 409


class Overtaken(GateClosed):
    """A newer push is there already; going back is a rollback, never a late arrival."""

    id = "releases.overtaken"


class Frozen(GateClosed):
    """Nothing new may be deployed there for a time: somebody froze it."""

    id = "releases.frozen"
    default_hint = (
        "Once that is over, `shipway deploy COMMIT --env ENVIRONMENT` takes it there; "
        "`shipway thaw --env ENVIRONMENT` ends it at once. Rolling back is possible."
    )


class NotRehearsed(GateClosed):
    """The commit was not rehearsed with what serves there now."""

    id = "releases.not_rehearsed"


class NotOnTop(GateClosed):
    """Code that may not know what was done to the data would get all requests: what is frozen is mended on top."""

    id = "releases.not_on_top"


class NotWanted(GateClosed):
    """The run ended before its deployment began: somebody cancelled it."""

    id = "releases.not_wanted"


GATES = tuple(each.id for each in (GateClosed, Overtaken, Frozen, NotRehearsed, NotOnTop, NotWanted))
"""By which ids the record names a closed gate."""


def still_wanted(conn: Connection, run: Run) -> None:
    """Raises NotWanted when the run is over; in one transaction with the beginning of its deployment."""
    if runs.get(conn, run.id).over:
        raise NotWanted(f"Run {run.number} is over, so it deploys nothing.")


def check(
    conn: Connection,
    run: Run,
    artifact: Artifact,
    environment: str,
    order: Sequence[str],
    rehearsing: Sequence[str] = (),
) -> None:
    """Raises GateClosed with the reason when `artifact` may not go to `environment`.

    `order` are the environments it travels through; it must serve, or have served, in the one before, be
    quarantined in none before, and have been rehearsed with what serves in `environment` in each one before it
    that is `rehearsing`. That the artifact
    is green needs no check: only a green run can have published it (promise 3).
    """
    not_held(conn, artifact, environment)
    if run.purpose == "push":
        _not_overtaken(conn, run, environment)
    if missing := ahead(conn, artifact, environment, order):
        first = f" {missing[0]} comes first." if missing[1:] else ""
        raise GateClosed(
            f"{artifact.commit[:7]} has not served in {missing[-1]}, and {environment} comes after it.{first}",
            hint=f"shipway deploy {artifact.commit[:7]} --env {missing[0]}",
        )
    for each in order[: order.index(environment)] if environment in order else ():
        _not_bad_before(conn, artifact, each, environment)
        if each in rehearsing:
            _rehearsed(conn, artifact, each, environment)


def _not_bad_before(conn: Connection, artifact: Artifact, where: str, environment: str) -> None:
    """What was found out in an environment before is not found out again by the people of the next; what is known
    to them already may be deployed again, with other values say.
    """
    found = quarantine_over(conn, artifact, where)
    if found is not None and not deployments.have_served(conn, artifact.application, environment, artifact.digest):
        raise GateClosed(
            f"{said(found, artifact)} quarantined in {where}, and {environment} comes after it: {found.hold.why}",
            hint=way_out(conn, found),
        )


def _rehearsed(conn: Connection, artifact: Artifact, where: str, environment: str) -> None:
    now = releases.now_serving(conn, artifact.application, environment)
    serves = None if now is None else releases.get(conn, now.release)
    if serves is not None and not is_rehearsed(conn, artifact, where, serves):
        short = artifact.commit[:7]
        raise NotRehearsed(
            f"{short} was not rehearsed in {where} with r{serves.number} ({serves.commit[:7]}), "
            f"which serves in {environment} now.",
            hint=f"shipway deploy {short} --env {environment} rehearses it, and takes it there.",
        )


def is_rehearsed(conn: Connection, artifact: Artifact, where: str, old: Release) -> bool:
    """Whether nothing has to be rehearsed: it was, with what that release is made of, or it is the same."""
    return artifact.digest == old.digest or rehearsals.has_passed(
        conn, artifact.application, where, artifact.commit, digest=artifact.digest, old=old.digest
    )


def to_rehearse(conn: Connection, run: Run, before: Sequence[str]) -> Artifact:
    """The artifact of a run, which may go on to the next of the environments `before` which it stands once it is
    rehearsed. Raises GateClosed, and NotWanted when the run is over.

    What holds it further on is asked when it comes there.
    """
    still_wanted(conn, run)
    artifact = artifacts.of_commit(conn, run.application, run.commit)
    if artifact is None:
        raise GateClosed(f"There is no artifact of {run.commit[:7]} any more.")
    for name in before[:1]:
        not_held(conn, artifact, name)
    return artifact


def serves_here(conn: Connection, run: Run, environment: str, digest: str) -> Release:
    """What serves there, made of that artifact: only with it the data are as the artifact leaves them.

    Raises Overtaken when a push finds something else, GateClosed when a person does.
    """
    now = releases.now_serving(conn, run.application, environment)
    release = None if now is None else releases.get(conn, now.release)
    if release is not None and release.digest == digest:
        return release
    other = "nothing" if release is None else f"r{release.number} ({release.commit[:7]})"
    if run.purpose == "push":
        raise Overtaken(f"{other} serves in {environment} instead of {run.commit[:7]}")
    raise NotRehearsed(
        f"{run.commit[:7]} cannot be rehearsed: {other} serves in {environment}.",
        hint=f"shipway deploy {run.commit[:7]} --env {environment}, then here again.",
    )


def ahead(conn: Connection, artifact: Artifact, environment: str, order: Sequence[str]) -> list[str]:
    """Where an artifact has yet to serve before it may go to `environment`, in that order."""
    found: list[str] = []
    for before in reversed(order[: order.index(environment)] if environment in order else ()):
        if deployments.have_served(conn, artifact.application, before, artifact.digest):
            break
        found.insert(0, before)
    return found


def not_held(conn: Connection, thing: Artifact | Release, environment: str) -> None:
    """Raises GateClosed when a hold on record keeps this thing from being deployed there, by whatever path."""
    may_come_back(conn, thing, environment)
    for hold in holds.on(conn, thing.application, environment, thing.commit):
        if hold.kind == holds.FREEZE:
            raise Frozen(froze(hold, environment), hint=_when_thawed(conn, thing, environment))
        raise GateClosed(f"{environment} is held ({hold.kind}) by {hold.who}: {hold.why}")


def may_come_back(conn: Connection, thing: Artifact | Release, environment: str) -> None:
    """Raises GateClosed when this thing may not serve there again: what is frozen can still be rolled back.

    A freeze keeps new things away from people; the way out of something bad stays open.
    """
    found = quarantine_over(conn, thing, environment)
    if found is not None:
        raise GateClosed(
            f"{said(found, thing)} quarantined in {environment}: {found.hold.why}", hint=way_out(conn, found)
        )


UNTIL = "until a commit on top of {it} has served there and was judged good"
"""One that is not known ends nothing: nobody can say that it mends anything. It may serve all the same."""


def stays(found: Quarantine, thing: Artifact | Release, environment: str) -> str:
    """`8c1f0ae is quarantined in prod until a commit on top of it has served there and was judged good`."""
    whose = "it" if found.same == "itself" else "that"
    return f"{said(found, thing)} quarantined in {environment} {UNTIL.format(it=whose)}"


def way_out(conn: Connection, found: Quarantine) -> str:
    """What ends a quarantine, and the commit that is ready for it."""
    return f"{MEND}, or {INNOCENT}. {take_back(conn, found.hold.application, str(found.hold.commit))}"


MEND = "Push a commit on top of it that mends it"
INNOCENT = "changes any file if it is innocent"
READY = "One that takes it back is ready"


def take_back(conn: Connection, application: str, commit: str) -> str:
    """What became of the commit that takes a quarantined one back, as the record has it."""
    ready = facts.last(conn, "revert.ready", application, commit=commit)
    if ready is not None:
        return f"{READY}: {holds.take_back(conn, application, str(ready.data['branch']))}"
    none = facts.last(conn, "revert.left_out", application, commit=commit)
    if none is not None:
        return f"None that takes it back could be made: {none.data['reason']}."
    return "One that takes it back is not made yet."


def said(found: Quarantine, thing: Artifact | Release) -> str:
    """`8c1f0ae is`, or whose files or artifact it has: an empty commit changes nothing for people."""
    return SAME[found.same].format(short=thing.commit[:7], bad=str(found.hold.commit)[:7])


SAME = {
    "itself": "{short} is",
    "files": "{short} has the same files as {bad}, which is",
    "artifact": "{short} makes the same artifact as {bad}, which is",
}


def quarantine_over(conn: Connection, thing: Artifact | Release, environment: str) -> Quarantine | None:
    """The quarantine in force over this thing there, if there is one."""
    if not holds.quarantined(conn, thing.application, environment):
        return None
    tree = artifacts.tree_of(conn, thing.application, thing.commit)
    return holds.quarantine_over(
        conn, thing.application, environment, thing.commit, digest=thing.digest, tree=tree
    )


def quarantined_among(conn: Connection, those: Sequence[Release]) -> set[str]:
    """Those of an environment's releases, by their ids, over which there is one: mostly nothing is quarantined."""
    if not those or not holds.quarantined(conn, those[0].application, those[0].environment):
        return set()
    return {one.id for one in those if quarantine_over(conn, one, one.environment) is not None}


def _until(hold: Hold) -> str:
    if hold.until is None:
        return "until somebody thaws it"
    return time.strftime("until %a %d %b %H:%M", time.localtime(hold.until))


def froze(hold: Hold, environment: str) -> str:
    """Who let nothing new come there, until when and why: a sentence without its full stop."""
    return f"{hold.who} froze {environment} {_until(hold)}: {hold.why}"


def _when_thawed(conn: Connection, thing: Artifact | Release, environment: str) -> str:
    """What takes there what a freeze stopped, which never comes by itself, and what ends it. What serves there is
    stopped only on its way with what was set since.
    """
    short = thing.commit[:7]
    now = releases.now_serving(conn, thing.application, environment)
    if isinstance(thing, Release):
        comes = f"`shipway rollback --env {environment} --to r{thing.number}` brings r{thing.number} ({short})"
    elif now is not None and releases.get(conn, now.release).commit == thing.commit:
        anew = f"deploys {short}, which serves there, anew with what is set"
        comes = f"`shipway deploy {short} --env {environment}` {anew}"
    else:
        comes = f"`shipway deploy {short} --env {environment}` takes {short} there"
    ends = f"`shipway thaw --env {environment}` ends it at once"
    return f"Once that is over, {comes}; {ends}. Rolling back is possible."


def _not_overtaken(conn: Connection, run: Run, environment: str) -> None:
    """A push that came later and has arrived wins, also when people have acted since; numbers tell, not clocks."""
    newest = runs.newest_delivered(conn, run.application, run.branch, environment)
    if newest is not None and newest.number > run.number:
        raise Overtaken(f"the newer {newest.commit[:7]} has been in {environment} already")
