"""Python by uv: the tree, a virtual environment of copies in it, and everything compiled."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from shipway.artifacts.phases import Command, Phase, Sources
from shipway.artifacts.settings import BuildSettings
from shipway.errors import UserError

LARGEST_PYPROJECT = 1 << 20  # bytes


class NotBuildable(UserError):
    """The tree cannot be built as the Python application that shipway.yml says it is."""

    id = "artifacts.not_buildable"


def phases(settings: BuildSettings, sources: Sources) -> tuple[Phase, ...]:
    """First what has wheels, with everybody's cache; then what runs code of the application, with its own.

    Packages are copied and never linked: one that writes to its files would change the cache (BARS S21).
    Raises NotBuildable.
    """
    tree = _Tree.of(settings, sources)
    fetch = tree.fetch()
    own = tuple(tree.own())
    if not own:
        return (fetch,)
    return fetch, Phase("build", own, cwd=settings.root, compiled=True)


@dataclass(frozen=True)
class _Tree:
    settings: BuildSettings
    sources: Sources
    pyproject: Mapping[str, Any]

    @classmethod
    def of(cls, settings: BuildSettings, sources: Sources) -> _Tree:
        if os.path.lexists(sources.tree / settings.root / ".venv"):
            raise NotBuildable(
                "The repository contains `.venv`, where its virtual environment is built.",
                hint="Remove it: `git rm -r --cached .venv`, and add `.venv/` to .gitignore.",
            )
        return cls(settings, sources, _pyproject(sources, settings.root))

    def fetch(self) -> Phase:
        """Runs no code of the application: nothing is built, and no settings of uv say where to install to.

        `tool.uv` could (`pip.target`), so a tree that has it uses its own cache from the start.
        """
        root = self.settings.root
        builds = Phase("install", (self._make(), *self._install()), root, compiled=True)
        if self._configures_uv():
            return builds
        commands = (self._make(), *self._install("--no-build", "--no-config"))
        instead = replace(
            builds, because="Not everything has a wheel, it seems: once more, building what has none."
        )
        return Phase("fetch", commands, root, cache="shared", compiled=True, otherwise=instead)

    def own(self) -> Iterator[Command]:
        """The application itself when it is a package, then its own command."""
        extras = f"[{','.join(self.settings.extras)}]" if self.settings.extras else ""
        if self._is_project() and "build-system" in self.pyproject:
            yield (*_INSTALL, "--no-deps", ".")
        elif "build-system" in self.pyproject or self._has("setup.py"):
            yield (*_INSTALL, f".{extras}")
        if self.settings.run is not None:
            yield self.settings.run

    def _make(self) -> Command:
        python = str(self.sources.python)
        return ("uv", "venv", "--quiet", "--no-project", "--no-config", "--relocatable", "--python", python)

    def _install(self, *options: str) -> Iterator[Command]:
        wanted = [word for file in self._requirements() for word in ("--requirements", file)]
        if self._is_project():
            wanted += ["--requirements", "pyproject.toml"]
            wanted += [word for extra in self.settings.extras for word in ("--extra", extra)]
        if self.settings.packages:
            wanted += ["--", *self.settings.packages]
        if wanted:
            yield (*_INSTALL, *options, *wanted)

    def _requirements(self) -> tuple[str, ...]:
        usual = ("requirements.txt",) if self._has("requirements.txt") else ()
        return self.settings.requirements or usual

    def _is_project(self) -> bool:
        return "project" in self.pyproject

    def _configures_uv(self) -> bool:
        root = PurePosixPath(self.settings.root)
        return any(_configures_uv(self.sources, str(directory)) for directory in (root, *root.parents))

    def _has(self, name: str) -> bool:
        return self.sources.has(os.path.normpath(f"{self.settings.root}/{name}"))


def _configures_uv(sources: Sources, directory: str) -> bool:
    tools = _pyproject(sources, directory).get("tool")
    return sources.has(os.path.normpath(f"{directory}/uv.toml")) or (isinstance(tools, dict) and "uv" in tools)


_INSTALL = ("uv", "pip", "install", "--link-mode", "copy")


def _pyproject(sources: Sources, directory: str) -> Mapping[str, Any]:
    """pyproject.toml of a directory of the tree; empty when there is none."""
    path = os.path.normpath(f"{directory}/pyproject.toml")
    if not sources.has(path):
        return {}
    content = sources.tree.joinpath(path).read_bytes()
    if len(content) > LARGEST_PYPROJECT:
        raise NotBuildable(f"{path} is larger than {LARGEST_PYPROJECT >> 20} MiB.")
    try:
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise NotBuildable(f"{path} cannot be read: {error}") from error
