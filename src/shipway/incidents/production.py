"""What production said: a bad verdict and what was done about it, a release that gave no answers, an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from shipway.incidents import headlines, new_errors
from shipway.incidents.cause import (
    LINES,
    Cause,
    before,
    lines,
    pushed_onto,
    release_of,
    suspect,
    with_values,
)
from shipway.incidents.proof import proof
from shipway.signals.errors.askers import how_often
from shipway.signals.verdict import CHECKS, NEW_QUESTION, RESTARTS, UNASKED
from shipway.state import artifacts, deployments, errors, facts, releases, runs, settings
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.facts import Fact
from shipway.state.messages import Message
from shipway.state.releases import Release

BACK_SOON = 60.0  # seconds after a bad verdict in which what becomes of it is told with it
FOUND_SOON = 600.0
"""Seconds after a bad verdict in which an error that is new in its commit is part of what was bad about it."""

LATELY = 20  # deployments of an environment, the newest
GIVE_BACK = (
    "If r{1} works, r{0} fails only until r{1} has all requests. If it does not, push a commit on top whose "
    "release command gives r{0} back what it needs: to revert the code brings no data back. `shipway data` has "
    "the copy from before. What older code needs can be taken away later, by a `migration: contract`."
)
"""What to do about data that a newer release has changed beneath the one that serves."""

OF_ITS_REVERT = ("revert.ready", "revert.left_out")
OF_THE_BAD_ONE = ("commit.quarantined", "release.stuck", new_errors.PRINTED, *OF_ITS_REVERT)


def verdict(conn: Connection, fact: Fact) -> Cause | None:
    """A bad verdict; what is told waits a moment for the old release to be back."""
    if fact.application is None or fact.commit is None:
        return None
    reason = str(fact.data.get("reason", "")).strip()
    findings = fact.data.get("findings") or ()
    pointed = new_errors.behind(conn, fact)
    errors_ = new_errors.titles(conn, fact)
    numbers = _numbers(findings, [*errors_, *new_errors.printed_titles(pointed), *new_errors.line(pointed)])
    bad = _taken_back(conn, fact, "bad", reason or "the judge found it worse than what served before", numbers)
    return _of_the_same_commit(
        conn,
        release_of(conn, fact),
        replace(
            bad,
            suspect=new_errors.suspect_within(pointed),
            hint=bad.hint or _about_the_question(findings),
            brief=headlines.worst(findings),
            unsure=_why_it_may_be_both(conn, fact),
            unexplained=not errors_ and not pointed,
        ),
    )


def _taken_back(
    conn: Connection, fact: Fact, kind: Literal["bad", "silent"], reason: str, numbers: tuple[str, ...] = ()
) -> Cause:
    """What is the same of a release whatever spoke against it."""
    run, release = None if fact.run is None else runs.find(conn, fact.run), release_of(conn, fact)
    stuck = _stuck(conn, fact)
    return Cause(
        _key(conn, fact),
        kind,
        fact.at,
        reason,
        numbers,
        application=fact.application,
        environment=fact.environment,
        commit=fact.commit,
        run=run,
        base=before(conn, fact, release),
        onto=pushed_onto(conn, run),
        asked="" if run is None else run.who,
        hint=str(stuck.get("hint", "")),
        stuck=str(stuck.get("reason", "")),
        deployment=str(fact.data.get("deployment", "")),
        release=None if release is None else release.number,
    )


def is_judged(conn: Connection, deployment: Deployment) -> bool:
    """Whether its project has it judged, beside a release that stays warm for some time."""
    traffic = artifacts.of_release(conn, releases.get(conn, deployment.release)).project["traffic"]
    return bool(traffic["judge"] and traffic["warm"])


def _of_the_same_commit(conn: Connection, release: Release | None, judged: Cause) -> Cause:
    """Where the release before is of the same commit no author is to blame: who set what is new, or asked. Beside
    another commit, what was set is new as well.
    """
    deployment = deployments.get(conn, judged.deployment) if judged.deployment else None
    done = None if deployment is None else deployments.done_before(conn, deployment)
    if deployment is None or done is None or release is None:
        return judged
    if done.commit != judged.commit:
        return with_values(conn, judged, deployment)
    values = tuple(settings.changed(conn, deployment))
    return replace(judged, key=f"{judged.key} of r{release.number}", whose="asker", values=values, suspect=None)


def _key(conn: Connection, fact: Fact) -> str:
    """One for a commit in all environments; another once it is deployed again to where it was bad before."""
    first = facts.after(
        conn,
        0,
        application=fact.application,
        environment=fact.environment,
        commit=fact.commit,
        kinds=("verdict.bad", "release.silent"),
        limit=1,
    )
    again = f" again by {fact.run}" if first and first[0].run != fact.run else ""
    return f"bad {fact.application} {fact.commit}{again}"


def of_error(conn: Connection, error: Cause) -> Cause | None:
    """The bad verdict that was said of the commit that an error is new in, if one was shortly before it came."""
    if error.kind != "error" or error.application is None or error.commit is None:
        return None
    judged = facts.last(conn, "verdict.bad", error.application, commit=error.commit)
    soon = judged is not None and first_met(conn, error) - judged.at <= FOUND_SOON
    return verdict(conn, judged) if judged is not None and soon else None


def brought(conn: Connection, error: Cause) -> Deployment | None:
    """The newest deployment of the commit that an error is new in, to where it came; None of what came before."""
    if error.kind != "error" or error.application is None or error.environment is None:
        return None
    newest = deployments.newest_first(conn, error.application, error.environment, LATELY)
    found = next((one for one in newest if one.commit == error.commit), None)
    return found if found is not None and found.started <= error.at else None


def waits(conn: Connection, error: Cause) -> bool:
    """Whether the release that an error is new in is being deployed: what becomes of that is told with it."""
    deployment = brought(conn, error)
    if deployment is None or deployment.state == "done":
        return False
    return not deployment.over or not runs.get(conn, deployment.run).over


def errors_of(conn: Connection, commit: Fact) -> list[Cause]:
    """The errors that are new, or back, in the commit of a fact, the newest of each."""
    said = facts.after(
        conn, 0, application=commit.application, commit=commit.commit, kinds=["error.suspected"], limit=None
    )
    every = [cause for one in said if (cause := suspected(conn, one)) is not None]
    return list({one.key: one for one in every}.values())


def first_met(conn: Connection, error: Cause) -> float:
    """When an error was first met in its commit, in whichever environment; of one that is back, since it is."""
    if error.commit is None:
        return error.at
    came = facts.after(conn, 0, application=error.application, commit=error.commit, kinds=new_errors.CAME)
    return min([error.at, *(one.at for one in came if _key_of_error(one, one.kind) == error.key)])


def with_the_same_words(conn: Connection, error: Cause) -> set[str]:
    """The keys of what was met in the same commit and reads like this error, found by whichever way in."""
    came = facts.after(conn, 0, application=error.application, commit=error.commit, kinds=new_errors.CAME)
    return {_key_of_error(one, one.kind) for one in came if _brief_of_error(one, one.kind) == error.brief}


def _brief_of_error(fact: Fact, kind: str) -> str:
    return headlines.error(str(fact.data.get("title", "an error")), back=kind == "error.regressed")


def _key_of_error(fact: Fact, kind: str) -> str:
    """One for an error in all environments; another for each release that it is back in."""
    back = f" again in {fact.data.get('release')}" if kind == "error.regressed" else ""
    return f"error {fact.application} {fact.data.get('error')}{back}"


def _numbers(findings: Sequence[object], errors: Sequence[str]) -> tuple[str, ...]:
    """What the judge found, the worst first, and the errors that came with it: of what is too long the least bad
    is left out.
    """
    return lines([*[_finding(finding) for finding in findings][: LINES - len(errors)], *errors])


def _about_the_question(findings: Sequence[object]) -> str:
    """What to do about a commit that is bad by a question that came with it; empty where it is bad otherwise."""
    worst = next(iter(findings), None)
    if not isinstance(worst, Mapping) or not worst.get("new_question"):
        return ""
    name = str(worst["what"]).removeprefix(CHECKS)
    return f"See if `{name}` in shipway.yml asks the right thing; mend it, or what it asks, and push again."


def _why_it_may_be_both(conn: Connection, verdict: Fact) -> str:
    """That the release before reports what is new in the bad one as well, or that nothing served beside it."""
    old = _before_it(conn, verdict)
    if old is not None and _share_an_error(conn, verdict, old):
        return f"But r{old.number}, which served before it, reports the same error: what both need may be out."
    worst = next(iter(verdict.data.get("findings") or ()), None)
    beside = not isinstance(worst, Mapping) or worst.get("beside", True)
    return "" if beside else "But nothing served beside it to compare with: it may be what changed around it."


def _before_it(conn: Connection, verdict: Fact) -> Release | None:
    named = verdict.data.get("deployment")
    done = deployments.done_before(conn, deployments.get(conn, str(named))) if named else None
    return None if done is None else releases.get(conn, done.release)


def _share_an_error(conn: Connection, verdict: Fact, old: Release) -> bool:
    """Whether the release before reported, since the bad one came, an error that is new or back in that one."""
    since = deployments.get(conn, str(verdict.data["deployment"])).started
    came = facts.after(
        conn,
        0,
        application=verdict.application,
        environment=verdict.environment,
        commit=verdict.commit,
        kinds=new_errors.CAME,
    )
    named = {str(one.data.get("error")) for one in came}
    seen = [one for error in named for one in errors.in_releases(conn, error) if one.release == old.id]
    return any(one.last_seen >= since for one in seen)


def silent(conn: Connection, fact: Fact) -> Cause:
    """A release that gave no answer once it served alone, and is taken back without a verdict on its commit."""
    silent = _taken_back(conn, fact, "silent", no_answers(fact))
    silent = replace(silent, brief="it gave no answers", unexplained=True)
    return with_values(conn, silent, deployments.get(conn, silent.deployment))


def no_answers(fact: Fact) -> str:
    """What is said of a release that gave none."""
    return f"gave no answers: {fact.data['reason']}"


def _stuck(conn: Connection, verdict: Fact) -> Mapping[str, Any]:
    """What is on record of a bad or silent release that cannot be taken back; nothing where it can."""
    every = facts.after(
        conn,
        verdict.id,
        application=verdict.application,
        environment=verdict.environment,
        kinds=["release.stuck"],
    )
    mine = [each.data for each in every if each.data.get("deployment") == verdict.data.get("deployment")]
    return mine[0] if mine else {}


def taken_back(conn: Connection, fact: Fact) -> Cause | None:
    """What followed a bad verdict is told with it: a quarantine, that it is stuck, that something else serves, and
    what became of the commit that takes it back.
    """
    if fact.application is None:
        return None
    commit = fact.commit if fact.kind in OF_THE_BAD_ONE else None
    judged = facts.last(conn, "verdict.bad", fact.application, environment=fact.environment, commit=commit)
    if judged is None or not _follows(conn, fact, judged):
        return None
    return verdict(conn, judged)


def _follows(conn: Connection, fact: Fact, judged: Fact) -> bool:
    """Whether a fact is of the judged deployment or its rollback, however late, or comes soon after it."""
    named, bad_one = str(fact.data.get("deployment", "")), judged.data.get("deployment")
    if fact.kind == "deployment.switched":
        replaced = deployments.done_before(conn, deployments.get(conn, named))
        return replaced is not None and replaced.id == bad_one
    return named == bad_one or fact.at - judged.at <= BACK_SOON


def gone_back(conn: Connection, fact: Fact) -> Cause | None:
    """A rollback has moved all requests: what was said of the bad release before that is said anew."""
    deployment = deployments.get(conn, str(fact.data["deployment"]))
    return taken_back(conn, fact) if deployment.kind == "rollback" else None


def suspected(conn: Connection, fact: Fact) -> Cause | None:
    """An error that is new in a release, or is back, once a commit is suspected or it is clear that none is."""
    came = facts.last_of_error(conn, fact, new_errors.CAME)
    return None if came is None else _of_error(conn, replace(fact, data={**came.data, **fact.data}), came.kind)


def _of_error(conn: Connection, fact: Fact, kind: str) -> Cause | None:
    release, error = release_of(conn, fact), fact.data.get("error")
    beneath = _beneath(conn, fact)
    return Cause(
        _key_of_error(fact, kind),
        "error",
        fact.at,
        new_errors.title(fact.data, kind),
        lines(_hunk(fact.data)),
        application=fact.application,
        environment=fact.environment,
        commit=fact.commit or (None if release is None else release.commit),
        base=before(conn, fact, release),
        suspect=suspect(fact.data),
        files=tuple(str(path) for path in fact.data.get("files") or ()),
        group=str(fact.data.get("number") or error),
        brief=_brief_of_error(fact, kind),
        release=None if release is None else release.number,
        seen=_seen(conn, fact),
        hint="" if beneath is None or release is None else GIVE_BACK.format(release.number, beneath.number),
        beneath=beneath,
    )


def _beneath(conn: Connection, said: Fact) -> Release | None:
    """The newer release that may have changed the data beneath the one with an error."""
    number, app, there = said.data.get("beneath"), said.application, said.environment
    if number is None or app is None or there is None:
        return None
    return releases.numbered(conn, app, there, number)


def _seen(conn: Connection, said: Fact) -> str:
    """How often it was met there; empty where no check of Shipway's is known to have met it, and no other request
    to have failed. Where the data was changed beneath a release, visitors may meet what is another error.
    """
    every = errors.places(conn, str(said.data.get("error")))
    place = next((one for one in every if one.environment == said.environment), None)
    failed = str(said.data.get("failed") or "")
    if place is None or not (place.checks or failed):
        return failed
    beneath = said.data.get("beneath") is not None
    often = how_often(place.count, 0 if beneath else place.checks)
    nobody = ": no visitor is known to have met it" if place.checks >= place.count and not beneath else ""
    return f"{often[0].upper()}{often[1:]}{nobody}. {failed}".rstrip()


def error_of(message: Message) -> str | None:
    """The id of the error that somebody was told of; None for what tells of something else."""
    return message.cause.split()[2] if message.kind == "error" else None


def is_of_another(conn: Connection, told: Message) -> bool:
    """Whether it tells of an error that its commit has not, but brought about in what served before."""
    error = error_of(told)
    if error is None:
        return False
    said = facts.newest_of_error(conn, "error.suspected", str(told.application), error)
    return said is not None and said.data.get("beneath") is not None


def _hunk(said: Mapping[str, Any]) -> list[str]:
    """What ran where it went wrong, unless the commit wrote that, and what the commit changed, each with its
    place.
    """
    first = next(iter(said.get("evidence") or ()), None)
    if not isinstance(first, Mapping):
        return []
    shown = proof(first)
    ran = [f"{shown.where}  {shown.ran}", f"{shown.at}, in {str(said.get('commit'))[:7]}:"] if shown.ran else []
    return [*ran, *shown.hunk]


def _finding(said: object) -> str:
    """A line of the judge's numbers, as far as it has them, and which of the two comparisons it is."""
    if not isinstance(said, Mapping):
        return str(said)
    if said.get("why_not"):
        return f"{said['what']}: {said['why_not']}"
    numbers = ("new_count", "new_of", "old_count", "old_of")
    if any(said.get(name) is None for name in numbers):
        return str(said.get("what", ""))
    restarts = said["what"] == RESTARTS  # they are of no number
    new, old = (
        f"{said[f'{of}_count']}" + ("" if restarts else f" of {said[f'{of}_of']}") for of in ("new", "old")
    )
    says = f" ({said['says']})" if said.get("says") else ""
    if str(said["what"]).startswith(CHECKS) and not said["old_of"]:
        return f"{said['what']}: {new}{says}; {NEW_QUESTION if said.get('new_question') else UNASKED}"
    at = f", at {said['share']} %" if said.get("share") else ""
    beside = f"beside {old} in the same time{at}" if said.get("beside", True) else f"compared with {old} before"
    if said.get("uncounted"):
        return f"{said['what']}: {new}{says}, {beside.removeprefix('compared with ')}; {said['uncounted']}"
    return f"{said['what']}: {new}{says}, {beside}"
