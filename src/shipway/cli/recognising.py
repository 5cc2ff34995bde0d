"""What `shipway init` makes of a repository."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shipway.artifacts import pythons
from shipway.errors import UserError
from shipway.pipelines.files import Folder
from shipway.pipelines.recognise import recognise as recognise_files
from shipway.project import FILE, Project
from shipway.story.reading import with_its_python


class OtherName(UserError):
    """A name was given, and shipway.yml says another."""

    id = "cli.other_name"
    default_hint = (
        "`shipway init` without a name takes the one of shipway.yml; to have the other, change it there."
    )


@dataclass(frozen=True)
class Found:
    """`text` is the shipway.yml to write; None when there is one already."""

    name: str
    kind: str
    text: str | None
    reasons: Sequence[str]


def recognise(top: Path, name: str | None) -> Found:
    """The repository as an application; raises InvalidConfig, OtherName, NotRecognised or MissingPython."""
    written, files = top / FILE, Folder(top)
    if written.is_file():
        project = Project.parse(written.read_bytes(), str(FILE))
        if name not in (None, project.name):
            raise OtherName(f"{FILE} here says `name: {project.name}`, and not {name!r}.")
        project = with_its_python(project, files)
        found = Found(project.name, project.build.kind, None, (f"{FILE} is there and valid.",))
    else:
        at_hand = [python.version for python in pythons.installed()]
        recognised = recognise_files(files, name or top.name, at_hand)
        project = Project.parse(recognised.project_text, FILE)
        reasons = (*recognised.reasons, *_renamed(name, project.name))
        found = Found(project.name, recognised.kind, recognised.project_text, reasons)
    if project.build.kind == "python":
        pythons.find(project.build.python)
    return found


def _renamed(asked: str | None, name: str) -> Iterator[str]:
    if asked not in (None, name):
        yield f"It is called {name}: a name becomes part of an address, and {asked!r} cannot."


def write(top: Path, text: str) -> str:
    """Writes shipway.yml; its name."""
    (top / FILE).write_text(text)
    return FILE
