"""What people read at three in the morning: what happened, what was done about it, why they, what next."""

from __future__ import annotations

from collections.abc import Sequence

from shipway.incidents import headlines, production
from shipway.incidents.blame import OWNER, Whom, named_value, waits_for_packages
from shipway.incidents.cause import Cause
from shipway.incidents.letter import Text, clock, listed, made, moment, one_line
from shipway.incidents.sure import sure
from shipway.state import deployments, facts, holds, releases, settings, stuck, verdicts
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release, Serving

AFTER = 10.0
"""Seconds after a verdict in which what the release printed may still be about what it was judged for."""

INNOCENT = "One that mends it may, or, if it is innocent, one that changes any file."


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
        ("When", moment(cause.at)),
        ("Seen", cause.seen),
        ("Also", _elsewhere(conn, cause)),
        ("Done", _done(conn, cause)),
        ("Whose" if whom.held else "Why you", _why(whom)),
        ("Next", _next(conn, cause, whom)),
        *_links(conn, cause, address),
    ]
    head = cause.what if cause.kind in ("machine", "error", "failing") else _in_full(conn, cause) + before
    return made(cause.application, subject, head, cause.lines, rows)


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


def _commit(cause: Cause, whom: Whom) -> str:
    """Whose commit it is, if that is known; otherwise the one that it happened with."""
    if cause.commit is None or cause.kind in ("machine", "failing"):
        return ""
    theirs = whom.commit
    branch = f", on {cause.run.branch}" if cause.run is not None else ""
    if theirs is None:
        return one_line(f"{cause.commit[:7]}{_about(whom)}{branch}")
    what = f"{theirs.commit[:7]} {theirs.subject}".strip()
    by = one_line(f"{what}, by {theirs.author} <{theirs.email}>")
    inside = "" if theirs.commit == cause.commit or cause.beneath is not None else f" (part of {cause.commit[:7]})"
    return f"{by}{inside}{branch}"


def _waits(cause: Cause, whom: Whom) -> str:
    """Of trouble that no commit brought, the commit that does not get on meanwhile."""
    if cause.kind != "machine" or cause.commit is None or whom.about is None:
        return ""
    about, number = whom.about, "" if cause.run is None else f", in run {cause.run.number}"
    step = f" at its step {cause.step}" if cause.step else ""
    return one_line(f"{cause.commit[:7]} {about.subject}, by {about.author}{number}{step}. No commit is blamed.")


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
        return one_line(whom.evidence)
    return f"{'Not yours' if whom.held else sure(whom.confidence)}. {one_line(whom.evidence)}"


def _done(conn: Connection, cause: Cause) -> str:
    """What Shipway has done about it by now, as the record has it."""
    if cause.kind in ("machine", "well", "failing"):
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
    until = None if commit is None else _watched_until(conn, now)
    return (
        "Nothing: the release goes on serving."
        if until is None
        else f"{_itself(error)} serves, and is watched until {clock(until)}."
    )


def _itself(error: Cause) -> str:
    """What has an error: whoever hears of it for a newer release would take that to be meant."""
    return "It" if error.beneath is None else f"r{error.release}"


def _on_trial(conn: Connection, error: Cause) -> str:
    """Which share of the requests has the release with an error, while it is tried beside the one that serves."""
    found = _tried(conn, error)
    if found is None:
        return _on_its_way(conn, error)
    number = releases.get(conn, found.release).number
    _, share = deployments.shares(conn, found)[-1]
    return f" r{number}, which has the error, is tried with {share} % of the requests."


def _on_its_way(conn: Connection, error: Cause) -> str:
    """That the release with an error has no share of the requests yet, while it is being deployed."""
    found = production.brought(conn, error)
    if found is None or found.over:
        return ""
    return f" r{releases.get(conn, found.release).number}, which has the error, is being deployed."


def _tried(conn: Connection, error: Cause) -> Deployment | None:
    """The deployment that tries the release with an error on a share of the requests, if one does."""
    where = (error.application, error.environment, error.commit)
    for one in deployments.running(conn):
        share = [share for _, share in deployments.shares(conn, one)][-1:]
        if (one.application, one.environment, one.commit) == where and share and share[0]:
            return one
    return None


def is_watched(conn: Connection, error: Cause) -> bool:
    """Whether what has an error serves alone, and is judged still beside the one before."""
    now = releases.now_serving(conn, str(error.application), str(error.environment))
    if now is None or error.commit != releases.get(conn, now.release).commit:
        return False
    return _watched_until(conn, now) is not None


def _watched_until(conn: Connection, now: Serving) -> float | None:
    """Until when what serves alone is judged beside the one before; None where it is judged no more, or never."""
    deployment = deployments.get(conn, now.deployment)
    judged = deployment.kind == "deploy" and production.is_judged(conn, deployment)
    return now.warm_until if judged and not verdicts.at_the_end(conn, deployment) else None


def _elsewhere(conn: Connection, cause: Cause) -> str:
    """In which other environments the same commit was bad."""
    if cause.kind not in ("bad", "silent") or cause.commit is None:
        return ""
    kinds = ("verdict.bad", "release.silent")
    told = facts.after(conn, 0, application=cause.application, commit=cause.commit, kinds=kinds)
    others = dict.fromkeys(str(one.environment) for one in told if one.environment != cause.environment)
    return f"It was bad in {listed(list(others))} as well." if others else ""


def _stays_set(cause: Cause) -> str:
    """That what was set comes again, though what serves has the old values."""
    stays = [one.name for one in (*cause.values, *cause.beside) if one.stays]
    if not stays:
        return ""
    comes = "stays as it is set and comes" if len(stays) == 1 else "stay as they are set and come"
    return f" It has the old values: {listed(stays)} {comes} with the next deployment."


def _frozen(conn: Connection, cause: Cause) -> str:
    """Which share it keeps, as every page says it."""
    left = stuck.of_deployment(conn, deployments.get(conn, cause.deployment))
    return f"It stays as it is: {one_line(cause.stuck)} You decide." if left is None else f"{left.says}."


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
        f"{listed(names)} {'serves' if len(names) == 1 else 'serve'} {of}." for of, names in alike.items()
    )


def _which(conn: Connection, cause: Cause, now: Serving) -> str:
    """`r1 (ae6f4fb) as before`, or since when, as far as that is after the run began."""
    release = releases.get(conn, now.release)
    before = cause.run is None or now.since < cause.run.created
    since = _again(conn, cause, now) or ("as before" if before else f"since {clock(now.since)}")
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
    return "with all requests again" + ("" if since is None else f" since {clock(since)}")


def _next(conn: Connection, cause: Cause, whom: Whom) -> str:
    if whom.held:
        return _until_it_goes_on(cause)
    if cause.hint:
        return f"{one_line(cause.hint)}{_decide(conn, cause)}"
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
    mend = f"{_mend(conn, cause, whom)}{_not_told_apart(cause, whom)}"
    mend += f" Or have what you set as it was before: {_as_before(cause, whom)}." if whom.values else ""
    return mend if cause.kind == "error" else f"{mend} You will hear when that serves."


def _as_before(cause: Cause, whom: Whom) -> str:
    return listed([f"`{one}`" for one in settings.commands(whom.values, str(cause.environment))])


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


def _mend(conn: Connection, cause: Cause, whom: Whom) -> str:
    """What mends a commit: a newer one, which may be there already, or taking it back where that can be merged."""
    take_back, top = _take_back(conn, cause), cause.on_top
    if not take_back:
        way = _revert(cause, whom)
        return f"Mend it and push again{f', or {way}' if way else ''}."
    if top is None:
        return f"Mend it and push again, or {take_back}. {SINCE}"
    newer = f"If {top.commit[:7]}, which comes after it, does not mend it, mend it and push again"
    if not top.fits:
        return f"{newer}: the commit that takes it back conflicts with that."
    return f"{newer}, or {take_back}. {SINCE}"


SINCE = "If somebody has pushed since, that may conflict: push a fix instead."
"""What is ready on a branch is as old as the message that offers it."""


def _take_back(conn: Connection, cause: Cause) -> str:
    """How a bad commit is taken back with what is ready for it; empty where nothing is."""
    if cause.kind != "bad":
        return ""
    ready = facts.last(conn, "revert.ready", str(cause.application), commit=cause.commit)
    if ready is None:
        return ""
    return f"take it back: `{holds.take_back(conn, str(cause.application), str(ready.data['branch']))}`"


def _then(conn: Connection, cause: Cause) -> str:
    """What a release printed from the beginning of its deployment until shortly after it was judged."""
    since = int(deployments.get(conn, cause.deployment).started)
    return f"release=r{cause.release}&since={since}&until={int(cause.at + AFTER)}"


def _links(conn: Connection, cause: Cause, address: str) -> list[tuple[str, str]]:
    links = []
    if cause.run is not None:
        links.append(("Run", f"{address}/runs/{cause.run.application}:{cause.run.number}"))
    if cause.environment is not None:
        place = f"{address}/applications/{cause.application}/environments/{cause.environment}"
        links.append((cause.environment.capitalize(), place))
        if cause.unexplained and cause.deployment and cause.release is not None:
            links.append(("Log", f"{place}/log?{_then(conn, cause)}"))
    if cause.group:
        links.append(("Error", f"{address}/applications/{cause.application}/errors/{cause.group}"))
    return links
