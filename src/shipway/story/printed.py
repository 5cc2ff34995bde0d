"""What a release on trial prints with a stack in it is evidence for its verdict: no SDK is needed for that.

It is looked for while nothing is decided, so that who is told of a bad verdict has the line of code at once, and
nobody waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace

from shipway.pushes.git import Git
from shipway.signals.errors.origin import Origin
from shipway.signals.logs import raised
from shipway.signals.logs.raised import Raised
from shipway.signals.logs.sources import sources
from shipway.state import deployments, facts, releases
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.story.cast import Cast
from shipway.story.suspicion import crossed
from shipway.story.tend import logged

EVERY = 0.5  # seconds
MOST = 5  # places of a trial that are looked at
TITLE = 200  # characters


@dataclass
class Printed:
    """Looks at what is printed, and remembers which places of a trial it has crossed with what is new."""

    cast: Cast
    _seen: dict[str, set[tuple[str, int]]] = field(default_factory=dict)

    def look(self) -> None:
        """Records the newest failure that each release on trial printed, where it leads to what is new. No log is
        read while nobody decides, as over a release that only has a warm one beside it.
        """
        if not self.cast.collector.is_close:
            return
        with self.cast.database.read() as conn:
            tried = {one.id: one for one in _on_trial(conn)}
        self._seen = {name: self._seen.get(name, set()) for name in tried}
        for one in tried.values():
            with logged(f"what the trial of {one.commit[:7]} in {one.environment} printed could not be looked at"):
                self._look_at(one)

    def _look_at(self, deployment: Deployment) -> None:
        seen = self._seen[deployment.id]
        if len(seen) >= MOST:
            return
        there = (deployment.application, deployment.environment)
        with self.cast.database.read() as conn:
            done = deployments.done_before(conn, deployment)
            secrets = Origin(conn, self.cast.machine.vault, *there).secrets
            new = releases.get(conn, deployment.release)
            old = None if done is None else releases.get(conn, done.release)
            noted = facts.after(conn, 0, runs=[deployment.run], kinds=["release.printed"])
        if old is None or old.commit == new.commit:
            return
        logs = sources(self.cast.machine.places.logs(*there), *there)
        found = raised.newest(logs, new.number, deployment.started, secrets)
        fresh = next((one for one in found if _place(one) not in seen), None)
        if fresh is None:
            return
        seen.add(_place(fresh))
        before = raised.newest(logs, old.number, deployment.started, secrets)
        if fresh.title in {one.title for one in before}:  # what both need may be out
            return
        git = Git(self.cast.machine.places.repository(deployment.application))
        suspicion = crossed(git, fresh.calls, old.commit, new.commit)
        title = fresh.title[:TITLE]
        known = any(one.data["title"] == title and one.data["deployment"] == deployment.id for one in noted)
        if suspicion.evidence and not known:
            told = {**asdict(suspicion), "title": title, "release": new.number, "printed": fresh.at}
            with self.cast.database.write() as conn:
                deployments.note(conn, deployment, "release.printed", told)
                if suspicion.commit not in (None, new.commit):
                    by = replace(deployment, commit=suspicion.commit)
                    deployments.note(conn, by, "commit.suspected", {**told, "brought": new.commit})


def _on_trial(conn: Connection) -> Iterator[Deployment]:
    """Those that have, or had just now, a share of the requests, and those that serve beside a warm one."""
    yield from (
        one for one in deployments.running(conn) if any(share for _, share in deployments.shares(conn, one))
    )
    for now in releases.all_serving(conn):
        if now.warm is not None and (now.warm_until or 0) > time.time():
            deployment = deployments.get(conn, now.deployment)
            if deployment.kind == "deploy":
                yield deployment


def _place(one: Raised) -> tuple[str, int]:
    return one.calls[0].file, one.calls[0].line
