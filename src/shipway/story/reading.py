"""Reading the project of a commit: from its shipway.yml, or recognised from its files."""

from __future__ import annotations

from collections.abc import Mapping

from shipway.artifacts import pythons
from shipway.config.places import Places
from shipway.pipelines.files import Commit
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
    written = git.read(commit, FILE)
    if written is None:
        versions = [python.version for python in pythons.installed()]
        written = recognise(Commit(git, commit), application, versions).project_text.encode()
    return Project.parse(written, FILE).model_copy(update={"name": application})
