"""Configuration of an environment: values that can be read, and secrets of which only the names ever can.

It can be set before the first push, too: `named` says whether a push has named the environment yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

from shipway.errors import NotFound
from shipway.state import configurations
from shipway.state.configurations import Configuration
from shipway.web import differences, lookups, shapes
from shipway.web.api.environments import BASE
from shipway.web.call import Call
from shipway.web.refusals import Unreadable
from shipway.web.routes import declare
from shipway.web.site import Site


def list_values(site: Site, call: Call) -> dict[str, Any]:
    """The newest version: its values, and the names of its secrets.

    `waiting` has what is set otherwise than in what serves, as after a rollback, each with what it `says` of that.
    """
    return {**shapes.configuration(_newest(site, call)), "waiting": _waiting(site, call)}


def show_value(site: Site, call: Call) -> dict[str, Any]:
    """One value."""
    name, now = call.place("name"), _newest(site, call)
    if name not in now.values:
        raise NotFound(f"{name} is not set in {now.environment} of {now.application}.")
    return {"name": name, "value": now.values[name], "version": now.version}


def set_value(site: Site, call: Call) -> dict[str, Any]:
    """Sets one value to `value`; what serves is deployed again with it."""
    return _change(site, call, values={call.place("name"): call.field("value")})


def unset_value(site: Site, call: Call) -> dict[str, Any]:
    """Takes one value away; what serves is deployed again without it."""
    return _change(site, call, values={call.place("name"): None})


def list_secrets(site: Site, call: Call) -> dict[str, Any]:
    """The names of the secrets; their values are shown to nobody."""
    now = _newest(site, call)
    return {"secrets": list(now.secret_names), "version": now.version}


def set_secret(site: Site, call: Call) -> dict[str, Any]:
    """Sets one secret to `value`, of at least 6 characters; what serves is deployed again with it."""
    return _change(site, call, secrets={call.place("name"): call.field("value")})


def unset_secret(site: Site, call: Call) -> dict[str, Any]:
    """Takes one secret away; what serves is deployed again without it."""
    return _change(site, call, secrets={call.place("name"): None})


def change(site: Site, call: Call) -> dict[str, Any]:
    """Sets what `values` and `secrets` name, and takes away what they give as null: one version, one release."""
    return _change(site, call, values=_changes(call, "values"), secrets=_changes(call, "secrets"))


def _changes(call: Call, kind: Literal["values", "secrets"]) -> Mapping[str, str | None]:
    given = call.json().get(kind, {})
    if not isinstance(given, dict) or not all(isinstance(each, str | None) for each in given.values()):
        raise Unreadable(f"`{kind}` must be an object of names, each with a text, or null to take it away.")
    return given


def _change(
    site: Site,
    call: Call,
    *,
    values: Mapping[str, str | None] | None = None,
    secrets: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    """The configuration after the change, whether it `changed`, and the run that makes it serve (null when nothing
    serves yet, or the release that `serves`, by its number, has it so, or with what is `stuck` there: the next
    release has it then). `says` names what was set before and is not in what serves, as after a rollback: it comes
    along."""
    application, environment = call.place("application"), call.place("environment")
    with site.database.read() as conn:
        before = differences.waiting(site, conn, application, environment)
    along = None if before is None else before.without({*(values or ()), *(secrets or ())})
    done = site.story.configure(application, environment, call.who, values=values, secrets=secrets)
    run = None if done.run is None else done.run.id
    return {
        **shapes.configuration(done.configuration),
        "changed": done.changed,
        "named": done.named,
        "run": run,
        "stuck": shapes.stuck(done.stuck),
        "serves": None if done.serves is None else done.serves.number,
        "says": "" if along is None else along.says,
    }


def _waiting(site: Site, call: Call) -> list[dict[str, Any]]:
    with site.database.read() as conn:
        found = differences.waiting(site, conn, call.place("application"), call.place("environment"))
    return [] if found is None else [{**asdict(one), "says": found.of(one.name)} for one in found.variables]


def _newest(site: Site, call: Call) -> Configuration:
    with site.database.read() as conn:
        application = call.place("application")
        environment = lookups.configurable(site, conn, application, call.place("environment"))
        return configurations.newest(conn, application, environment)


ROUTES = (
    declare("GET", f"{BASE}/configuration", list_values, who="user"),
    declare("PATCH", f"{BASE}/configuration", change, who="user"),
    declare("GET", f"{BASE}/env", list_values, who="user"),
    declare("GET", f"{BASE}/env/{{name}}", show_value, who="user"),
    declare("PUT", f"{BASE}/env/{{name}}", set_value, who="user"),
    declare("DELETE", f"{BASE}/env/{{name}}", unset_value, who="user"),
    declare("GET", f"{BASE}/secrets", list_secrets, who="user"),
    declare("PUT", f"{BASE}/secrets/{{name}}", set_secret, who="user"),
    declare("DELETE", f"{BASE}/secrets/{{name}}", unset_secret, who="user"),
)
