"""What there is, and where: applications, find."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli import show
from shipway.cli.options import AsJson, Verb
from shipway.cli.server import Server


def applications(
    mine: Annotated[bool, typer.Option("--mine", help="Those that you pushed to or wrote lately.")] = False,
    needs: Annotated[bool, typer.Option("--needs", help="Those that stand still until somebody acts.")] = False,
    team: Annotated[str | None, typer.Option("--team", help="Those of a team, as shipway.yml names it.")] = None,
    branch: Annotated[
        str | None, typer.Option("--branch", help="The newest push of a branch; by default the default one.")
    ] = None,
    person: Annotated[
        str | None, typer.Option("--person", help="Those that somebody pushed to or wrote lately.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Every application with its newest commit and why it stands where it stands, what needs a person first."""
    who = "mine" if mine else "needs" if needs else None
    asked = {"who": who, "team": team, "branch": branch, "person": person}
    query = {name: value for name, value in asked.items() if value is not None}
    found = Server.find().get("/overview", **query)["applications"]
    if as_json:
        show.as_json(found)
        return
    rows = [
        (each["name"], each["says"], (each["commit"] or "")[:7], each["team"] or "", each["why"]) for each in found
    ]
    empty = "No application is like that." if query else "There is no application yet: `shipway init` makes one."
    show.table(("application", "", "commit", "team", ""), rows, empty=empty, one_line=True)


def find(
    words: Annotated[
        list[str], typer.Argument(help="Parts of a name, a hash, a commit's words, a run's number, an act.")
    ],
    as_json: AsJson = False,
) -> int:
    """Find anything by a few letters, with the address of its page: 0 something was found, 1 nothing."""
    server = Server.find()
    found = server.get("/search", q=" ".join(words))["results"]
    if as_json:
        show.as_json(found)
    else:
        rows = [(each["kind"], each["title"], each["address"], each["about"]) for each in found]
        show.table(("", "", "page", ""), rows, empty="Nothing is called that.", one_line=True, typed=("page",))
    return 0 if found else 1


VERBS: dict[str, Verb] = {"applications": applications, "find": find}
