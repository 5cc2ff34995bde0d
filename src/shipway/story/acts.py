"""What people ask for: each act checks, records, and leaves the rest to the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shipway.artifacts import shelf
from shipway.config import names
from shipway.durable.plan import Plan
from shipway.environments import configure
from shipway.errors import CannotRecord, NotFound, RecordLocked, ShipwayError, UserError
from shipway.pipelines import cancel
from shipway.project import Project
from shipway.pushes import repositories
from shipway.pushes.git import Git
from shipway.releases import freeze, gate
from shipway.rollbacks import choose, decide
from shipway.rollbacks.decide import Will
from shipway.state import (
    applications,
    artifacts,
    configurations,
    decisions,
    deployments,
    errors,
    releases,
    runs,
    stuck,
)
from shipway.state.applications import Application
from shipway.state.artifacts import Artifact
from shipway.state.configurations import Configuration
from shipway.state.database import BRIEFLY, PATIENCE, Connection
from shipway.state.decisions import Decision
from shipway.state.deployments import Deployment
from shipway.state.errors import Error
from shipway.state.holds import Hold
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.state.stuck import Stuck
from shipway.story import at_once, carry, go_back, migrations, order, plan
from shipway.story.cast import Cast, project_of
from shipway.traffic.patience import until


class InvalidName(UserError):
    """A name that cannot be part of an address."""

    id = "applications.invalid_name"


class NoSuchBranch(UserError):
    """The branch was never pushed, or is gone."""

    id = "applications.no_such_branch"


class NothingToDeploy(UserError):
    """The commit has no artifact: it was never green here, or its files were pruned."""

    id = "artifacts.none"
    status = 409


@dataclass(frozen=True)
class Configured:
    """The configuration after a change, whether it is another one (`changed`), whether a push has `named` its
    environment yet, and the run that makes it serve, where something serves. Where `stuck` is in the way of that,
    the next release has it; what `serves` has it so already.
    """

    configuration: Configuration
    changed: bool
    named: bool
    run: Run | None
    stuck: Stuck | None = None
    serves: Release | None = None


Note = Callable[[Connection, Run], None]
"""What is recorded with a run."""

TAKING_OVER = ("processes", "switch")
"""The phases of a deployment in which its release is about to have everything."""


GIVEN_BACK = 20.0  # seconds in which whoever tries a release gives its share back, though nothing can be recorded


@dataclass(frozen=True)
class Story:
    """The acts of people, by whoever may ask for them; `who` is recorded with each."""

    cast: Cast

    def create_application(self, name: str, default_branch: str, who: str) -> Application:
        """Creates an application and its repository; one that exists already is returned as it is."""
        _may_be_called(name)
        with self.cast.database.write() as conn:
            application = applications.create(conn, name, default_branch, who)
        repositories.create(self.cast.machine.places, name, application.default_branch)
        return application

    def set_default_branch(self, application: str, branch: str, who: str) -> Application:
        """Makes another branch the one that says what the application is, and what a clone begins with."""
        git = Git(self.cast.machine.places.repository(application))
        with self.cast.database.read() as conn:
            if applications.find(conn, application) is None:
                raise NotFound(f"There is no application called {application}.")
        known = [ref.removeprefix("refs/heads/") for ref in git.refs() if ref.startswith("refs/heads/")]
        if branch not in known:
            there = f"There are: {', '.join(sorted(known))}." if known else "Nothing was pushed yet."
            raise NoSuchBranch(f"{application} has no branch called {branch[:100]!r}.", hint=there)
        with self.cast.database.write() as conn:
            applications.set_default_branch(conn, application, branch, who)
        git.set_head(branch)
        with self.cast.database.read() as conn:
            return applications.get(conn, application)

    def cancel(self, run: str, who: str) -> Run:
        """Stops a run that has not begun to deploy; a deployment that has begun is finished or undone."""
        return cancel.cancel(self.cast.database, self.cast.machine.places, run, who)

    def retry(self, run: str, who: str) -> Run:
        """Queues another run for the commit of one that did not get through."""
        with self.cast.database.read() as conn:
            found = runs.find(conn, run)
        if found is None:
            raise NotFound(f"There is no run {run}.")
        return carry.again(self.cast, found, who)

    def deploy(self, application: str, environment: str, commit: str, who: str) -> Run:
        """Queues the deployment of a commit's artifact. Its gate is asked when it begins."""
        artifact = self._artifact(application, commit)
        with self.cast.database.read() as conn:
            default = order.default_project(conn, self.cast.machine.places, application)
        project = order.as_ordered(project_of(artifact), default)
        if environment not in project.order:
            raise order.unknown(environment, project.order)
        return self._queue(artifact, project, who, "deploy", environment, plan.deployments(project, [environment]))

    def roll_back(
        self,
        application: str,
        environment: str,
        to: int | None,
        who: str,
        *,
        why: str = "",
        past: int | None = None,
    ) -> Run:
        """Queues going back to the release r<to>, by default the one before what serves.

        Where nothing can be recorded it gets all requests at once, started for that unless it is kept warm: raises
        OnlyRequests, or RestWaits while another process keeps the record locked.
        While a new release is tried on a share of the requests, going back is giving that share back: the run that
        tries it is returned, and ends with that. Raises NoWayBack where the data allows none.

        Who says `why` decides: between a release that is frozen and the one beside it, and where it is said that
        what r<past> did to the data is no obstacle.
        """
        will = decide.will(why, past)
        if (tried := self._take_back(application, environment, to, who, will)) is not None:
            return tried
        if will is not None:
            return self._decide(application, environment, to, who, will)
        release = self._way_back(application, environment, to)
        way = plan.rollback(release.id)
        try:
            return self._queue_rollback(release, way, who)
        except RecordLocked as error:
            raise self._shifted(release, error) from error
        except CannotRecord:
            return self._queue_or_shift(release, way, who)

    def _decide(self, application: str, environment: str, to: int | None, who: str, will: Will) -> Run:
        """Between the two where one is frozen, and otherwise past what stands in the way of going back."""
        with self.cast.database.read() as conn:
            left = stuck.now(conn, application, environment)
            now = releases.now_serving(conn, application, environment)
            serves = [] if now is None else [releases.get(conn, now.release)]
        back = ""
        if left is None:
            release = self._way_back(application, environment, to, will.past)
            way, others = plan.rollback(release.id, past=will.past), serves
            back = environment if any(one.number > release.number for one in serves) else ""
        else:
            release, others = decide.chosen(left, to, will.past), [left.release, *serves]
            way = plan.rollback(release.id, frozen=left.deployment.id, past=will.past)
        try:
            return self._queue_rollback(release, way, who, _decided(will, release, others, who, back))
        except CannotRecord as error:
            if left is not None:
                raise
            raise self._shifted(release, error) from error

    def _way_back(self, application: str, environment: str, to: int | None, past: int | None = None) -> Release:
        with self.cast.database.read() as conn:
            return self.way_back(conn, application, environment, to, past)

    def way_back(
        self, conn: Connection, application: str, environment: str, to: int | None, past: int | None = None
    ) -> Release:
        """The release that going back leads to, r<to> or the one before what serves; nothing is done yet.

        Raises NowhereToGo, GateClosed where it is held, NoWayBack where the data allows none, and NothingToDeploy
        once its files were pruned.
        """
        go_back.check_frozen(conn, application, environment, to)
        release = self._standing(conn, application, environment) if to is None else None
        release = release or choose.target(conn, application, environment, to)
        go_back.check_holds(conn, release)
        self._has_files(conn, release)
        migrations.check_way_back(self.cast, conn, release, past=past)
        return release

    def going_back(
        self,
        conn: Connection,
        application: str,
        environment: str,
        to: int | None,
        *,
        why: str = "",
        past: int | None = None,
    ) -> Release | None:
        """The release that `roll_back` would give all requests, as things are; nothing is done. None where it
        takes back what is tried, and nothing serves beside that. Raises what that would raise.
        """
        will = decide.will(why, past)
        tried, good = self._beside_trial(conn, application, environment, to, will)
        if tried is not None:
            return good
        left = stuck.now(conn, application, environment)
        if will is not None and left is not None:
            return decide.chosen(left, to, past)
        return self.way_back(conn, application, environment, to, past)

    def freeze(
        self, application: str, environment: str, why: str, until: str, who: str
    ) -> tuple[Hold, Sequence[Hold]]:
        """Lets nothing new be deployed to an environment: `until` as people say it, empty until it is thawed; with
        the freezes that it replaces.
        """
        self._is_named(application, environment)
        with self.cast.database.write() as conn:
            return freeze.freeze(conn, application, environment, why=why, until=until, who=who)

    def thaw(self, application: str, environment: str, who: str) -> list[Hold]:
        """Ends the freezes of an environment; those that were in force."""
        self._is_named(application, environment)
        with self.cast.database.write() as conn:
            return freeze.thaw(conn, application, environment, who=who)

    def configure(
        self,
        application: str,
        environment: str,
        who: str,
        *,
        values: Mapping[str, str | None] | None = None,
        secrets: Mapping[str, str | None] | None = None,
    ) -> Configured:
        """Sets values and secrets (None takes one away); what serves is deployed again with them, by the run."""
        named = self._is_named(application, environment)
        with self.cast.database.read() as conn:
            before = configurations.newest(conn, application, environment).version
        now = configure.change(
            self.cast.database,
            self.cast.machine.vault,
            application,
            environment,
            who=who,
            values=values,
            secrets=secrets,
        )
        changed = now.version != before
        if (serves := self._has_it_so(application, environment)) is not None:
            return Configured(now, changed, named, None, serves=serves)
        run, left = self._deploy_again(application, environment, who)
        return Configured(now, changed, named, run, left)

    def _has_it_so(self, application: str, environment: str) -> Release | None:
        """What serves, if it has all that is set; nothing while something else is on its way, which may not."""
        with self.cast.database.read() as conn:
            now = releases.now_serving(conn, application, environment)
            release = None if now is None else releases.get(conn, now.release)
            if release is None or deployments.running_in(conn, application, environment) is not None:
                return None
            served = configurations.get(conn, application, environment, release.configuration)
            newest = configurations.newest(conn, application, environment)
        return release if configure.is_same(self.cast.machine.vault, served, newest) else None

    def _is_named(self, application: str, environment: str) -> bool:
        """Whether a push has named the environment yet; NotFound where there is or can be none."""
        with self.cast.database.read() as conn:
            if applications.find(conn, application) is None:
                raise NotFound(f"There is no application called {application}.")
            return order.configurable(conn, self.cast.machine.places, application, environment)

    def _standing(self, conn: Connection, application: str, environment: str) -> Release | None:
        """What serves while another release is just taking its place, or has lost its share and is taken away: who
        goes back then means to stay there.
        """
        coming = deployments.running_in(conn, application, environment)
        now = releases.now_serving(conn, application, environment)
        if coming is None or now is None or coming.kind != "deploy":
            return None
        goes_back = coming.phase == "undo" and bool(deployments.shares(conn, coming))
        if not goes_back and coming.phase not in TAKING_OVER:
            return None
        return releases.get(conn, now.release) if coming.release != now.release else None

    def _tried(self, conn: Connection, application: str, environment: str) -> Deployment | None:
        """The deployment that tries its release on a share of the requests, if one does. The router has moved them
        a moment before that is on record: who goes back in it has seen that release answer.
        """
        tried = deployments.running_in(conn, application, environment)
        if tried is None or deployments.on_trial(conn, tried):
            return tried
        if tried.kind != "deploy" or tried.phase not in deployments.BEFORE_IT_SERVES:
            return None
        name = releases.get(conn, tried.release).name
        return tried if name in self.cast.proxy.serving(application, environment) else None

    def _take_back(
        self, application: str, environment: str, to: int | None, who: str, will: Will | None
    ) -> Run | None:
        """Looks before it writes: where nothing is tried going back must not need the record."""
        with self.cast.database.read() as conn:
            tried, good = self._beside_trial(conn, application, environment, to, will)
            if tried is None:
                return None
            bad = releases.get(conn, tried.release)
        try:
            with self.cast.database.write(BRIEFLY) as conn:
                still = self._tried(conn, application, environment)
                if still is None:
                    return None
                run = runs.get(conn, still.run)
                if will is not None and good is not None:
                    _decided(will, good, [bad], who, environment)(conn, run)
                deployments.take_back(conn, still, who)
                return run
        except CannotRecord as error:
            if will is not None or good is None:
                raise
            raise self._taken_back(tried, bad, good, who, error) from error

    def _taken_back(
        self, tried: Deployment, bad: Release, good: Release, who: str, error: CannotRecord
    ) -> CannotRecord:
        """What is to be raised: whoever tries the release gives its share back, or nothing has changed."""
        self.cast.unrecorded[tried.id] = who
        if until(lambda: bad.name not in self.cast.proxy.serving(bad.application, bad.environment), GIVEN_BACK):
            return _only_requests(good, error)
        self.cast.unrecorded.pop(tried.id)
        return error

    def _beside_trial(
        self, conn: Connection, application: str, environment: str, to: int | None, will: Will | None
    ) -> tuple[Deployment | None, Release | None]:
        """What is tried, where going back is to take that back, and the release beside it; nothing where it leads
        elsewhere.
        """
        tried = self._tried(conn, application, environment)
        now = releases.now_serving(conn, application, environment)
        good = None if now is None else releases.get(conn, now.release)
        if tried is not None and will is not None and (left := stuck.before(conn, tried)) is not None:
            raise decide.undecided(left, releases.get(conn, tried.release))
        named = to is not None and not (will is not None and good is not None and good.number == to)
        if tried is None or named:
            return None, None
        if good is not None:
            past = None if will is None else will.past
            migrations.check_take_back(self.cast, conn, tried, good, past=past)
        return tried, good

    def resolve_error(self, error: str, who: str) -> Error:
        """Says that an error is mended; one that is resolved already is left as it is."""
        with self.cast.database.write() as conn:
            errors.resolve(conn, errors.get(conn, error), who)
            return errors.get(conn, error)

    def reopen_error(self, error: str, who: str) -> Error:
        """Takes back that an error is mended; one that is open is left as it is."""
        with self.cast.database.write() as conn:
            errors.reopen(conn, errors.get(conn, error), who)
            return errors.get(conn, error)

    def _deploy_again(self, application: str, environment: str, who: str) -> tuple[Run | None, Stuck | None]:
        """What serves, with the newest configuration; nothing to do where it has that one already, and nothing
        done where it would get the requests of what is frozen beside it.
        """
        with self.cast.database.read() as conn:
            now = releases.now_serving(conn, application, environment)
            if now is None:
                return None, None
            release = releases.get(conn, now.release)
            if release.configuration == configurations.newest(conn, application, environment).version:
                return None, None
            artifact = artifacts.of_release(conn, release)
            left = stuck.now(conn, application, environment)
            held = gate.quarantine_over(conn, release, environment) is not None
        if left is not None and (held or not migrations.is_on_top(self.cast, left, release.commit)):
            return None, left
        way = plan.reconfiguration(environment)
        return self._queue(artifact, project_of(artifact), who, "deploy", environment, way), None

    def _artifact(self, application: str, commit: str) -> Artifact:
        git = Git(self.cast.machine.places.repository(application))
        full = git.resolve(commit)
        if full is None:
            raise NotFound(
                f"{application} has no commit {commit[:100]!r}.", hint="Push it first: `git push shipway HEAD`."
            )
        with self.cast.database.read() as conn:
            artifact = artifacts.of_commit(conn, application, full)
            newest = runs.recent(conn, application=application, commit=full, limit=1)
        if artifact is None:
            raise NothingToDeploy(
                f"There is no artifact of {full[:7]} in {application}{_why_none(newest)}.",
                hint=_way_to_an_artifact(full, newest),
            )
        return artifact

    def _has_files(self, conn: Connection, release: Release) -> None:
        pruned = artifacts.of_release(conn, release).pruned is not None
        if pruned and not shelf.archive(self.cast.machine.places, release.digest).exists():
            raise NothingToDeploy(
                f"The files of r{release.number} ({release.commit[:7]}) were pruned since.",
                hint=f"Build it anew and deploy that: git push shipway {release.commit[:7]}:refs/heads/again",
            )

    def _queue_rollback(self, release: Release, way: Plan, who: str, also: Note | None = None) -> Run:
        with self.cast.database.read() as conn:
            artifact = artifacts.of_release(conn, release)
        project = project_of(artifact)
        return self._queue(artifact, project, who, "rollback", release.environment, way, also, BRIEFLY)

    def _queue_or_shift(self, release: Release, way: Plan, who: str) -> Run:
        """Once more: where the disk was full there is some room by now. Raises OnlyRequests."""
        try:
            return self._queue_rollback(release, way, who)
        except CannotRecord as error:
            raise self._shifted(release, error) from error

    def _shifted(self, release: Release, error: CannotRecord) -> CannotRecord:
        """What is to be raised: the requests are back, or nothing has changed."""
        try:
            if not at_once.requests_back(self.cast, release):
                return error
        except ShipwayError as problem:
            told = f"r{release.number} could not be given the requests of {release.environment} either"
            return type(error)(f"{error.message} {told}: {problem.message}", hint=error.hint)
        return _only_requests(release, error)

    def _queue(
        self,
        artifact: Artifact,
        project: Project,
        who: str,
        purpose: str,
        environment: str,
        way: Plan,
        also: Note | None = None,
        patience: float = PATIENCE,
    ) -> Run:
        """`also` is recorded with it: both, or neither."""
        with self.cast.database.write(patience) as conn:
            run = runs.create(
                conn,
                application=artifact.application,
                push=None,
                branch=artifacts.branch_of(conn, artifact, environment),
                commit=artifact.commit,
                who=who,
                purpose=purpose,
                deliver=[environment],
                plan={"project": project.model_dump(mode="json"), **way.as_dict()},
            )
            if also is not None:
                also(conn, run)
            return run


def _only_requests(back: Release, error: CannotRecord) -> at_once.OnlyRequests:
    said = at_once.RestWaits if isinstance(error, RecordLocked) else at_once.OnlyRequests
    because = f"because {error.message[0].lower()}{error.message[1:]}"
    return said(
        f"r{back.number} has all requests of {back.environment} again; nothing else could be done, {because}"
    )


def _decided(will: Will, chosen: Release, others: Sequence[Release], who: str, back: str = "") -> Note:
    """Records what somebody decided with the run that carries it out; `back` is the environment that goes back."""
    decision = Decision(who, will.why, chosen.number, will.past, back)
    return lambda conn, run: decisions.record(conn, decision, run, chosen, others)


def _why_none(newest: Sequence[Run]) -> str:
    """Why a commit has no artifact, of which `newest` is the newest run if it had one."""
    if not newest:
        return ": it came with a later commit and had no run of its own"
    run = newest[0]
    if run.state == "passed":
        return f": run {run.number} passed, and its files were pruned since"
    ended = {"failed": "failed", "cancelled": "was cancelled", "superseded": "was superseded"}
    return f": run {run.number} {ended.get(run.state, f'is {run.state}')}"


def _way_to_an_artifact(commit: str, newest: Sequence[Run]) -> str:
    if newest and not newest[0].over:
        return f"Wait for it: `shipway runs {newest[0].number}` shows it."
    if newest and newest[0].state == "failed":
        return f"`shipway runs {newest[0].number}` says why."
    return f"To test it alone: git push shipway {commit[:7]}:refs/heads/again"


def _may_be_called(name: str) -> None:
    try:
        names.application(name)
    except ValueError as problem:
        raise InvalidName(f"{name!r} {problem}.", hint="It becomes part of an address.") from None
