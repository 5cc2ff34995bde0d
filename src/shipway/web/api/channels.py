"""Channels: by which addresses people are told. Only an owner sets and tries them (BARS S19)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from shipway.errors import NotFound
from shipway.incidents import channels
from shipway.state import applications
from shipway.state import channels as record
from shipway.state.channels import Channel
from shipway.web import lookups, shapes
from shipway.web.call import Call
from shipway.web.refusals import Unreadable
from shipway.web.routes import declare
from shipway.web.site import Site

BASE = "/api/v1/channels"


def list_channels(site: Site, _call: Call) -> dict[str, Any]:
    """By which channels people are told; their URLs are shown to nobody."""
    with site.database.read() as conn:
        return {"channels": [{**shapes.channel(one), **_forwarding(site, one)} for one in record.every(conn)]}


def _forwarding(site: Site, one: Channel) -> dict[str, Any]:
    """Of a channel by which reports of errors go on: what became of them."""
    if not one.whose.startswith(channels.SENTRY):
        return {}
    return {"forwarding": asdict(site.story.cast.forwarder.state(one.whose))}


def add_channel(site: Site, call: Call) -> dict[str, Any]:
    """A channel for `whose` by the `url` of Apprise; `private` if it may lead inside."""
    private = call.json().get("private", False)
    if not isinstance(private, bool):
        raise Unreadable("`private` must be true or false, without quotation marks.")
    vault = site.story.cast.machine.vault
    whose, url = channels.spoken(call.field("whose")), call.field("url")
    if whose.startswith(channels.SENTRY):
        _is_there(site, whose)
    return shapes.channel(channels.add(site.database, vault, whose, url, private=private, who=call.who))


def _is_there(site: Site, whose: str) -> None:
    """Raises NotFound, with the names there are, where no report of an error can ever come from."""
    name, _, environment = whose.removeprefix(channels.SENTRY).partition(".")
    with site.database.read() as conn:
        if applications.find(conn, name) is None:
            known = ", ".join(each.name for each in applications.every(conn)) or "none yet"
            raise NotFound(f"There is no application called {name!r}.", hint=f"There are: {known}.")
        lookups.environment(site, conn, name, environment)


def remove_channel(site: Site, call: Call) -> dict[str, Any]:
    """Takes a channel away."""
    return shapes.channel(channels.remove(site.database, call.place("channel"), call.who))


def test_channel(site: Site, call: Call) -> dict[str, Any]:
    """Sends a test, now: `good`, and what the channel `said`. One for all of a domain is tried for `person`."""
    person = call.json().get("person", "")
    if not isinstance(person, str):
        raise Unreadable("`person` must be an address, as a text.")
    vault = site.story.cast.machine.vault
    outcome = channels.test(site.database, vault, call.place("channel"), site.address, person)
    return {"good": outcome.good, "said": outcome.said}


ROUTES = (
    declare("GET", BASE, list_channels, who="user"),
    declare("POST", BASE, add_channel, who="owner"),
    declare("DELETE", f"{BASE}/{{channel}}", remove_channel, who="owner"),
    declare("POST", f"{BASE}/{{channel}}/test", test_channel, who="owner"),
)
