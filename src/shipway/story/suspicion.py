"""Who is suspected of an error, or of a step that failed: where it went, crossed with what is new."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial

from shipway.incidents import began, commands, differences, imports, suspects
from shipway.incidents.differences import FORMAT, Changed, Written
from shipway.incidents.letter import clock
from shipway.incidents.suspects import Suspicion, Terms
from shipway.project import FILE
from shipway.pushes.git import Git, GitFailed
from shipway.signals import stacks
from shipway.signals.errors import samples
from shipway.signals.errors.samples import Sample
from shipway.signals.stacks import Call
from shipway.state import deployments, errors, pushes, releases, runs, suspicions, verdicts
from shipway.state.database import Connection
from shipway.state.errors import Error, Place
from shipway.state.facts import Fact
from shipway.state.pushes import NOTHING
from shipway.state.releases import Release
from shipway.story import beneath
from shipway.story.beneath import Beneath
from shipway.story.cast import Cast

log = logging.getLogger(__name__)

LATE = 10.0  # seconds after which a report that is not there will not come any more
SAME = 60.0
"""Seconds after an error is new in which the release before, by reporting it as well, shows what both need."""
LONG = 600.0  # seconds for which that is looked for
CALLS = 30
FILES = 10  # of a stack, the innermost ones
LARGEST = 512 * 1024  # bytes of a file that is looked at
MOST = 100  # commits that came with a release command
TRIES = 3  # before an error that cannot be looked at is given up
PATIENCE = 30.0  # seconds for each question to git
_DIFF = ("-p", "--unified=0", "-w", "--no-renames", "--no-color", "--no-ext-diff", "--no-textconv")


@dataclass
class Suspecting:
    """Looks who is suspected of each failed step and of each error, one after the other."""

    cast: Cast
    _tries: dict[str, int] = field(default_factory=dict)

    def look(self) -> None:
        """Looks at every step that failed, and every error that is new or came back, and records who is suspected,
        or why nobody is. Steps first: whoever pushed is waiting.
        """
        self._look_at_steps()
        self._clear_what_both_have()
        with self.cast.database.read() as conn:
            waiting = errors.unsuspected(conn)
        for error, place in waiting:
            what = f"error {error.number} of {error.application} in {place.environment}, {place.release}"
            found = self._guarded(what, partial(_of_error, self.cast, error, place), tries=TRIES)
            if found is not None:
                with self.cast.database.write() as conn:
                    errors.suspect(conn, error, place, asdict(found))

    def _clear_what_both_have(self) -> None:
        """Looks anew at whom the release before relieves, by reporting the same at about the same time."""
        with self.cast.database.read() as conn:
            shared = errors.suspected_since(conn, time.time() - LONG)
            relieved = [place for error, place in shared if _another_has_it(conn, error, place)]
        if relieved:
            with self.cast.database.write() as conn:
                for place in relieved:
                    errors.suspect_no_more(conn, place)

    def _look_at_steps(self) -> None:
        with self.cast.database.read() as conn:
            failures = suspicions.waiting(conn)
        for failure in failures:
            by_us = failure.data.get("actor") in ("owner", "nobody")
            what = f"{failure.data.get('step')} of run {failure.run}"
            found = None if by_us else self._guarded(what, partial(of_step, self.cast, failure), tries=1)
            with self.cast.database.write() as conn:
                suspicions.settle(conn, failure, None if found is None else asdict(found))

    def _guarded(self, what: str, look: Callable[[], Suspicion | None], tries: int) -> Suspicion | None:
        """What meets a defect so many times is given up: it must not keep the next from being looked at."""
        try:
            found = look()
        except Exception as defect:
            log.exception("%s could not be looked at", what)
            self._tries[what] = self._tries.get(what, 0) + 1
            found = _given_up(defect, tries) if self._tries[what] >= tries else None
        if found is not None:
            self._tries.pop(what, None)
        return found


def of_step(cast: Cast, failure: Fact) -> Suspicion:
    """Who is suspected of a step that failed: the calls that explain it, crossed with what is new.

    What failed in the same way below came by nobody since: there its own calls are crossed with what was new then.
    """
    step, said = str(failure.data.get("step")), str(failure.data.get("excerpt", ""))
    with cast.database.read() as conn:
        run = runs.get(conn, str(failure.run))
        push = None if run.push is None else pushes.get(conn, run.push)
        git = Git(cast.machine.places.repository(run.application))
        try:
            since = began.of_step(conn, git, run, step, said)
        except GitFailed as error:
            return _unreadable(error)
    if since.commit:
        found = _of_calls(git, since.said, since.free, since.commit)
        found = replace(found, reason=f"It failed in the same way with {since.commit[:7]}. {found.reason}")
    elif push is None or push.old == NOTHING:
        found = Suspicion("There is no commit before it to compare with.")
    else:
        found = _of_calls(git, said, since.free, run.commit)
    return replace(found, base=since.free, far=since.far, began=since.commit)


def _of_calls(git: Git, said: str, old: str, new: str) -> Suspicion:
    """The calls in a log, crossed with what is new. A test that compares names no file but its own: then what that
    imports is looked at.
    """
    found = crossed(git, stacks.calls_in(said), old, new, suspects.STEP)
    if found.commit is not None or found.candidates or not old:
        return found
    try:
        return _by_imports(git, found, old, new) or found
    except GitFailed as error:
        return _unreadable(error)


def _by_imports(git: Git, found: Suspicion, old: str, new: str) -> Suspicion | None:
    files = set(git.files(new))
    for path in found.files[:FILES]:
        among = imports.imported(path, _text(git, new, path), files)[:CALLS]
        by = suspects.of_imports(path, among, _between(git, old, new, among)) if among else None
        if by is not None:
            return replace(by, files=found.files)
    return None


def _text(git: Git, commit: str, path: str) -> str:
    """Nothing of a file too large to be looked at."""
    content = git.read(commit, path, limit=LARGEST) if (git.size(commit, path) or LARGEST) < LARGEST else None
    return "" if content is None else content.decode(errors="replace")


def _of_error(cast: Cast, error: Error, place: Place) -> Suspicion | None:
    """None while the report that tells of it is still being written."""
    if place.release is None:
        return Suspicion("The reports name no release of Shipway's, so there is no difference to look at.")
    with cast.database.read() as conn:
        release, since = releases.get(conn, place.release), _since(conn, error, place)
        below = beneath.changed(conn, release, since)
        both = below is not None and _has_it_too(conn, error, place, below.by, since)
    if below is not None:
        found = _of_beneath(cast, error, below, both=both)
        return replace(found, failed=_failed(cast, below, since - below.since))
    return _of_its_code(cast, error, place, release)


def _of_its_code(cast: Cast, error: Error, place: Place, release: Release) -> Suspicion | None:
    with cast.database.read() as conn:
        before, since = _before(conn, release), _since(conn, error, place)
        had = {
            seen.release for seen in errors.in_releases(conn, error.id) if seen.environment == place.environment
        }
        shared = _before_has_it(conn, error, place)
    if before is None:
        return Suspicion(f"r{release.number} is the first release of {release.environment}.")
    if before.commit == release.commit:
        return Suspicion(
            f"r{release.number} and r{before.number} are the same commit: their configuration differs."
        )
    if (error.regressed is None and before.id in had) or shared:
        return Suspicion(
            f"r{before.number}, which served before it, reports it too: r{release.number} is not why."
        )
    kept = samples.newest(cast.machine.places, error.application, error.id)
    sample = next((each for each in kept if each["release"] == release.id), None)
    if sample is None:
        late = time.time() - since > LATE
        return Suspicion("No report of it is left to look at.") if late else None
    git = Git(cast.machine.places.repository(error.application))
    return crossed(git, _calls(sample), before.commit, release.commit)


def _of_beneath(cast: Cast, error: Error, below: Beneath, *, both: bool) -> Suspicion:
    """Whose commit a newer release's command came by that was begun before the release first had the error. The
    stack of that says nothing then: it went through the same code while that served well.
    """
    found, git = Suspicion(below.undecided), Git(cast.machine.places.repository(error.application))
    if both:
        found = Suspicion(
            f"r{below.by.number} reports it too since its release command began: what both need may be out."
        )
    elif below.fits:
        try:
            found = _of_command(git, below)
        except GitFailed as failed:
            found = _unreadable(failed)
    return replace(found, beneath=below.by.number)


def _failed(cast: Cast, below: Beneath, since: float) -> str:
    """How many requests the release failed by now: visitors may meet what is grouped as another error, or none."""
    now = time.time()
    answered = cast.collector.tally(below.old.name, since, now)
    if not answered.errors:
        return ""
    failed = f"{answered.errors:,} of {answered.requests:,} requests"
    return f"r{below.old.number} failed {failed} from {clock(since)} to {clock(now)}."


def _of_command(git: Git, below: Beneath) -> Suspicion:
    old, new = below.old.commit, below.by.commit
    paths = [path for path in git.changed(old, new) if commands.migrates(path)]
    paths += commands.files(below.command, set(git.files(new)), partial(_text, git, new))
    paths += [FILE] if below.new else []
    brought = git.brought(old, new, MOST)
    return commands.suspect(below.says, paths, _between(git, old, new, paths) if paths else [], brought)


def _another_has_it(conn: Connection, error: Error, place: Place) -> bool:
    """Whether what both need may be out: the release before has it too, or the one that changed the data."""
    if place.release is None:
        return False
    since = _since(conn, error, place)
    below = beneath.changed(conn, releases.get(conn, place.release), since)
    if below is not None:
        return _has_it_too(conn, error, place, below.by, since)
    return _before_has_it(conn, error, place)


def _before_has_it(conn: Connection, error: Error, place: Place) -> bool:
    """Whether the release before reported it first at about the time at which this one did."""
    before = None if place.release is None else _before(conn, releases.get(conn, place.release))
    return before is not None and _has_it_too(conn, error, place, before, _since(conn, error, place))


def _has_it_too(conn: Connection, error: Error, place: Place, other: Release, since: float) -> bool:
    same = [each for each in errors.in_releases(conn, error.id) if each.release == other.id]
    return any(
        each.environment == place.environment and since <= each.last_seen and each.first_seen <= since + SAME
        for each in same
    )


def _since(conn: Connection, error: Error, place: Place) -> float:
    """When the release first had it; later reports, which may go on for ever, are not waited for."""
    seen = errors.in_releases(conn, error.id)
    same = (each for each in seen if (each.environment, each.release) == (place.environment, place.release))
    first = next(same, None)
    return max(place.first_seen, error.regressed or 0.0) if first is None else first.first_seen


def _given_up(defect: Exception, tries: int) -> Suspicion:
    often = "" if tries == 1 else f" {tries} times"
    return Suspicion(f"It is not known: looking at it failed{often} ({type(defect).__name__}: {defect!s:.200}).")


def _before(conn: Connection, release: Release) -> Release | None:
    """What served in the environment before this release was first deployed there, and was not condemned."""
    made = deployments.recent(conn, release.application, release.environment, limit=200)
    first = min((each.epoch for each in made if each.release == release.id), default=None)
    for each in made:
        if (
            first is not None
            and each.epoch < first
            and each.state == "done"
            and not verdicts.is_condemned(conn, each)
        ):
            return releases.get(conn, each.release)
    return None


def _calls(sample: Sample) -> list[Call]:
    """Those of what caused the others first, the innermost first."""
    names = ("file", "path", "line", "function", "source", "own")
    return [
        Call(*(frame[name] for name in names))
        for raised in sample["raised"]
        for frame in reversed(raised["frames"])
    ]


def crossed(git: Git, calls: Sequence[Call], old: str, new: str, terms: Terms = suspects.ERROR) -> Suspicion:
    """Who is suspected of what went through the calls; a repository that git cannot read suspects nobody."""
    if not old:
        return Suspicion("There is no commit before it to compare with.")
    try:
        files = set(git.files(new))
        placed = [(path, call) for call in calls if (path := _placed(call, files)) is not None]
        placed = [each for each in placed if each[1].own or each[1].source][:CALLS]
        paths = list(dict.fromkeys(path for path, _ in placed))[:FILES]
        between = _between(git, old, new, paths) if paths else []
        changed = {path: file for path in paths if (file := _changed(git, old, new, path, between)) is not None}
        return replace(suspects.suspect(placed, changed, between, terms), files=tuple(paths))
    except GitFailed as error:
        return _unreadable(error)


def _placed(call: Call, files: set[str]) -> str | None:
    """The file of the repository that a call is in, or what that is compiled from."""
    return stacks.located(call, files) or (stacks.source_of(call, files) if call.own else None)


def _unreadable(error: GitFailed) -> Suspicion:
    log.warning("nobody can be suspected: %s", error)
    return Suspicion("The repository could not be read.")


def _between(git: Git, old: str, new: str, paths: Sequence[str]) -> list[Written]:
    """The commits that touched these files since `old`, those of merged branches too."""
    options = (FORMAT, *_DIFF, "--diff-merges=off", "--no-show-signature", "--max-count=1000")
    told = git.run("log", *options, values=[f"{old}..{new}"], paths=paths, timeout=PATIENCE)
    return differences.commits(told.decode(errors="replace"))


def _changed(git: Git, old: str, new: str, path: str, between: Sequence[Written]) -> Changed | None:
    """None of one that did not change, and of one too large to be looked at: the others still tell something."""
    size = git.size(new, path)
    if size is None or size > LARGEST:
        return None
    diff = git.run("diff", *_DIFF, values=[old, new], paths=[path], timeout=PATIENCE)
    content = git.read(new, path, limit=LARGEST) if diff else None
    if content is None:
        return None
    blame = git.blame(old, new, path, timeout=PATIENCE)
    lines = content.decode(errors="replace").removesuffix("\n").split("\n")  # as git counts them
    known = {each.commit for each in between}
    origins = differences.origins(blame.decode(errors="replace"), known)
    by, came = ({at: each[0] for at, each in origins.items()}, {at: each[1] for at, each in origins.items()})
    return Changed(path, lines, by, differences.hunks(diff.decode(errors="replace")).get(path, []), came)
