"""Asks the instances of web for what they measure themselves, where shipway.yml names the path.

Each is asked by itself and in its own time limit: one that hangs, or answers without an end, keeps nobody waiting.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx

from shipway.environments.secrets import KeyLost
from shipway.errors import ShipwayError
from shipway.project import Project
from shipway.signals import exposition
from shipway.signals.errors.origin import Origin
from shipway.signals.exposition import Instance, NotReadable
from shipway.signals.questions.answer import short
from shipway.signals.questions.aside import aside
from shipway.signals.scraped import Scraped
from shipway.signals.settings import MetricsSettings
from shipway.state import artifacts, instances
from shipway.state.releases import Release
from shipway.story.cast import Cast, project_of
from shipway.story.standing import standing
from shipway.traffic import addresses

log = logging.getLogger(__name__)

LOOK = 1.0  # seconds between two looks at what is due
PATIENCE = 5.0  # seconds in which an instance must have answered in whole
LARGEST = 1024 * 1024  # bytes of an answer
AT_ONCE, OF_ONE = 16, 4  # instances that are asked at the same time: in all, and of one application
AGENT = "shipway-metrics"
ACCEPT = "text/plain;version=0.0.4"


@dataclass
class Asked:
    """An instance of web that is asked, again when it is `due`."""

    instance: str
    port: int
    release: Release
    settings: MetricsSettings
    due: float = 0.0
    task: asyncio.Task[None] | None = None


@dataclass
class Scraping:
    """Everything that is asked; `run` is for one thread."""

    cast: Cast
    _asked: dict[str, Asked] = field(default_factory=dict)
    _known: dict[str, Project] = field(default_factory=dict)
    _all: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _of_one: dict[str, asyncio.Semaphore] = field(default_factory=dict)

    def run(self, stopping: threading.Event, note: Callable[[], None]) -> None:
        """Until `stopping` is set; calls `note` before each look. Writes down, too, what was measured."""
        asyncio.run(self._run(stopping, note))

    async def _run(self, stopping: threading.Event, note: Callable[[], None]) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=None, verify=False) as client:  # this machine only
            while not stopping.is_set():
                note()
                try:
                    self._settle(await aside(lambda: list(self._look())))
                    await aside(self.cast.meters.keep)
                except (ShipwayError, OSError) as error:
                    log.warning("metrics: %s", error)
                for asked in self._due():
                    asked.task = asyncio.create_task(self._ask(client, asked))
                await asyncio.sleep(LOOK)

    def _look(self) -> Iterator[Asked]:
        """Every instance of web that is to be asked."""
        with self.cast.database.read() as conn:
            found = [release for each in standing(conn) for release in each.all]
            for release in found:
                if release.id not in self._known:
                    self._known[release.id] = project_of(artifacts.of_release(conn, release))
                settings = self._known[release.id].metrics
                if settings is None or not settings.asked_in(release.environment):
                    continue
                for one in instances.of_release(conn, release.id):
                    if one.process == "web" and one.port is not None:
                        yield Asked(one.id, one.port, release, settings)
        self._known = {release.id: self._known[release.id] for release in found}

    def _settle(self, found: list[Asked]) -> None:
        """Goes on with those that were asked before, at their own times."""
        before = self._asked
        self._asked = {one.instance: before.get(one.instance, one) for one in found}
        for one in found:
            known = self._asked[one.instance]
            known.port, known.settings = one.port, one.settings
        told = self.cast.meters.scraped
        self.cast.meters.scraped = {name: told[name] for name in self._asked if name in told}

    def _due(self) -> list[Asked]:
        now = time.monotonic()
        due = [one for one in self._asked.values() if one.due <= now and (one.task is None or one.task.done())]
        for one in due:
            one.due = now + one.settings.every
        return due

    async def _ask(self, client: httpx.AsyncClient, asked: Asked) -> None:
        """Once; whatever comes in between is what is told of it."""
        of_one = self._of_one.setdefault(asked.release.application, asyncio.Semaphore(OF_ONE))
        try:
            async with of_one, self._all:
                text = await self._get(client, asked)
                says, good = await aside(lambda: self._take(asked, text)), True
        except TimeoutError:
            says, good = f"no answer within {PATIENCE:g} s", False
        except (NotReadable, KeyLost, httpx.HTTPError, OSError) as error:
            says, good = short(str(error)) or type(error).__name__, False
        except Exception:  # a defect of ours, which has to be seen
            log.exception("what %s measures could not be taken", asked.instance)
            says, good = "Shipway itself failed: see the server's log", False
        told = Scraped(asked.instance, time.time(), good, says)
        self.cast.meters.scraped = {**self.cast.meters.scraped, asked.instance: told}

    async def _get(self, client: httpx.AsyncClient, asked: Asked) -> str:
        """The answer as it came: what is packed is not unpacked, it might never end. No redirect is followed."""
        headers = {
            "Host": addresses.host(asked.release.application, asked.release.environment),
            "User-Agent": AGENT,
            "Accept": ACCEPT,
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        url = f"http://127.0.0.1:{asked.port}{asked.settings.path}"
        kept = bytearray()
        async with asyncio.timeout(PATIENCE), client.stream("GET", url, headers=headers) as answer:
            if answer.status_code != httpx.codes.OK:
                raise NotReadable(f"it answered {answer.status_code}")
            async for chunk in answer.aiter_raw():
                kept += chunk
                if len(kept) > LARGEST:
                    raise NotReadable(f"the answer has more than {LARGEST} bytes")
        return kept.decode(errors="replace")

    def _take(self, asked: Asked, text: str) -> str:
        release, used = asked.release, self.cast.collector.instances.latest.get(asked.instance)
        began = None if used is None else used.since
        found = exposition.samples(text, Instance(f"r{release.number}", asked.instance, began))
        meter = self.cast.meters.of(release.application, release.environment)
        with self.cast.database.read() as conn:
            origin = Origin(conn, self.cast.machine.vault, release.application, release.environment)
            refused = meter.take(found, lambda: origin.secrets)
        kept = f"{len(found) - refused.total():,} of {len(found):,} kept"
        return ", ".join([kept, *(f"{count:,} {reason}" for reason, count in refused.items())])
