"""Reading the project of a commit: from its shipway.yml, or recognised from its files."""

from __future__ import annotations

from collections.abc import Mapping

from shipway.config.places import Places
from shipway.pipelines.recognise import recognise
from shipway.project import FILE, Project
from shipway.pushes.git import Git


class CommitFiles:
    """The files of a commit, as recognition reads them: from git's objects, never from a checkout."""

    def __init__(self, git: Git, commit: str) -> None:
        self._git = git
        self._commit = commit

    def names(self) -> list[str]:
        return self._git.files(self._commit)

    def read(self, path: str) -> bytes | None:
        return self._git.read(self._commit, path)


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
        written = recognise(CommitFiles(git, commit), application).project_text.encode()
    return Project.parse(written, FILE).model_copy(update={"name": application})
