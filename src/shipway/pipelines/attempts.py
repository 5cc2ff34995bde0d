"""A step happens, even after a crash: which attempt is next, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from shipway.config.durations import text
from shipway.config.places import Places
from shipway.errors import DiskFull, ShipwayError, TransientError, is_full
from shipway.hosts.excerpt import end, excerpt
from shipway.hosts.outcome import Outcome
from shipway.pipelines import unreachable
from shipway.state import runs
from shipway.state.database import Database
from shipway.state.runs import Run, Step

MOST_LOST = 2
"""How often a step whose machine died is tried again by itself: more often, it is what kills the machine."""

LINES = 12  # of the log, with a failure: as many as a push shows


@dataclass(frozen=True)
class Result:
    """How an attempt ended: `state` as in the record; `excerpt` is what explains a failure.

    When no command failed but Shipway did, `error` is the id, `actor` says who has to act and `about` what it is
    with, see `errors`.
    """

    state: str
    code: int | None = None
    excerpt: str = ""
    started: float | None = None
    ended: float | None = None
    error: str = ""
    actor: str = ""
    about: str = ""


@dataclass(frozen=True)
class Attempts:
    """The attempts of one step of a run, in the record and on disk."""

    database: Database
    places: Places
    run: Run
    name: str
    needs: Sequence[str] = ()
    retry: int = 0

    def carry_out(self, once: Callable[[Path], Result]) -> str:
        """Calls `once` with the directory of each attempt until one counts; the state that it ended in.

        An attempt that began before a crash is continued: `once` finds in its directory what happened. An error
        of Shipway's own fails the attempt with its message; a TransientError leaves it open, to be tried again.
        """
        while (attempt := following(recorded := self._recorded(), self.retry)) is not None:
            if self.cancelled() and attempt > len(recorded):
                return "cancelled"
            self._begin(attempt)
            self._end(attempt, _answered(once, self.places.step(self.run.id, self.name, attempt)))
        return recorded[-1].state

    def cancelled(self) -> bool:
        """Whether nobody wants the run any more."""
        with self.database.read() as conn:
            return runs.get(conn, self.run.id).over

    def _recorded(self) -> list[Step]:
        with self.database.read() as conn:
            return [step for step in runs.steps_of(conn, self.run.id) if step.name == self.name]

    def _begin(self, attempt: int) -> None:
        position = _position(self.run, self.name)
        with self.database.write() as conn:
            runs.begin_step(conn, self.run, self.name, attempt, position=position, needs=self.needs)

    def _end(self, attempt: int, result: Result) -> None:
        with self.database.write() as conn:
            runs.end_step(
                conn,
                self.run,
                self.name,
                attempt,
                result.state,
                exit_code=result.code,
                excerpt=result.excerpt,
                started=result.started,
                ended=result.ended,
                error=result.error,
                actor=result.actor,
                about=result.about,
            )


def following(recorded: Sequence[Step], retry: int) -> int | None:
    """The attempt to begin or to continue; None when the last one counts."""
    if not recorded:
        return 1
    last = recorded[-1]
    if last.state == "running":
        return last.attempt
    ended = [step.state for step in recorded]
    failed = ended.count("failed") + ended.count("timed out")
    again = failed <= retry if last.state in ("failed", "timed out") else last.state == "lost"
    return last.attempt + 1 if again and ended.count("lost") <= MOST_LOST else None


def result(outcome: Outcome, directory: Path, timeout: float, typed: str = "", *, network: bool) -> Result:
    """What is recorded of a supervised command that ended; `typed` is what its log begins with.

    One that had the `network` and failed because packages could not be fetched is the owner's to see to, and says
    from where.
    """
    if outcome.passed:
        return Result("passed", outcome.code, "", outcome.started, outcome.ended)
    exited = network and outcome.how == "exited"
    unanswered = unreachable.read(end(directory / "log")) if exited else None
    if unanswered is not None:
        failed = _failed(directory, unanswered)
        return replace(failed, code=outcome.code, started=outcome.started, ended=outcome.ended)
    state = outcome.how if outcome.how in ("timed out", "cancelled", "lost") else "failed"
    reasons = {
        "timed out": f"It did not end within {text(timeout)}, and was killed.",
        "killed": f"It was killed by signal {(outcome.code or 128) - 128}.",
        "lost": "The machine went down in the middle of it, or its supervisor was killed.",
    }
    reason = [reasons[outcome.how]] if outcome.how in reasons else []
    told = excerpt(directory, LINES - len(reason), without=typed.splitlines())
    return Result(state, outcome.code, "\n".join(filter(None, [told, *reason])), outcome.started, outcome.ended)


def _failed(directory: Path, error: ShipwayError) -> Result:
    """What failed by no command's fault: its log ends with what is to be said of it."""
    told = "\n".join(filter(None, (error.message, error.hint)))
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (directory / "log").open("a") as log:
        log.write(f"{told}\n")
    return Result("failed", excerpt=told, error=error.id, actor=error.actor, about=error.about)


def _answered(once: Callable[[Path], Result], directory: Path) -> Result:
    try:
        with _room_on_disk():
            return once(directory)
    except TransientError:
        raise
    except ShipwayError as error:
        return _failed(directory, error)


@contextmanager
def _room_on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        raise DiskFull(f"There is no room left on the disk: {error}") from error


def _position(run: Run, name: str) -> int:
    """Where the step stands in the run's plan."""
    ids = [node.get("id") for node in run.plan.get("nodes", ())]
    return next((ids.index(node) for node in (f"step:{name}", name) if node in ids), 0)
