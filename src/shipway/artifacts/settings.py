"""What shipway.yml says about the artifact a green run leaves behind."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from shipway.config.paths import RelativePath
from shipway.config.settings import Line, Settings, Text

_EXTRA = re.compile(r"[A-Za-z0-9]+([._-][A-Za-z0-9]+)*", re.ASCII)
_VERSION = re.compile(r"3\.\d{1,2}(\.\d{1,2})?", re.ASCII)


def _version(written: str) -> str:
    if not _VERSION.fullmatch(written):
        raise ValueError('is not a version of Python 3: write it as "3.12" or "3.12.1"')
    return written


PythonVersion = Annotated[str, AfterValidator(_version), WithJsonSchema({"type": ["string", "number"]})]


def _extra(written: str) -> str:
    if len(written) > 100 or not _EXTRA.fullmatch(written):
        raise ValueError("is not a name of an extra: letters and digits, `-`, `_` or `.` between them")
    return written


ExtraName = Annotated[str, AfterValidator(_extra)]


class BuildSettings(Settings):
    """How the artifact is built: once, in a clean checkout, while the steps run."""

    short_form = "kind"

    kind: Literal["python", "static", "command"] = Field(
        default="python",
        description="`python`: the tree with a virtual environment; `static`: files to serve; "
        "`command`: the tree as `run` leaves it.",
    )
    python: PythonVersion | None = Field(
        default=None,
        description="The version of Python to build and run with. Without it, the one `.python-version` names, "
        "or else the one Shipway runs with.",
    )
    requirements: tuple[RelativePath, ...] = Field(
        default=(),
        description="Files of requirements to install; without any, requirements.txt when it is there. "
        "What pyproject.toml asks for is installed as well.",
    )
    packages: tuple[Text, ...] = Field(default=(), description="Further packages to install, such as `gunicorn`.")
    extras: tuple[ExtraName, ...] = Field(
        default=(), description="Optional dependency groups of the project to install with it."
    )
    run: Line | None = Field(
        default=None, description="A command to run in the tree when everything is installed."
    )
    root: RelativePath = Field(default=".", description="The directory that is shipped.")
    exclude: tuple[Text, ...] = Field(default=(), description="Patterns of files that stay out of the artifact.")
