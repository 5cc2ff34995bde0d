"""What `shipway doctor` looks at."""

from __future__ import annotations

import time
from collections.abc import Iterator

from shipway.cli import here
from shipway.config.places import Places
from shipway.web import checkup
from shipway.web.checkup import Check
from shipway.web.words import lasting


def every(places: Places) -> list[Check]:
    """All checks: of the machine, of the server on it, and whether that can tell anybody."""
    return [*checkup.machine(places), _server(places), *_failing(places), *_told(places)]


def _failing(places: Places) -> Iterator[Check]:
    """The probes and invariants that fail, as somebody was told; asked of the server, if one runs."""
    from shipway.cli.server import NoServer, Refused, Server  # noqa: PLC0415

    try:
        every = Server.of(places).get("/overview")["applications"]
    except (NoServer, Refused):
        return
    for row in every:
        for one in row["failing"]:
            fails = f"{one['name']} fails for {lasting(one['since'])}: {one['says']}"
            found = f"{row['name']}.{one['environment']}: {fails}"
            advice = f"`shipway probes --env {one['environment']} --app {row['name']}` shows what it answers."
            yield Check("probes", False, found, advice, optional=True)


def _told(places: Places) -> Iterator[Check]:
    """Whether there is anybody to tell, and whether they could be told; asked of the server, if one runs."""
    from shipway.cli.server import NoServer, Refused, Server  # noqa: PLC0415
    from shipway.incidents.blame import OWNER  # noqa: PLC0415
    from shipway.incidents.channels import PING, SENTRY  # noqa: PLC0415
    from shipway.incidents.forward import Forwarding  # noqa: PLC0415
    from shipway.incidents.letter import listed  # noqa: PLC0415

    try:
        server = Server.of(places)
        known, late = server.get("/channels")["channels"], server.get("/messages")["late"]
    except (NoServer, Refused):
        return
    if late:
        why = f"{len(late)} could not be delivered; the oldest is for {late[0]['person']}: {late[0]['problem']}"
        yield Check("messages", False, why, "`shipway channels --test WHO` tries a channel.", optional=True)
    elif not any(each["whose"] == OWNER for each in known):
        some = [each["whose"] for each in known if each["whose"] != PING and not each["whose"].startswith(SENTRY)]
        but = f"; only {listed(some)} {'has' if len(some) == 1 else 'have'} one" if some else ""
        rest = "what is for anybody else" if some else "trouble"
        advice = f"`shipway channels owner` adds one: without it {rest} is shown on the pages alone."
        yield Check("messages", False, f"the owner has no channel{but}", advice, optional=True)
    else:
        yield Check("messages", True, "nothing waits to be delivered")
    for each in known:
        if "forwarding" in each:
            trouble = Forwarding(**each["forwarding"]).trouble(time.time())
            found = f"{each['whose']}: {trouble or 'reports of errors go on'}"
            advice = f"`shipway channels --test {each['whose']}` tries it." if trouble else ""
            yield Check("forwarding", not trouble, found, advice, optional=True)


def _server(places: Places) -> Check:
    address = here.running_address(places)
    if address is None:
        return Check("server", False, "does not run", "`shipway up -d` starts it.", optional=True)
    return Check("server", True, f"runs at {address}")
