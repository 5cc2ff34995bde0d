"""An environment's values, secrets and data."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from getpass import getpass
from typing import Annotated, Any

import typer

from shipway.cli import here, naming, show, watching
from shipway.cli.options import App, AsJson, Environment, Verb
from shipway.cli.server import Server
from shipway.errors import UserError
from shipway.web import fields
from shipway.web.words import plain, size

SECRETS = f"NAME: its value is asked for, or read from stdin. {fields.SECRET} {fields.SECRET_VALUE}"

Unset = Annotated[list[str] | None, typer.Option("--unset", help="A name to take away.")]


def env(
    settings: Annotated[
        list[str] | None, typer.Argument(help=f"NAME=VALUE, as many as you like. {fields.VARIABLE}")
    ] = None,
    unset: Unset = None,
    environment: Environment = "prod",
    app: App = None,
    as_json: AsJson = False,
) -> int:
    """Show or set the values of an environment; what serves there is deployed again with all of them, once."""
    pairs = [setting.partition("=") for setting in settings or []]
    wrong = [name for name, equals, _value in pairs if not equals]
    if wrong:
        raise UserError(f"Write NAME=VALUE instead of {', '.join(wrong)}.")
    changes = {name: value for name, _equals, value in pairs}
    return _change("values", _with_unset(changes, unset), environment, app, as_json)


def secrets(
    names: Annotated[list[str] | None, typer.Argument(help=SECRETS)] = None,
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
    return _change("secrets", _with_unset(changes, unset), environment, app, as_json)


def _value_of(name: str) -> str:
    if sys.stdin.isatty():
        return getpass(f"{name}: ")
    return sys.stdin.readline().rstrip("\n")


def _with_unset(changes: Mapping[str, str], unset: Sequence[str] | None) -> dict[str, str | None]:
    """All of it in one change: a name with its new value, or with None where it is taken away."""
    both = [name for name in unset or () if name in changes]
    if both:
        raise UserError(f"{', '.join(both)}: set or taken away, not both.")
    return {**changes, **dict.fromkeys(unset or ())}


def _change(kind: str, changes: Mapping[str, str | None], environment: str, app: str | None, as_json: bool) -> int:
    server = Server.find()
    path = f"/applications/{here.application(app)}/environments/{environment}/configuration"
    if not changes:
        _list(server.get(path), kind, as_json)
        return 0
    answer = server.patch(path, {kind: changes})
    if answer["run"] is not None:
        return watching.outcome(server, answer["run"], as_json=as_json, also={"says": answer["says"]})
    if as_json:
        show.as_json(answer)
        return 0
    print(_recorded(answer, environment))
    if answer["says"]:
        print(plain(answer["says"]))
    if answer["changed"] and not answer["named"]:
        print(naming.not_yet(environment, in_this_repository=app is None))
    return 0


def _recorded(answer: Mapping[str, Any], environment: str) -> str:
    """What a change that is not deployed comes to."""
    if not answer["changed"]:
        return f"Nothing changed: it was so in {environment} already."
    if answer["stuck"] is not None:
        left = answer["stuck"]
        return (
            f"Recorded, and nothing is deployed with it: r{left['release']} of {environment} is {left['state']}. "
            f"The next release has it: a fix on top of {left['commit'][:7]}."
        )
    if answer["serves"] is not None:
        return f"Recorded; nothing is deployed: r{answer['serves']}, which serves in {environment}, has it so."
    return f"Recorded; the next release in {environment} has it."


def _list(answer: Mapping[str, Any], kind: str, as_json: bool) -> None:
    """With what is not so in what serves, and what is still there and was taken away."""
    waiting = {one["name"]: one for one in answer["waiting"] if one["secret"] is (kind == "secrets")}
    if as_json:
        of_secrets = {"secrets": answer["secrets"], "version": answer["version"], "waiting": [*waiting.values()]}
        show.as_json(answer if kind == "values" else of_secrets)
        return
    says = {name: plain(one["says"]) for name, one in waiting.items()}
    gone = [name for name in waiting if name not in answer[kind]]
    if kind == "values":
        pairs = [*answer["values"].items(), *((name, "") for name in gone)]
        rows = [(name, value, says.get(name, "")) for name, value in sorted(pairs)]
        show.table(("name", "value", ""), rows, empty="Nothing is set.")
    else:
        names = sorted([*answer["secrets"], *gone])
        show.table(("secret", ""), [(name, says.get(name, "")) for name in names], empty="There is no secret.")


def data(environment: Environment = "prod", app: App = None, as_json: AsJson = False) -> None:
    """What an environment keeps between releases, and the copies made before a release changed it."""
    found = Server.find().get(f"/applications/{here.application(app)}/environments/{environment}/data")
    if as_json:
        show.as_json(found)
        return
    show.table(("data", "", "changed"), list(map(_kept, found["data"])), empty=f"{environment} keeps nothing.")
    if found["copies"]:
        print()
        show.table(("copy", "", "made"), list(map(_kept, found["copies"])), empty="")


def _kept(one: Mapping[str, Any]) -> tuple[str, str, str]:
    total = size(one["size"])
    return plain(one["name"]), total if one["whole"] else f"more than {total}", show.ago(one["at"])


VERBS: dict[str, Verb] = {"env": env, "secrets": secrets, "data": data}
