"""What a Python repository declares is what is installed and chosen."""

from __future__ import annotations

import pytest

from pipelines.repositories import project as _project


def test_what_serves_and_was_declared_nowhere_is_added() -> None:
    assert _project({"app.py": "from flask import Flask\napp = Flask(__name__)\n"}).build.packages == (
        "flask",
        "gunicorn",
    )
    declared = {
        "main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
        "requirements.txt": "FastAPI\nUvicorn[standard]",
    }
    assert _project(declared).build.packages == ()


def test_tests_without_a_declared_pytest_get_one() -> None:
    files = {
        "app.py": "from flask import Flask\napp = Flask(__name__)\n",
        "test_app.py": "",
        "requirements.txt": "flask",
    }
    assert (
        _project(files).steps["install"].run
        == "uv venv -q --clear && uv pip install -q -r requirements.txt pytest"
    )


def test_a_repository_without_tests_has_no_steps() -> None:
    assert _project({"app.py": "from flask import Flask\napp = Flask(__name__)\n"}).steps == {}


@pytest.mark.parametrize(
    ("files", "at_hand", "python"),
    [
        ({".python-version": "3.12.1\n"}, (), "3.12.1"),
        ({".python-version": "# ours\n3.12\n"}, ("3.11.7",), "3.12"),
        ({".python-version": "pypy3.10\n"}, ("3.11.7",), None),
        ({"runtime.txt": "python-3.12.4"}, ("3.12.1",), "3.12"),
        (
            {"pyproject.toml": "[project]\nname='a'\nrequires-python = '>=3.12'"},
            ("3.11.7", "3.13.0", "3.12.1"),
            "3.13",
        ),
        (
            {"pyproject.toml": "[project]\nname='a'\nrequires-python = '>=3.10,<3.13'"},
            ("3.13.0", "3.12.1"),
            "3.12",
        ),
        ({"pyproject.toml": "[project]\nname='a'\nrequires-python = '~=3.11'"}, ("3.10.1", "3.14.0"), "3.14"),
        ({"pyproject.toml": "[project]\nname='a'\nrequires-python = '==3.11.*'"}, ("3.12.1", "3.11.9"), "3.11"),
        (
            {"pyproject.toml": "[project]\nname='a'\nrequires-python = '!=3.12.*,>=3.9'"},
            ("3.12.1", "3.11.9"),
            "3.11",
        ),
        ({"pyproject.toml": "[project]\nname='a'\nrequires-python = '>=3.15'"}, ("3.12.1", "3.11.9"), "3.15"),
        ({"pyproject.toml": "[project]\nname='a'\nrequires-python = '>=3.15'"}, (), None),
        (
            {"pyproject.toml": "[tool.poetry.dependencies]\npython = '^3.12'\nflask='*'"},
            ("3.11.1", "3.12.9"),
            "3.12",
        ),
        ({"pyproject.toml": "[project]\nname='a'\nrequires-python = 'whatever'"}, ("3.11.1",), None),
        ({}, ("3.12.1",), None),
    ],
)
def test_the_python_is_one_that_satisfies_the_repository(
    files: dict[str, str], at_hand: tuple[str, ...], python: str | None
) -> None:
    assert _project({"wsgi.py": "application = x\n"} | files, *at_hand).build.python == python
