"""What has mended a commit already: one that comes after it and is free of what was wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.state import deployments, errors, releases, runs, verdicts
from shipway.state.database import Connection
from shipway.state.errors import Error, Place
from shipway.state.runs import Run
from shipway.web.commits import Commits
from shipway.web.journey import Journey
from shipway.web.taken import SHIPWAY

FAR = 200  # runs of an application, the newest


def of_runs(conn: Connection, commits: Commits, failed: Sequence[Journey]) -> dict[str, str]:
    """For each run of a commit that failed, by its id, the newest one of a commit on top of that which people
    pushed later and which got through where it did not: in a clause, empty where none has. What takes the commit
    back mends nothing as long as nobody has merged it.
    """
    if not failed:
        return {}
    of = failed[0].run
    recent = runs.recent(conn, application=of.application, limit=FAR)
    of_people = (one for one in recent if one.who != SHIPWAY and one.purpose != "rollback")
    others = [one for one in of_people if one.commit != of.commit]
    having = commits.containing(of.application, of.commit, {one.commit for one in others})
    newer = [one for one in others if one.commit in having]
    return {each.run.id: _newest(conn, each, newer) for each in failed}


@dataclass(frozen=True)
class OnTop:
    """A newer commit that has another in it; `lost` is the environment or the step that it did not get through."""

    commit: str
    lost: str = ""


def on_top(conn: Connection, commits: Commits, application: str, commit: str) -> OnTop | None:
    """The newest commit that people pushed on top of this one and that was not stopped itself; else the newest of
    all. None where there is none.
    """
    recent = runs.recent(conn, application=application, limit=FAR)
    others = [one for one in recent if one.commit != commit and one.purpose == "push" and one.who != SHIPWAY]
    having = commits.containing(application, commit, {one.commit for one in others})
    newer = [one for one in others if one.commit in having]
    if not newer:
        return None
    free = next((one for one in newer if not _lost(conn, one)), newer[0])
    return OnTop(free.commit, _lost(conn, free))


def _lost(conn: Connection, run: Run) -> str:
    stopped = next((one for one in deployments.all_of_run(conn, run.id) if one.state == "failed"), None)
    if stopped is not None:
        return stopped.environment
    failed = next((one for one in runs.steps_of(conn, run.id) if one.state in ("failed", "timed out")), None)
    return "" if failed is None else f"`{failed.name}`"


def of_error(conn: Connection, commits: Commits, commit: str, error: Error, places: Sequence[Place]) -> str:
    """What serves by now in each of the `places` where an error is, of commits on top of this one, and has not had
    it; in a clause, empty where one of them has it or has no other commit.
    """
    had = {one.release for one in errors.in_releases(conn, error.id)}
    serving = [releases.now_serving(conn, error.application, one.environment) for one in places]
    found = releases.those(conn, [now.release for now in serving if now is not None])
    others = [one for one in found.values() if one.commit != commit and one.id not in had]
    having = commits.containing(error.application, commit, {one.commit for one in others})
    if not places or len(others) < len(places) or not all(one.commit in having for one in others):
        return ""
    newest = others[-1]
    return f"r{newest.number} of {newest.environment}, {_after(newest.commit)}, has not had it so far"


def _newest(conn: Connection, failed: Journey, newer: Sequence[Run]) -> str:
    later = [one for one in newer if one.created > failed.run.created]
    if failed.failed_steps:
        return _past_the_step(conn, failed.failed_steps[0].name, later)
    return next(filter(None, (_got_through(conn, failed, one) for one in later)), "")


def _past_the_step(conn: Connection, step: str, later: Sequence[Run]) -> str:
    states = runs.states_of_step(conn, [one.id for one in later], step)
    passed = next((one for one in later if states.get(one.id) == "passed"), None)
    return "" if passed is None else f"{_after(passed.commit)}, passed `{step}` in run {passed.number}"


def _got_through(conn: Connection, failed: Journey, later: Run) -> str:
    """Into the environment that the failed one did not get through to, or to the end."""
    which = f"{_after(later.commit)}, "
    if (undone := failed.failed_deployment) is not None:
        came = deployments.of_run(conn, later.id, undone.environment)
        if came is None or came.state != "done" or verdicts.is_condemned(conn, came):
            return ""
        number = releases.get(conn, came.release).number
        return f"{which}has come to serve in {undone.environment}, as r{number}"
    return f"{which}passed in run {later.number}" if later.state == "passed" else ""


def _after(commit: str) -> str:
    return f"{commit[:7]}, which comes after it"
