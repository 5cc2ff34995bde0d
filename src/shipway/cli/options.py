"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from shipway.web import fields

Verb = Callable[..., int | None]
"""What is done when a verb is typed; the number is the exit code, None is 0."""

AsJson = Annotated[bool, typer.Option("--json", help="Answer with JSON.")]
App = Annotated[
    str | None, typer.Option("--app", "-a", help="The application; by default the one of this repository.")
]
Commit = Annotated[str | None, typer.Argument(help="A commit, branch or tag; by default HEAD.")]
Environment = Annotated[str, typer.Option("--env", "-e", help="The environment.")]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="The data directory; by default SHIPWAY_DATA."),
]
Port = Annotated[
    int | None,
    typer.Option(
        "--port",
        help=f"{fields.PORT} By default where it did last, or 8440.",
        min=1,
        max=65535,
    ),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        help=f"{fields.URL} `none` forgets it; by default what it was last.",
    ),
]
BehindTls = Annotated[
    bool | None,
    typer.Option(
        "--tls-proxy/--no-tls-proxy",
        help="A TLS proxy on this machine passes requests on to the applications: they see the X-Forwarded-Proto "
        "that it sets, and so whether they were asked over TLS; by default as it was last, or not.",
    ),
]
Reports = Annotated[
    int | None,
    typer.Option(
        "--reports",
        help="How many times as much as by itself each application may report of errors, logs and metrics; by "
        "default what it was last, or 1.",
        min=1,
        max=50,
    ),
]
ProxyPort = Annotated[
    int | None,
    typer.Option(
        "--proxy-port",
        help=f"{fields.PROXY_PORT} By default where they did last, or 8480.",
        min=1,
        max=65535,
    ),
]
