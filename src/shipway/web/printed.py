"""Where all is that an application printed in a deployment: a run quotes no more of it than explains a failure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.state import deployments, facts, releases
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.web.words import plain

EXPLAINING = 12  # lines
STARTS = "deployment.start"


@dataclass(frozen=True)
class Printed:
    """The log of an environment, as far as `release` has written it."""

    release: Release

    @property
    def title(self) -> str:
        """`r2 in dev`."""
        return f"r{self.release.number} in {self.release.environment}"

    @property
    def address(self) -> str:
        """Its page."""
        where = f"/applications/{self.release.application}/environments/{self.release.environment}"
        return f"{where}/log?release=r{self.release.number}"

    @property
    def command(self) -> str:
        return f"shipway logs --env {self.release.environment} --release r{self.release.number}"


def of_run(conn: Connection, run: str) -> list[Printed]:
    """What each deployment of a run has started, in their order."""
    return _started(conn, run, deployments.all_of_run(conn, run))


def of(conn: Connection, deployment: Deployment) -> Printed | None:
    """None where it started nothing, as when its release command had failed before."""
    return next(iter(_started(conn, deployment.run, [deployment])), None)


def explaining(excerpt: str) -> list[str]:
    """The lines of an excerpt that go with a failure, without what would steer a terminal."""
    lines = [plain(line) for line in excerpt.splitlines()]
    return [line for line in lines if line.strip()][:EXPLAINING]


def _started(conn: Connection, run: str, made: Sequence[Deployment]) -> list[Printed]:
    begun = {fact.environment for fact in facts.after(conn, 0, runs=[run], kinds=[STARTS])}
    return [Printed(releases.get(conn, one.release)) for one in made if one.environment in begun]
