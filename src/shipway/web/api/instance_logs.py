"""What the instances of an environment write: the last lines of each, and what they add."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from shipway.errors import NotFound
from shipway.signals.errors.origin import Origin
from shipway.signals.errors.secrecy import without_secrets
from shipway.state import instances, releases
from shipway.state.instances import Instance
from shipway.web import lookups, tail
from shipway.web.api.environments import BASE
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.streams import LiveText


class Source:
    """The log of one instance, cut into whole lines that carry the instance's name and show no `secrets`.

    An application writes its own log, and what it writes is kept as it is; secrets are masked where it is shown.
    """

    def __init__(self, name: str, path: Path, offset: int, secrets: list[bytes]) -> None:
        self.name, self.path, self.offset, self.secrets = name, path, offset, secrets
        self.rest = b""

    def lines(self, final: bool) -> list[str]:
        """The lines that were completed since the last call; with `final` also one without an end."""
        if tail.size(self.path) < self.offset:
            self.offset = 0
        piece = tail.read(self.path, self.offset, tail.PIECE)
        self.offset += len(piece)
        *whole, self.rest = (self.rest + piece).split(b"\n")
        at_its_end = final and len(piece) < tail.PIECE
        if self.rest and (at_its_end or len(self.rest) > tail.PIECE):
            whole, self.rest = [*whole, self.rest], b""
        shown = without_secrets([line.decode(errors="replace") for line in whole], self.secrets) if whole else []
        return [f"{self.name} | {line}\n" for line in shown]


async def show_logs(site: Site, call: Call) -> LiveText:
    """The last `lines` lines of each instance (of one `process`), and with `follow=1` what comes."""
    sources = await run_in_threadpool(_sources, site, call, call.number("lines", 100, most=100_000))
    return LiveText(site, call, _merged(site, call, sources))


async def _merged(site: Site, call: Call, sources: dict[str, Source]) -> AsyncIterator[str]:
    follow = call.flag("follow")
    while True:
        new = [line for one in sources.values() for line in await run_in_threadpool(one.lines, not follow)]
        if new:
            yield "".join(new)
        elif not follow:
            return
        else:
            await asyncio.sleep(tail.PAUSE)
            now = await run_in_threadpool(_sources, site, call, None)
            sources = {id: sources.get(id, source) for id, source in now.items()}


def _sources(site: Site, call: Call, lines: int | None) -> dict[str, Source]:
    """The logs of what serves; from their beginning when `lines` is None: what began while we watched."""
    with site.database.read() as conn:
        application = call.place("application")
        environment = lookups.environment(site, conn, application, call.place("environment"))
        now = releases.now_serving(conn, application, environment)
        wanted = [] if now is None else instances.of_release(conn, now.release)
        secrets = Origin(conn, site.story.cast.machine.vault, application, environment).secrets
    process = call.query("process")
    if lines is not None and process is not None:
        _runs(f"{environment} of {application}", process, [one.process for one in wanted])
    found: dict[str, Source] = {}
    for one in wanted:
        if process in (None, one.process):
            path = site.places.instance_log(application, environment, one.id)
            start = 0 if lines is None else tail.start_of_last(path, lines)
            found[one.id] = Source(_short(one), path, start, secrets)
    return found


def _runs(where: str, process: str, there: Sequence[str]) -> None:
    if process not in there:
        hint = f"There are: {', '.join(dict.fromkeys(there))}." if there else "Nothing runs there."
        raise NotFound(f"{where} runs no process called {process!r}.", hint=hint)


def _short(one: Instance) -> str:
    return f"{one.process}.{one.position}"


ROUTES = (declare("GET", f"{BASE}/logs", show_logs, who="user"),)
