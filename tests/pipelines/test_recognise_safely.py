"""Whatever lies in a repository: recognition ends, stays within it, and writes what can be read back."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pipelines.repositories import DJANGO, TUTORIAL, Written
from pipelines.repositories import project as _project
from shipway.pipelines.files import Commit, Folder
from shipway.pipelines.recognise import application_name, recognise
from shipway.project import Project
from shipway.pushes.git import Git

HOSTILE_LINES = [
    'echo "a: b" # not a comment',
    "echo {a,b} [c] & d * e ! f | g > h ' i % j @ k ` l",
    "'quoted'",
    '"double"',
    "{{7*7}} ${7*7} $(x)",
    "- a",
    "? a",
    "true",
    "a:",
    "ünïcödé \U0001f6a2 --flag",
    "a\u2028b\u0085c",
    "a\\b\\n\\u0041",
    "a\tb",
    "*alias &anchor !tag",
    "a" * 8000,
]


@pytest.mark.parametrize("line", HOSTILE_LINES, ids=range(len(HOSTILE_LINES)))
def test_any_line_of_a_procfile_arrives_as_it_was_written(line: str) -> None:
    if "\u2028" in line:
        line = line.replace("\u2028", " ").replace("\u0085", " ")
    project = _project({"Procfile": f"web: x\nworker: {line}\n"})
    assert project.processes["worker"].run == line


@pytest.mark.parametrize("name", ["1x", "-x", "x-", "a.b", "a b", "x" * 41, "ü", "a$(x)", "../x"])
def test_a_line_whose_name_no_process_may_have_is_passed_over(name: str) -> None:
    project = _project({"Procfile": f"web: x\n{name}: y\n"})
    assert set(project.processes) == {"web"}


def test_what_a_repository_says_of_itself_stays_within_its_comment() -> None:
    specifier = ">=3.10\\n,release: rm,\\u2028x"
    files = {
        "wsgi.py": "application = x\n",
        "pyproject.toml": f'[project]\nname="a"\nrequires-python = "{specifier}"',
    }
    found = recognise(Written(files), "app", ("3.12.1",))
    assert Project.parse(found.project_text).release is None
    assert "release: rm" in found.reasons[1]


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": "a = " + "[" * 100_000},
        {"pyproject.toml": "x" * 250_000},
        {"pyproject.toml": "project = 3\n[tool]\npoetry = 4\n"},
        {"pyproject.toml": "[project]\ndependencies = 3\noptional-dependencies = [1]\nrequires-python = 5"},
        {"pyproject.toml": "dependency-groups = {test = 3}"},
        {"requirements.txt": "-r requirements.txt\n-r ../../etc/passwd\n" + "a" * 250_000},
        {"requirements.txt": " " * 250_000},
        {"app.py": "app = " * 40_000, "Procfile": ":" * 250_000},
        {"app.py": "a" * 250_000, "wsgi.py": "def create_app(" + " " * 240_000},
        {"app.py": "\n" * 250_000, "Procfile": ("a-" * 100_000) + ": x"},
        {"package.json": '"build"' + " " * 250_000, "index.htm": ""},
        {"shop/settings.py": "'NAME': BASE_DIR / '" + "a/" * 120_000} | {"manage.py": DJANGO["manage.py"]},
        {".python-version": "3." * 100_000, "runtime.txt": "python-" * 30_000},
        {f"p{n}/app.py": "" for n in range(5000)},
        {"/".join(["d"] * 2000) + "/index.html": ""},
        {"a\nb/wsgi.py": "application = 1", "wsgi.py\n": "", "\u2028.py": ""},
    ],
    ids=lambda files: "+".join(files)[:20],
)
def test_hostile_files_are_harmless(files: dict[str, str]) -> None:
    serves = {"wsgi.py": "application = x\n"} if "manage.py" not in files else {}
    project = _project({**serves, **files, **({"wsgi.py": serves["wsgi.py"]} if serves else {})})
    assert project.processes["web"].run.startswith("gunicorn")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("topup", "topup"),
        ("My Shop", "my-shop"),
        ("my--shop_2.0", "my-shop-2-0"),
        ("2048", "app"),
        ("/home/ada/3d-shop.git", "d-shop"),
        ("", "app"),
        ("shipway", "shipway-app"),
        ("ÄÖÜ", "app"),
        ("a" * 39 + "-b", "a" * 39),
        ("$(rm -rf x)", "rm-rf-x"),
    ],
)
def test_any_directory_has_a_name_for_its_application(written: str, name: str) -> None:
    assert application_name(written) == name


def test_a_directory_and_a_commit_of_it_are_recognised_alike(tmp_path: Path) -> None:
    for path, content in TUTORIAL.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    git = Git(tmp_path / ".git", work_tree=tmp_path)
    commit = _commit(git, tmp_path)
    (tmp_path / ".venv" / "lib").mkdir(parents=True)
    (tmp_path / ".venv" / "lib" / "manage.py").write_text(DJANGO["manage.py"])
    assert recognise(Folder(tmp_path)) == recognise(Commit(git, commit))
    assert recognise(Folder(tmp_path)).kind == "flask"


def test_a_link_out_of_the_repository_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("web: cat\n")
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "Procfile").symlink_to(tmp_path / "secret")
    os.mkfifo(repository / "wsgi.py")
    (repository / "index.html").write_bytes(b"\xff\xfe")
    assert Folder(repository).read("Procfile") == ""
    assert Folder(repository).read("wsgi.py") == ""
    assert Folder(repository).read("index.html") == ""
    assert Folder(repository).read("nothing") == ""


def _commit(git: Git, directory: Path) -> str:
    """Everything in the directory as one commit of a new repository; no hook and no identity of anybody."""
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-q", "-m", "All"]):
        subprocess.run(["git", "-C", str(directory), *words], check=True)
    commit = git.resolve("main")
    assert commit is not None
    return commit
