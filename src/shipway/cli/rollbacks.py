"""The old version back."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli import here, watching
from shipway.cli.options import App, AsJson, Environment, Verb
from shipway.cli.server import Server


def rollback(
    to: Annotated[str | None, typer.Option("--to", help="A release, such as r3.")] = None,
    environment: Environment = "prod",
    app: App = None,
    as_json: AsJson = False,
) -> int:
    """Go back to the release before: within a second while it is kept warm.

    Says at once when traffic is back, and then waits for the workers.
    """
    server = Server.find()
    body = {} if to is None else {"to": to}
    path = f"/applications/{here.application(app)}/environments/{environment}/rollback"
    return watching.outcome(server, server.post(path, body)["run"], as_json=as_json)


VERBS: dict[str, Verb] = {"rollback": rollback}
