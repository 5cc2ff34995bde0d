"""Reading the project of a commit: from its shipway.yml, or recognised from its files."""

from __future__ import annotations

from collections.abc import Mapping

from shipway.artifacts import pythons
from shipway.config.places import Places
from shipway.pipelines import versions
from shipway.pipelines.files import Commit, Files
from shipway.pipelines.recognise import recognise
from shipway.project import FILE, Project
from shipway.pushes.git import Git


def read_project(
    places: Places, application: str, commit: str, quarantine: Mapping[str, str] | None = None
) -> Project:
    """The project of this commit, under the application's own name.

    `quarantine` lets git see objects of a push that is not accepted yet. Raises InvalidConfig, or NotRecognised
    when there is no shipway.yml and nothing to go by.
    """
    git = Git(places.repository(application), quarantine=quarantine)
    files = Commit(git, commit)
    written = git.read(commit, FILE)
    if written is None:
        at_hand = [python.version for python in pythons.installed()]
        written = recognise(files, application, at_hand).project_text.encode()
    project = Project.parse(written, FILE).model_copy(update={"name": application})
    return with_its_python(project, files)


def is_written(places: Places, application: str, commit: str) -> bool:
    """Whether the commit has a shipway.yml; without one it is recognised by its other files."""
    return Git(places.repository(application)).read(commit, FILE) is not None


def with_its_python(project: Project, files: Files) -> Project:
    """The project with the version of Python that its repository keeps to, where shipway.yml names none."""
    build = project.build
    if build.kind != "python" or build.python is not None:
        return project
    pinned = versions.pinned(files, build.root)
    return project.model_copy(update={"build": build.model_copy(update={"python": pinned})})
