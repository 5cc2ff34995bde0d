"""What shipway.yml may say of probes and invariants, and how it is told what it may not."""

from __future__ import annotations

import pytest

from shipway.config.problems import InvalidConfig
from shipway.project import Project
from shipway.signals.questions.question import Question, questions

PROJECT = "name: shop\nprocesses: {web: run}\nenvironments: [test, prod]\n"

WELL = """\
probes:
  front: /
  basket: {http: /basket, status: 200, text: Basket, timeout: 500ms, every: 1m}
  site: {http: "https://shop.example.org/health?full", environments: [prod]}
  mail: {tcp: "smtp.example.org:25"}
  database: {tcp: "[2001:db8::7]:5432"}
  queue: {command: ./queue --short, text: empty}
  names: {certificate: "shop.example.org:443", days: 30}
invariants:
  charges equal the ledger: {command: python -m shop.audit, between: [0, 0]}
  open orders: {http: /metrics.json, field: orders.open, at_most: 500}
  stock: {http: /stock, at_least: -1.5, every: 60s}
"""

WRONG = """\
probes:
  a b!: /
  none: {timeout: 3s}
  two: {http: /, tcp: "a:1"}
  odd: {tcp: "a:1", status: 200}
  days: {http: /, days: 3}
  port: {tcp: "a:70000"}
  user: {http: "http://ada:secret@example.org/"}
  file: {http: "file:///etc/passwd"}
  slow: {http: /, timeout: 2m, every: 10ms}
  status: {http: /, status: 99}
  where: {http: /, environments: [prd]}
  empty: {command: ""}
invariants:
  nothing: {}
  status: {command: x, between: [1, 0]}
  bounds: {command: x, between: [0, 0], at_most: 1}
  number: {command: x, at_least: many, http: /}
  infinite: {command: x, at_least: inf}
"""

TOLD = {
    "probes.a b!": "is not a good name",
    "probes.none": "needs exactly one of `http`, `tcp`, `command` and `certificate`",
    "probes.two": "needs exactly one of `http`, `tcp`, `command` and `certificate`",
    "probes.odd.status": "says nothing about a `tcp`",
    "probes.days.days": "says nothing about a `http`",
    "probes.port.tcp": "should be a host and a port",
    "probes.user.http": "should be a path such as /health, or an URL",
    "probes.file.http": "should be a path such as /health, or an URL",
    "probes.slow.timeout": "should be at most 1m",
    "probes.slow.every": "should be at least 1s",
    "probes.status.status": "should be at least 100",
    "probes.where.environments[0]": "is not an environment of this application",
    "probes.empty.command": "is empty",
    "invariants.nothing": "needs exactly one of `http` and `command`",
    "invariants.status": "is the name of a probe as well",
    "invariants.status.between": "should be two numbers, the lower one first",
    "invariants.bounds": "needs only one of `between` and `at_most`",
    "invariants.number": "needs exactly one of `http` and `command`",
    "invariants.number.at_least": "should be a number",
    "invariants.infinite.at_least": "should be a number",
}


def of(environment: str) -> dict[str, Question]:
    project = Project.parse(PROJECT + WELL)
    again = Project.model_validate(project.model_dump(mode="json"))
    assert again == project, "it is kept with the artifact as JSON"
    return {each.name: each for each in questions(again.probes, again.invariants, environment)}


def test_everything_that_may_be_written() -> None:
    asked = of("prod")
    assert list(asked)[:3] == ["charges equal the ledger", "open orders", "stock"], "invariants come first"
    assert {name: each.kind for name, each in asked.items() if each.wanted is None} == {
        "front": "http",
        "basket": "http",
        "site": "http",
        "mail": "tcp",
        "database": "tcp",
        "queue": "command",
        "names": "certificate",
    }
    assert (asked["basket"].timeout, asked["basket"].every, asked["basket"].text) == (0.5, 60.0, "Basket")
    wanted = {name: str(each.wanted) for name, each in asked.items() if each.wanted is not None}
    assert wanted == {
        "charges equal the ledger": "0",
        "open orders": "at most 500",
        "stock": "at least -1.5",
    }


def test_only_where_it_is_wanted() -> None:
    assert "site" in of("prod")
    assert "site" not in of("test")


def test_what_is_shared_is_asked_of_the_environment_as_a_whole() -> None:
    whole = {name for name, each in of("prod").items() if each.whole}
    assert whole == {"charges equal the ledger", "open orders", "stock", "site", "mail", "database", "names"}


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(InvalidConfig) as caught:
        Project.parse(PROJECT + WRONG)
    told: dict[str, list[str]] = {}
    for problem in caught.value.problems:
        told.setdefault(problem.field, []).append(problem.message)
    assert set(told) == set(TOLD) | {"invariants.nothing"}
    for field, message in TOLD.items():
        assert any(each.startswith(message) for each in told[field]), (field, told[field])
    assert "needs `between`, `at_least` or `at_most`: which numbers are right" in told["invariants.nothing"]


def test_the_nearest_environment_is_named() -> None:
    with pytest.raises(InvalidConfig, match="did you mean prod"):
        Project.parse(PROJECT + "probes: {a: {http: /, environments: [prd]}}\n")


def test_there_is_an_end_to_them() -> None:
    many = "".join(f"  p{number}: /\n" for number in range(51))
    with pytest.raises(InvalidConfig, match="at most 50"):
        Project.parse(PROJECT + "probes:\n" + many)
