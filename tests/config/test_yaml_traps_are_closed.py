"""Hostile and treacherous YAML (BARS S10). The time limits end what hangs; nothing here measures time."""

from __future__ import annotations

import pytest

from config.hostile import REFUSED, TAKEN_AS_WRITTEN
from shipway.config import yaml
from shipway.config.problems import InvalidConfig


def _refused(text: str | bytes) -> InvalidConfig:
    with pytest.raises(InvalidConfig) as caught:
        yaml.load(text, "shipway.yml")
    return caught.value


@pytest.mark.timeout(10)
@pytest.mark.parametrize("what", REFUSED)
def test_a_hostile_text_is_refused_with_a_place_in_it(what: str) -> None:
    text = REFUSED[what]
    problems = _refused(text).problems
    assert problems
    for problem in problems:
        assert 1 <= problem.line <= text.count(b"\n" if isinstance(text, bytes) else "\n") + 2
        assert problem.column >= 1
        assert len(problem.message) < 300


@pytest.mark.parametrize("written", TAKEN_AS_WRITTEN)
def test_a_value_is_the_text_that_was_written(written: str) -> None:
    value, _ = yaml.load(f"a: {written}", "shipway.yml")
    assert value == {"a": TAKEN_AS_WRITTEN[written]}


def test_a_key_is_the_text_that_was_written() -> None:
    value, _ = yaml.load("NO: a\n1: b\n1.0: c\ntrue: d\n'1x': e", "shipway.yml")
    assert list(value) == ["NO", "1", "1.0", "true", "1x"]


def test_every_duplicate_is_told_with_the_line_of_the_first() -> None:
    problems = _refused("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n").problems
    assert [(each.line, each.column, each.field) for each in problems] == [(4, 3, "b.c"), (5, 1, "a")]
    assert "line 3" in problems[0].message
    assert "line 1" in problems[1].message


def test_an_alias_within_the_limits_is_the_value_it_stands_for() -> None:
    value, positions = yaml.load("a: &x {b: [1]}\nc: *x\nd: *x", "shipway.yml")
    assert value == {"a": {"b": ["1"]}, "c": {"b": ["1"]}, "d": {"b": ["1"]}}
    assert positions.of(("c", "b", 0)) == (2, 4)


def test_values_up_to_the_limits_are_taken() -> None:
    value, _ = yaml.load("a: [" + "x," * 19_990 + "x]", "shipway.yml")
    assert len(value["a"]) == 19_991
    value, _ = yaml.load("[" * 49 + "x" + "]" * 49, "shipway.yml")
    for _ in range(49):
        (value,) = value
    assert value == "x"


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "\ufeff", "~"])
def test_a_text_that_says_nothing_is_nothing(text: str) -> None:
    value, _ = yaml.load(text, "shipway.yml")
    assert value is None


def test_bytes_with_a_mark_of_their_order_are_read() -> None:
    value, _ = yaml.load("\ufeffname: Müller".encode(), "shipway.yml")
    assert value == {"name": "Müller"}


def test_places_count_from_one() -> None:
    _, positions = yaml.load("a:\n  - b: c\n    d: [e,\n      f]\n", "shipway.yml")
    assert positions.of(("a",)) == (2, 3)
    assert positions.of(("a",), at_key=True) == (1, 1)
    assert positions.of(("a", 0, "d", 1)) == (4, 7)
    assert positions.of(("a", 0, "d", 1, "not there")) == (4, 7)
    assert positions.of(("nor there",)) == (1, 1)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("steps:\n\ttest: x", (2, 1), "tab"),
        ("run: echo: hello", (1, 10), "quotes"),
        ("a: b\n  \x07c", (2, 3), "U+0007"),
        ("a: {b: c\n", (2, 1), "not YAML"),
    ],
)
def test_a_slip_of_the_pen_is_told_in_plain_words(text: str, place: tuple[int, int], says: str) -> None:
    (problem,) = _refused(text).problems
    assert says in problem.message
    assert (problem.line, problem.column) == place
