"""What `shipway init` makes of a repository."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shipway.artifacts import pythons
from shipway.pipelines.files import Folder
from shipway.pipelines.recognise import recognise as recognise_files
from shipway.project import FILE, Project


@dataclass(frozen=True)
class Found:
    """`text` is the shipway.yml to write; None when there is one already."""

    name: str
    kind: str
    text: str | None
    reasons: Sequence[str]


def recognise(top: Path, name: str | None) -> Found:
    """The repository as an application; raises InvalidConfig, NotRecognised or MissingPython."""
    written = top / FILE
    if written.is_file():
        project = Project.parse(written.read_bytes(), str(FILE))
        found = Found(name or project.name, project.build.kind, None, (f"{FILE} is there and valid.",))
    else:
        versions = [python.version for python in pythons.installed()]
        recognised = recognise_files(Folder(top), name or top.name, versions)
        project = Project.parse(recognised.project_text, FILE)
        found = Found(project.name, recognised.kind, recognised.project_text, recognised.reasons)
    if project.build.kind == "python":
        pythons.find(project.build.python)
    return found


def write(top: Path, text: str) -> str:
    """Writes shipway.yml; its name."""
    (top / FILE).write_text(text)
    return FILE
