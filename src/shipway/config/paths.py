"""Paths inside a repository, as shipway.yml writes them."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator

LONGEST = 1000  # characters


def relative(written: str) -> str:
    """The path without needless parts; ValueError when it could leave the repository's tree."""
    path = PurePosixPath(written)
    if not written or "\0" in written or "\\" in written or len(written) > LONGEST:
        raise ValueError("is not a path inside the repository")
    if path.is_absolute() or written.startswith("~"):
        raise ValueError("is an absolute path; write it relative to the root of the repository")
    if ".." in path.parts:
        raise ValueError("leaves the repository: `..` is not allowed")
    return str(path)


def data(written: str) -> str:
    """A path that is kept between releases: never the whole tree, git's own or the virtual environment.

    A `/` at its end stays: it says that the path is a directory although its name has a suffix.
    """
    path = relative(written)
    if path == ".":
        raise ValueError("is the whole tree; name the files and directories that are kept between releases")
    if PurePosixPath(path).parts[0] in (".git", ".venv"):
        raise ValueError("belongs to the artifact and cannot be kept between releases")
    return f"{path}/" if written.endswith("/") else path


RelativePath = Annotated[str, AfterValidator(relative)]
DataPath = Annotated[str, AfterValidator(data)]
