"""What a build consists of, by what stands in the tree: values only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from shipway.artifacts.kinds import command, python, static
from shipway.artifacts.kinds.python import NotBuildable
from shipway.artifacts.phases import Phase, Sources
from shipway.artifacts.settings import BuildSettings

PYTHON = Path("/usr/bin/python3.12")
MAKE = f"uv venv --quiet --no-project --no-config --relocatable --python {PYTHON}"
INSTALL = "uv pip install --link-mode copy"
FETCH = f"{INSTALL} --no-build --no-config"


def phases(tree: Path, files: Mapping[str, str], **settings: object) -> tuple[Phase, ...]:
    for name, content in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(content)
    return python.phases(BuildSettings.model_validate(settings), Sources(tree, PYTHON))


def lines(phase: Phase) -> list[str]:
    return [line for line in phase.script.splitlines() if not line.startswith("printf ")]


def test_a_tree_without_requirements_gets_an_environment(tmp_path: Path) -> None:
    (only,) = phases(tmp_path, {"app.py": ""})
    assert lines(only) == [MAKE]
    assert (only.cache, only.compiled) == ("shared", True)


def test_requirements_are_fetched_without_building_anything(tmp_path: Path) -> None:
    (fetch,) = phases(tmp_path, {"requirements.txt": "flask"})
    assert lines(fetch) == [MAKE, f"{FETCH} --requirements requirements.txt"]


def test_what_cannot_be_fetched_is_built_with_a_cache_of_its_own(tmp_path: Path) -> None:
    (fetch,) = phases(tmp_path, {"requirements.txt": "flask"})
    assert fetch.otherwise is not None
    assert fetch.otherwise.cache == "application"
    assert lines(fetch.otherwise) == [MAKE, f"{INSTALL} --requirements requirements.txt"]


def test_a_project_brings_its_dependencies_extras_and_further_packages(tmp_path: Path) -> None:
    pyproject = "[project]\nname = 'x'\nversion = '1'\n"
    (fetch,) = phases(tmp_path, {"pyproject.toml": pyproject}, extras=["web"], packages=["gunicorn>=20"])
    wanted = "--requirements pyproject.toml --extra web -- 'gunicorn>=20'"
    assert lines(fetch) == [MAKE, f"{FETCH} {wanted}"]


def test_a_package_is_installed_where_code_of_the_application_may_run(tmp_path: Path) -> None:
    pyproject = "[project]\nname = 'x'\nversion = '1'\n[build-system]\nrequires = []\n"
    fetch, build = phases(tmp_path, {"pyproject.toml": pyproject}, run="make")
    assert fetch.cache == "shared"
    assert build.cache == "application"
    assert lines(build) == [f"{INSTALL} --no-deps .", "make"]


@pytest.mark.parametrize("files", [{"setup.py": ""}, {"pyproject.toml": "[build-system]\nrequires = []\n"}])
def test_a_package_that_only_its_build_understands_brings_its_dependencies_then(
    files: Mapping[str, str], tmp_path: Path
) -> None:
    _, build = phases(tmp_path, files, extras=["web"])
    assert lines(build) == [f"{INSTALL} '.[web]'"]


@pytest.mark.parametrize(
    "files",
    [
        {"uv.toml": ""},
        {"back/uv.toml": ""},
        {"pyproject.toml": "[tool.uv]\n"},
        {"pyproject.toml": "[tool.uv.pip]\ntarget = '/cache'\n"},
    ],
)
def test_settings_of_uv_keep_the_tree_out_of_the_shared_cache(files: Mapping[str, str], tmp_path: Path) -> None:
    found = phases(tmp_path, {"back/requirements.txt": "flask", **files}, root="back")
    assert [(phase.cache, phase.cwd) for phase in found] == [("application", "back")]


def test_words_of_a_person_never_become_words_of_the_shell(tmp_path: Path) -> None:
    evil = "x; touch pwned $(touch pwned)"
    (fetch,) = phases(tmp_path, {}, packages=[evil])
    assert lines(fetch)[-1] == f"{FETCH} -- '{evil}'"


def test_a_file_that_a_link_leads_to_is_not_the_trees_own(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("[project]\n")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "pyproject.toml").symlink_to(tmp_path / "secret")
    (tree / "linked").symlink_to(tmp_path)
    sources = Sources(tree, PYTHON)
    assert not sources.has("pyproject.toml")
    assert not sources.has("linked/secret")
    assert len(phases(tree, {})) == 1


@pytest.mark.parametrize("content", ["[project", "a = " + "[" * 5000, "#" * (1 << 21)])
def test_a_pyproject_that_cannot_be_read_says_so(content: str, tmp_path: Path) -> None:
    with pytest.raises(NotBuildable, match=r"pyproject\.toml"):
        phases(tmp_path, {"pyproject.toml": content})


@pytest.mark.parametrize("kind", [static.phases, command.phases])
def test_other_kinds_run_what_they_are_told_or_nothing(
    kind: Callable[[BuildSettings, Sources], tuple[Phase, ...]], tmp_path: Path
) -> None:
    sources = Sources(tmp_path, PYTHON)
    assert kind(BuildSettings(kind="static"), sources) == ()
    (only,) = kind(BuildSettings(kind="command", run="make"), sources)
    assert lines(only) == ["make"]
