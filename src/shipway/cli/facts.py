"""What is on record: the facts of a commit, a run or an environment, and one of them whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from shipway.cli import here, pipelines, show
from shipway.cli.options import App, AsJson, Verb
from shipway.cli.server import Server
from shipway.web.words import plain

ABOUT = ("kind", "application", "environment", "commit", "run", "who")
MOST = 500
LONGEST = 60
"""Characters of a value in a line; a row of numbers has a thousand."""

CUT = "…"
ID = re.compile("[0-9a-z]{26}")
"""What Shipway calls a thing, for programs alone: it comes last in a line."""


def facts(
    fact: Annotated[int | None, typer.Argument(help="One of them, by its number.", min=1)] = None,
    commit: Annotated[
        str | None,
        typer.Option("--commit", help="Of a commit, branch or tag; without --run and --env HEAD's."),
    ] = None,
    run: Annotated[str | None, typer.Option("--run", help="Those of a run: its number, or its id.")] = None,
    env: Annotated[str | None, typer.Option("--env", "-e", help="Those of an environment.")] = None,
    after: Annotated[int, typer.Option("--after", help="Only those after the fact with this number.", min=0)] = 0,
    limit: Annotated[int, typer.Option("--limit", help="How many to list.", min=1, max=1000)] = MOST,
    app: App = None,
    as_json: AsJson = False,
) -> None:
    """What is on record, oldest first, or one fact whole: what every moment of a commit's page leads to."""
    server = Server.find()
    if fact is not None:
        one = server.get(f"/facts/{fact}")
        show.as_json(one) if as_json else show.table(("", ""), list(_whole(one)), empty="")
        return
    asked: dict[str, Any] = {"application": here.application(app), "environment": env}
    if commit is not None or (run is None and env is None):
        asked["commit"] = here.commit(commit)
    if run is not None:
        asked["run"] = server.get(f"/runs/{pipelines.named(run, app)}")["id"]
    given = {name: value for name, value in asked.items() if value is not None}
    found = server.get("/facts", after=after, limit=limit, **given)
    if as_json:
        show.as_json(found["facts"])
        return
    columns = ("fact", "", "kind", "environment", "who", "")
    rows = [_row(one) for one in found["facts"]]
    show.table(columns, rows, empty="Nothing like that is on record.", one_line=True)
    cut = next((row[0] for row in rows if CUT in row[-1]), None)
    if cut is not None:
        print(f"Long values are cut: `shipway facts {cut}` shows all of that one, `--json` all of all.")
    if len(found["facts"]) == limit:
        print(f"There may be more: `--after {found['next']}` goes on.")


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    told = {name: _brief(value) for name, value in one["data"].items() if value not in ("", None)}
    said = ", ".join(
        f"{name}={told[name]}" for name in sorted(told, key=lambda name: bool(ID.fullmatch(told[name])))
    )
    where, who = (plain(one[name] or "") for name in ("environment", "who"))
    return str(one["id"]), show.clock(one["at"]), one["kind"], where, who, said


def _whole(one: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """All that it tells; a text of several lines has them below each other."""
    yield "fact", str(one["id"])
    yield "at", show.clock(one["at"])
    for name, value in (*((name, one[name]) for name in ABOUT), *one["data"].items()):
        if value is not None:
            first, *more = _text(value).split("\n")
            yield name, plain(first)
            yield from (("", plain(line)) for line in more)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _brief(value: Any) -> str:
    said = plain(show.first_line(_text(value)))
    return said if len(said) <= LONGEST else f"{said[:LONGEST].rstrip()}{CUT}"


VERBS: dict[str, Verb] = {"facts": facts}
