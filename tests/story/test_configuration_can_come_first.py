"""Values and secrets can be set as soon as there is an application: the first release has them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shipway.errors import NotFound
from shipway.state import configurations
from shipway.story import order
from support.pushing import Pushing, a_pushing, project
from support.workshop import NAME


@pytest.fixture
def pushing(tmp_path: Path) -> Iterator[Pushing]:
    with a_pushing(tmp_path) as made:
        yield made


@pytest.mark.parametrize("environment", ["prod", "staging"])
def test_before_the_first_push_every_legal_name_will_do(pushing: Pushing, environment: str) -> None:
    done = pushing.story.configure(NAME, environment, "ada", values={"A": "1"})
    assert (done.configuration.version, done.named, done.run) == (1, False, None)


@pytest.mark.parametrize("environment", ["", "Prod", "a--b", "../x", "a" * 21, "a b", "x.y"])
def test_before_the_first_push_a_name_that_cannot_be_is_refused(pushing: Pushing, environment: str) -> None:
    with pytest.raises(order.InvalidEnvironment, match="not a good name"):
        pushing.story.configure(NAME, environment, "ada", values={"A": "1"})


def test_what_was_configured_is_listed_before_the_first_push(pushing: Pushing) -> None:
    pushing.story.configure(NAME, "staging", "ada", values={"A": "1"})
    with pushing.database.read() as conn:
        listed = order.environments(conn, pushing.cast.machine.places, NAME)
    assert listed == ["dev", "test", "prod", "staging"]


@pytest.mark.parametrize("state", ["queued", "failed", "cancelled"])
def test_after_the_first_push_it_is_what_that_names_however_it_fared(pushing: Pushing, state: str) -> None:
    run = pushing.push(project("staging", "prod"))
    if state != "queued":
        pushing.end(run, state)
    assert pushing.story.configure(NAME, "staging", "ada", values={"A": "1"}).named
    with pytest.raises(NotFound) as refused:
        pushing.story.configure(NAME, "stagin", "ada", values={"A": "1"})
    assert refused.value.hint == "There are: staging, prod."
    with pushing.database.read() as conn:
        assert configurations.environments(conn, NAME) == ["staging"]


def test_a_first_push_that_cannot_be_read_names_nothing_yet(pushing: Pushing) -> None:
    pushing.push("name: [")
    assert not pushing.story.configure(NAME, "staging", "ada", values={"A": "1"}).named


def test_an_environment_that_still_serves_can_be_configured(pushing: Pushing) -> None:
    run = pushing.push(project("old"))
    pushing.green(run)
    pushing.serve(run, "old")
    pushing.push(project("new"))
    done = pushing.story.configure(NAME, "old", "ada", values={"A": "1"})
    assert done.run is not None


def test_an_application_that_is_not_there_has_no_configuration(pushing: Pushing) -> None:
    with pytest.raises(NotFound, match="no application"):
        pushing.story.configure("nobody", "prod", "ada", values={"A": "1"})
