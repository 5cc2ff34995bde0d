"""Looking at what serves, and where Shipway shows it."""

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
    """Open what an environment serves, and say where Shipway's page of it is; or open Shipway's pages.

    What is printed first is what it serves; the line below it is a comment in every shell.
    """
    server = Server.find()
    if pages:
        url, page = server.post("/signin")["url"], ""
    else:
        found = server.get(f"/applications/{here.application(app)}/environments/{environment}")
        url, page = found["url"], found["page"]
    parts = urlsplit(url)
    if as_json:
        address = f"http://127.0.0.1:{parts.port}/"
        show.as_json({"url": url, "host": parts.hostname, "address": address, "page": page or None})
        return
    if only_print and not pages:
        print(f"curl -H 'Host: {parts.hostname}' http://127.0.0.1:{parts.port}/")
    elif only_print or not webbrowser.open(url):
        print(url)
    if page:
        print(f"# Shipway's page of it: {page} (`shipway open --pages` signs you in)")


VERBS: dict[str, Verb] = {"open": open_}
