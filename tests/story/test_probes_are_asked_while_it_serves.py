"""What shipway.yml asks is asked of what serves: seen on the command line, in the API, on record, after a kill."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support.answering import Answering, answering, server_context
from support.installation import Installation, Repository, eventually
from support.shop import PROJECT, shop

PROBES = """\
probes:
  front: {{http: /, text: "1", every: 1 s}}
  shelves: {{command: test ! -e "$DATA_DIR/empty", every: 1 s}}
  names: {{certificate: "localhost:{port}", every: 1 s}}
  elsewhere: {{http: "https://localhost:{port}/", every: 1 s, environments: [dev]}}
  unseen: {{tcp: "10.255.255.1:9", every: 1 s}}
invariants:
  eggs: {{command: cat "$DATA_DIR/eggs", at_least: 6, every: 1 s}}
"""


@pytest.fixture(scope="module")
def soon_over(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answering]:
    """A server whose certificate ends in three days."""
    with answering(server_context(tmp_path_factory.mktemp("tls"), timedelta(days=3, hours=1))) as made:
        yield made


@pytest.fixture(scope="module")
def project(soon_over: Answering) -> str:
    return PROJECT.replace("[dev, test, prod]", "[prod, dev]") + PROBES.format(port=soon_over.port)


@pytest.fixture(scope="module")
def repository(installation: Installation, project: str) -> Repository:
    (installation.places.data / "reachable").write_text("127.0.0.0/8\n")
    made = installation.repository("shop")
    made.write(shop("1", project=project))
    made.commit("Open the shop")
    made.init()
    made.deliver("Open the shop for real")
    eventually(lambda: said(made, "front", "passed"), "it was asked")
    return made


def probes(repository: Repository) -> dict[tuple[str, str | None], dict[str, Any]]:
    return {(each["name"], each["release"]): each for each in repository.json("probes")}


def said(repository: Repository, name: str, state: str) -> list[dict[str, Any]]:
    return [each for each in probes(repository).values() if each["name"] == name and each["state"] == state]


def data(installation: Installation) -> Path:
    return installation.places.environment("shop", "prod") / "data"


def lay_eggs(installation: Installation, number: int) -> None:
    """All at once: nobody counts half of them."""
    draft = data(installation) / "eggs.draft"
    draft.write_text(f"{number}\n")
    draft.rename(draft.with_name("eggs"))


def told(installation: Installation, probe: str) -> list[str]:
    found = installation.query(
        "select kind from facts where kind like 'probe.%' and environment = 'prod' "
        "and json_extract(data, '$.probe') = ? order by id",
        probe,
    )
    return [kind for (kind,) in found]


def messages(repository: Repository, name: str) -> list[str]:
    """What was said of a probe of prod, oldest first."""
    said = [each["subject"] for each in reversed(repository.json("messages"))]
    return [each.removeprefix("[shop] ") for each in said if f"] prod: {name} " in each]


def doctor(installation: Installation) -> list[str]:
    return [each["found"] for each in installation.json("doctor") if each["what"] == "probes"]


def test_what_is_asked_of_whom(installation: Installation, repository: Repository) -> None:
    eventually(lambda: said(repository, "names", "failed"), "the certificate was looked at")
    found = probes(repository)
    assert set(found) == {("eggs", None), ("front", "r1"), ("shelves", "r1"), ("names", None), ("unseen", None)}
    assert found["names", None]["says"].startswith("good for 3 days more")
    assert found["unseen", None]["state"] == "not known"
    assert "is not a public address" in found["unseen", None]["says"]
    assert repository.shipway("probes").code == 1
    assert "good for 3 days more" in repository.shipway("probes").out
    eventually(lambda: messages(repository, "names") == ["prod: names fails"], "whoever owns it is told")
    ((told,),) = [[each] for each in repository.json("messages") if each["subject"] == "[shop] prod: names fails"]
    assert (told["person"], told["commit"]) == ("owner", None)
    assert "expected:  one that is good for 14 days more" in told["text"]
    assert "came:      good for 3 days more" in told["text"]
    (found,) = (each for each in doctor(installation) if each.startswith("shop.prod: names fails for"))
    assert "good for 3 days more" in found


def test_a_command_sees_the_data_of_its_environment(installation: Installation, repository: Repository) -> None:
    eventually(lambda: said(repository, "shelves", "passed"), "there is something on the shelves")
    (data(installation) / "empty").touch()
    eventually(lambda: told(installation, "shelves") == ["probe.failed"], "it is told that there is nothing")
    (data(installation) / "empty").unlink()
    eventually(lambda: told(installation, "shelves") == ["probe.failed", "probe.recovered"], "and that there is")


def test_a_number_is_told_with_what_was_wanted(installation: Installation, repository: Repository) -> None:
    eventually(lambda: told(installation, "eggs") == ["probe.unknown"], "there is no number yet")
    lay_eggs(installation, 5)
    eventually(lambda: told(installation, "eggs")[-1] == "probe.failed", "five are too few")
    ((number, wanted, invariant),) = installation.query(
        "select json_extract(data, '$.number'), json_extract(data, '$.wanted'), json_extract(data, '$.invariant') "
        "from facts where kind = 'probe.failed' and environment = 'prod' "
        "and json_extract(data, '$.probe') = 'eggs'"
    )
    assert (number, wanted, invariant) == (5.0, "at least 6", 1)
    lay_eggs(installation, 12)
    eventually(lambda: told(installation, "eggs")[-1] == "probe.recovered", "a dozen is enough")
    both = ["prod: eggs fails", "prod: eggs passes again"]
    eventually(lambda: messages(repository, "eggs")[-2:] == both, "whoever owns it hears of both")
    assert not [each for each in doctor(installation) if "eggs" in each]


def test_nothing_is_told_twice_by_the_next_server(installation: Installation, repository: Repository) -> None:
    before = installation.facts("probe.%")
    asked = probes(repository)["front", "r1"]["at"]
    installation.kill_server()
    installation.up()
    eventually(lambda: probes(repository)["front", "r1"]["at"] > asked + 2, "it was asked again")
    assert said(repository, "names", "failed")
    assert installation.facts("probe.%") == before
    eventually(lambda: len(list((installation.places.data / "probing").iterdir())) <= 4, "nothing is left lying")


def test_both_releases_are_asked_while_both_run(
    installation: Installation, repository: Repository, project: str
) -> None:
    repository.deliver("Sell bread", shop("2", project=project.replace('"1"', '"2"')))
    eventually(lambda: {("front", "r1"), ("front", "r2")} <= set(probes(repository)), "both are asked")
    eventually(lambda: len(said(repository, "front", "passed")) == 2, "each says what it should")
    assert [each["release"] for each in said(repository, "eggs", "passed")] == [None]
