"""An environment's values and secrets."""

from __future__ import annotations

import sys
from getpass import getpass
from typing import Annotated, Any

import typer

from shipway.cli import here, show, watching
from shipway.cli.options import App, AsJson, Environment, Verb
from shipway.cli.server import Server
from shipway.errors import UserError

Unset = Annotated[list[str] | None, typer.Option("--unset", help="A name to take away.")]


def env(
    settings: Annotated[list[str] | None, typer.Argument(help="NAME=VALUE, as many as you like.")] = None,
    unset: Unset = None,
    environment: Environment = "prod",
    app: App = None,
    as_json: AsJson = False,
) -> int:
    """Show or set the values of an environment; what serves there is deployed again with them."""
    pairs = [setting.partition("=") for setting in settings or []]
    wrong = [name for name, equals, _value in pairs if not equals]
    if wrong:
        raise UserError(f"Write NAME=VALUE instead of {', '.join(wrong)}.")
    changes = {name: value for name, _equals, value in pairs}
    return _change(changes, unset or [], environment, app, "env", as_json)


def secrets(
    names: Annotated[
        list[str] | None, typer.Argument(help="NAME: its value is asked for, or read from stdin.")
    ] = None,
    unset: Unset = None,
    environment: Environment = "prod",
    app: App = None,
    as_json: AsJson = False,
) -> int:
    """List the names of an environment's secrets, or set some; values are never shown again."""
    if any("=" in name for name in names or []):
        raise UserError(
            "A value on the command line ends in the shell's history and in the list of processes.",
            hint="Write the name alone: the value is asked for, or read from standard input.",
        )
    changes = {name: _value_of(name) for name in names or []}
    return _change(changes, unset or [], environment, app, "secrets", as_json)


def _value_of(name: str) -> str:
    if sys.stdin.isatty():
        return getpass(f"{name}: ")
    return sys.stdin.readline().rstrip("\n")


def _change(
    changes: dict[str, str], unset: list[str], environment: str, app: str | None, kind: str, as_json: bool
) -> int:
    server = Server.find()
    base = f"/applications/{here.application(app)}/environments/{environment}/{kind}"
    answer: dict[str, Any] = {}
    for name, value in changes.items():
        answer = server.put(f"{base}/{name}", {"value": value})
    for name in unset:
        answer = server.delete(f"{base}/{name}")
    if not answer:
        _list(server.get(base), kind, as_json)
        return 0
    if answer["run"] is None:
        show.as_json(answer) if as_json else print(f"Recorded; the next release in {environment} has it.")
        return 0
    return watching.outcome(server, answer["run"], as_json=as_json)


def _list(answer: dict[str, Any], kind: str, as_json: bool) -> None:
    if as_json:
        show.as_json(answer)
    elif kind == "env":
        show.table(("name", "value"), sorted(answer["values"].items()), empty="Nothing is set.")
    else:
        show.table(("secret",), [(name,) for name in answer["secrets"]], empty="There is no secret.")


VERBS: dict[str, Verb] = {"env": env, "secrets": secrets}
