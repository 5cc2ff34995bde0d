"""A green run's candidate becomes an artifact: named by its digest, kept once, never changed."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.artifacts import candidate, fetch, shelf
from shipway.artifacts.candidate import Candidate
from shipway.config.places import Places
from shipway.errors import OwnerError, ShipwayError
from shipway.hosts.supervisor.claim import boot
from shipway.pushes.git import Git
from shipway.state import artifacts, runs
from shipway.state.artifacts import Artifact
from shipway.state.database import Database
from shipway.state.runs import Run

_CHECKED = object()


class NotGreen(ShipwayError):
    """Not every step of the run passed, so nothing of it may be released."""

    id = "artifacts.not_green"
    actor = "you"
    status = 409


class NothingBuilt(OwnerError):
    """The run is green and what it built is gone: somebody deleted files of Shipway's."""

    id = "artifacts.nothing_built"
    default_hint = "Build it anew, as a branch of its own: git push shipway COMMIT:refs/heads/again"


@dataclass(frozen=True)
class GreenRun:
    """A run of which every planned step passed. Only `green` makes one: that is what lets it be published."""

    run: Run
    _proof: object

    def __post_init__(self) -> None:
        if self._proof is not _CHECKED:
            raise TypeError("only artifacts.publish.green says that a run is green")


def green(database: Database, run: str) -> GreenRun:
    """The run, if the record says that every step of its plan passed, the build too; raises NotGreen."""
    with database.read() as conn:
        found = runs.get(conn, run)
        last = {step.name: step.state for step in runs.steps_of(conn, run)}
    planned = _planned(found)
    missing = [name for name in planned if last.get(name) != "passed"]
    if missing or "build" not in planned:
        raise NotGreen(f"Run {found.number} is not green: {', '.join(missing) or 'it built nothing'}.")
    return GreenRun(found, _CHECKED)


def publish(database: Database, places: Places, *, run: GreenRun) -> Artifact:
    """The artifact of a green run: its archive in place and synced first, then recorded.

    The same archive again, of this commit or another, is the artifact there is. Raises NothingBuilt.
    """
    source = run.run
    packed = candidate.find(places, source.id)
    if packed is None:
        raise NothingBuilt(f"Run {source.number} has left nothing to publish.")
    tree = Git(places.repository(source.application)).tree(source.commit)
    with shelf.locked(places, packed.digest):
        _shelve(places, source, packed)
        with database.write() as conn:
            return artifacts.create(
                conn,
                application=source.application,
                digest=packed.digest,
                commit=source.commit,
                run=source.id,
                project=source.plan["project"],
                size=packed.size,
                tree=tree,
            )


def _shelve(places: Places, run: Run, packed: Candidate) -> None:
    kept = shelf.archive(places, packed.digest)
    built = candidate.packed_in(places, run.id)
    if kept.exists():
        return
    if not built.exists():
        raise NothingBuilt(f"Run {run.number} has left nothing to publish.")
    shelf.write_about(places, packed.digest, {"python": packed.python})
    built.chmod(0o400)
    built.rename(kept)
    shelf.sync(places.artifacts)
    if packed.boot == boot():
        fetch.take_over(places, packed.digest, candidate.unpacked_in(places, run.id))


def _planned(run: Run) -> list[str]:
    """The names, in the record, of what the run's plan has to do before it may publish."""
    nodes = [node for node in run.plan.get("nodes", ()) if node["action"] in ("step", "build")]
    return [node["arguments"].get("step", node["action"]) for node in nodes]
