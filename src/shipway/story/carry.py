"""A push becomes a run, and the run goes from its steps through the artifact to prod.

    pushed ──► run (queued) ──► steps ─┐
                                build ─┴─► publish ──► deploy dev ──► deploy test ──► deploy prod ──► finish
                                                         rehearse, where that is wanted ─┘

The run is a row of ours first; the engine interprets its plan under the same id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shipway.artifacts import pythons
from shipway.config.places import Places
from shipway.errors import UserError
from shipway.pipelines import retry
from shipway.project import Project
from shipway.pushes.git import GitFailed
from shipway.releases import gate
from shipway.state import applications, artifacts, pushes, runs
from shipway.state.database import Connection, Database
from shipway.state.pushes import Push
from shipway.state.runs import Run
from shipway.story import order, plan
from shipway.story.cast import Cast
from shipway.story.reading import is_written, read_project


def pushed(cast: Cast, push: Push) -> Run | None:
    """Makes the run of an accepted push, once; None for a push without a commit to run, such as a deletion."""
    if push.deletes or push.branch is None:
        return None
    try:
        project = _as_ordered(cast.database, cast.machine.places, push.application, push.branch, push.new)
    except UserError as error:
        return _stillborn(cast, push, error)
    written = is_written(cast.machine.places, push.application, push.new)
    with cast.database.write() as conn:
        run = _queue(
            conn,
            project,
            application=push.application,
            branch=push.branch,
            commit=push.new,
            who=push.who,
            written=written,
            push=push.id,
        )
        newer = pushes.newer(conn, push)
        if newer is None:
            runs.supersede(conn, run)
        elif run.state == "queued":
            runs.end(conn, run, "superseded", f"commit {newer.new[:7]} was pushed to {newer.name} after it")
        return runs.get(conn, run.id)


def check(cast: Cast, application: str, commit: str, quarantine: Mapping[str, str] | None) -> list[str]:
    """What makes this commit impossible to build here, said before the push is accepted."""
    try:
        project = read_project(cast.machine.places, application, commit, quarantine)
        if project.build.kind == "python":
            pythons.find(project.build.python)
    except pythons.MissingPython as error:
        return [f"{error.message} {error.hint}".strip()]
    except UserError:
        return []  # a file with mistakes is accepted, and its run says what they are
    return []


def again(cast: Cast, run: Run, who: str) -> Run:
    """Makes another run for the commit of one that did not get through.

    For a push it goes the whole way, for what people ordered it does the same. Raises retry.NotAgain with the
    reason, or what is wrong with the commit.
    """
    with cast.database.read() as conn:
        check_again(conn, run)
    project, written, places = None, False, cast.machine.places
    if run.purpose == "push":
        project = _as_ordered(cast.database, places, run.application, run.branch, run.commit)
        written = is_written(places, run.application, run.commit)
    with cast.database.write() as conn:
        check_again(conn, run)
        if project is None:
            return runs.repeat(conn, run, who)
        return _queue(
            conn,
            project,
            application=run.application,
            branch=run.branch,
            commit=run.commit,
            who=who,
            written=written,
            retry_of=run.number,
        )


def check_again(conn: Connection, run: Run) -> None:
    """Raises retry.NotAgain with the reason where its commit may not be run again, or cannot get through."""
    retry.check(conn, run)
    artifact = artifacts.of_commit(conn, run.application, run.commit)
    if artifact is None:
        return
    for environment in run.deliver:
        held = gate.quarantine_over(conn, artifact, environment)
        if held is not None:
            raise retry.NotAgain(
                f"{gate.stays(held, artifact, environment)}, so run {run.number} would end there again.",
                hint=gate.way_out(conn, held),
            )


def why_not_again(conn: Connection, run: Run) -> str:
    """Why `check_again` does not let it be done again; empty where it does."""
    try:
        check_again(conn, run)
    except retry.NotAgain as error:
        return error.message
    return ""


def goes_to(database: Database, places: Places, run: Run) -> Sequence[str]:
    """The environments to which a run goes if it is done again now, in their order; where the shipway.yml of a
    push cannot be read, those to which it was to go.

    Asks git: never while the record is read.
    """
    if run.purpose != "push":
        return run.deliver
    try:
        project = _as_ordered(database, places, run.application, run.branch, run.commit)
    except (UserError, GitFailed):
        return run.deliver
    with database.read() as conn:
        return _delivered(conn, project, run.application, run.branch)


def _as_ordered(database: Database, places: Places, application: str, branch: str, commit: str) -> Project:
    """The project of a commit; on another branch than the default one, with the environments of that."""
    project = read_project(places, application, commit)
    with database.read() as conn:
        if branch == applications.get(conn, application).default_branch:
            return project
        return order.as_ordered(project, order.default_project(conn, places, application))


def _delivered(conn: Connection, project: Project, application: str, branch: str) -> list[str]:
    """The environments to which commits of a branch go."""
    default = applications.get(conn, application).default_branch
    return [each.name for each in project.environments if (each.branch or default) == branch]


def _queue(
    conn: Connection,
    project: Project,
    *,
    application: str,
    branch: str,
    commit: str,
    who: str,
    written: bool,
    push: str | None = None,
    retry_of: int | None = None,
) -> Run:
    """A queued run that takes a commit from its steps to the environments of its branch; green, only there.

    Its plan says if no shipway.yml is `written`, and the project was recognised.
    """
    deliver = _delivered(conn, project, application, branch)
    green = artifacts.of_commit(conn, application, commit) is not None
    way = plan.journey(project, deliver, tested=green)
    return runs.create(
        conn,
        application=application,
        push=push,
        branch=branch,
        commit=commit,
        who=who,
        purpose="push",
        deliver=deliver,
        plan={"project": project.model_dump(mode="json"), "written": written, **way.as_dict()},
        retry_of=retry_of,
    )


def _stillborn(cast: Cast, push: Push, error: UserError) -> Run:
    """A run that cannot start, because of what stands in shipway.yml: recorded and ended with the reason."""
    with cast.database.write() as conn:
        run = runs.create(
            conn,
            application=push.application,
            push=push.id,
            branch=push.branch or push.ref,
            commit=push.new,
            who=push.who,
            purpose="push",
            deliver=(),
            plan={"nodes": []},
        )
        runs.end(conn, run, "failed", error.message)
        return runs.get(conn, run.id)
