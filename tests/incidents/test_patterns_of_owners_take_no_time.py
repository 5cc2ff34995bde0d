"""CODEOWNERS is written by whoever pushes: its patterns mean what the library means, and none keeps us busy."""

from __future__ import annotations

import itertools
import random

import pytest
from codeowners import CodeOwners

from incidents.team import Team
from shipway.incidents import code_owners, patterns

PATTERNS = r"""
* *.js *.* /* /** ** **/ / a a/ /a /a/ a/b /a/b/ a/* a/** a/**/ a/**/b **/b **/b/ **/a/b/** */b a/*/c a/*/* **/*
*a* a*b a*b*c *a*b* a** **a a**b a?c ?? [ab] a[bc]* a\*b a\b /a/**/c/**/b **/a/**/c **/**/b a/**/**/b a//b /a*/b*/c
**/a*/**/b* .a a.b a/b/c /a/b/c/ *** a/*** b/*/ **/c/* /*/c a/**/b/* ]a a] a/b]
"""
LETTERS = "aabbc.*]"


def paths() -> list[str]:
    """All short ones, and others that are longer."""
    names = ["a", "b", "c", "ab", "abc", "a.b", ".a", "aab", "a*b", "a]", "x.js"]
    short = ["/".join(parts) for depth in (1, 2, 3, 4) for parts in itertools.product(names[:6], repeat=depth)]
    made = random.Random(1)
    longer = [
        "/".join("".join(made.choices(LETTERS, k=made.randint(1, 4))) for _ in range(made.randint(1, 7)))
        for _ in range(1500)
    ]
    return [*names, *short, *longer]


@pytest.mark.parametrize("pattern", PATTERNS.split())
def test_a_pattern_means_what_the_library_means(pattern: str) -> None:
    ours, theirs = patterns.compiled(pattern), CodeOwners(f"{pattern} @x")
    differ = [path for path in paths() if bool(ours.match(path)) != bool(theirs.of(path))]
    assert differ == []


def test_any_pattern_means_what_the_library_means() -> None:
    made, every = random.Random(2), paths()[::7]
    for _ in range(400):
        parts = made.choices(["a", "b", "*", "**", "a*", "*b", "?", "a*c", "*a*b"], k=made.randint(1, 5))
        pattern = made.choice(["", "/"]) + "/".join(parts) + made.choice(["", "", "/"])
        ours, theirs = patterns.compiled(pattern), CodeOwners(f"{pattern} @x")
        differ = [path for path in every if bool(ours.match(path)) != bool(theirs.of(path))]
        assert (pattern, differ) == (pattern, [])


def test_letters_in_brackets_are_one_of_them_as_in_a_gitignore() -> None:
    """The library knows neither ranges nor negation."""
    assert [path for path in "abcd/" if patterns.compiled("[a-c]").match(path)] == ["a", "b", "c"]
    assert [path for path in "abcd/" if patterns.compiled("[!a-c]").match(path)] == ["d"]


def test_a_space_in_a_path_is_written_with_a_backslash() -> None:
    assert patterns.compiled("a\\ b/*.py").match("a b/c.py")


@pytest.mark.parametrize(
    "pattern", ["*a*a*a*b", "*a" * 140 + "*b", "**/a*" * 50 + "/b", "/" + "**/a/" * 50 + "b", "*a*/" * 60 + "b"]
)
@pytest.mark.parametrize("path", ["a" * 300, "a/" * 150, "aa/" * 99 + "a"])
def test_no_number_of_wildcards_tries_the_places_in_every_combination(pattern: str, path: str) -> None:
    """With an exponent this would not end within the life of the machine."""
    assert not patterns.compiled(pattern).match(path)


def test_of_more_lines_and_files_than_can_be_looked_at_nobody_is_the_owner(team: Team) -> None:
    line = "/" + "a" * 99 + " @x\n"
    few, many = (f"* @everyone\n{line * count}" for count in (10, 2000))
    files = ["b" * 200] * 2, ["b" * 299] * 300
    said = {}
    for text, looked_at in itertools.product((few, many), files):
        team.commit("ada", {"CODEOWNERS": text})
        git = team.teller._git("shop")
        assert git is not None
        said[len(text) > 9999, len(looked_at)] = code_owners.owners(git, team.head, looked_at)
    assert said == {
        (False, 2): ["@everyone"],
        (False, 300): ["@everyone"],
        (True, 2): ["@everyone"],
        (True, 300): [],
    }
