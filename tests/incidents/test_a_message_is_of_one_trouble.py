"""What is said of trouble with the machine is said of one such trouble, and of one run."""

from __future__ import annotations

from incidents.team import Team
from shipway.state.messages import Message
from shipway.state.runs import Run

INDEX = "artifacts.index_unreachable"


def cannot_fetch(team: Team, where: str) -> Run:
    run = team.push(team.commit("ada"))
    said = f"Packages could not be fetched from {where}: Connection refused."
    team.step(run, "build", excerpt=said, error=INDEX, actor="owner", about=where)
    return run


def of_the_owner(team: Team) -> list[Message]:
    return [one for one in team.tell() if one.person == "owner"]


def test_two_indexes_that_do_not_answer_are_two_troubles(team: Team) -> None:
    for where in ("https://a.example", "https://b.example", "https://a.example"):
        cannot_fetch(team, where)
        told = of_the_owner(team)
    assert sorted(message.subject.partition("from ")[2].partition(": ")[0] for message in told) == [
        "https://a.example",
        "https://b.example",
    ]


def test_what_says_the_newest_is_of_its_run_and_commit(team: Team) -> None:
    cannot_fetch(team, "https://a.example")
    (first,) = of_the_owner(team)
    run = cannot_fetch(team, "https://a.example")
    (message,) = of_the_owner(team)
    assert message.id == first.id
    assert (message.run, message.commit, message.application) == (run.id, run.commit, run.application)
