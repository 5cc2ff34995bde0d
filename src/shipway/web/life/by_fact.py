"""The moments of a commit that one fact tells alone: verdicts, gates, errors, messages, and acts of people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from shipway.incidents import heard
from shipway.releases.gate import GATES
from shipway.signals.verdict import counted, finding, is_unasked, noted, titled, weight
from shipway.state import decisions
from shipway.state.facts import Fact
from shipway.state.messages import Message
from shipway.web import icons, why
from shipway.web.life.moment import Moment
from shipway.web.life.record import PRINTED, Record, Suspected
from shipway.web.words import plain, sentences

EXCERPT = 12  # lines of what an application said


def of_fact(record: Record, fact: Fact) -> Moment | None:
    """What it tells alone; nothing where it is told as a part of something else, or says nothing of the commit."""
    if fact.kind.startswith("verdict."):
        return _verdict(record, fact)
    if fact.kind == "run.stopped":
        return _gate(fact) if fact.data.get("id") in GATES else None
    if fact.kind == "error.suspected" and fact.data.get("commit") != record.commit:
        return _unsuspected(fact)
    if fact.kind in PRINTED:
        return _printed(record, fact)
    return _of_own(fact) or _as_said(fact)


def _of_own(fact: Fact) -> Moment | None:
    told = OWN.get(fact.kind)
    if told is None:
        return None
    state, title, says = told(fact)
    return Moment(fact.at, _kind(fact), state, title, says, fact.id, fact.environment)


def _as_said(fact: Fact, state: str | None = None) -> Moment | None:
    """In the words that say why the commit is where it is."""
    state = state or STATES.get(fact.kind)
    said = None if state is None else why.said(fact, f" in {fact.environment}")
    if state is None or said is None or not said.what:
        return None
    return Moment(
        at=why.happened(fact),
        kind=_kind(fact),
        state=state,
        title=_begun(said.what.removeprefix("it was ")),
        says=" ".join(_whole(part) for part in (said.why, said.more) if part),
        fact=fact.id,
        environment=fact.environment,
        lines=lines(str(fact.data.get("excerpt") or "")),
    )


def _kind(fact: Fact) -> str:
    return fact.kind.replace(".", " ")


def _begun(text: str) -> str:
    """As a sentence begins, unless it is with a release or a commit."""
    first = text.split(" ", 1)[0]
    return text if any(sign.isdigit() for sign in first) else f"{text[:1].upper()}{text[1:]}"


def _whole(text: str) -> str:
    """A sentence."""
    return f"{_begun(text).rstrip('.')}."


def _verdict(record: Record, fact: Fact) -> Moment:
    kind, data, where = fact.kind.removeprefix("verdict.").replace("_", " "), fact.data, fact.environment
    return Moment(
        at=fact.at,
        kind="verdict",
        state=icons.VERDICTS.get(kind, "unknown"),
        title=f"Judged {kind} at {data['share']} % in {where}"
        if kind != "not known"
        else (f"Not known at {data['share']} % in {where}"),
        says=str(data["reason"]),
        fact=fact.id,
        environment=where,
        address=f"/applications/{record.application}/environments/{where}/releases/r{data['release']}",
        lines=[_finding(f"r{data['release']}", each) for each in data.get("findings", ())],
    )


def _finding(name: str, recorded: Mapping[str, Any]) -> str:
    """`Failed requests, both serving: r4 9 of 18 requests, the release before 0 of 172; speaks against it`."""
    one = finding(recorded)
    what = titled(one)
    if one.why_not:
        return f"{what[0].upper()}{what[1:]}: {one.why_not}"
    new, old = counted(one.what, one.new_count, one.new_of), counted(one.what, one.old_count, one.old_of)
    before = "" if is_unasked(one) else f", the release before {old}"
    parts = filter(None, (f"{name} {new}{before}", noted(one), weight(one)))
    return f"{what[0].upper()}{what[1:]}: {'; '.join(parts)}"


def _gate(fact: Fact) -> Moment:
    says = sentences(*(str(fact.data.get(name) or "") for name in ("message", "hint")))
    return Moment(fact.at, "gate", "blocked", "Stopped before it was deployed", says, fact.id)


def _unsuspected(fact: Fact) -> Moment:
    address = f"/applications/{fact.application}/errors/{fact.data['number']}"
    title = f"An error came with it: {fact.data['title']}"
    says = str(fact.data.get("reason", ""))
    return Moment(fact.at, "error", "failed", title, says, fact.id, fact.environment, address)


def _printed(record: Record, fact: Fact) -> Moment | None:
    """Where an error that was reported leads to the commit, that tells of it."""
    by = str(fact.data.get("commit") or "")
    if by == record.commit and fact not in record.printed:
        return None
    moment = _as_said(fact, "failed" if by == record.commit else "unknown")
    if moment is None or not by:
        return moment
    to = by if by != record.commit else str(fact.data.get("brought") or by)
    return replace(
        moment,
        kind="error" if by == record.commit else moment.kind,
        address=None if to == record.commit else f"/applications/{record.application}/commits/{to[:10]}",
        lines=why.proving(fact.data),
    )


def of_error(one: Suspected) -> Moment:
    """One that the commit is suspected of."""
    suspicion = one.place.suspicion or {}
    since = "" if one.release is None else f" since r{one.release.number}"
    hunks = [line for each in suspicion.get("evidence", ()) for line in each.get("hunk", ())]
    return Moment(
        at=one.place.first_seen if one.fact is None else one.fact.at,
        kind="error",
        state="failed",
        title=f"{one.error.title}{since} in {one.place.environment}",
        says=str(suspicion.get("reason", "")),
        fact=None if one.fact is None else one.fact.id,
        environment=one.place.environment,
        address=f"/applications/{one.error.application}/errors/{one.error.number}",
        lines=hunks,
    )


def of_message(record: Record, one: Message) -> Moment:
    """Who was told, or is to be."""
    by = {"sent": f"By {heard.by(one)}: ", "nowhere": "Not sent, for no channel leads there: "}.get(one.state, "")
    about = next((fact for fact in reversed(record.facts) if fact.data.get("message") == one.id), None)
    return Moment(
        at=one.sent or one.created,
        kind="told",
        state="bell",
        title=heard.told(one),
        says=f"{by}{one.subject}",
        fact=None if about is None else about.id,
        environment=one.environment,
        lines=one.text.splitlines(),
    )


def lines(text: str) -> Sequence[str]:
    """The first of what an application or a step said, without what would steer a terminal."""
    return [plain(line) for line in text.splitlines()][:EXCERPT]


def _wanted(fact: Fact) -> str:
    release, where = f"r{fact.data['release']}", fact.environment
    if decisions.of_fact(fact).back:
        return f"{fact.who} asked for {where} to go back to {release}"
    return f"{fact.who} decided that {release} gets all requests of {where}"


WITH_ANOTHER = {
    "run.stopped": "its run, or a gate",
    "verdict.good": "a verdict with its numbers",
    "verdict.bad": "a verdict with its numbers",
    "verdict.not_known": "a verdict with its numbers",
    "error.new": "the error, with who is suspected of it",
    "error.regressed": "the error, with who is suspected of it",
    "release.printed": "the failure, or the error that led there as well",
    "commit.suspected": "the failure, or the error that led there as well",
    **dict.fromkeys(
        (
            "deployment.begun",
            "deployment.try",
            "deployment.switched",
            "deployment.undo",
            "deployment.switched_back",
            "deployment.done",
            "deployment.failed",
            "deployment.stuck",
            "deployment.unknown",
        ),
        "its deployment, with its shares and how it ended",
    ),
}
"""What says why a commit is where it is and is told as a part of something else on the time line: of what."""

STATES: Mapping[str, str] = {
    "deployment.overtaken": "draining",
    "deployment.unneeded": "serving",
    "deployment.asked": "unknown",
    "deployment.answered": "serving",
    "deployment.before_out": "unknown",
    "deployment.before_in_again": "serving",
    "rehearsal.passed": "passed",
    "rehearsal.failed": "failed",
    "rehearsal.unneeded": "passed",
    "probe.unknown": "unknown",
    "commit.quarantined": "quarantined",
    "commit.fixed": "passed",
    "revert.ready": "commit",
    "revert.left_out": "draining",
    "release.silent": "rolled",
    "release.stuck": "blocked",
}
"""The shapes of what is a moment of its own, in the words of `why`."""

OWN: Mapping[str, Callable[[Fact], tuple[str, str, str]]] = {
    "message.again": lambda fact: (
        "bell",
        f"{fact.who} had a message to {fact.data['person']} sent again",
        fact.data["subject"],
    ),
    "deployment.taken_back": lambda fact: (
        "rolled",
        f"{fact.data['who']} took it back from {fact.environment}",
        "While it was tried on a share of the requests.",
    ),
    "commit.cleared": lambda fact: (
        "passed",
        f"Its quarantine in {fact.environment} ended",
        f"{fact.who} gave it all requests as it is: “{fact.data['reason']}”.",
    ),
    "release.decided": lambda fact: ("rolled", _wanted(fact), decisions.of_fact(fact).reason),
}
"""What is about an act of somebody, in words of the time line."""
