"""What shipway.yml says of a canary names environments that are there, and shares that can be judged in time."""

from __future__ import annotations

import pytest

from shipway.config.problems import InvalidConfig
from shipway.project import Project
from shipway.story.trial import too_short
from shipway.traffic.plan import Judged

FILE = "name: shop\nprocesses: {web: ./serve}\n"


def problems(written: str) -> dict[str, str]:
    with pytest.raises(InvalidConfig) as refused:
        Project.parse(FILE + written)
    return {each.field: f"{each.message} {each.nearest or ''}".strip() for each in refused.value.problems}


def test_a_canary_is_in_environments_that_are_there() -> None:
    found = problems("traffic: {strategy: canary, canary_in: [prd, test, production]}\nprobes: {a: {http: x}}\n")
    assert found.pop("traffic.canary_in[0]") == "is not an environment of this application prod"
    assert list(found) == ["traffic.canary_in[2]", "probes.a.http"], "all problems at once"
    kept = Project.parse(FILE + "environments: [live]\ntraffic: {strategy: canary, canary_in: [live]}\n")
    assert kept.traffic.canary_in == ("live",)


@pytest.mark.parametrize(
    ("written", "field", "numbers"),
    [
        ("deadline: 5s, hold: 10m", "deadline", ("held for 10m", "after 5s")),
        ("deadline: 60, hold: 60s", "deadline", ("held for 1m", "after 1m")),
        ("hold: 1h", "hold", ("held for 1h", "after 10m")),
        ("deadline: 60.2s, hold: 60s", "deadline", ("held for 1m", "after 60.2s", "has to be 66s or longer")),
        ("deadline: 1.9s, hold: 1s", "deadline", ("held for 1s", "has to be 2s or longer")),
        ("deadline: 30s", "deadline", ("held for 1m", "after 30s")),
    ],
)
def test_a_deadline_is_longer_than_a_share_is_held_by_what_may_go_unheard(
    written: str, field: str, numbers: tuple[str, ...]
) -> None:
    found = problems(f"traffic: {{strategy: canary, canary_in: [live], {written}}}\n")
    assert all(number in found[f"traffic.{field}"] for number in numbers)
    assert "traffic.canary_in[0]" in found


@pytest.mark.parametrize(
    "written", ["{strategy: canary, hold: 500 ms, deadline: 1500 ms}", "{deadline: 5s, hold: 10m}", "canary"]
)
def test_what_can_come_out_is_taken(written: str) -> None:
    """The deadline is of each share: two steps of 40 s have 50 s each."""
    Project.parse(FILE + f"traffic: {written}\n")
    Project.parse(FILE + "traffic: {strategy: canary, steps: [10, 50], hold: 40s, deadline: 50s}\n")


def test_a_length_that_is_none_is_told_once() -> None:
    assert list(problems("traffic: {strategy: canary, hold: soon, deadline: 1s}\n")) == ["traffic.hold"]


def test_a_release_that_was_heard_for_too_short_says_what_to_change() -> None:
    said = too_short(4.6, Judged(hold=600.0, deadline=5.0))
    assert "5 of the 600 s of `hold` in 5 s" in said
    assert "`deadline`" in said
    assert "proxy/" not in said
