"""Whether a release began to fail because the data was changed beneath it: by the release command of a newer one.

    r4 serves well ─► r5's release command begins ─► r4 has an error that is new, though nobody changed r4

Checked against what was begun, not against what was declared: an expand is one only as far as its author knows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

from shipway.incidents.letter import lasting
from shipway.state import artifacts, deployments, releases, verdicts
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.story.cast import project_of
from shipway.traffic.tally import Tally

FAR = 50  # deployments after the one that brought a release
ONE_OF = 10  # releases, of which one may be taken for changed beneath though it failed by itself
LATELY = 5.0  # seconds
KNOWN = 20  # requests before a command that say how a release did
LEAST = 5  # failures since then that say that it fails
FEW = 0.05  # a share of failures that is no more than a few
MUCH = 4  # times the share of before, from which on it fails more
END = " before that."


@dataclass(frozen=True)
class Beneath:
    """The release `command` of `by` was begun beneath `old`; it is `new` where that one has another. `old` had
    served well for `well` seconds by then, and for another `since` with the data as it was left, until it failed.
    """

    old: Release
    by: Release
    command: str
    new: bool
    well: float
    since: float

    @property
    def fits(self) -> bool:
        """Whether it is hardly chance that it failed after the command and not before: what was wrong with it from
        the beginning on would show as soon as that in at most one of ten releases.
        """
        return ONE_OF * self.since < self.well + self.since

    @property
    def says(self) -> str:
        """Why it is that, without a full stop."""
        old, by = f"r{self.old.number}", f"r{self.by.number}"
        return (
            f"{by}'s release command had run when {old}, which served well for {lasting(self.well)}, began to fail"
        )

    @property
    def undecided(self) -> str:
        """Why it may be that, and may not."""
        old, by = f"r{self.old.number}", f"r{self.by.number}"
        return (
            f"{by}'s release command had begun before {old} first reported it. Whether it is that cannot be told: "
            f"{old} had not served for long enough before."
        )


def changed(conn: Connection, old: Release, failed: float) -> Beneath | None:
    """What changed the data beneath a release that had requests then, before it first `failed` (seconds since
    1970).
    """
    every = [one for one in deployments.of_release(conn, old.id) if one.started <= failed]
    if not every:
        return None
    newest, first = every[0], every[-1]
    later = deployments.recent(conn, old.application, old.environment, FAR)
    for deployment, began in _begun(conn, [one for one in later if one.epoch > first.epoch], old):
        if began > failed:
            continue
        came_back = newest.epoch > deployment.epoch
        if not came_back and not _had_requests(conn, newest, deployment):
            continue
        by = releases.get(conn, deployment.release)
        command, before = _command(conn, by), _command(conn, old)
        served = next((at for at, share in deployments.shares(conn, first) if share), began)
        again = max(began, newest.switched or newest.started) if came_back else began
        return Beneath(old, by, command, command != before, max(began - served, 0.0), max(failed - again, 0.0))
    return None


def under_way(conn: Connection, deployment: Deployment) -> list[tuple[float, float]]:
    """From when until when (seconds since 1970) a newer release has been deployed since its release command began:
    what is wrong then with what a deployment brought may be that one's doing.
    """
    old, later = releases.get(conn, deployment.release), list(deployments.after(conn, deployment, FAR))
    return [(began, inf if one.ended is None else one.ended) for one, began in _begun(conn, later, old)]


def fails_since(conn: Connection, old: Release, new: Release) -> str:
    """That `old` failed since the release command of `new` began, in a sentence; empty where no verdict of `new`
    says so.
    """
    said = _fails_since(old, new)
    for judged in reversed(verdicts.of_release(conn, new.id)):
        numbers, end, _ = judged.reason.removeprefix(said).partition(END)
        if judged.reason.startswith(said) and end:
            return said + numbers + end
    return ""


class Shaken:
    """How the release `old` does since the release command of `new` was `begun` (seconds since 1970), if it was,
    and how `new` does beside it.
    """

    def __init__(self, old: Release, new: Release, begun: float | None) -> None:
        self._old = old
        self._new = new
        self._begun = inf if begun is None else begun
        self._before = self._since = Tally()
        self._lately: deque[tuple[float, Tally, Tally]] = deque()

    def see(self, at: float, old: Tally, new: Tally) -> None:
        """What both answered up to a moment (seconds since 1970). The command may take its time: what came until
        the first failure is before it.
        """
        if at > self._begun and (self._since.requests or old.errors):
            self._since += old
        else:
            self._before += old
        self._lately.append((at, old, new))
        while self._lately[0][0] < at - LATELY:
            self._lately.popleft()

    @property
    def says(self) -> str:
        """That the old one fails since then, in a sentence; empty where it does not, or is not known to."""
        if not self._fails:
            return ""
        since, before = (f"{one.errors:,} of {one.requests:,}" for one in (self._since, self._before))
        return f"{_fails_since(self._old, self._new)}{since} requests, {before}{END}"

    @property
    def all_with_the_old(self) -> bool:
        """Whether the old one fails nearly all that it is asked since then, and the new one hardly anything."""
        old = sum((one for _, one, _ in self._lately), Tally())
        new = sum((one for _, _, one in self._lately), Tally())
        return self._fails and _failing(old) >= 1 - FEW and old.errors >= LEAST and _failing(new) <= FEW

    @property
    def _fails(self) -> bool:
        since, before = _failing(self._since), _failing(self._before)
        known = self._before.requests >= KNOWN and self._since.errors >= LEAST
        return known and since > max(FEW, MUCH * before)


def _fails_since(old: Release, new: Release) -> str:
    return f"r{old.number}, the one before, fails since r{new.number}'s release command began: "


def _failing(tally: Tally) -> float:
    return tally.errors / tally.requests if tally.requests else 0.0


def _begun(conn: Connection, later: Sequence[Deployment], old: Release) -> Iterator[tuple[Deployment, float]]:
    """Those of other releases whose release command was begun, each with when."""
    for one in later:
        began = None if one.release == old.id else deployments.entered(conn, one, "release")
        if began is not None:
            yield one, began


def _had_requests(conn: Connection, newest: Deployment, deployment: Deployment) -> bool:
    """Whether what a deployment had brought served, or was frozen with a share, when another one began."""
    before = deployments.done_before(conn, deployment)
    return newest.state == "stuck" or (before is not None and before.release == newest.release)


def _command(conn: Connection, release: Release) -> str:
    settings = project_of(artifacts.of_release(conn, release)).release
    return "" if settings is None else settings.run
