"""Names become directories, DNS labels and parts of identifiers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shipway.config import names, paths

HOSTILE = [
    "",
    " ",
    "..",
    ".",
    "a/b",
    "a\n",
    "\na",
    "a\0",
    "-a",
    "a b",
    "$(x)",
    "`x`",
    "a;b",
    "a.b",
    "ä",
    "a'",
    "@a",
]
HOSTILE += ["{x}", "%s", "a" * 300, "--output=x", "a\u2028"]


@pytest.mark.parametrize("rule", [names.application, names.environment, names.word, names.variable])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused(rule: Callable[[str], str], name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        rule(name)


@pytest.mark.parametrize("name", ["a--b", "A", "a-", "1a", "a_b", "a" * 41, "prod--dev", "shipway"])
def test_an_application_is_a_label_without_double_hyphens(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        names.application(name)


@pytest.mark.parametrize("name", ["topup", "a", "a1-b2-c3", "a" * 40])
def test_an_ordinary_name_is_taken(name: str) -> None:
    assert names.application(name) == name


def test_an_environment_has_at_most_twenty_letters() -> None:
    assert names.environment("a" * 20)
    with pytest.raises(ValueError, match="at most 20"):
        names.environment("a" * 21)


@pytest.mark.parametrize("name", ["PORT", "DATA_DIR", "PATH", "HOME", "SHIPWAY_RUN"])
def test_a_variable_that_shipway_sets_cannot_be_set(name: str) -> None:
    with pytest.raises(ValueError, match="Shipway itself"):
        names.variable(name)


@pytest.mark.parametrize(
    "path",
    ["/etc", "..", "a/../b", "a/../../b", "~", "~root/x", "", "a\0b", "a\\b", "a" * 2000, "/", "//a", "../a"],
)
def test_a_path_that_could_leave_the_tree_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"path|repository"):
        paths.relative(path)


@pytest.mark.parametrize("path", [".", "./", ".git", ".git/hooks", ".venv", "./.git/config"])
def test_the_tree_and_git_and_the_environment_are_not_data(path: str) -> None:
    with pytest.raises(ValueError, match=r"tree|artifact"):
        paths.data(path)


def test_a_path_loses_what_it_does_not_need_and_keeps_that_it_is_a_directory() -> None:
    assert paths.relative("./a//b/") == "a/b"
    assert paths.data("./v1.2/") == "v1.2/"
    assert paths.data("db.sqlite3") == "db.sqlite3"
