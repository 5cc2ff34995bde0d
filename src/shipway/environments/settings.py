"""What shipway.yml says about an environment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from shipway.config.names import EnvironmentName, VariableName
from shipway.config.paths import LONGEST
from shipway.config.problems import Complaint, Path
from shipway.config.settings import Settings, Switch, Text
from shipway.config.validate import nearest
from shipway.config.written import below

_NOT_IN_A_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/.]|/\.|[/.]$|\.lock(/|$)")


def _branch(name: str) -> str:
    if not name or len(name) > 200 or _NOT_IN_A_BRANCH.search(name):
        raise ValueError("is not a name git allows for a branch")
    return name


BranchName = Annotated[str, AfterValidator(_branch)]


class EnvironmentSettings(Settings):
    """One place a commit travels through."""

    short_form = "name"

    name: EnvironmentName = Field(description="Its name: small letters and digits, at most 20.")
    branch: BranchName | None = Field(
        default=None,
        description="The branch that is delivered here; without it, the default branch of the repository. "
        "What the default branch says counts, for every branch.",
    )
    rehearse: Switch = Field(
        default=False,
        description="Whether a commit goes on from here only after a rehearsal on a copy of the data: the new "
        "release with its release command, then what serves in the environments after this one, then the new one "
        "again. Each must be healthy, with its probes and invariants right.",
    )
    env: dict[VariableName, Text] = Field(
        default={},
        description="Environment variables of its processes; `shipway env` sets more without a commit.",
    )


USUAL = (EnvironmentSettings(name="dev"), EnvironmentSettings(name="test"), EnvironmentSettings(name="prod"))
"""The environments of a project that names none, in the order a commit travels."""


def names(written: Any) -> list[str]:
    """The names among what was written; the usual ones where nothing was."""
    if not isinstance(written, list):
        return [each.name for each in USUAL]
    found = [item if isinstance(item, str) else below(item, "name") for item in written]
    return [name for name in found if isinstance(name, str)]


def unknown(path: Path, named: Any, known: Sequence[str]) -> Iterator[Complaint]:
    """Those of a written list of environments at `path` that the application does not have."""
    for index, name in enumerate(named if isinstance(named, list) else []):
        if isinstance(name, str) and name not in known:
            yield Complaint((*path, index), "is not an environment of this application", nearest(name, known))


def complaints(written: Any) -> Iterator[Complaint]:
    """Environments that are named twice, or none at all."""
    if written == []:
        yield Complaint(("environments",), "should name at least one; without it there are dev, test and prod")
    seen: set[str] = set()
    for index, item in enumerate(written if isinstance(written, list) else []):
        name = item if isinstance(item, str) else below(item, "name")
        if not isinstance(name, str):
            continue
        if name in seen:
            yield Complaint(("environments", index), f"is a second environment named {name[:60]}")
        seen.add(name)
    if isinstance(written, list) and written and below(written[-1], "rehearse") in (True, "true"):
        yield Complaint(
            ("environments", len(written) - 1, "rehearse"), "rehearses for nothing: no environment comes after it"
        )


def data_complaints(paths: Sequence[str]) -> Iterator[Complaint]:
    """Data that is named twice, or that lies inside other data."""
    first: dict[str, int] = {}
    for index, path in enumerate(paths):
        first.setdefault(_normal(path), index)
    for index, path in enumerate(paths):
        around = next((whole for whole in _wholes(_normal(path)) if first.get(whole, index) != index), None)
        if around is not None:
            yield Complaint(("data", index), f"is already kept: it is in data[{first[around]}]")


def _wholes(path: str) -> Iterator[str]:
    """The path itself and each directory it lies in."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _normal(path: str) -> str:
    """Without needless parts; a path that is too long is refused for that, and here only cut."""
    return "/".join(part for part in path[:LONGEST].split("/") if part not in ("", "."))
