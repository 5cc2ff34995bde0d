"""Which environments an application has, in which order, from which branches: what its default branch says.

What another branch writes in its shipway.yml changes none of it, until it is on the default branch.
"""

from __future__ import annotations

from collections.abc import Iterable

from shipway.config import names
from shipway.config.places import Places
from shipway.environments.settings import USUAL
from shipway.errors import NotFound, UserError
from shipway.project import Project
from shipway.pushes.git import Git, GitFailed
from shipway.state import applications, configurations, releases, runs
from shipway.state.database import Connection
from shipway.story.cast import Cast, project_of
from shipway.story.reading import read_project


class InvalidEnvironment(UserError):
    """A name that no environment can have."""

    id = "environments.invalid_name"


def default_project(conn: Connection, places: Places, application: str) -> Project | None:
    """The project as the default branch has it; None before a push of that branch could be read.

    It is that of the branch's newest run whose shipway.yml could be read, else that of its newest commit.
    """
    branch = applications.get(conn, application).default_branch
    run = runs.newest_read(conn, application, branch)
    return _of_newest_commit(places, application, branch) if run is None else project_of(run)


def _of_newest_commit(places: Places, application: str, branch: str) -> Project | None:
    try:
        commit = Git(places.repository(application)).resolve(f"refs/heads/{branch}")
        return None if commit is None else read_project(places, application, commit)
    except (UserError, GitFailed):  # its run, or the server's log, says what is the matter
        return None


def environments(
    conn: Connection, places: Places, application: str, serving: Iterable[str] | None = None
) -> list[str]:
    """The names of an application's environments, in the order in which commits travel through them.

    What serves besides (`serving`, looked up if not given) stands after them. Before the default branch names
    any, they are the usual ones and those that were configured.
    """
    if serving is None:
        serving = [now.environment for now in releases.all_serving(conn) if now.application == application]
    return environments_of(conn, application, default_project(conn, places, application), serving)


def environments_of(
    conn: Connection, application: str, project: Project | None, serving: Iterable[str]
) -> list[str]:
    """The same, for what `default_project` has said."""
    ordered = [each.name for each in USUAL] if project is None else project.order
    besides = [*serving, *(configurations.environments(conn, application) if project is None else ())]
    return list(dict.fromkeys([*ordered, *besides]))


def configurable(conn: Connection, places: Places, application: str, environment: str) -> bool:
    """Whether the default branch names this environment yet; until it names any, every legal name will do.

    Raises NotFound, with the names there are, or InvalidEnvironment.
    """
    if default_project(conn, places, application) is not None:
        known = environments(conn, places, application)
        if environment not in known:
            raise unknown(environment, known)
        return True
    try:
        names.environment(environment)
    except ValueError as error:
        raise InvalidEnvironment(f"{environment!r} {error}.") from error
    return False


def unknown(environment: str, known: Iterable[str]) -> NotFound:
    """What to raise for an environment that is not among those that are `known`."""
    return NotFound(f"There is no environment called {environment}.", hint=f"There are: {', '.join(known)}.")


def as_ordered(project: Project, by: Project | None) -> Project:
    """The project of a commit, with the environments of the default branch's; `env` of each stays the commit's."""
    own = {each.name: each.env for each in project.environments}
    ordered = USUAL if by is None else by.environments
    environments = tuple(each.model_copy(update={"env": own.get(each.name, each.env)}) for each in ordered)
    return project.model_copy(update={"environments": environments})


def delivered_branches(cast: Cast, application: str) -> dict[str, list[str]]:
    """The environments of each branch that goes to one, in order; before the first push, of the default branch."""
    with cast.database.read() as conn:
        default = applications.get(conn, application).default_branch
        project = default_project(conn, cast.machine.places, application)
    found: dict[str, list[str]] = {}
    for each in USUAL if project is None else project.environments:
        found.setdefault(each.branch or default, []).append(each.name)
    return found
