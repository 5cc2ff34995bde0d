"""The old version back."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from shipway.cli import here, show, signals, watching
from shipway.cli.options import App, AsJson, Commit, Environment, Verb
from shipway.cli.server import Refused, Server
from shipway.web import fields
from shipway.web.words import plain

LOCKED = ("machine.record_locked", "rollbacks.rest_waits")
"""What is refused while another process keeps the record locked: nothing has changed, or requests alone."""

AGAIN = 0.5  # seconds until it is asked once more, beside those for which the server itself waits


def rollback(
    to: Annotated[
        str | None, typer.Option("--to", help="A release, such as r3; `shipway releases` lists them.")
    ] = None,
    environment: Environment = "prod",
    why: Annotated[
        str,
        typer.Option(
            "--why", help=f"The reason. {fields.BACK_WHY} Needed to decide what is frozen, or past a migration."
        ),
    ] = "",
    past: Annotated[
        str | None,
        typer.Option("--past", help="The release, such as r4, whose data change may stay all the same."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would come back and which values change, and do nothing.")
    ] = False,
    app: App = None,
    as_json: AsJson = False,
) -> int:
    """Go back to the release before: within a second while it is kept warm. 0 it is back, 1 it is not, or in part.

    Says at once when traffic is back, and then waits for the workers. What is on trial is taken back. The
    configuration of that release comes along: what that changes is said, and `--dry-run` says it before. Of a
    release that is frozen and the one beside it, the one you name gets all requests if you say why. The authors of
    what you take back are told who did it, and why if you say so. While another process keeps the record locked
    that is said, and it goes on as soon as that is over.
    """
    server = Server.find()
    given = {"to": to, "why": why or None, "past": past}
    body = {name: said for name, said in given.items() if said is not None}
    path = f"/applications/{here.application(app)}/environments/{environment}/rollback"
    if dry_run:
        found = server.get(path, **body)
        show.as_json(found) if as_json else _plan(found, environment)
        return 0
    queued = asked(server, path, body)
    if queued["variables"] and not as_json:
        print(plain(queued["says"]), flush=True)
    also, taking = {"variables": queued["variables"]}, queued["takes_back"]
    if taking is None:
        return watching.outcome(server, queued["run"], as_json=as_json, also=also)
    if not as_json:
        print(f"{_named(taking['from'])} is taken back from {environment}, where it is tried.", flush=True)
    back = taken_back(taking["to"], environment, why)
    return watching.outcome(server, queued["run"], as_json=as_json, also=also, back=back)


def taken_back(to: Mapping[str, Any] | None, environment: str, why: str) -> str:
    """What is said of it to whoever asked for it."""
    what = (
        f"nothing serves in {environment}, as before"
        if to is None
        else f"all requests to {environment} are back on {_named(to)}"
    )
    return f"✓ {what}{f': “{plain(why)}”' if why else ''}"


def _named(release: Mapping[str, Any] | None) -> str:
    return "What was to come" if release is None else f"r{release['number']} ({release['commit'][:7]})"


def asked(server: Server, path: str, body: Mapping[str, str]) -> Any:
    """What the server answers; while the record is locked it is asked again, if that would still do the same."""
    would = None
    while True:
        try:
            return server.post(path, body)
        except Refused as error:
            if error.id not in LOCKED:
                raise
            now = _moves(server.get(path, **body))
            if would is None:
                goes_on = "It goes on as soon as that is over; Ctrl-C ends the waiting."
                print(f"{plain(error.message)} {goes_on}", file=sys.stderr, flush=True)
            elif now != would:
                raise
            would = now
        time.sleep(AGAIN)


def _moves(found: Mapping[str, Any]) -> list[int | None]:
    """The numbers of the release that would lose the requests and of the one that would have them."""
    return [one and int(one["number"]) for one in (found["from"], found["to"])]


def _plan(found: Mapping[str, Any], environment: str) -> None:
    """What would move, and what comes along."""
    old, new = (one and f"r{one['number']} ({one['commit'][:7]})" for one in (found["from"], found["to"]))
    if new is None:
        show.prose(f"{old} would be taken back from {environment}, which serves nothing then. Nothing was done.")
        return
    runs = ", which still runs" if found["warm"] else ", once it is started and healthy again"
    show.prose(f"{environment} would go from {old} to {new}{runs}. {plain(found['says'])}")
    if found["fails"]:
        show.prose(plain(found["fails"]))
    print("Nothing was done.")


def why(commit: Commit = None, environment: Environment = "prod", app: App = None, as_json: AsJson = False) -> int:
    """Why a commit serves or does not, with all that happened to it and what would mend it: 0 it serves, 1 it does
    not (yet), as of `shipway where`.
    """
    path = f"{here.commit_address(app, commit)}/why"
    found = Server.find().get(path, environment=environment)
    if as_json:
        show.as_json(found)
    else:
        show.prose(f"{found['commit'][:7]} in {environment}: {_word(found)} ({_brief(found)})")
        rows = [row for each in found["events"] for row in _rows(each)]
        show.table(("", ""), rows, empty=f"Nothing happened to it in {environment}.")
        if found["judging"] is not None:
            print(f"{found['judging']['says']}.")
            signals.so_far(found["judging"], found["judging"]["so_far"])
        for line in _next(found["next"]):
            print(line)
    return 0 if found["state"] == "serves" else 1


def _rows(event: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """When and what, with the lines of a log that explain it below."""
    return [(show.clock(event["at"]), event["says"]), *(("", f"│ {plain(line)}") for line in event["lines"])]


def _next(turn: Mapping[str, Any] | None) -> Iterator[str]:
    """Who can do what."""
    if turn is not None and turn["says"]:
        yield f"{turn['whose']} can mend it. {turn['says']}" if turn["whose"] else turn["says"]
        if turn["command"]:
            yield f"  {turn['command']}"


def _brief(found: Mapping[str, Any]) -> str:
    """Why in few words, and in all of them where few would leave some out."""
    brief = str((found["brief"] if found["state"] == "stopped" else found["reason"]) or "")
    return show.first_line(str(found["reason"]) if brief.endswith("…") else brief).rstrip(".: ")


def _word(found: Mapping[str, Any]) -> str:
    left = found["stuck"]
    return str(found["state"] if left is None or found["state"] == "serves" else left["state"])


VERBS: dict[str, Verb] = {"rollback": rollback, "why": why}
