"""Each setting of a shipway.yml is told with the words of the reference, and with the line it stands in."""

from __future__ import annotations

import reference

from shipway.config import described, yaml
from shipway.config.described import Described, Text
from shipway.project import Project

WRITTEN = """\
name: topup
build: static
steps:
  lint: ruff check
  test:
    run: pytest
    needs: [lint]
    timeout: 90s
processes:
  web: {run: static, instances: 3}
data: [uploads, db.sqlite3]
traffic:
  hold: 2m
environments:
  - dev
  - name: prod
    env: {CURRENCY: EUR, COUNTRY: NO}
"""


def all_of(text: str) -> dict[str, Described]:
    written, positions = yaml.load(text, "shipway.yml")
    value = Project.parse(text).model_dump(mode="json")
    return {one.key: one for one in described.described(Project.schema(), Text(written, positions, value))}


def test_what_was_written_has_its_line_and_its_value_as_people_write_it() -> None:
    found = all_of(WRITTEN)
    told = {key: (one.value, one.line) for key, one in found.items() if one.line is not None}
    assert told == {
        "name": ("topup", 1),
        "build.kind": ("static", 2),
        "steps.lint.run": ("ruff check", 4),
        "steps.test.run": ("pytest", 6),
        "steps.test.needs": ("lint", 7),
        "steps.test.timeout": ("90s", 8),
        "processes.web.run": ("static", 10),
        "processes.web.instances": ("3", 10),
        "data": ("uploads, db.sqlite3", 11),
        "traffic.hold": ("2m", 13),
        "environments[0].name": ("dev", 15),
        "environments[1].name": ("prod", 16),
        "environments[1].env": ("CURRENCY=EUR, COUNTRY=NO", 17),
    }


def test_what_was_not_written_is_the_usual_and_says_so() -> None:
    found = all_of(WRITTEN)
    assert found["health.path"].line is None
    assert found["health.path"].value == "/"
    assert found["release"].value == "none"
    assert found["processes.web.overlap"].value == "false"


def test_the_words_are_those_of_the_reference() -> None:
    written = reference.project()
    for one in all_of(WRITTEN).values():
        assert one.says
        assert one.says.replace("|", "\\|") in written, one.key
