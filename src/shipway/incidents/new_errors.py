"""The errors that are new, or back, in a release that came to grief: what they are, and where they lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shipway.incidents.cause import Cause, Suspect, suspect
from shipway.incidents.proof import code
from shipway.state import facts
from shipway.state.database import Connection
from shipway.state.facts import Fact

NAMED = 3  # with what a release came to
CAME = ("error.new", "error.regressed")
PRINTED = "release.printed"
WHAT_POINTS = {
    "error.new": "An error that is new in it",
    "error.regressed": "An error that is back in it",
    PRINTED: "A failure that it printed",
}


def titles(conn: Connection, bad: Fact, since: int = 0) -> list[str]:
    """The errors that are new, or back, in a bad commit, of those that came after a fact."""
    return _first([title(one.data, one.kind) for one in _came(conn, bad, since)])


def _came(conn: Connection, bad: Fact, since: int) -> list[Fact]:
    """How each of them came, the last time that it did."""
    came = facts.after(conn, since, application=bad.application, commit=bad.commit, kinds=CAME)
    return list({one.data.get("error"): one for one in came}.values())


def _first(every: Sequence[str]) -> list[str]:
    more = len(every) - NAMED
    return [*every[:NAMED], *([f"and {more} more"] if more > 0 else [])]


def named(conn: Connection, verdict: Fact) -> list[str]:
    """Each with the line of code that it went wrong at and the commit that this leads to, as far as is known, and
    what it printed where no error that it reports leads to a commit.
    """
    known = behind(conn, verdict)
    leads = {one.data.get("error"): leading(one.data) for one in known if one.kind in CAME}
    came = _came(conn, verdict, 0)
    said = [f"{title(one.data, one.kind)}{leads.get(one.data.get('error'), '')}" for one in came]
    printed_ = [one for one in known if one.kind == PRINTED]
    return [*_first(said), *(f"{_printed_title(one)}{leading(one.data)}" for one in printed_)]


def leading(said: Mapping[str, Any]) -> str:
    """After the name of an error: ` at app.py:12; suspected: 8c1f0ae by Ben Bauer`, as far as that is known."""
    at, by = _place(said), suspect(said)
    where = f" at {at['path']}:{at['line']}" if at is not None and at.get("line") else ""
    return where if by is None else f"{where}; suspected: {by.commit[:7]} by {by.author or by.email}"


def title(said: Mapping[str, Any], kind: str) -> str:
    what = said.get("title", "an error")
    return f"Error is back: {what}" if kind == "error.regressed" else f"New error: {what}"


def pointed_at(conn: Connection, verdict: Fact) -> list[Fact]:
    """What is known since a bad release came of where its errors went, of each that is new or back in it; as
    kind, how the error came.
    """
    if verdict.run is None:
        return []

    def of_it(after: int, kinds: Sequence[str]) -> list[Fact]:
        where, commit = verdict.environment, verdict.commit
        return facts.after(
            conn, after, application=verdict.application, environment=where, commit=commit, kinds=kinds
        )

    since = facts.after(conn, 0, runs=[verdict.run], environment=verdict.environment, limit=1)[0].id
    came = {one.data.get("error"): one.kind for one in of_it(0, CAME)}
    told = {one.data.get("error"): one for one in of_it(since, ["error.suspected"])}  # the newest of each
    return [replace(one, kind=came[error]) for error, one in told.items() if error in came]


def is_looked_into(conn: Connection, bad: Cause) -> bool:
    """Whether an error that is new or back in a bad release is still looked into."""
    if bad.application is None or bad.commit is None:
        return False
    said = facts.after(
        conn,
        0,
        application=bad.application,
        environment=bad.environment,
        commit=bad.commit,
        kinds=[*CAME, "error.suspected"],
    )
    newest = {one.data.get("error"): one.kind for one in said}
    return any(kind in CAME for kind in newest.values())


def printed(conn: Connection, verdict: Fact) -> list[Fact]:
    """The newest failure that a bad release printed, for where no error that it reports leads to a commit."""
    if verdict.run is None:
        return []
    found = facts.after(conn, 0, runs=[verdict.run], environment=verdict.environment, kinds=[PRINTED])
    return [one for one in found if one.data["deployment"] == verdict.data.get("deployment")][-1:]


def behind(conn: Connection, verdict: Fact) -> list[Fact]:
    """What is known of what went wrong with a bad release: where its errors lead, and where none leads to a
    commit, what it printed before them.
    """
    pointed = pointed_at(conn, verdict)
    leads = any(suspect(one.data) for one in pointed)
    return pointed if leads else [*printed(conn, verdict), *pointed]


def printed_titles(pointed: Sequence[Fact]) -> list[str]:
    return [_printed_title(one) for one in pointed if one.kind == PRINTED]


def _printed_title(one: Fact) -> str:
    return f"It printed: {one.data['title']}"


def suspect_within(pointed: Sequence[Fact]) -> Suspect | None:
    """Whom the errors that are new or back in a bad release point at: one commit, or nobody."""
    found = [(one, each.kind) for each in pointed if (one := suspect(each.data)) is not None]
    if len({one.commit for one, _ in found}) != 1:
        return None
    by, kind = found[0]
    return replace(by, evidence=f"{WHAT_POINTS[kind]}: {by.evidence}")


def line(pointed: Sequence[Fact]) -> list[str]:
    """The line of code that the first of its errors went wrong at, if its suspicion rests on one."""
    places = [_place(each.data) for each in pointed]
    return [at for place in places if place is not None and (at := code(place))][:1]


def _place(said: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The evidence that a suspicion rests on most."""
    first = next(iter(said.get("evidence") or ()), None)
    return first if isinstance(first, Mapping) else None
