"""What is over: whoever was told of it hears that once.

by_what_serves  a commit that comes after the one they were told of has all requests where that was bound for: at
                once where it did not get there, and after its trial where requests had to meet it
by_no_verdict   what mended a commit could not be judged: its quarantine, which was to end with that, goes on
by_an_artifact  the packages that they waited for could be fetched
by_an_answer    what was asked and failed passes again, or is asked no more
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from shipway.config.places import Places
from shipway.incidents import blame, channels, failing, follow, news, production
from shipway.incidents.channels import AGAIN, BY_HAND, ENDED, FIXED, HELD, SETTLED, WELL
from shipway.incidents.letter import Text
from shipway.incidents.new_errors import CAME
from shipway.incidents.stops import UNSURE
from shipway.pushes.git import Git
from shipway.state import artifacts, decisions, deployments, errors, facts, messages, releases, runs, verdicts
from shipway.state.database import Connection, Database
from shipway.state.deployments import Deployment
from shipway.state.facts import Fact
from shipway.state.messages import Draft, Message
from shipway.state.runs import Run

COMMITS = ("stopped", "undone", "bad", "silent")
"""Causes that a later commit mends."""

NEVER_CAME = ("stopped", "undone")
"""Causes that no judge has to say are mended: another got to where their commits did not."""

MAY_BE_INNOCENT = ("stopped", "undone", BY_HAND)
"""Causes of which the commit itself may come through all the same."""

TOLD = (*COMMITS, BY_HAND)
"""Kinds of messages whose people hear when a later commit serves."""

SERVES = ("deployment.done", "verdict.good", "verdict.not_known", "release.cooled")
"""Facts with which it may be clear that what a deployment brought serves and stays."""

PUBLISHED = "artifact.published"
"""The fact with which it is clear that the packages of a commit could be fetched."""

KINDS = (*SERVES, PUBLISHED, *failing.OVER)

WAITS = " waits for "
"""Stands in the cause of what somebody is told whose commit waits until another is mended, before that one."""

NO_COMMIT = (" asked by ", " of r")
"""Stand in the cause of what came with a value, or with nothing new, and not with a commit."""

REMEMBERED = 30 * 24 * 3600.0
"""Seconds after which whoever was told no longer hears that it is mended."""

FAR = 200  # deployments of an environment that were done, the newest


@dataclass(frozen=True)
class Served:
    """A deployment that has all requests in one of the environments of `order`.

    With a `doubt` nothing speaks for it, and its trial is over. While it is `tried` it may go back.
    """

    deployment: Deployment
    order: Sequence[str]
    doubt: str
    tried: bool = False

    def shows(self, every: Sequence[Message]) -> bool:
        """Whether it is clear by now that all that one person was told of is mended: they hear of it once."""
        return not self.tried or all(one.kind in NEVER_CAME for one in every)


@dataclass(frozen=True)
class Past:
    """What people were `told` of an application, `heard` to be mended, and had `settled` by hand. Of `innocent`
    messages the commit itself has come through since.
    """

    told: Sequence[Message]
    heard: Sequence[Message]
    settled: Sequence[Message]
    innocent: Sequence[Message]

    def of(self, commit: str) -> list[Message]:
        """What was told of a commit that comes through itself now."""
        return [one for one in self.innocent if one.commit == commit]

    def mended_by(self, commit: str, git: Git) -> list[Message]:
        """What a commit mends that comes after it: what nobody settled, and its person has not heard of yet."""
        return [one for one in self.told if _comes_after(git, commit, one) and not self._is_closed(one, git)]

    def _is_closed(self, told: Message, git: Git) -> bool:
        fixes = (each for each in self.heard if each.person == told.person)
        return (
            told in self.innocent
            or any(_is_about(told, each) for each in self.settled)
            or any(_comes_after(git, str(each.commit), told) for each in fixes)
        )


@dataclass(frozen=True)
class Mended:
    """Says of a fact what is over with it; `address` is where the server answers, for the links."""

    database: Database
    places: Places
    address: str

    def by(self, fact: Fact) -> list[Draft]:
        """What each person hears of what is over with a fact; nothing for facts of other kinds."""
        if fact.kind == PUBLISHED:
            return self._by_an_artifact(fact)
        if fact.kind in failing.OVER:
            return self._by_an_answer(fact)
        return [*self._by_no_verdict(fact), *self._by_what_serves(fact)] if fact.kind in SERVES else []

    def steady(self, conn: Connection) -> list[Draft]:
        """What closes the word that something comes and goes, where what took it can: it is steady again."""
        found = failing.steady(conn, time.time())
        return [
            replace(_passes(first, word, fact, self.address), cause=f"ended {word}", kind=ENDED)
            for first, word, fact in found
            if follow.can_follow(conn, first)
        ]

    def _by_what_serves(self, fact: Fact) -> list[Draft]:
        """Of what was replaced before it was judged first, unless what came does not contain it: that is no more
        judged, and what it mended is not the next one's.
        """
        with self.database.read() as conn:
            replaced, served = _replaced(conn, fact), _served(conn, fact)
        git = Git(self.places.repository(str(fact.application)))
        if replaced is not None and not git.is_ancestor(replaced.deployment.commit, str(fact.commit)):
            replaced = None
        drafts: list[Draft] = []
        said: list[Message] = []
        for one in filter(None, (replaced, served)):
            with self.database.read() as conn:
                past = _past(conn, one, fact.at)
            drafts += [] if one.tried else self._through(one, past)
            mended = [each for each in past.mended_by(one.deployment.commit, git) if each not in said]
            people = dict.fromkeys(each.person for each in mended)
            theirs = [[each for each in mended if each.person == person] for person in people]
            clear = [every for every in theirs if one.shows(every)]
            drafts += [draft for every in clear for draft in self._over(git, one, every)]
            told = [each for every in clear for each in every]
            drafts += self._whose_fix(git, one, told)
            said += told
        return drafts

    def _through(self, served: Served, past: Past) -> list[Draft]:
        """That a commit has come through itself is told to nobody, for nothing was mended; what took what was said
        of it closes it, and hears it once of news, however often that came.
        """
        by = served.deployment
        with self.database.read() as conn:
            took = [one for one in past.of(by.commit) if follow.can_follow(conn, one)]
            last = {one.person: one for one in took}
            first = [one for one in took if follow.is_open(one) or one is last[one.person]]
            return [
                follow.ended(_serves(one, by, news.through(conn, one, by, self.address)), one)
                for one in _once_for_each_thread(conn, first)
            ]

    def _over(self, git: Git, served: Served, every: Sequence[Message]) -> list[Draft]:
        """What one person is told of all that is over with a deployment, once: what took the rest closes it, and
        says by which message it is over. Of what came with no commit they hear nothing, but what took it may close
        it. Where an error of it came again it is not over: they hear that once.
        """
        with self.database.read() as conn:
            promised = [one for one in every if not _is_of_no_commit(conn, one)]
            broken = [one for one in promised if _is_broken(conn, one)]
        about = broken or promised or every
        first, by = next(filter(follow.is_open, reversed(about)), about[-1]), served.deployment
        since = git.brought(about[-1].commit, by.commit, blame.MOST)
        own = bool(broken) and any(commit.email.lower() == first.person for commit in since[:1])
        with self.database.read() as conn:
            again = _came_again(conn, about, by)
            text = news.fixed(
                conn,
                about,
                by,
                served.order,
                self.address,
                theirs=own,
                broken=bool(broken),
                doubt=served.doubt,
                again=again,
            )
            serves = _serves(first, by, text)
            if again and not served.doubt:
                came = replace(serves, cause=f"again {first.id}", kind=AGAIN)
                return [] if messages.said(conn, came.person, came.cause) else [came]
            ended = messages.thread(conn, first) if promised else ""
            others = [one for one in every if not promised or one.id not in (first.id, ended)]
            took = [one for one in others if follow.is_open(one) and follow.can_follow(conn, one)]
            closed = [
                one
                for one in _once_for_each_thread(conn, took)
                if not promised or (messages.thread(conn, one) or one.id) not in (first.id, ended)
            ]
        if not promised:
            return [follow.ended(serves, one) for one in closed]
        over = [_serves(one, by, news.over(one, by, text.subject, self.address)) for one in closed]
        return [serves, *map(follow.ended, over, closed)]

    def _whose_fix(self, git: Git, served: Served, every: Sequence[Message]) -> list[Draft]:
        """Whose commit came last, on top of what others were told of, hears that it serves and mends that, by a
        channel of their own, unless that is in doubt: the owner hears of it by what those others are told.
        """
        by = served.deployment
        with self.database.read() as conn:
            broken = [one for one in every if not _is_of_no_commit(conn, one) and _is_broken(conn, one)]
            if not broken or served.doubt or _came_again(conn, broken, by):
                return []
            newest = git.brought(broken[-1].commit, by.commit, blame.MOST)[:1]
            people = {commit.email.lower() for commit in newest} - {one.person for one in every}
            text = news.fixed(conn, broken, by, served.order, self.address, theirs=True, broken=True, untold=True)
            return [
                replace(_serves(broken[-1], by, text), person=person, answers="")
                for person in people
                if any(one.whose != blame.OWNER for one in channels.reaching(conn, person))
            ]

    def _by_no_verdict(self, fact: Fact) -> list[Draft]:
        """Who heard until when a fix is watched, and what ends with that, hears once that it has not, after the
        last environment in which it was to.
        """
        with self.database.read() as conn:
            by = None if fact.kind == "deployment.done" else _stays(conn, fact)
            if by is None or by.kind != "deploy":
                return []
            heard = messages.about(conn, (FIXED,), by.application, fact.at - REMEMBERED)
            about = messages.about(conn, COMMITS, by.application, fact.at - REMEMBERED)
            every = [(word, _told_to(about, word.person)) for word in heard if word.commit == by.commit]
            order = _order(conn, by)
            stays = [(word, news.still_held(conn, commits, by, order, word.created)) for word, commits in every]
        git = Git(self.places.repository(by.application))
        held = [
            (word, [one for one in those if git.is_ancestor(str(one.commit), by.commit)]) for word, those in stays
        ]
        with self.database.read() as conn:
            said = [
                (word, news.held(conn, those, by, word.created, self.address)) for word, those in held if those
            ]
        return [replace(_answer(word, f"held {word.id}", HELD, text), answers=word.answers) for word, text in said]

    def _by_an_artifact(self, fact: Fact) -> list[Draft]:
        """Who waits for packages hears once that theirs, or what comes after it, has got them."""
        with self.database.read() as conn:
            told = messages.about(conn, ("machine",), str(fact.application), fact.at - REMEMBERED)
            waited = [one for one in told if blame.INDEX in one.cause and one.person != blame.OWNER]
            waited = [one for one in waited if not goes_on(conn, one)]
            run = runs.get(conn, str(fact.run))
        git = Git(self.places.repository(run.application))
        return [
            _goes_on(one, run, news.gone_on(one, fact.at, run, self.address))
            for one in waited
            if one.commit == run.commit or _comes_after(git, run.commit, one)
        ]

    def _by_an_answer(self, fact: Fact) -> list[Draft]:
        """Once for each person: of what failed and said nothing, the other is closed by what can."""
        with self.database.read() as conn:
            over = failing.over(conn, fact)
            last = {one.person: (one, _passes(one, word, fact, self.address)) for one, word in over}
            others = [one for one, _ in over if last[one.person][0].id != one.id]
            closed = [follow.ended(last[one.person][1], one) for one in others if follow.can_follow(conn, one)]
        return [*(draft for _, draft in last.values()), *closed]


def goes_on(conn: Connection, told: Message) -> bool:
    """Whether who was told that a commit waits for packages has heard that it has got them."""
    return any(one.kind == WELL for one in messages.answering(conn, told.id))


def _served(conn: Connection, fact: Fact) -> Served | None:
    """What a fact shows to serve, though it may still be tried; None for what goes back."""
    deployment = _stays(conn, fact)
    if deployment is None and fact.kind == "deployment.done":
        deployment = _kept(conn, deployments.get(conn, str(fact.data["deployment"])))
        return None if deployment is None else _as_served(conn, deployment, tried=True)
    return None if deployment is None else _as_served(conn, deployment)


def _replaced(conn: Connection, fact: Fact) -> Served | None:
    """What had all requests until a deployment was done, and was to be judged still."""
    if fact.kind != "deployment.done":
        return None
    before = deployments.done_before(conn, deployments.get(conn, str(fact.data["deployment"])))
    if before is None or not production.is_judged(conn, before) or verdicts.at_the_end(conn, before):
        return None
    return None if _kept(conn, before) is None else _as_served(conn, before)


def _as_served(conn: Connection, deployment: Deployment, *, tried: bool = False) -> Served | None:
    if deployment.kind != "deploy":
        return None
    doubt = "" if tried else _doubt(conn, deployment)
    return Served(deployment, _order(conn, deployment), doubt, tried)


def _order(conn: Connection, deployment: Deployment) -> list[str]:
    """The environments of what it brought, the first to the last."""
    project = artifacts.of_release(conn, releases.get(conn, deployment.release)).project
    return [str(each["name"]) for each in project["environments"]]


def _told_to(about: Sequence[Message], person: str) -> set[str]:
    """The commits of which somebody was told."""
    return {str(one.commit) for one in about if one.person == person}


def _stays(conn: Connection, fact: Fact) -> Deployment | None:
    """The deployment that this fact shows to have all requests, and to be good or its trial over."""
    if fact.kind == "release.cooled":
        now = releases.now_serving(conn, str(fact.application), str(fact.environment))
        return None if now is None or now.warm is not None else _kept(conn, deployments.get(conn, now.deployment))
    deployment = deployments.get(conn, str(fact.data["deployment"]))
    if fact.kind == "deployment.done":
        tried = _on_trial(conn, deployment) and not _was_good(conn, deployment)
        return None if tried else _kept(conn, deployment)
    return _kept(conn, deployment) if verdicts.is_of_the_end(conn, fact) else None


def _on_trial(conn: Connection, deployment: Deployment) -> bool:
    """Whether it serves alone beside a warm release, and no verdict ended that yet."""
    now = releases.now_serving(conn, deployment.application, deployment.environment)
    beside = now is not None and now.deployment == deployment.id and now.warm is not None
    return beside and production.is_judged(conn, deployment) and not verdicts.at_the_end(conn, deployment)


def _was_good(conn: Connection, deployment: Deployment) -> bool:
    """Whether what was judged last of it, before it got all requests, speaks for it."""
    judged, after = verdicts.of_deployment(conn, deployment.id), verdicts.at_the_end(conn, deployment)
    return [one.kind for one in judged[: len(judged) - len(after)]][-1:] == ["good"]


def _kept(conn: Connection, deployment: Deployment) -> Deployment | None:
    """The deployment, unless it was judged bad or gave no answers: then it is taken back."""
    silent = facts.after(conn, 0, runs=[deployment.run], kinds=["release.silent"])
    gone = any(one.data["deployment"] == deployment.id for one in silent)
    return None if gone or "bad" in [one.kind for one in verdicts.at_the_end(conn, deployment)] else deployment


def _doubt(conn: Connection, deployment: Deployment) -> str:
    """Why nothing speaks for it; empty where it was judged good, or nothing was to be judged."""
    if not production.is_judged(conn, deployment) or deployments.done_before(conn, deployment) is None:
        return ""
    judged = verdicts.at_the_end(conn, deployment)
    if any(one.kind == "good" for one in judged) or (not judged and _was_good(conn, deployment)):
        return ""
    return judged[-1].reason if judged else "nobody has judged it"


def _came_again(conn: Connection, about: Sequence[Message], by: Deployment) -> list[str]:
    """The errors that were new in what was judged bad, and that the release of a deployment has had as well."""
    bad = {str(one.commit) for one in about if one.kind in follow.TAKEN_BACK}
    came = [
        fact for one in bad for fact in facts.after(conn, 0, application=by.application, commit=one, kinds=CAME)
    ]
    titles = {str(fact.data["error"]): str(fact.data["title"]) for fact in came}
    return [title for error, title in titles.items() if errors.had(conn, error, by.release)]


def _past(conn: Connection, served: Served, at: float) -> Past:
    """Of what was bound for where it serves."""
    application, since = served.deployment.application, at - REMEMBERED
    told, heard, settled = (
        messages.about(conn, kinds, application, since) for kinds in (TOLD, (FIXED,), (SETTLED,))
    )
    bound = served.deployment.environment
    told = [one for one in told if _bound(conn, one, served.order) == bound]
    heard = [one for one in heard if one.environment == bound or one.environment not in served.order]
    there = {bound, *(one.environment for one in told if one.kind == BY_HAND and one.environment)}
    done = {name: deployments.last_done(conn, application, name, FAR) for name in there}
    return Past(told, heard, settled, [one for one in told if _has_come_through(conn, bound, done, one)])


def _bound(conn: Connection, told: Message, order: Sequence[str]) -> str:
    """The last environment that a commit was to reach whose run came to grief; of all others, where all go."""
    run = runs.find(conn, told.run) if told.kind in NEVER_CAME and told.run else None
    there = [name for name in order if run is not None and name in run.deliver]
    return (there or order)[-1]


def _has_come_through(
    conn: Connection, bound: str, done: Mapping[str, Sequence[tuple[str, str]]], told: Message
) -> bool:
    """Whether the very commit has served since where commits are `bound` for, and kept its requests: it was tried
    again, or is back where somebody had taken it away. `done` are the deployments of each environment.
    """
    if told.kind not in MAY_BE_INNOCENT:
        return False
    there = {bound, told.environment or bound} if told.kind == BY_HAND else {bound}
    came = [deployments.get(conn, one) for name in there for one, commit in done[name] if commit == told.commit]
    return any(one.started > told.created and _kept(conn, one) is not None for one in came)


def _comes_after(git: Git, commit: str, told: Message) -> bool:
    return told.commit not in (None, commit) and git.is_ancestor(str(told.commit), commit)


def _is_about(told: Message, later: Message) -> bool:
    """Whether a later message is for the same person, of the same commit."""
    return (told.person, told.commit) == (later.person, later.commit) and told.id < later.id


def _is_of_no_commit(conn: Connection, told: Message) -> bool:
    """Whether what somebody was told of came with no commit, or nobody could say that it did."""
    stops = facts.after(conn, 0, runs=[str(told.run)], kinds=["run.stopped"]) if told.kind == "undone" else []
    unsure = any(str(one.data.get("id")) in UNSURE for one in stops)
    return unsure or any(each in told.cause for each in NO_COMMIT)


def _is_broken(conn: Connection, told: Message) -> bool:
    """Whether a commit is known to be: that somebody took it away by hand says so only with a reason."""
    if told.names_nobody or WAITS in told.cause:
        return False
    return told.kind != BY_HAND or decisions.of_run(conn, str(told.run)) is not None


def _once_for_each_thread(conn: Connection, every: Sequence[Message]) -> list[Message]:
    """The last of those that go on from the same message: what took them has one incident of them."""
    return list({messages.thread(conn, one) or one.id: one for one in every}.values())


def _serves(told: Message, by: Deployment, text: Text) -> Draft:
    about = _answer(told, f"fixed {told.id}", FIXED, text)
    return replace(about, application=by.application, environment=by.environment, run=by.run, commit=by.commit)


def _goes_on(told: Message, run: Run, text: Text) -> Draft:
    return replace(_answer(told, f"goes on {told.id}", WELL, text), run=run.id, commit=run.commit)


def _passes(told: Message, word: str, fact: Fact, address: str) -> Draft:
    about = _answer(told, f"passes {word}", WELL, news.passes(told, fact, address))
    return replace(about, environment=told.environment)


def _answer(told: Message, cause: str, kind: str, text: Text) -> Draft:
    return Draft(
        told.person,
        cause,
        kind,
        text.subject,
        text.body,
        time.time(),
        application=told.application,
        answers=told.id,
    )
