"""`init` makes no second application by the way, and no name is changed without a word."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.terminal import Said
from web.server import Site

Shipway = Callable[..., Said]


@pytest.fixture(autouse=True)
def page(here: Path) -> None:
    (here / "index.html").write_text("hello")


def names(site: Site) -> list[str]:
    return [each["name"] for each in site.get("/api/v1/applications").json["applications"]]


def test_another_name_than_that_of_shipway_yml_is_refused(site: Site, shipway: Shipway) -> None:
    assert shipway("init", "my-site").code == 0
    said = shipway("init", "site")
    assert said.code == 2
    assert "`name: my-site`" in said.told
    assert names(site) == ["my-site"]
    assert shipway("init", "my-site").code == 0
    assert shipway("init").code == 0


def test_a_name_that_cannot_be_is_said_to_be_another(site: Site, shipway: Shipway) -> None:
    said = shipway("init", "My_Site")
    assert said.code == 0
    assert "It is called my-site: a name becomes part of an address, and 'My_Site' cannot." in said.told
    assert "It is called" not in shipway("init", "my-site").out


def test_an_application_that_was_there_is_said_to_be(site: Site, shipway: Shipway) -> None:
    site.scene.application("notes")
    said = shipway("init", "notes", "--no-write")
    assert (said.code, "notes was there already" in said.out) == (0, True)
    assert "was there already" not in shipway("init", "notes", "--no-write").out
    assert "It is called notes: " in shipway("init", "Notes", "--no-write").out


def test_the_name_of_another_repository_is_said_to_be_taken(here: Path, site: Site, shipway: Shipway) -> None:
    """Before git refuses what is pushed, for nothing in it is in what is there."""
    site.scene.application("notes")
    first = site.scene.commit("notes", "Say hello")
    site.scene.commit("notes", "Say goodbye")
    said = shipway("init", "notes", "--no-write").out
    assert "notes was there already, and nothing in its history is in this one: git will refuse a push." in said
    assert said.splitlines()[-1].endswith("give it a name of its own: `shipway init NAME`.")
    assert "Next:" not in said
    assert shipway("init", "notes", "--json").json["foreign"]
    assert "another `name:` in shipway.yml, then `shipway init`." in shipway("init").out
    there = site.scene.places.repository("notes")
    for words in (["fetch", "-q", str(there), "main"], ["reset", "-q", "--hard", first]):
        subprocess.run(["git", *words], check=True)
    mine = ["-c", "user.name=a", "-c", "user.email=b", "commit", "-q", "--allow-empty", "-m", "Mine"]
    subprocess.run(["git", *mine], check=True)
    (here / "shipway.yml").unlink()  # of another name
    assert not shipway("init", "notes", "--no-write", "--json").json["foreign"], (
        "it is behind, and was forked from that"
    )


def test_what_comes_next_has_the_file_in_it(here: Path, site: Site, shipway: Shipway) -> None:
    assert 'Next: git add --all && git commit -m "Say how it runs" && git push shipway main' in shipway("init").out
    for words in (["add", "index.html"], ["-c", "user.name=a", "-c", "user.email=b", "commit", "-qm", "One"]):
        subprocess.run(["git", *words], check=True)
    assert "Next: git add shipway.yml && git commit" in shipway("init").out
    for words in (["add", "--all"], ["-c", "user.name=a", "-c", "user.email=b", "commit", "-qm", "Two"]):
        subprocess.run(["git", *words], check=True)
    assert "Next: git push shipway main" in shipway("init").out


def test_a_new_application_is_not_said_to_have_been_there(shipway: Shipway) -> None:
    assert "was there already" not in shipway("init", "notes", "--no-write").out


def test_what_push_promises_is_what_its_exit_code_says(shipway: Shipway) -> None:
    assert "0 the run passed, and serves wherever its branch is delivered" in shipway(
        "push", "--help"
    ).told.replace("│", "")
