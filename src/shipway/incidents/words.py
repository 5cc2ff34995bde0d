"""What people read at three in the morning: what happened, what was done about it, why they, what next."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from shipway.incidents import headlines, production
from shipway.incidents.acts import Act
from shipway.incidents.blame import OWNER, Whom, named_value, waits_for_packages
from shipway.incidents.cause import Cause
from shipway.incidents.sure import sure
from shipway.pushes.git import CommitInfo
from shipway.releases import gate
from shipway.state import artifacts, deployments, facts, holds, releases, settings, stuck, verdicts
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.messages import Message
from shipway.state.releases import Release, Serving
from shipway.state.runs import Run

LONGEST_SUBJECT = 150  # characters
LONGEST_LINE = 300
INNOCENT = "One that mends it may, or, if it is innocent, one that changes any file."
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


@dataclass(frozen=True)
class Text:
    """A subject of one line, and a plain text."""

    subject: str
    body: str


def trouble(conn: Connection, cause: Cause, whom: Whom, address: str) -> Text:
    """The text of a cause; `address` is the server's own, for the links."""
    before = f", as with {cause.began[:7]} before" if cause.began else ""
    waits = whom.held and waits_for_packages(cause)
    subject = (
        headlines.waits(cause) if waits else headlines.of(cause, is_back=back(conn, cause) is not None) + before
    )
    rows = [
        ("Commit", _commit(cause, whom)),
        ("Waits", _waits(cause, whom)),
        ("Values", _values(cause)),
        ("When", _moment(cause.at)),
        ("Seen", cause.seen),
        ("Done", _done(conn, cause)),
        ("Whose" if whom.held else "Why you", _why(whom)),
        ("Next", _next(conn, cause, whom)),
        *_links(cause, address),
    ]
    head = cause.what if cause.kind in ("machine", "error") else _in_full(conn, cause) + before
    return _made(cause.application, subject, head, cause.lines, rows)


def gone_on(told: Message, at: float, run: Run, address: str) -> Text:
    """That what had to wait for packages got them: the artifact of `run` was published, of that commit or of one
    that comes after it.
    """
    waited, commit = str(told.commit)[:7], run.commit
    on_top = "" if commit == told.commit else f", which comes after {waited}"
    head = f"{waited} goes on: its packages could be fetched"
    rows = [
        ("Commit", f"{commit[:7]}{on_top}"),
        ("When", _moment(at)),
        ("Done", f"The artifact of {commit[:7]} is there, and goes its way."),
        ("Next", "Nothing."),
        ("Run", f"{address}/runs/{run.application}:{run.number}"),
    ]
    return _made(told.application, head, head, (), rows)


def fixed(
    conn: Connection,
    told: Sequence[Message],
    by: Deployment,
    order: Sequence[str],
    address: str,
    *,
    theirs: bool,
    doubt: str = "",
) -> Text:
    """That what somebody was told of is mended, by `theirs` or another: a commit that comes after it has all
    requests in the last environment of `order`.

    With a `doubt` it says that it serves, and that nothing is known of whether it mends it.
    """
    mended = list(dict.fromkeys(str(one.commit) for one in told))
    commits = _and([each[:7] for each in mended])
    serves = f"{by.commit[:7]} is in {by.environment}"
    are = "is" if len(mended) == 1 else "are"
    subject = f"Your fix serves: {serves}" if theirs else f"{commits} {are} mended: {serves}"
    next_ = "Nothing."
    if doubt:
        subject = f"{serves} and could not be judged; it comes after {commits}"
        next_ = "See for yourself whether it mends that."
    rows = [
        ("Commit", f"{by.commit[:7]}, which comes after {commits}"),
        ("When", _moment(by.ended or by.started)),
        ("Was bad", "; ".join(filter(None, (_was_bad(conn, by.application, each, order) for each in mended)))),
        ("Done", _serves_now(conn, by, doubt, theirs=theirs)),
        ("Hold", " ".join(filter(None, (_quarantine(conn, by.application, each, order) for each in mended)))),
        ("Next", next_),
        (by.environment.capitalize(), f"{address}/applications/{by.application}/environments/{by.environment}"),
    ]
    return _made(by.application, subject, subject, (), rows)


def by_hand(conn: Connection, act: Act, theirs: Sequence[CommitInfo], address: str) -> Text:
    """That somebody rolled back, took back what was tried, or decided what is frozen; `theirs` are the commits of
    whom it is told that this is about, the newest first.
    """
    there, who = act.environment, act.who
    old, new = (f"r{one.number} ({one.commit[:7]})" for one in (act.old, act.new))
    if act.left is not None:
        subject = f"{there}: {who} gave r{act.new.number} all requests, r{act.old.number} has none"
        head = subject if act.decision is None else act.decision.says
    elif act.share:
        subject = f"{there}: {who} took r{act.old.number} back, which was tried"
        head = f"{who} took {old} back from {there}, where it was tried on {act.share} % of the requests"
    else:
        subject = f"{there}: {who} rolled back from r{act.old.number} to r{act.new.number}"
        head = f"{who} rolled {there} back from {old} to {new}"
    rows = [
        ("Commit", _of_theirs(act, theirs)),
        ("When", _moment(act.at)),
        ("Reason", f"{who} gave none." if act.decision is None else act.decision.reason),
        ("Done", _there(conn, act)),
        ("Hold", _quarantine_of(conn, act)),
        ("Why you", "You wrote it." if theirs else "You were told of it before."),
        ("Next", _after(conn, act)),
        ("Run", f"{address}/runs/{act.run.application}:{act.run.number}"),
        (there.capitalize(), f"{address}/applications/{act.old.application}/environments/{there}"),
    ]
    return _made(act.old.application, subject, head, (), rows)


def _of_theirs(act: Act, theirs: Sequence[CommitInfo]) -> str:
    if not theirs:
        return act.commit[:7]
    one, more = theirs[0], len(theirs) - 1
    others = f", and {more} more of yours" if more else ""
    return _one_line(f"{one.commit[:7]} {one.subject}, by {one.author} <{one.email}>{others}")


def _there(conn: Connection, act: Act) -> str:
    """What has the requests now, as the record has it."""
    left = stuck.now(conn, act.old.application, act.environment)
    now = releases.now_serving(conn, act.old.application, act.environment)
    if left is not None or now is None:
        return f"Nothing serves in {act.environment}." if left is None else f"{left.says}."
    release = releases.get(conn, now.release)
    serves = f"{act.environment} serves r{release.number} ({release.commit[:7]}) with all requests"
    return f"{serves} since {_clock(now.since)}."


def _quarantine_of(conn: Connection, act: Act) -> str:
    order = artifacts.of_release(conn, act.old).project["environments"]
    names = [str(one["name"]) for one in order]
    return _quarantine(conn, act.old.application, act.commit, names)


def _after(conn: Connection, act: Act) -> str:
    """What whoever lost an environment can do."""
    if act.accepts:
        return "Nothing."
    app, there, commit = act.old.application, act.environment, act.commit[:7]
    held = any(one.environment == there for one in holds.quarantines_of(conn, app, act.commit))
    ask = f"Ask {act.who} why. " if act.decision is None else ""
    if held or act.left is not None:
        return f"{ask}Push a commit on top of {commit} that mends it. You will hear when that serves."
    again = f"`shipway deploy {commit} --env {there}` brings it back as it is"
    return f"{ask}Mend it and push again: you will hear when that serves. {again}."


def _serves_now(conn: Connection, by: Deployment, doubt: str, *, theirs: bool) -> str:
    """Since when the fix has all requests, what speaks for it, and for how long it is watched.

    Who wrote it hears of a bad verdict on it, and is told so.
    """
    release = releases.get(conn, by.release)
    since = by.switched or by.ended or by.started
    serves = f"{by.environment} serves r{release.number} ({by.commit[:7]}) with all requests since {_clock(since)}"
    if doubt:
        return f"{serves}. Nothing is known of whether it is good: {_one_line(doubt).rstrip('.')}."
    judged, after = verdicts.of_deployment(conn, by.id), verdicts.at_the_end(conn, by)
    if not judged:
        return f"{serves}."
    last = judged[-1]
    if after:
        return f"{serves}. It was watched for {_lasting(last.at - since)} and is good."
    now = releases.now_serving(conn, by.application, by.environment)
    until = None if now is None or now.deployment != by.id else now.warm_until
    watched = "" if until is None else f", and it is watched until {_clock(until)}"
    hears = ": you hear if it is taken back" if watched and theirs else ""
    return f"{serves}. It was good with {last.share} % of them{watched}{hears}."


def _lasting(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _was_bad(conn: Connection, application: str, commit: str, order: Sequence[str]) -> str:
    """In which environments requests were touched by a commit; empty where none were."""
    told = facts.after(conn, 0, application=application, commit=commit, kinds=("verdict.bad", "release.silent"))
    there = {fact.environment for fact in told}
    return f"{commit[:7]} in {_and([name for name in order if name in there])}" if there else ""


def _quarantine(conn: Connection, application: str, commit: str, order: Sequence[str]) -> str:
    """What became of the quarantine of a commit, in every environment where it was in one."""
    found = {name: holds.quarantine_of(conn, application, name, commit) for name in order}
    over = [name for name, hold in found.items() if hold is not None and hold.lifted is not None]
    held = [name for name, hold in found.items() if hold is not None and hold.lifted is None]
    said = [f"The quarantine of {commit[:7]} has ended in {_and(over)}."] if over else []
    if held:
        said.append(f"{commit[:7]} stays in quarantine in {_and(held)} {gate.UNTIL.format(it='it')}.")
    return " ".join(said)


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def back(conn: Connection, cause: Cause) -> Release | None:
    """The release that serves instead of the one that the cause is about, if one does.

    None does beside one that is stuck, or that is tried and has a share of the requests.
    """
    if cause.application is None or cause.environment is None or cause.stuck:
        return None
    tried = next((each for each in deployments.running(conn) if each.id == cause.deployment), None)
    if tried is not None and [share for _, share in deployments.shares(conn, tried)][-1:] != [0]:
        return None
    now = releases.now_serving(conn, cause.application, cause.environment)
    if now is None:
        return None
    release = releases.get(conn, now.release)
    other = cause.values or release.commit != cause.commit
    return release if other and now.release != _brought_by(conn, cause) else None


def _brought_by(conn: Connection, cause: Cause) -> str:
    """The release that the deployment of a cause brought: one that was undone is itself how the old one serves."""
    return deployments.get(conn, cause.deployment).release if cause.deployment else ""


def _in_full(conn: Connection, cause: Cause) -> str:
    """The headline with its numbers."""
    short, there = (cause.commit or "")[:7], cause.environment
    instead = back(conn, cause)
    if cause.kind in ("bad", "silent") and instead is not None:
        what = f"was bad, {_inside(cause.what)}" if cause.kind == "bad" else cause.what.rstrip(".")
        return f"{there} is back on r{instead.number}: {short} {what}"
    if cause.stuck:
        bad = "" if cause.kind != "bad" else "is bad and "
        return f"{short} {bad}stays as it is in {there}, you decide: {cause.what.rstrip('.')}"
    return {
        "stopped": f"{cause.what} on {short}",
        "undone": f"{short} does not serve in {there}: {cause.what}",
        "bad": f"{short} is bad in {there} and is being taken back: {cause.what}",
        "silent": f"{short} in {there} {cause.what.rstrip('.')}; it is being taken back",
        "well": f"Shipway is well again: {cause.what}",
    }[cause.kind]


def _inside(sentence: str) -> str:
    """It in the middle of another: `failed requests: …`, but `GET / …` as it is."""
    return f"{sentence[:1].lower()}{sentence[1:]}" if sentence[1:2].islower() else sentence


def _made(
    application: str | None, subject: str, head: str, lines: Sequence[str], rows: Sequence[tuple[str, str]]
) -> Text:
    shown = _one_line(f"[{application}] {subject}" if application is not None else subject)
    width = max(len(name) for name, _said in rows)
    said = _one_line(head)
    parts = [said if said.endswith((".", "!", "?")) else f"{said}."]
    if lines:
        parts.append("\n".join(f"    {_UNSEEN.sub(' ', line)[:LONGEST_LINE]}" for line in lines))
    parts.append("\n".join(f"{name:<{width}}  {_one_line(said)}" for name, said in rows if said))
    return Text(headlines.shortened(shown, LONGEST_SUBJECT), "\n\n".join(parts) + "\n")


def _commit(cause: Cause, whom: Whom) -> str:
    """Whose commit it is, if that is known; otherwise the one that it happened with."""
    if cause.commit is None or cause.kind == "machine":
        return ""
    theirs = whom.commit
    branch = f", on {cause.run.branch}" if cause.run is not None else ""
    if theirs is None:
        return _one_line(f"{cause.commit[:7]}{_about(whom)}{branch}")
    what = f"{theirs.commit[:7]} {theirs.subject}".strip()
    by = _one_line(f"{what}, by {theirs.author} <{theirs.email}>")
    inside = "" if theirs.commit == cause.commit else f" (part of {cause.commit[:7]})"
    return f"{by}{inside}{branch}"


def _waits(cause: Cause, whom: Whom) -> str:
    """Of trouble that no commit brought, the commit that does not get on meanwhile."""
    if cause.kind != "machine" or cause.commit is None or whom.about is None:
        return ""
    about, number = whom.about, "" if cause.run is None else f", in run {cause.run.number}"
    step = f" at its step {cause.step}" if cause.step else ""
    return _one_line(f"{cause.commit[:7]} {about.subject}, by {about.author}{number}{step}. No commit is blamed.")


def _values(cause: Cause) -> str:
    """The values that are otherwise beside the commit, each with who set it."""
    return "; ".join(f"{named_value(one)}, by {one.who or 'nobody known'}" for one in cause.beside)


def _about(whom: Whom) -> str:
    """What a commit says of itself that is not known to be the one; who wrote it is named of a merge alone."""
    if whom.about is None:
        return ""
    by = f", merged by {whom.about.author} <{whom.about.email}>" if whom.merges else ""
    return f" {whom.about.subject}{by}"


def _why(whom: Whom) -> str:
    if whom.people == (OWNER,):
        return _one_line(whom.evidence)
    return f"{'Not yours' if whom.held else sure(whom.confidence)}. {_one_line(whom.evidence)}"


def _done(conn: Connection, cause: Cause) -> str:
    """What Shipway has done about it by now, as the record has it."""
    if cause.kind in ("machine", "well"):
        return "What serves goes on serving."
    if cause.kind == "error" and cause.environment is not None:
        return _fate(conn, cause, cause.environment)
    if cause.kind == "stopped" or cause.environment is None:
        bound = [] if cause.run is None else cause.run.deliver
        return _every(conn, cause, bound) or "It goes nowhere."
    if cause.stuck:
        return _frozen(conn, cause)
    if cause.kind in ("bad", "silent") and back(conn, cause) is None:
        return f"Its traffic is being taken back; the page of {cause.environment} shows how far that is."
    serving = _serving(conn, cause, cause.environment) or f"Nothing serves in {cause.environment}."
    serving += _stays_set(cause)
    held = holds.on(conn, str(cause.application), cause.environment, str(cause.commit))
    if any(hold.kind == "quarantine" and hold.commit == cause.commit for hold in held):
        short, there = str(cause.commit)[:7], cause.environment
        serving += (
            f" {short} is in quarantine: it does not go to {there} again, nor does an empty commit on top of it."
        )
        serving += f" {INNOCENT}"
    return serving


def _fate(conn: Connection, error: Cause, environment: str) -> str:
    """Whether what has an error goes on serving; another serves beside one on trial, or after a bad one."""
    app, commit = str(error.application), error.commit
    now = releases.now_serving(conn, app, environment)
    if now is None or commit not in (None, releases.get(conn, now.release).commit):
        return (_serving(conn, error, environment) or f"Nothing serves in {environment}.") + _on_trial(conn, error)
    judged = facts.last(conn, "verdict.bad", app, environment=environment, commit=commit)
    if judged is not None and judged.data.get("deployment") == now.deployment:
        return f"Its traffic is being taken back; the page of {environment} shows how far that is."
    until = None if commit is None else _tried_until(conn, now)
    return (
        "Nothing: the release goes on serving."
        if until is None
        else f"It serves, and is watched until {_clock(until)}."
    )


def _on_trial(conn: Connection, error: Cause) -> str:
    """Which share of the requests has the release with an error, while it is tried beside the one that serves."""
    where = (error.application, error.environment, error.commit)
    for tried in deployments.running(conn):
        share = [share for _, share in deployments.shares(conn, tried)][-1:]
        if (tried.application, tried.environment, tried.commit) == where and share and share[0]:
            number = releases.get(conn, tried.release).number
            return f" r{number}, which has the error, is tried with {share[0]} % of the requests."
    return ""


def _tried_until(conn: Connection, now: Serving) -> float | None:
    """Until when what serves alone is judged beside the one before; None where it is judged no more, or never."""
    deployment = deployments.get(conn, now.deployment)
    judged = deployment.kind == "deploy" and production.is_judged(conn, deployment)
    return now.warm_until if judged and not verdicts.at_the_end(conn, deployment) else None


def _stays_set(cause: Cause) -> str:
    """That what was set comes again, though what serves has the old values."""
    stays = [one.name for one in (*cause.values, *cause.beside) if one.stays]
    if not stays:
        return ""
    comes = "stays as it is set and comes" if len(stays) == 1 else "stay as they are set and come"
    return f" It has the old values: {_and(stays)} {comes} with the next deployment."


def _frozen(conn: Connection, cause: Cause) -> str:
    """Which share it keeps, as every page says it."""
    left = stuck.of_deployment(conn, deployments.get(conn, cause.deployment))
    return f"It stays as it is: {_one_line(cause.stuck)} You decide." if left is None else f"{left.says}."


def _decide(conn: Connection, cause: Cause) -> str:
    """What a person can decide where nothing goes back by itself."""
    left = stuck.of_deployment(conn, deployments.get(conn, cause.deployment)) if cause.stuck else None
    return "" if left is None else f" Or decide: {left.ways}."


def _serving(conn: Connection, cause: Cause, environment: str) -> str:
    """What serves there, and whether that is as it was before the run began."""
    now = releases.now_serving(conn, str(cause.application), environment)
    if now is None:
        return ""
    return f"{environment} serves {_which(conn, cause, now)}."


def _every(conn: Connection, cause: Cause, environments: Sequence[str]) -> str:
    """What serves in each of them; where that is alike it is said once."""
    alike: dict[str, list[str]] = {}
    for name in environments:
        now = releases.now_serving(conn, str(cause.application), name)
        if now is not None:
            alike.setdefault(_which(conn, cause, now), []).append(name)
    return " ".join(
        f"{_and(names)} {'serves' if len(names) == 1 else 'serve'} {of}." for of, names in alike.items()
    )


def _which(conn: Connection, cause: Cause, now: Serving) -> str:
    """`r1 (ae6f4fb) as before`, or since when, as far as that is after the run began."""
    release = releases.get(conn, now.release)
    before = cause.run is None or now.since < cause.run.created
    since = _again(conn, cause, now) or ("as before" if before else f"since {_clock(now.since)}")
    return f"r{release.number} ({release.commit[:7]}) {since}"


def _again(conn: Connection, cause: Cause, now: Serving) -> str:
    """That it has all requests again, after another was tried with a share of them; empty where none was."""
    if cause.kind not in ("bad", "silent") or not cause.deployment:
        return ""
    tried = deployments.get(conn, cause.deployment)
    if now.since >= tried.started:
        return ""
    gave_back = [at for at, share in deployments.shares(conn, tried) if not share]
    since = gave_back[-1] if gave_back else tried.ended
    return "with all requests again" + ("" if since is None else f" since {_clock(since)}")


def _next(conn: Connection, cause: Cause, whom: Whom) -> str:
    if whom.held:
        return _until_it_goes_on(cause)
    if cause.hint:
        return f"{_one_line(cause.hint)}{_decide(conn, cause)}"
    if cause.kind == "machine":
        again = (
            ""
            if cause.run is None
            else f" Once it is well, `shipway retry {cause.run.number}` does the run again."
        )
        return f"`shipway doctor` on the machine says what it lacks.{again}"
    if whom.set_alone:
        return f"Have it as it was before: {_as_before(cause, whom)}."
    if cause.whose == "asker":
        return "Look at what changed besides the commit: values, secrets, the machine."
    way = _take_back(conn, cause) or _revert(cause, whom)
    mend = f"Mend it and push again{f', or {way}' if way else ''}.{_not_told_apart(cause, whom)}"
    mend += f" Or have what you set as it was before: {_as_before(cause, whom)}." if whom.values else ""
    return mend if cause.kind == "error" else f"{mend} You will hear when that serves."


def _as_before(cause: Cause, whom: Whom) -> str:
    return _and([f"`{one}`" for one in settings.commands(whom.values, str(cause.environment))])


def _until_it_goes_on(cause: Cause) -> str:
    """What somebody can do whose commit waits, and what Shipway does by itself."""
    if not waits_for_packages(cause):
        return f"Wait for a commit that mends {cause.began[:7]}. You will hear when that serves."
    run = "the run" if cause.run is None else f"run {cause.run.number}"
    again = "" if cause.run is None else f"`shipway retry {cause.run.number}` does; or "
    return (
        f"Shipway does not begin {run} again by itself, for nothing says when packages can be fetched. "
        f"Once they can, {again}the next push on top of it takes it along. You will hear when it goes on."
    )


def _revert(cause: Cause, whom: Whom) -> str:
    """How the commit that it was is taken back; empty where nobody knows which it was, but for a merge."""
    if whom.commit is not None and (whom.commit.commit != cause.commit or not whom.merges):
        return f"`git revert {whom.commit.commit[:7]}`"
    return f"`git revert -m 1 {cause.commit[:7]}`" if cause.commit is not None and whom.merges else ""


def _not_told_apart(cause: Cause, whom: Whom) -> str:
    """How to see what it may have been, where nobody knows which commit it was."""
    if whom.commit is not None or whom.merges or not cause.base or cause.commit in (None, cause.base):
        return ""
    return f" `git log {cause.base[:7]}..{str(cause.commit)[:7]}` shows what is new."


def _take_back(conn: Connection, cause: Cause) -> str:
    """How a bad commit is taken back with what is ready for it; empty where nothing is."""
    if cause.kind != "bad":
        return ""
    ready = facts.last(conn, "revert.ready", str(cause.application), commit=cause.commit)
    if ready is None:
        return ""
    return f"take it back: `{holds.take_back(conn, str(cause.application), str(ready.data['branch']))}`"


def _links(cause: Cause, address: str) -> list[tuple[str, str]]:
    links = []
    if cause.run is not None:
        links.append(("Run", f"{address}/runs/{cause.run.application}:{cause.run.number}"))
    if cause.environment is not None:
        place = f"{address}/applications/{cause.application}/environments/{cause.environment}"
        links.append((cause.environment.capitalize(), place))
    if cause.group:
        links.append(("Error", f"{address}/applications/{cause.application}/errors/{cause.group}"))
    return links


def _moment(at: float) -> str:
    """`27 Nov 2026 03:12:09 UTC`: whoever reads it may be anywhere."""
    return time.strftime("%-d %b %Y %H:%M:%S UTC", time.gmtime(at))


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S UTC", time.gmtime(at))


def _one_line(words: str) -> str:
    return _UNSEEN.sub(" ", words).strip()
