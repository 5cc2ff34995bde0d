"""What a Python repository declares: its requirements, those of its tests, and its version of Python."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shipway.config.written import below, texts
from shipway.pipelines import versions
from shipway.pipelines.files import Tree

_MAIN = ("requirements.txt", "requirements/production.txt", "requirements/prod.txt", "requirements/base.txt")
_TESTS = (
    *("requirements-dev.txt", "requirements-test.txt", "requirements-tests.txt", "requirements_dev.txt"),
    *("dev-requirements.txt", "test-requirements.txt", "requirements/dev.txt", "requirements/test.txt"),
    *("requirements/tests.txt", "requirements/ci.txt"),
)
_EXTRAS = ("test", "tests", "testing", "dev")
_NAME = re.compile(r"[ \t]{0,20}([A-Za-z0-9](?:[A-Za-z0-9._-]{0,99}[A-Za-z0-9])?)", re.ASCII)
_INCLUDED = re.compile(r"-r[ \t]{1,9}(\S{1,200})", re.ASCII)


@dataclass(frozen=True)
class Declared:
    """`sources` are where it is declared, `requirements` those of them that have to be named to be installed.

    `install` are the arguments that install what the tests need too; `names` and `test_names` what is asked for,
    in small letters with `-`.
    """

    sources: tuple[str, ...]
    requirements: tuple[str, ...]
    install: tuple[str, ...]
    names: frozenset[str]
    test_names: frozenset[str]
    python: str | None
    python_from: str | None


def declared(tree: Tree, at_hand: Sequence[str] = ()) -> Declared:
    """What the tree declares; `at_hand` are the versions of Python to choose from, the favourite first."""
    project = _toml(tree.text("pyproject.toml"))
    files = [path for path in _MAIN if tree.has(path)][:1]
    test_files = [path for path in _TESTS if tree.has(path)]
    extra = _first(below(project, "project", "optional-dependencies"))
    group = _first(below(project, "dependency-groups"))
    python, python_from = _python(tree, project, at_hand)
    return Declared(
        sources=(*files, *(["pyproject.toml"] if _is_project(project) else [])),
        requirements=tuple(files),
        install=(
            *[word for path in [*files, *test_files] for word in ("-r", shlex.quote(path))],
            *_itself(tree, project, extra),
            *(["--group", group] if group else []),
        ),
        names=_names([*_requirements(tree, files), *_project_requirements(project)]),
        test_names=_names(
            [
                *_requirements(tree, test_files),
                *texts(below(project, "project", "optional-dependencies", extra)),
                *texts(below(project, "dependency-groups", group)),
            ]
        ),
        python=python,
        python_from=python_from,
    )


def _itself(tree: Tree, project: dict[str, Any], extra: str) -> list[str]:
    """How the project gets in: a package as itself, so that its tests can import it; else what it asks for."""
    if "build-system" in project or ("project" not in project and tree.has("setup.py")):
        return ["-e", f"'.[{extra}]'" if extra else "."]
    if not _is_project(project):
        return []
    return ["-r", "pyproject.toml", *(["--extra", extra] if extra else [])]


def _first(groups: Any) -> str:
    """The group of requirements that tests need, as such groups are usually called; empty without one."""
    return next((name for name in _EXTRAS if below(groups, name)), "")


def _is_project(project: dict[str, Any]) -> bool:
    return "project" in project or isinstance(below(project, "tool", "poetry"), dict)


def _project_requirements(project: dict[str, Any]) -> list[str]:
    poetry = below(project, "tool", "poetry", "dependencies")
    return [*texts(below(project, "project", "dependencies")), *(poetry if isinstance(poetry, dict) else [])]


def _requirements(tree: Tree, paths: Sequence[str]) -> Iterator[str]:
    """The requirements in the files, and in the files those include."""
    waiting, seen = list(paths), set[str]()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        for line in tree.text(path).splitlines():
            if included := _INCLUDED.match(line):
                beside = path.rpartition("/")[0]
                other = f"{beside}/{included[1]}" if beside else included[1]
                waiting += [other] if other not in seen and tree.has(other) else []
            elif _NAME.match(line):
                yield line


def _python(tree: Tree, project: dict[str, Any], at_hand: Sequence[str]) -> tuple[str | None, str | None]:
    if version := versions.exact(tree.text(versions.FILE)):
        return version, versions.FILE  # as it stands: uv will take no other
    if version := versions.exact(tree.text("runtime.txt")):
        return versions.minor(version), "runtime.txt"  # other platforms choose the newest of these too
    for keys in (("project", "requires-python"), ("tool", "poetry", "dependencies", "python")):
        specifier = below(project, *keys)
        if isinstance(specifier, str) and (version := versions.choose(specifier, at_hand)):
            return version, f"{keys[-1]} {specifier}"
    return None, None


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):  # nesting without end
        return {}


def _names(requirements: Iterable[str]) -> frozenset[str]:
    found = (_NAME.match(requirement) for requirement in requirements)
    return frozenset(re.sub(r"[._-]+", "-", name[1]).lower() for name in found if name is not None)
