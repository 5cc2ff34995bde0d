"""Looking at what serves."""

from __future__ import annotations

import webbrowser
from typing import Annotated
from urllib.parse import urlsplit

import typer

from shipway.cli import here, show
from shipway.cli.options import App, AsJson, Environment, Verb
from shipway.cli.server import Server


def open_(
    environment: Environment = "prod",
    app: App = None,
    pages: Annotated[bool, typer.Option("--pages", help="Shipway's own pages, signed in.")] = False,
    only_print: Annotated[
        bool, typer.Option("--print", help="Print how any program reaches it, and open nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Open what an environment serves, or Shipway's pages."""
    server = Server.find()
    if pages:
        url = server.post("/signin")["url"]
    else:
        url = server.get(f"/applications/{here.application(app)}/environments/{environment}")["url"]
    parts = urlsplit(url)
    if as_json:
        show.as_json({"url": url, "host": parts.hostname, "address": f"http://127.0.0.1:{parts.port}/"})
    elif only_print and not pages:
        print(f"curl -H 'Host: {parts.hostname}' http://127.0.0.1:{parts.port}/")
    elif only_print or not webbrowser.open(url):
        print(url)


VERBS: dict[str, Verb] = {"open": open_}
