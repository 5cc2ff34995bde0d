"""What is asked of an environment, and what it answers."""

from __future__ import annotations

from typing import Any

from shipway.cli import here, show
from shipway.cli.options import App, AsJson, Environment, Verb
from shipway.cli.server import Server


def probes(environment: Environment = "prod", app: App = None, as_json: AsJson = False) -> int:
    """What is asked of an environment again and again: 0 all is well, 1 something fails, 3 one is not known."""
    found = Server.find().get(f"/applications/{here.application(app)}/environments/{environment}/probes")["probes"]
    if as_json:
        show.as_json(found)
        return _known(found)
    columns = ("", "asked of", "state", "", "since")
    nothing = (
        f"Nothing is asked of {environment} but its health, when a release comes there or is judged: "
        "shipway.yml names no `probes` and no `invariants`."
    )
    show.table(columns, [_asked(each) for each in found], empty=nothing)
    return _known(found)


def _known(found: list[dict[str, Any]]) -> int:
    states = {each["state"] for each in found}
    if "failed" in states:
        return 1
    return show.NOT_KNOWN if "not known" in states else 0


def _asked(probe: dict[str, Any]) -> tuple[object, ...]:
    return (
        probe["name"],
        probe["release"] or "all",
        probe["state"],
        probe["says"],
        show.ago(probe["since"]),
    )


VERBS: dict[str, Verb] = {"probes": probes}
