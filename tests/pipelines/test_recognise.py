from __future__ import annotations

import pytest

from pipelines.repositories import DJANGO, FACTORY, TUTORIAL, Written
from pipelines.repositories import project as _project
from shipway.pipelines.recognise import NotRecognised, recognise
from shipway.project import Project


def test_flasks_tutorial_needs_no_file_of_ours() -> None:
    project = _project(TUTORIAL, name="flaskr")
    assert project.name == "flaskr"
    assert project.build.packages == ("gunicorn",)
    assert project.build.requirements == ()
    assert project.steps["install"].run == "uv venv -q --clear && uv pip install -q -e '.[test]'"
    assert project.steps["install"].network
    assert project.steps["test"].run == "python -m pytest -q"
    assert project.steps["test"].needs == ("install",)
    assert not project.steps["test"].network
    assert project.processes["web"].run == "gunicorn --bind 127.0.0.1:$PORT 'flaskr:create_app()'"
    assert project.data == ("instance",)


def test_a_command_that_makes_the_database_runs_once_per_environment() -> None:
    release = _project(TUTORIAL).release
    assert release is not None
    assert release.run == (
        'test -e "$DATA_DIR/.initialised" || (flask --app flaskr init-db && touch "$DATA_DIR/.initialised")'
    )
    assert release.repeatable


def test_a_django_project_needs_no_file_of_ours() -> None:
    project = _project(DJANGO)
    assert project.build.packages == ("django~=5.2.19", "gunicorn")
    assert project.steps["install"].run == "uv venv -q --clear && uv pip install -q 'django~=5.2.19'"
    assert project.steps["test"].run == "python manage.py test"
    assert project.processes["web"].run == "gunicorn --bind 127.0.0.1:$PORT shop.wsgi"
    assert project.release is not None
    assert project.release.run == "python manage.py migrate --noinput"
    assert project.release.repeatable
    assert project.data == ("db.sqlite3",)


def test_a_django_project_that_declares_what_it_needs_is_believed() -> None:
    project = _project(
        DJANGO
        | {
            "requirements.txt": "-r requirements/base.txt\n",
            "requirements/base.txt": "Django>=4.2\ngunicorn==22.0 --hash=sha256:0\n",
            "requirements-dev.txt": "pytest-django\npytest\n",
            "conftest.py": "",
            "tests/test_a.py": "",
        }
    )
    assert project.build.packages == ()
    assert project.build.requirements == ("requirements.txt",)
    assert project.steps["install"].run.endswith("-r requirements.txt -r requirements-dev.txt")
    assert project.steps["test"].run == "python -m pytest -q"


def test_a_django_project_with_uploads_and_static_files_keeps_and_collects_them() -> None:
    settings = DJANGO["shop/settings.py"] + "MEDIA_ROOT = BASE_DIR / 'media'\nSTATIC_ROOT = BASE_DIR / 'static'\n"
    project = _project(DJANGO | {"shop/settings.py": settings})
    assert project.data == ("db.sqlite3", "media/")
    assert project.build.run == "python manage.py collectstatic --noinput"


@pytest.mark.parametrize("root", [".", "public", "site"])
def test_a_static_site_is_served_from_where_its_index_is(root: str) -> None:
    index = "index.html" if root == "." else f"{root}/index.html"
    project = _project({index: "<h1>Hello</h1>", "README.md": ""})
    assert project.build.kind == "static"
    assert project.build.root == root
    assert project.steps == {}
    assert project.processes["web"].run == "static"


def test_a_procfile_says_what_runs() -> None:
    procfile = (
        "# processes\nweb: gunicorn --bind 0.0.0.0:$PORT shop.wsgi --log-file -\n"
        "worker:   celery -A shop worker\nrelease: python manage.py migrate --fake-initial\n\nnot a line\n"
    )
    project = _project(DJANGO | {"Procfile": procfile})
    assert {name: process.run for name, process in project.processes.items()} == {
        "web": "gunicorn --bind 0.0.0.0:$PORT shop.wsgi --log-file -",
        "worker": "celery -A shop worker",
    }
    assert project.release is not None
    assert project.release.run == "python manage.py migrate --fake-initial"
    assert not project.release.repeatable, "nobody said that it may run twice"


def test_a_procfile_alone_is_enough() -> None:
    python = _project({"Procfile": "web: python serve.py", "serve.py": "", "requirements.txt": "bottle\n"})
    assert python.build.kind == "python"
    assert python.processes["web"].run == "python serve.py"
    other = _project({"Procfile": "web: ./serve\nrelease: ./migrate", "serve": "", "index.html": ""})
    assert other.build.kind == "command"
    assert other.processes["web"].run == "./serve"
    assert other.release is not None


def test_a_procfile_with_only_workers_adds_them() -> None:
    project = _project(DJANGO | {"Procfile": "worker: python manage.py work\n"})
    assert set(project.processes) == {"web", "worker"}
    with pytest.raises(NotRecognised):
        recognise(Written({"Procfile": "worker: python work.py\n", "work.py": ""}))


@pytest.mark.parametrize(
    ("files", "web"),
    [
        (
            {"app.py": "from flask import Flask\napp = Flask(__name__)\n"},
            "gunicorn --bind 127.0.0.1:$PORT app:app",
        ),
        ({"site.py": "import flask\nsite = flask.Flask('x')\n"}, "gunicorn --bind 127.0.0.1:$PORT site:site"),
        (
            {"src/shop/__init__.py": FACTORY, "src/shop/views.py": "", "requirements.txt": "flask"},
            "gunicorn --bind 127.0.0.1:$PORT 'shop:create_app()'",
        ),
        (
            {"main.py": "from fastapi import FastAPI\n\napi = FastAPI()\n"},
            "uvicorn --host 127.0.0.1 --port $PORT main:api",
        ),
        (
            {"shop/app.py": "from starlette.applications import Starlette\napp = Starlette(routes=[])\n"},
            "uvicorn --host 127.0.0.1 --port $PORT shop.app:app",
        ),
        (
            {"wsgi.py": "def application(environ, start_response):\n    return []\n"},
            "gunicorn --bind 127.0.0.1:$PORT wsgi:application",
        ),
        ({"server.py": "import os\nport = int(os.environ['PORT'])\n"}, "python server.py"),
        ({"shop/server.py": "import os\nport = int(os.getenv('PORT', 80))\n"}, "python -m shop.server"),
    ],
)
def test_other_python_that_answers_requests_is_recognised(files: dict[str, str], web: str) -> None:
    assert _project(files).processes["web"].run == web


def test_flask_migrate_moves_the_database_on() -> None:
    files = TUTORIAL | {"migrations/alembic.ini": "", "migrations/env.py": ""}
    release = _project(files).release
    assert release is not None
    assert release.run == "flask --app flaskr db upgrade"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"README.md": "# Hello"},
        {"Makefile": "all:"},
        {"library/__init__.py": "", "pyproject.toml": "[project]\nname='library'", "docs/index.html": ""},
        {"index.html": "<script src=/src/main.js>", "package.json": '{"scripts": {"build": "vite build"}}'},
        {"manage.py": "print('not that framework')"},
        {"tests/app.py": "from flask import Flask\napp = Flask(__name__)\n"},
    ],
)
def test_what_does_not_tell_how_it_is_served_is_not_guessed(files: dict[str, str]) -> None:
    with pytest.raises(NotRecognised) as caught:
        recognise(Written(files))
    assert "shipway.yml" in caught.value.hint


def test_the_text_explains_itself() -> None:
    found = recognise(Written(TUTORIAL), "flaskr", ("3.12.1",))
    assert found.kind == "flask"
    assert "Flask: flaskr/__init__.py makes `create_app()`" in found.reasons
    for reason in found.reasons:
        assert f"# - {reason}\n" in found.project_text
    lines = found.project_text.splitlines()
    for key in (
        "build:",
        "steps:",
        "processes:",
        "release:",
        "data: [instance]",
        "environments: [dev, test, prod]",
    ):
        assert lines[lines.index(key) - 1].startswith("# "), f"nothing explains {key}"
    assert max(map(len, lines)) <= 115


def test_the_canary_that_is_written_beside_works_as_it_stands() -> None:
    text = recognise(Written(TUTORIAL)).project_text
    assert Project.parse(text).traffic.strategy == "blue_green"
    above, canary = text.split("# traffic:\n")
    canary, below = canary.split("\n\n", 1)
    without = "\n".join(["traffic:", *(line.removeprefix("# ") for line in canary.splitlines())])
    traffic = Project.parse(f"{above}{without}\n\n{below}").traffic
    assert (traffic.strategy, traffic.steps, traffic.hold) == ("canary", (10, 50), 60.0)
