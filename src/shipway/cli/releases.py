"""Where commits are: where, wait, deploy, ps."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from shipway.cli import here, show, watching
from shipway.cli.options import App, AsJson, Commit, Environment, Verb
from shipway.cli.server import Server

TIME_UP = 124


def where(commit: Commit = None, app: App = None, as_json: AsJson = False) -> None:
    """In which environments a commit is; and if not, why not."""
    found = Server.find().get(f"/commits/{here.application(app)}/{here.commit(commit)}/where")
    if as_json:
        show.as_json(found)
        return
    rows = [
        (
            each["name"],
            each["state"],
            "" if each["release"] is None else f"r{each['release']['number']}",
            each["reason"] or "",
        )
        for each in found["environments"]
    ]
    print(found["commit"][:7])
    show.table(("environment", "", "release", ""), rows, empty="This application has no environment.")


def wait(
    commit: Commit = None,
    environment: Environment = "prod",
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait at most.", min=0)] = 600.0,
    app: App = None,
    as_json: AsJson = False,
) -> int:
    """Wait until a commit serves: 0 it serves, 1 it was stopped (and why), 124 time is up."""
    server, deadline = Server.find(), time.monotonic() + timeout
    path = f"/commits/{here.application(app)}/{here.commit(commit)}/wait"
    while True:
        left = max(0.0, deadline - time.monotonic())
        found = server.get(path, environment=environment, seconds=min(25, int(left)))
        if found["state"] != "pending" or left <= 0:
            break
        if left < 1:
            time.sleep(left)
    if as_json:
        show.as_json(found)
    else:
        print(f"{found['commit'][:7]} in {environment}: {found['state']}{_because(found['reason'])}")
    return {"serves": 0, "pending": TIME_UP}.get(found["state"], 1)


def deploy(
    commit: Commit = None, environment: Environment = "prod", app: App = None, as_json: AsJson = False
) -> int:
    """Deploy a commit that is green; its gate may still refuse, and says why."""
    server = Server.find()
    path = f"/applications/{here.application(app)}/environments/{environment}/deploy"
    run = server.post(path, {"commit": here.commit(commit)})["run"]
    return watching.outcome(server, run, as_json=as_json)


def ps(environment: Environment = "prod", app: App = None, as_json: AsJson = False) -> None:
    """The instances of an environment: what runs, since when, how often it was restarted."""
    found = Server.find().get(f"/applications/{here.application(app)}/environments/{environment}/ps")
    if as_json:
        show.as_json(found["instances"])
        return
    rows = [
        (
            f"{each['process']}.{each['position']}",
            f"r{each['release']}",
            each["state"],
            each["pid"] or "",
            each["port"] or "",
            each["restarts"] or "",
            show.ago(each["since"]),
        )
        for each in found["instances"]
    ]
    columns = ("instance", "release", "state", "pid", "port", "restarts", "since")
    show.table(columns, rows, empty=f"Nothing runs in {environment}.")


def _because(reason: str | None) -> str:
    return f" ({reason})" if reason else ""


VERBS: dict[str, Verb] = {"where": where, "wait": wait, "deploy": deploy, "ps": ps}
