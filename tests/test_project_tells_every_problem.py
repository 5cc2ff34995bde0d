from __future__ import annotations

import pytest

from shipway.config.problems import InvalidConfig
from shipway.errors import UserError
from shipway.project import Project

EVERYTHING_WRONG = """\
name: Top--up
build: {kind: pyton, python: 2.7, requirments: [requirements.txt]}
steps:
  in stall: {run: "", network: yes}
  test: {run: pytest -q, needs: [tets, b], timeout: 1:30}
  b: {needs: [test], env: {A: NO, 1x: 2, PORT: 3}, retry: 11}
  build: make
proceses:
  web: x
data: [/a, ../b, x, x/y]
health: {path: health}
environments: [dev, {name: prod, branch: -x}, dev]
release: {run: x, timeout: 0s}
traffic: {strategy: bluegreen}
"""

TOLD = [
    (1, 1, "", "needs `processes`", None),
    (1, 7, "name", "is not a good name", None),
    (2, 15, "build.kind", "should be 'python', 'static' or 'command'", "python"),
    (2, 30, "build.python", "is not a version of Python 3", None),
    (2, 35, "build.requirments", "is not a known key", "requirements"),
    (4, 3, "steps.in stall", "is not a good name", None),
    (4, 19, "steps.in stall.run", "is empty", None),
    (4, 32, "steps.in stall.network", "should be true or false", None),
    (5, 33, "steps.test.needs", "never starts: test needs b needs test", None),
    (5, 34, "steps.test.needs[0]", "names no step of this file: tets", "test"),
    (5, 53, "steps.test.timeout", "is not a length of time", None),
    (6, 6, "steps.b", "needs `run`", None),
    (6, 35, "steps.b.env.1x", "is not a name of an environment variable", None),
    (6, 42, "steps.b.env.PORT", "is set by Shipway itself", None),
    (6, 59, "steps.b.retry", "should be at most 10", None),
    (7, 3, "steps.build", "is the step in which Shipway builds the artifact", None),
    (8, 1, "proceses", "is not a known key", "processes"),
    (10, 8, "data[0]", "is an absolute path", None),
    (10, 12, "data[1]", "leaves the repository", None),
    (10, 21, "data[3]", "is already kept: it is in data[2]", None),
    (11, 16, "health.path", "should be the path of a URL", None),
    (12, 42, "environments[1].branch", "is not a name git allows for a branch", None),
    (12, 47, "environments[2]", "is a second environment named dev", None),
    (13, 28, "release.timeout", "should be more than 0", None),
    (14, 21, "traffic.strategy", "should be 'blue_green'", "blue_green"),
]


def _refused(text: str) -> InvalidConfig:
    with pytest.raises(InvalidConfig) as caught:
        Project.parse(text)
    return caught.value


def test_all_problems_are_told_at_once_in_their_order_with_place_and_nearest_key() -> None:
    problems = _refused(EVERYTHING_WRONG).problems
    told = [(each.line, each.column, each.field, each.nearest) for each in problems]
    assert told == [(line, column, field, near) for line, column, field, _, near in TOLD]
    for problem, (*_, says, _) in zip(problems, TOLD, strict=True):
        assert says in problem.message


WRITTEN_TWICE = """\
name: topup
build: {kidn: python}
steps:
  test: {run: pytest -q, run: ""}
processes:
  worker: {run: work}
health: {pth: /}
name: top--up
environments: [{name: dev, deply: true, name: x}]
processes:
  web: {rnu: x}
  worker: {ron: x}
environments: [{name: dev, name: y, deply: true}]
name: topup
"""


def test_a_key_written_twice_hides_no_other_problem() -> None:
    assert [str(each).removeprefix("shipway.yml:") for each in _refused(WRITTEN_TWICE).problems] == [
        "2:9: build.kidn is not a known key; did you mean kind?",
        "4:26: steps.test.run is written twice; the first is in line 4",
        "7:10: health.pth is not a known key; did you mean path?",
        "8:1: name is written twice; the first is in line 1",
        "9:28: environments[0].deply is not a known key",
        "9:41: environments[0].name is written twice; the first is in line 9",
        "10:1: processes is written twice; the first is in line 5",
        "11:8: processes.web needs `run`",
        "11:9: processes.web.rnu is not a known key; did you mean run?",
        "13:1: environments is written twice; the first is in line 9",
        "13:28: environments[0].name is written twice; the first is in line 13",
        "14:1: name is written twice; the first is in line 1",
    ]


@pytest.mark.parametrize(
    "twice", ["environments: [test]\nenvironments: [prod]\n", "environments: [prod]\nenvironments: [test]\n"]
)
def test_what_may_be_true_of_the_other_value_of_a_key_written_twice_is_not_told(twice: str) -> None:
    """Nobody knows which of them was meant; what is wrong with both is told at once."""
    text = f"name: x\nprocesses: {{web: x}}\ntraffic: {{canary_in: [prod, nowhere]}}\n{twice}"
    assert [(each.line, each.field, each.message) for each in _refused(text).problems] == [
        (3, "traffic.canary_in[1]", "is not an environment of this application"),
        (5, "environments", "is written twice; the first is in line 4"),
    ]


def test_a_merge_key_and_a_tag_hide_no_other_problem() -> None:
    text = (
        "name: !x topup\nprocesses:\n  web: &web {run: x, plac: y}\n  w: {<<: *web, <<: [{run: x}, x]}\nhelth: 1\n"
    )
    assert [(each.line, each.field, each.message.split(";")[0]) for each in _refused(text).problems] == [
        (1, "name", "has a tag"),
        (3, "processes.web.plac", "is not a known key"),
        (4, "processes.w.plac", "is not a known key"),
        (4, "processes.w", "merge keys are not part of YAML 1.2"),
        (4, "processes.w", "merge keys are not part of YAML 1.2"),
        (5, "helth", "is not a known key"),
    ]


def test_what_is_written_twice_changes_nothing_that_an_alias_stands_for() -> None:
    text = "name: x\nprocesses:\n  web: &web {run: x}\n  w: *web\n  w: {plac: y}\n"
    assert [(each.line, each.field) for each in _refused(text).problems] == [
        (5, "processes.w"),
        (5, "processes.w.plac"),
    ]


def test_of_thousands_of_problems_the_first_fifty_are_told() -> None:
    refused = _refused("name: x\n" + "processes: {web: x}\n" * 5_000)
    assert len(refused.problems) == 50
    assert "more than 50 problems" in str(refused)
    steps = "".join(f"  s{each}: {{run: x, needs: [none]}}\n" for each in range(60))
    refused = _refused(f"name: x\nprocesses: {{web: x}}\nsteps:\n{steps}")
    assert len(refused.problems) == 50
    assert "more than 50 problems" in str(refused)


def test_a_problem_reads_like_a_compilers() -> None:
    refused = _refused("name: topup\nbuild: {kidn: python}\nprocesses: {web: x}\n")
    assert str(refused.problems[0]) == "shipway.yml:2:9: build.kidn is not a known key; did you mean kind?"
    assert str(refused) == "shipway.yml has a problem:\n  " + str(refused.problems[0])


def test_the_person_who_wrote_it_is_told_and_a_program_too() -> None:
    refused = _refused("name: x\n")
    assert isinstance(refused, UserError)
    shown = refused.as_dict()
    assert shown["id"] == "config.invalid"
    assert shown["actor"] == "you"
    assert shown["problems"][0]["line"] == 1


@pytest.mark.parametrize("text", ["", "~", "[]", "x", "[name]", "- a: b", "{}", "name:\nprocesses:\n"])
def test_a_file_that_is_no_project_is_refused(text: str) -> None:
    assert _refused(text).problems


@pytest.mark.parametrize(
    "text",
    [
        "name: {a: b}\nsteps: [a]\nprocesses: x\ndata: x\nenvironments: x\nbuild: [x]",
        "name: [a]\nsteps: {a: [b]}\nprocesses: {web: [x]}\nhealth: [x]\nrelease: [x]\ntraffic: [x]",
        "name: a\nsteps: {a: {needs: [[b]]}, b: {needs: {c: d}}}\ndata: [[a]]\nenvironments: [[a], {name: [b]}]",
        "name: a\nprocesses: {web: {run: [x], instances: x, overlap: 1, grace: []}}",
        "name: a\nprocesses: {web: x}\nsteps: {a: {env: [x]}, b: {env: {c: [d]}}, c: ~}\ndata: [~]",
        "name: a\nprocesses: {worker: x}\nenvironments: []",
    ],
)
def test_values_of_another_shape_are_problems_like_any_other(text: str) -> None:
    for problem in _refused(text).problems:
        assert problem.line >= 1
        assert "validat" not in problem.message


def test_a_value_of_the_environment_is_never_repeated_in_a_problem() -> None:
    refused = _refused("name: a\nprocesses: {web: x}\nsteps: {a: {run: x, env: {TOKEN: [hunter22]}}}\n")
    assert "hunter22" not in str(refused)
    assert "hunter22" not in str(refused.as_dict())


def test_a_nul_in_a_command_or_a_value_is_refused() -> None:
    text = 'name: a\nprocesses: {web: "x\\0y"}\nsteps: {a: {run: x, env: {A: "b\\0"}}}'
    text += '\nbuild: {packages: ["a\\0"], extras: ["b\\0"], exclude: ["c\\0"], requirements: ["d\\0"]}'
    assert [each.field for each in _refused(text).problems] == [
        "processes.web.run",
        "steps.a.env.A",
        "build.packages[0]",
        "build.extras[0]",
        "build.exclude[0]",
        "build.requirements[0]",
    ]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"nome{n}: x" for n in range(9000)),
        "name: a\nsteps:\n" + "\n".join(f"  step{n}: {{run: x, needs: [stap{n}]}}" for n in range(2000)),
        "name: a\nsteps:\n" + "\n".join(f"  s{n}: {{run: x, needs: [s{(n + 1) % 2000}]}}" for n in range(2000)),
        "name: a\nenvironments: [" + "dev, " * 9000 + "dev]",
        'name: a\ndata: ["' + "a/" * 100_000 + '"]',
        "name: a\ndata: [" + ", ".join(f"a{n}/b/c/d/e/f" for n in range(9000)) + ", /]",
        "name: " + "a-" * 120_000,
        "name: a\nenvironments: [{name: dev, branch: " + "a/" * 120_000 + "}]",
        "name: a\nhealth: {timeout: " + "1" * 250_000 + "}",
        "name: a\nbuild: {python: " + "3." * 120_000 + "}",
        "name: a\nhealth: /" + "a" * 250_000,
    ],
    ids=lambda text: text[:30],
)
def test_a_hostile_project_is_refused_in_few_words(text: str) -> None:
    refused = _refused(text)
    assert 1 <= len(refused.problems) <= 50
    assert len(str(refused)) < 20_000


MORE_RIGHTS = (
    *("privileged", "user", "group", "uid", "sudo", "capabilities", "cap_add", "security_opt", "sandbox", "tier"),
    *("isolation", "runner", "runs-on", "tags", "image", "container", "entrypoint", "shell", "options", "host"),
    *("volumes", "mounts", "binds", "devices", "tmpfs", "network_mode", "pid", "ipc", "userns", "services"),
    *("secrets", "permissions", "cache", "artifacts", "working_directory", "extends", "include", "uses"),
)
"""By these, other systems give what is run more rights, or code of somebody else (BARS S24)."""

EVERYWHERE = """\
{0}: true
name: a
build: {{kind: python, {0}: true}}
steps: {{a: {{run: x, {0}: true}}}}
processes: {{web: {{run: x, {0}: true}}}}
release: {{run: x, {0}: true}}
environments: [{{name: dev, {0}: true}}]
"""


@pytest.mark.parametrize("right", MORE_RIGHTS)
def test_nothing_in_the_file_gives_what_it_runs_more_rights(right: str) -> None:
    problems = _refused(EVERYWHERE.format(right)).problems
    places = ("", "build.", "steps.a.", "processes.web.", "release.", "environments[0].")
    assert [each.field for each in problems] == [f"{place}{right}" for place in places]
    assert {"is not a known key" in each.message for each in problems} == {True}


@pytest.mark.parametrize("network", ["host", "bridge", "none", "container:shipway", "{mode: host}"])
def test_a_network_is_there_or_not(network: str) -> None:
    refused = _refused(f"name: a\nprocesses: {{web: x}}\nsteps: {{a: {{run: x, network: {network}}}}}\n")
    assert [(each.field, "true or false" in each.message) for each in refused.problems] == [
        ("steps.a.network", True)
    ]
