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
from shipway.incidents import (
    acts,
    began,
    blame,
    by_hand,
    causes,
    failing,
    follow,
    mended,
    new_errors,
    on_top,
    production,
    stops,
    words,
)
from shipway.incidents.blame import Whom
from shipway.incidents.cause import Cause
from shipway.incidents.cleared import cleared
from shipway.incidents.letter import Text
from shipway.incidents.mended import Mended
from shipway.pushes.git import Git, GitFailed
from shipway.state import deployments, facts, messages, positions, releases, runs, verdicts
from shipway.state.database import Connection, Database
from shipway.state.facts import Fact
from shipway.state.messages import Draft
from shipway.state.runs import Run

log = logging.getLogger(__name__)

POSITION = "told"
AT_ONCE = 100  # facts that are read together
A_MINUTE = 60.0  # seconds between two looks at what came and went
FAR = 1000  # facts of which nobody had to hear, after which the position moves all the same
PATIENCE = 2.0
"""Seconds that a bad verdict waits for the old release to be back and for where its errors lead, so that one
message says all of it.
"""

ELSEWHERE = 20.0
"""Seconds that what is bad where nobody comes waits for whether it is so where commits are bound for, while its
commit is on its way there or is watched there: that is one message, and says the worst.
"""

DEPLOYED = 60.0
"""Seconds that an error of a release that is being deployed waits for what becomes of that: one message is to say
both. Longer than almost any verdict takes, and shorter than what seems to wait because a clock has stepped back.
"""

WATCHED = 5.0
"""Seconds that an error of what has all requests and is watched waits for whether it is judged bad."""

WAITED_FOR = ("deployment.done", "run.passed")
"""Facts with which an error that waits may have nothing more to wait for."""

MOVED = ("deployment.done", "deployment.failed")
"""Facts with which what a person did by hand has moved requests."""

KINDS = (*causes.KINDS, *mended.KINDS, *WAITED_FOR)
TRIES = 3  # before a fact that cannot be understood is passed over


@dataclass
class Teller:
    """Reads the facts of the record; `address` is where the server answers, for the links."""

    database: Database
    places: Places
    address: str
    _seen: int = -1
    _next_look: float = 0.0  # for what is steady again
    _tries: dict[int, int] = field(default_factory=dict)

    def look(self) -> None:
        """Makes messages of all that happened since it last looked, and closes what has come and gone."""
        self._close_what_is_steady()
        with self.database.read() as conn:
            handled = positions.get(conn, POSITION)
            self._seen = max(self._seen, handled)
            newest = facts.newest(conn)
        while self._seen < newest:
            with self.database.read() as conn:
                found = facts.after(conn, self._seen, kinds=KINDS, limit=AT_ONCE)
            for fact in found:
                drafts = self._drafts_of(fact)
                if drafts:
                    handled = self._write(drafts, handled, fact.id)
                self._seen = fact.id
            self._seen = found[-1].id if len(found) == AT_ONCE else newest
            if self._seen - handled > FAR:
                handled = self._write([], handled, self._seen)

    def _close_what_is_steady(self) -> None:
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + A_MINUTE
        with self.database.read() as conn:
            drafts = self._mended.steady(conn)
        if drafts:
            with self.database.write() as conn:
                for draft in drafts:
                    follow.say(conn, draft)

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
            return told + self._mended.by(fact)
        if fact.kind in (*mended.KINDS, *WAITED_FOR):
            return self._mended.by(fact) + self._waited(fact)
        with self.database.read() as conn:
            cause = causes.of(conn, fact)
        return [] if cause is None else self._told_with_what_it_led_to(cause)

    def _waited(self, fact: Fact) -> list[Draft]:
        """What is said by now of errors of a commit that wait for what becomes of that."""
        if fact.kind not in WAITED_FOR:
            return []
        with self.database.read() as conn:
            waiting = messages.waiting_about(conn, "error", str(fact.application), str(fact.commit))
            about = {one.cause for one in waiting}
            errors = [one for one in production.errors_of(conn, fact) if one.key in about] if about else []
        heard = {(one.person, one.cause) for one in waiting}
        drafts = [draft for one in errors for draft in self._told_with_what_it_led_to(one)]
        return [one for one in drafts if one.kind != "error" or (one.person, one.cause) in heard]

    def _told_with_what_it_led_to(self, cause: Cause) -> list[Draft]:
        """What each person is told of a cause; of an error, with what became of the release that had it."""
        with self.database.read() as conn:
            became = production.of_error(conn, cause) or stops.of_error(conn, cause)
        instead = [] if became is None else self._told(became)
        heard = [one.person for one in instead]
        return instead + [one for one in self._told(cause) if one.person not in heard]

    def _told(self, cause: Cause) -> list[Draft]:
        """What each person is told of a cause."""
        git = self._git(cause.application)
        cause = self._traced(git, cleared(git, cause))
        with self.database.read() as conn:
            ready = on_top.ready(conn, cause)
        cause = on_top.with_what_is_on_top(git, cause, ready)
        theirs, others = blame.everybody(git, cause)
        waits = replace(cause, key=f"{cause.key}{mended.WAITS}{cause.began}") if cause.began else cause
        told = [] if others is None else self._said(waits, blame.with_its_commit(git, cause, others))
        first = _of_the_first(cause)
        return [
            one for whom in theirs for one in self._said(first, blame.with_its_commit(git, cause, whom))
        ] + told

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
            ended = last is not None and mended.goes_on(conn, last)
        key = cause.key if last is None else last.cause
        if ended and cause.run is not None:
            key = f"{cause.key} again by {cause.run.id}"
        return replace(cause, key=key), replace(whom, people=(person,))

    def _said_to(self, cause: Cause, whom: Whom) -> list[Draft]:
        with self.database.read() as conn:
            text = words.trouble(conn, cause, whom, self.address)
            before = {person: _goes_on_from(conn, cause, person) for person in whom.people}
            waits = _waits_for_more(conn, cause)
            named = whom.names_nobody and _is_somebodys(conn, cause)
            heard = [one for one in whom.people if named or (not whom.held and _has_heard(conn, cause, one))]
        due = max(time.time(), cause.at + waits)
        return [_draft(cause, whom, one, text, due, before[one]) for one in whom.people if one not in heard]

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
            return by_hand.drafts(conn, act, authors, mended.COMMITS, self.address)

    @property
    def _mended(self) -> Mended:
        return Mended(self.database, self.places, self.address)

    def _git(self, application: str | None) -> Git | None:
        return None if application is None else Git(self.places.repository(application))


def _waits_for_more(conn: Connection, cause: Cause) -> float:
    """Seconds since it happened in which more of it may come that is to be told with it."""
    if production.waits(conn, cause):
        return DEPLOYED
    if _may_be_worse(conn, cause):
        return ELSEWHERE
    if cause.kind == "failing" and cause.key.startswith(f"{failing.UNKNOWN} "):
        return failing.PATIENCE
    if cause.kind == "bad" and not cause.stuck and not _is_settled(conn, cause):
        return PATIENCE
    if cause.kind == "undone" and new_errors.is_looked_into(conn, cause):
        return PATIENCE
    return WATCHED if cause.kind == "error" and words.is_watched(conn, cause) else 0.0


def _may_be_worse(conn: Connection, cause: Cause) -> bool:
    """Whether a commit that is bad, or has an error, in an environment may still turn out to be bad in the one it
    is bound for.
    """
    if cause.kind not in ("error", *follow.TAKEN_BACK) or cause.application is None or cause.stuck:
        return False
    there, run = follow.last_of(conn, cause.application, cause.commit), _run_of(conn, cause)
    if there is None or there == cause.environment or run is None:
        return False
    if there in run.deliver and not run.over:
        return True
    now = releases.now_serving(conn, run.application, there)
    if now is None or now.warm is None or releases.get(conn, now.release).commit != cause.commit:
        return False
    deployment = deployments.get(conn, now.deployment)
    return production.is_judged(conn, deployment) and not verdicts.at_the_end(conn, deployment)


def _run_of(conn: Connection, cause: Cause) -> Run | None:
    """The run that a cause came with; of an error the one that brought its release."""
    brought = production.brought(conn, cause)
    return cause.run if brought is None else runs.get(conn, brought.run)


def _is_settled(conn: Connection, bad: Cause) -> bool:
    """Whether the old release is back, a commit that takes the bad one back is ready or cannot be made, and it is
    known where each error leads that came with it.
    """
    if words.back(conn, bad) is None or new_errors.is_looked_into(conn, bad):
        return False
    return any(
        facts.last(conn, kind, str(bad.application), commit=bad.commit) is not None
        for kind in production.OF_ITS_REVERT
    )


def _of_the_first(cause: Cause) -> Cause:
    """What does not come through because of a commit below is that one's cause: its author hears of it once."""
    if not cause.began or cause.kind not in ("stopped", "undone"):
        return cause
    return replace(cause, key=f"stopped {cause.application} {cause.began}")


def _is_somebodys(conn: Connection, cause: Cause) -> bool:
    """Whether it is known already whose an error is: it was met in another environment, where that is clear."""
    if cause.kind != "error" or cause.application is None:
        return False
    told = messages.about(conn, ("error",), cause.application, time.time() - mended.REMEMBERED)
    return any((one.cause, one.commit) == (cause.key, cause.of) and not one.names_nobody for one in told)


def _has_heard(conn: Connection, cause: Cause, person: str) -> bool:
    """Whether somebody was told of what came to grief with a commit below, or, about when it was first met, of an
    error with the same words in the same commit, in whichever environment: more of the same is no news.
    """
    if cause.kind == "error" and cause.application is not None:
        since = production.first_met(conn, cause) - production.FOUND_SOON
        told = messages.about(conn, ("error",), cause.application, since)
        mine = [one for one in told if (one.person, one.commit) == (person, cause.of)]
        others = production.with_the_same_words(conn, cause) - {cause.key}
        return any(one.cause in others for one in mine)
    below = cause.kind in ("stopped", "undone") and bool(cause.began)
    return below and messages.said(conn, person, cause.key) is not None


def _goes_on_from(conn: Connection, cause: Cause, person: str) -> str:
    """The message that what is told of a cause answers; empty where it answers none."""
    return _ended_by(conn, cause, person) or _error_told(conn, cause, person)


def _error_told(conn: Connection, bad: Cause, person: str) -> str:
    """What its person was told last of an error of a release that is bad, or undone, now, before they heard that.

    Where no commit is to blame, an error is of the same cause if it came with the deployment.
    """
    if bad.kind not in follow.TELLS_ITS_ERRORS or bad.application is None:
        return ""
    since = 0.0
    if bad.whose == "asker" and bad.deployment:
        since = deployments.get(conn, bad.deployment).started
    elif bad.whose == "asker" and bad.run is not None:
        since = bad.run.created
    told = messages.about(conn, ("error", *follow.TELLS_ITS_ERRORS), bad.application, since)
    mine = [one for one in told if (one.person, one.commit) == (person, bad.commit)]
    mine = [one for one in mine if not production.is_of_another(conn, one)]
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
        commit=cause.of,
        answers=answers,
        names_nobody=whom.names_nobody,
    )
