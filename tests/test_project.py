from __future__ import annotations

import json

import pytest

from shipway.pipelines import plan
from shipway.project import Project
from shipway.releases.settings import ProcessSettings

EXAMPLE = """
name: topup
build: {python: "3.11", requirements: [requirements.txt], packages: [gunicorn]}
steps:
  install:
    run: uv venv -q && uv pip install -q -r requirements.txt -r requirements-dev.txt
    network: true
  test: {run: python -m pytest -q, needs: [install], env: {TZ: UTC}, timeout: 10m}
processes:
  web: gunicorn --bind 127.0.0.1:$PORT topup.web:app
  worker: {run: python -m topup.worker, instances: 2}
release: {run: python -m topup.migrate, repeatable: true}
data: [topup.sqlite3, uploads.d/]
health: /health
environments: [dev, test, {name: prod, branch: stable, env: {LOG_LEVEL: warning}}]
"""
MINIMAL = "name: topup\nprocesses: {web: gunicorn topup.web:app}\n"


def test_a_name_and_a_web_process_are_enough() -> None:
    project = Project.parse(MINIMAL)
    assert project.name == "topup"
    assert project.build.kind == "python"
    assert project.steps == {}
    assert project.processes["web"].instances == 1
    assert project.release is None
    assert project.data == ()
    assert project.health.path == "/"
    assert [environment.name for environment in project.environments] == ["dev", "test", "prod"]


def test_a_static_site_serves_itself() -> None:
    project = Project.parse("name: site\nbuild: static\n")
    assert project.build.kind == "static"
    assert project.processes == {"web": ProcessSettings(run="static")}


def test_the_example_says_what_it_seems_to_say() -> None:
    project = Project.parse(EXAMPLE)
    assert project.build.python == "3.11"
    assert project.steps["test"].needs == ("install",)
    assert project.steps["test"].timeout == 600
    assert project.steps["install"].network
    assert project.processes["worker"].instances == 2
    assert project.release is not None
    assert project.release.repeatable
    assert project.health.path == "/health"
    assert [each.branch for each in project.environments] == [None, None, "stable"]
    assert project.environments[2].env == {"LOG_LEVEL": "warning"}
    assert [step.name for step in plan.compile(project)] == ["install", "test"]


@pytest.mark.parametrize("text", [EXAMPLE, MINIMAL, "name: site\nbuild: {kind: static, root: public}\n"])
def test_a_project_can_be_kept_as_json_and_read_again(text: str) -> None:
    project = Project.parse(text)
    assert Project.model_validate(json.loads(json.dumps(project.model_dump(mode="json")))) == project


def test_values_stay_as_they_are_written() -> None:
    project = Project.parse(
        MINIMAL + "build: {python: 3.10}\n"
        "steps: {a: {run: echo $A, env: {A: NO, B: 1:30, C: 0777, D: true, E: '{{7*7}}', F: $HOME, G: ''}}}\n"
    )
    assert project.build.python == "3.10"
    assert project.steps["a"].env == {
        "A": "NO",
        "B": "1:30",
        "C": "0777",
        "D": "true",
        "E": "{{7*7}}",
        "F": "$HOME",
        "G": "",
    }
    assert project.steps["a"].run == "echo $A"


def test_a_key_without_a_value_is_as_if_it_were_not_there() -> None:
    project = Project.parse(MINIMAL + "steps:\n  # test: pytest\ndata:\nbuild: {python: }\n")
    assert project == Project.parse(MINIMAL)


def test_a_project_cannot_be_changed() -> None:
    project = Project.parse(MINIMAL)
    with pytest.raises(ValueError, match="frozen"):
        project.name = "other"  # type: ignore[misc]


def test_a_short_form_means_the_same_as_the_long_one() -> None:
    short = (
        "name: a\nbuild: python\nsteps: {a: x}\nprocesses: {web: y}\nrelease: z\nhealth: /h\nenvironments: [e]\n"
    )
    long = (
        "name: a\nbuild: {kind: python}\nsteps: {a: {run: x}}\nprocesses: {web: {run: y}}\nrelease: {run: z}\n"
        "health: {path: /h}\nenvironments: [{name: e}]\n"
    )
    assert Project.parse(short) == Project.parse(long)


def test_the_schema_is_json_and_knows_every_key() -> None:
    schema = json.loads(json.dumps(Project.schema()))
    assert set(schema["properties"]) == set(Project.model_fields)
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["name"]
