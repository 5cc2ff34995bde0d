"""Facts become messages: each trouble once for each person, whatever dies in between.

1. The facts after the last one handled are read, and of each its cause, and of that who can mend it.
2. In one transaction the messages of a fact are written and the position moves. Who dies before it reads the same
   facts again; the key of a message is its person and its cause, so that nothing is said twice.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace

from shipway.config.places import Places
from shipway.incidents import acts, began, blame, by_hand, causes, follow, news, production, words
from shipway.incidents.blame import Whom
from shipway.incidents.cause import Cause
from shipway.incidents.channels import BY_HAND, FIXED, SETTLED, WELL
from shipway.incidents.letter import Text
from shipway.incidents.stops import UNSURE
from shipway.pushes.git import Git, GitFailed
from shipway.state import artifacts, deployments, facts, messages, positions, releases, runs, verdicts
from shipway.state.database import Connection, Database
from shipway.state.deployments import Deployment
from shipway.state.facts import Fact
from shipway.state.messages import Draft, Message
from shipway.state.runs import Run

log = logging.getLogger(__name__)

POSITION = "told"
AT_ONCE = 100  # facts that are read together
FAR = 1000  # facts of which nobody had to hear, after which the position moves all the same
PATIENCE = 2.0
"""Seconds that a bad verdict waits for the old release to be back, so that one message says both."""

COMMITS = ("stopped", "undone", "bad", "silent")  # causes that a later commit mends
MENDED = (*COMMITS, BY_HAND)  # kinds whose people hear when a later commit serves
SERVES = ("deployment.done", "verdict.good", "verdict.not_known", "release.cooled")
"""Facts with which it may be clear that what a deployment brought serves and stays."""

MOVED = ("deployment.done", "deployment.failed")
"""Facts with which what a person did by hand has moved requests."""

PUBLISHED = "artifact.published"
"""The fact with which it is clear that the packages of a commit could be fetched."""

WAITS = " waits for "
"""Stands in the cause of what somebody is told whose commit waits until another is mended, before that one."""

NO_COMMIT = (" asked by ", " of r")
"""Stand in the cause of what came with a value, or with nothing new, and not with a commit."""

REMEMBERED = 30 * 24 * 3600.0
"""Seconds after which whoever was told no longer hears that it is mended."""

TRIES = 3  # before a fact that cannot be understood is passed over


@dataclass
class Teller:
    """Reads the facts of the record; `address` is where the server answers, for the links."""

    database: Database
    places: Places
    address: str
    _seen: int = -1
    _tries: dict[int, int] = field(default_factory=dict)

    def look(self) -> None:
        """Makes messages of all that happened since it last looked."""
        with self.database.read() as conn:
            handled = positions.get(conn, POSITION)
            self._seen = max(self._seen, handled)
            newest = facts.newest(conn)
        while self._seen < newest:
            with self.database.read() as conn:
                found = facts.after(conn, self._seen, kinds=(*causes.KINDS, *SERVES, PUBLISHED), limit=AT_ONCE)
            for fact in found:
                drafts = self._drafts_of(fact)
                if drafts:
                    handled = self._write(drafts, handled, fact.id)
                self._seen = fact.id
            self._seen = found[-1].id if len(found) == AT_ONCE else newest
            if self._seen - handled > FAR:
                handled = self._write([], handled, self._seen)

    def _write(self, drafts: list[Draft], handled: int, last: int) -> int:
        with self.database.write() as conn:
            if positions.move(conn, POSITION, handled, last):
                for draft in drafts:
                    follow.say(conn, draft)
                return last
            return positions.get(conn, POSITION)

    def _drafts_of(self, fact: Fact) -> list[Draft]:
        """A fact that meets a defect again and again is passed over: it must not keep the next from being told."""
        try:
            return self._drafts(fact)
        except Exception:
            self._tries[fact.id] = self._tries.get(fact.id, 0) + 1
            if self._tries[fact.id] < TRIES:
                raise
            log.exception("fact %s (%s) could not be told to anybody", fact.id, fact.kind)
            return []

    def _drafts(self, fact: Fact) -> list[Draft]:
        if fact.kind in MOVED and (told := self._by_hand(fact)) is not None:
            return told + (self._mended(fact) if fact.kind in SERVES else [])
        if fact.kind in SERVES:
            return self._mended(fact)
        if fact.kind == PUBLISHED:
            return self._gone_on(fact)
        with self.database.read() as conn:
            cause = causes.of(conn, fact)
            judged = None if cause is None else production.of_error(conn, cause)
        if cause is None:
            return []
        instead = [] if judged is None else self._told(judged)
        heard = [one.person for one in instead]
        return instead + [one for one in self._told(cause) if one.person not in heard]

    def _told(self, cause: Cause) -> list[Draft]:
        """What each person is told of a cause."""
        git = self._git(cause.application)
        cause = self._traced(git, cause)
        theirs, others = blame.everybody(git, cause)
        waits = replace(cause, key=f"{cause.key}{WAITS}{cause.began}") if cause.began else cause
        told = [] if others is None else self._said(waits, blame.with_its_commit(git, cause, others))
        first = _of_the_first(cause)
        return [
            one for whom in theirs for one in self._said(first, blame.with_its_commit(git, cause, whom))
        ] + told

    def _gone_on(self, fact: Fact) -> list[Draft]:
        """Who waits for packages hears once that theirs, or what comes after it, has got them."""
        with self.database.read() as conn:
            told = messages.about(conn, ("machine",), str(fact.application), fact.at - REMEMBERED)
            waited = [one for one in told if blame.INDEX in one.cause and one.person != blame.OWNER]
            waited = [one for one in waited if not _has_ended(conn, one)]
            run = runs.get(conn, str(fact.run))
        git = Git(self.places.repository(run.application))
        return [
            self._well(one, fact.at, run)
            for one in waited
            if one.commit == run.commit or _comes_after(git, run.commit, one)
        ]

    def _well(self, told: Message, at: float, run: Run) -> Draft:
        text = news.gone_on(told, at, run, self.address)
        return Draft(
            told.person,
            f"goes on {told.id}",
            WELL,
            text.subject,
            text.body,
            time.time(),
            application=told.application,
            run=run.id,
            commit=run.commit,
            answers=told.id,
        )

    def _traced(self, git: Git | None, cause: Cause) -> Cause:
        """Where git cannot say with what it began, it is as if it began now."""
        if git is None:
            return cause
        try:
            with self.database.read() as conn:
                return began.traced(conn, git, cause)
        except (GitFailed, ValueError) as error:
            log.warning("it is not known with what %s began: %s", cause.key, error)
            return cause

    def _said(self, cause: Cause, whom: Whom) -> list[Draft]:
        if whom.held and blame.waits_for_packages(cause):
            return [one for person in whom.people for one in self._said_to(*self._waits(cause, whom, person))]
        return self._said_to(cause, whom)

    def _waits(self, cause: Cause, whom: Whom, person: str) -> tuple[Cause, Whom]:
        """What one of those who wait for packages is told: anew once what they were told of has gone on."""
        with self.database.read() as conn:
            last = messages.newest_of(conn, cause.key, person)
            ended = last is not None and _has_ended(conn, last)
        key = cause.key if last is None else last.cause
        if ended and cause.run is not None:
            key = f"{cause.key} again by {cause.run.id}"
        return replace(cause, key=key), replace(whom, people=(person,))

    def _said_to(self, cause: Cause, whom: Whom) -> list[Draft]:
        with self.database.read() as conn:
            text = words.trouble(conn, cause, whom, self.address)
            before = {person: _goes_on_from(conn, cause, person) for person in whom.people}
            awaited = cause.kind == "bad" and not cause.stuck and not _is_settled(conn, cause)
            named = whom.names_nobody and _is_somebodys(conn, cause)
            heard = [one for one in whom.people if named or (not whom.held and _has_heard(conn, cause, one))]
        due = max(time.time(), cause.at + PATIENCE if awaited else 0.0)
        return [_draft(cause, whom, one, text, due, before[one]) for one in whom.people if one not in heard]

    def _mended(self, fact: Fact) -> list[Draft]:
        """Whoever was told of a commit hears once one that comes after it has all requests where commits are bound
        for, and was judged good; or that nothing spoke for it, when its trial is over.
        """
        with self.database.read() as conn:
            deployment = _stays(conn, fact)
            if deployment is None:
                return []
            release = releases.get(conn, deployment.release)
            doubt = _doubt(conn, deployment)
            order = artifacts.of_release(conn, release).project["environments"]
            told = messages.about(conn, MENDED, release.application, fact.at - REMEMBERED)
            heard = messages.about(conn, (FIXED,), release.application, fact.at - REMEMBERED)
            settled = messages.about(conn, (SETTLED,), release.application, fact.at - REMEMBERED)
        names = [str(each["name"]) for each in order]
        if deployment.kind != "deploy" or names[-1] != deployment.environment:
            return []
        git = Git(self.places.repository(release.application))
        mended = [
            one
            for one in told
            if _comes_after(git, deployment.commit, one)
            and not any(_is_about(one, each) for each in settled)
            and not any(_comes_after(git, str(each.commit), one) for each in heard if each.person == one.person)
        ]
        people = dict.fromkeys(one.person for one in mended)
        return [
            draft
            for person in people
            for draft in self._over(deployment, names, [one for one in mended if one.person == person], doubt)
        ]

    def _over(self, by: Deployment, order: list[str], every: list[Message], doubt: str) -> list[Draft]:
        """What one person is told of all that is over with a deployment. Of what came with no commit they hear
        nothing, but what took it may close it.
        """
        with self.database.read() as conn:
            promised = [one for one in every if not _is_of_no_commit(conn, one)]
        broken = [one for one in promised if not (one.names_nobody or WAITS in one.cause)]
        about = broken or promised or every
        first = about[-1]
        since = Git(self.places.repository(by.application)).brought(first.commit, by.commit, blame.MOST)
        own = bool(broken) and any(commit.email.lower() == first.person for commit in since)
        with self.database.read() as conn:
            text = news.fixed(conn, about, by, order, self.address, theirs=own, broken=bool(broken), doubt=doubt)
            serves = Draft(
                first.person,
                f"fixed {first.id}",
                FIXED,
                text.subject,
                text.body,
                time.time(),
                application=by.application,
                environment=by.environment,
                run=by.run,
                commit=by.commit,
                answers=first.id,
            )
            ended = messages.thread(conn, first) if promised else ""
            others = [one for one in every if not promised or one.id not in (first.id, ended)]
            closed = [follow.ended(serves, one) for one in others if follow.can_follow(conn, one)]
        return [serves, *closed] if promised else closed

    def _by_hand(self, fact: Fact) -> list[Draft] | None:
        """What is told of what a person did; None where nobody did anything by hand."""
        with self.database.read() as conn:
            act = acts.of(conn, fact)
        if act is None:
            return None
        try:
            authors = acts.authors(Git(self.places.repository(act.old.application)), act)
        except (GitFailed, ValueError) as error:
            log.warning("it is not known who wrote %s: %s", act.commit[:7], error)
            authors = {}
        with self.database.read() as conn:
            return by_hand.drafts(conn, act, authors, COMMITS, self.address)

    def _git(self, application: str | None) -> Git | None:
        return None if application is None else Git(self.places.repository(application))


def _is_settled(conn: Connection, bad: Cause) -> bool:
    """Whether the old release is back, and a commit that takes the bad one back is ready or cannot be made."""
    if words.back(conn, bad) is None:
        return False
    return any(
        facts.last(conn, kind, str(bad.application), commit=bad.commit) is not None for kind in production.SETTLED
    )


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


def _is_about(told: Message, later: Message) -> bool:
    """Whether a later message is for the same person, of the same commit."""
    return (told.person, told.commit) == (later.person, later.commit) and told.id < later.id


def _is_of_no_commit(conn: Connection, told: Message) -> bool:
    """Whether what somebody was told of came with no commit, or nobody could say that it did."""
    stops = facts.after(conn, 0, runs=[str(told.run)], kinds=["run.stopped"]) if told.kind == "undone" else []
    unsure = any(str(one.data.get("id")) in UNSURE for one in stops)
    return unsure or any(each in told.cause for each in NO_COMMIT)


def _has_ended(conn: Connection, told: Message) -> bool:
    return any(one.kind == WELL for one in messages.answering(conn, told.id))


def _comes_after(git: Git, commit: str, told: Message) -> bool:
    return told.commit not in (None, commit) and git.is_ancestor(str(told.commit), commit)


def _of_the_first(cause: Cause) -> Cause:
    """What does not come through because of a commit below is that one's cause: its author hears of it once."""
    if not cause.began or cause.kind not in ("stopped", "undone"):
        return cause
    return replace(cause, key=f"stopped {cause.application} {cause.began}")


def _is_somebodys(conn: Connection, cause: Cause) -> bool:
    """Whether it is known already whose an error is: it was met in another environment, where that is clear."""
    if cause.kind != "error" or cause.application is None:
        return False
    told = messages.about(conn, ("error",), cause.application, time.time() - REMEMBERED)
    return any((one.cause, one.commit) == (cause.key, cause.commit) and not one.names_nobody for one in told)


def _has_heard(conn: Connection, cause: Cause, person: str) -> bool:
    """Whether somebody was told of what came to grief with a commit below, or, about when it was first met, of an
    error with the same words in the same commit, in whichever environment: more of the same is no news.
    """
    if cause.kind == "error" and cause.application is not None:
        since = production.first_met(conn, cause) - production.FOUND_SOON
        told = messages.about(conn, ("error",), cause.application, since)
        mine = [one for one in told if (one.person, one.commit) == (person, cause.commit)]
        others = production.with_the_same_words(conn, cause) - {cause.key}
        return any(one.cause in others for one in mine)
    below = cause.kind in ("stopped", "undone") and bool(cause.began)
    return below and messages.said(conn, person, cause.key) is not None


def _goes_on_from(conn: Connection, cause: Cause, person: str) -> str:
    """The message that what is told of a cause answers; empty where it answers none."""
    return _ended_by(conn, cause, person) or _error_told(conn, cause, person)


def _error_told(conn: Connection, bad: Cause, person: str) -> str:
    """What its person was told last of an error of a release that is bad now, before they heard that it is.

    Where no commit is to blame, an error is of the same cause if it came with the deployment.
    """
    if bad.kind not in follow.TAKEN_BACK or bad.application is None:
        return ""
    since = deployments.get(conn, bad.deployment).started if bad.whose == "asker" and bad.deployment else 0.0
    told = messages.about(conn, ("error", *follow.TAKEN_BACK), bad.application, since)
    mine = [one for one in told if (one.person, one.commit) == (person, bad.commit)]
    return "" if any(one.kind != "error" for one in mine) or not mine else mine[-1].id


def _ended_by(conn: Connection, cause: Cause, person: str) -> str:
    """The message of what is over with a cause; empty where its person was told of none."""
    last = messages.newest_of(conn, cause.ends, person) if cause.ends else None
    return "" if last is None or last.kind == cause.kind else last.id


def _draft(cause: Cause, whom: Whom, person: str, text: Text, due: float, answers: str) -> Draft:
    return Draft(
        person,
        cause.key,
        cause.kind,
        text.subject,
        text.body,
        due,
        application=cause.application,
        environment=cause.environment,
        run=None if cause.run is None else cause.run.id,
        commit=cause.commit,
        answers=answers,
        names_nobody=whom.names_nobody,
    )
