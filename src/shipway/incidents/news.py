"""What people read when nothing is wrong any more, or a person decided: what waited goes on, what was bad is
mended, what served was taken away by hand.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

from shipway.incidents import production
from shipway.incidents.acts import Act
from shipway.incidents.blame import named_value
from shipway.incidents.channels import BY_HAND
from shipway.incidents.letter import Text, clock, lasting, listed, made, moment, one_line
from shipway.pushes.git import CommitInfo
from shipway.releases import gate
from shipway.state import artifacts, deployments, facts, holds, releases, settings, stuck, verdicts
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.facts import Fact
from shipway.state.holds import Hold
from shipway.state.messages import Message
from shipway.state.runs import Run
from shipway.state.settings import Setting


def gone_on(told: Message, at: float, run: Run, address: str) -> Text:
    """That what had to wait for packages got them: the artifact of `run` was published, of that commit or of one
    that comes after it.
    """
    waited, commit = str(told.commit)[:7], run.commit
    on_top = "" if commit == told.commit else f", which comes after {waited}"
    head = f"{waited} goes on: its packages could be fetched"
    rows = [
        ("Commit", f"{commit[:7]}{on_top}"),
        ("When", moment(at)),
        ("Done", f"The artifact of {commit[:7]} is there, and goes its way."),
        ("Next", "Nothing."),
        ("Run", f"{address}/runs/{run.application}:{run.number}"),
    ]
    return made(told.application, head, head, (), rows)


def passes(told: Message, fact: Fact, address: str) -> Text:
    """That a probe, or an invariant, of which somebody was told passes again, or is asked no more."""
    there, name, said = str(fact.environment), fact.data["probe"], str(fact.data["says"])
    ended = fact.kind == "probe.ended"
    subject = f"{there}: {name} {'is asked no more' if ended else 'passes again'}"
    head = f"{name} is asked no more in {there}" if ended else f"{name} passes again in {there}: {said}"
    rows = [
        ("When", moment(fact.at)),
        ("Told", f"You were told on {moment(told.created)}."),
        ("Next", "Nothing."),
        (there.capitalize(), f"{address}/applications/{fact.application}/environments/{there}"),
    ]
    return made(fact.application, subject, head, (), rows)


def fixed(
    conn: Connection,
    told: Sequence[Message],
    by: Deployment,
    order: Sequence[str],
    address: str,
    *,
    theirs: bool,
    broken: bool,
    doubt: str = "",
    again: Sequence[str] = (),
    untold: bool = False,
) -> Text:
    """That what somebody was told of is mended, by `theirs` or another: a commit that comes after it has all
    requests in the last environment of `order`. Unless commits are known to be `broken`, they are not called so.

    With a `doubt` it says that it serves, and that nothing is known of whether it mends it. Where errors that were
    new with what was bad came `again` in it, it is not called mended: those are named. Who was `untold` of any of
    it is not told of what it holds: of that they would hear no more.
    """
    mended = list(dict.fromkeys(str(one.commit) for one in told))
    commits = listed([each[:7] for each in mended])
    serves = f"{by.commit[:7]} is in {by.environment}"
    are = "is" if len(mended) == 1 else "are"
    subject = f"{commits} {are} mended: {serves}" if broken else f"The trouble with {commits} is over: {serves}"
    subject = f"Your fix serves: {serves}" if theirs else subject
    subject = f"Your commit serves: {serves}, and {commits} {are} mended" if untold else subject
    if not broken and all(one.kind == BY_HAND for one in told):
        was = "was" if len(mended) == 1 else "were"
        subject = f"{serves}, on top of {commits}, which {was} taken away by hand"
    next_ = "Nothing."
    if doubt:
        subject = f"{serves} and could not be judged; it comes after {commits}"
        next_ = "See for yourself whether it mends that."
    elif again:
        subject = f"{serves}, and has an error of {commits} still"
        next_ = "See for yourself whether it mends that."
    rows = [
        ("Commit", f"{by.commit[:7]}, which comes after {commits}"),
        ("When", moment(by.ended or by.started)),
        ("Seen", f"In r{releases.get(conn, by.release).number} too: {one_line(listed(again))}." if again else ""),
        ("Was bad", "; ".join(filter(None, (_was_bad(conn, by.application, each, order) for each in mended)))),
        ("Done", f"{_serves_now(conn, by, doubt, theirs=theirs)}{_serves_elsewhere(conn, by, order)}"),
        ("Hold", "" if untold else _quarantines(conn, by, mended, order)),
        ("Next", next_),
        (by.environment.capitalize(), f"{address}/applications/{by.application}/environments/{by.environment}"),
    ]
    return made(by.application, subject, subject, (), rows)


def over(told: Message, by: Deployment, said: str, address: str) -> Text:
    """That what was told is over too, for what took it; its person reads the message with the subject `said`."""
    there = by.environment
    subject = f"Over: {_without_application(told.subject, told.application)}"
    rows = [
        ("When", moment(by.ended or by.started)),
        ("Told", f"“{_without_application(said, by.application)}” says it."),
        ("Next", "Nothing."),
        (there.capitalize(), f"{address}/applications/{by.application}/environments/{there}"),
    ]
    return made(by.application, subject, subject, (), rows)


def _without_application(subject: str, application: str | None) -> str:
    return subject.removeprefix(f"[{application}] ")


def through(conn: Connection, told: Message, by: Deployment, address: str) -> Text:
    """That the very commit of which somebody was told serves all the same."""
    there, commit = by.environment, by.commit[:7]
    subject = f"{commit} is in {there} all the same"
    rows = [
        ("When", moment(by.ended or by.started)),
        ("Told", f"You were told on {moment(told.created)}."),
        ("Done", _serves_now(conn, by, "", theirs=False)),
        ("Next", "Nothing."),
        (there.capitalize(), f"{address}/applications/{by.application}/environments/{there}"),
    ]
    return made(by.application, subject, subject, (), rows)


def _was_bad(conn: Connection, application: str, commit: str, order: Sequence[str]) -> str:
    """In which environments requests were touched by a commit; empty where none were."""
    told = facts.after(conn, 0, application=application, commit=commit, kinds=("verdict.bad", "release.silent"))
    there = {fact.environment for fact in told}
    return f"{commit[:7]} in {listed([name for name in order if name in there])}" if there else ""


def _serves_now(conn: Connection, by: Deployment, doubt: str, *, theirs: bool) -> str:
    """Since when the fix has all requests, what speaks for it, and for how long it is watched.

    Who wrote it hears of a bad verdict on it, and is told so.
    """
    release = releases.get(conn, by.release)
    since = by.switched or by.ended or by.started
    now = releases.now_serving(conn, by.application, by.environment)
    serves = f"{by.environment} serves r{release.number} ({by.commit[:7]}) with all requests since {clock(since)}"
    if now is not None and now.release != release.id:
        newer = releases.get(conn, now.release)
        there = f"r{release.number} ({by.commit[:7]}) had all requests in {by.environment} at {clock(since)}"
        serves = f"{there}; r{newer.number} ({newer.commit[:7]}) serves now"
    if doubt:
        return f"{serves}. Nothing is known of whether it is good: {one_line(doubt).rstrip('.')}."
    judged, after = verdicts.of_deployment(conn, by.id), verdicts.at_the_end(conn, by)
    if after:
        return f"{serves}. It was watched for {lasting(judged[-1].at - since)} and is good."
    until = None if now is None or now.deployment != by.id else now.warm_until
    watched = "" if until is None or not production.is_judged(conn, by) else f"it is watched until {clock(until)}"
    hears = ": you hear if it is taken back" if watched and theirs else ""
    good = f"It was good with {judged[-1].share} % of them" if judged else ""
    said = ", and ".join(filter(None, (good, watched)))
    return f"{serves}. {said[:1].upper()}{said[1:]}{hears}." if said else f"{serves}."


def _serves_elsewhere(conn: Connection, by: Deployment, order: Sequence[str]) -> str:
    """That the other environments have it as well, as far as they do at this moment."""
    serving = {name: releases.now_serving(conn, by.application, name) for name in order if name != by.environment}
    there = [name for name, now in serving.items() if now and releases.get(conn, now.release).commit == by.commit]
    return f" {listed(there)} {'serves' if len(there) == 1 else 'serve'} it as well." if there else ""


def _quarantine(
    conn: Connection, application: str, commit: str, order: Sequence[str], by: Deployment | None = None
) -> str:
    """What became of the quarantine of a commit, in every environment where it was in one; where the fix that a
    deployment brought is still watched, when that ends it, for nobody is told of it a second time.
    """
    found = {name: holds.quarantine_of(conn, application, name, commit) for name in order}
    over = [name for name, hold in found.items() if hold is not None and hold.lifted is not None]
    held = [name for name, hold in found.items() if hold is not None and hold.lifted is None]
    ends = {name: at for name in held if by is not None and (at := _watched_until(conn, by, name)) is not None}
    held = [name for name in held if name not in ends]
    said = [f"The quarantine of {commit[:7]} has ended in {listed(over)}."] if over else []
    if held:
        said.append(f"{commit[:7]} stays in quarantine in {listed(held)} {gate.UNTIL.format(it='it')}.")
    if ends and by is not None:
        when = listed([f"in {name} at {clock(at)}" for name, at in ends.items()])
        said.append(f"The quarantine of {commit[:7]} ends {when}, if {by.commit[:7]} is judged good by then.")
    return " ".join(said)


def _quarantines(conn: Connection, by: Deployment, mended: Sequence[str], order: Sequence[str]) -> str:
    return " ".join(filter(None, (_quarantine(conn, by.application, each, order, by) for each in mended)))


def still_held(
    conn: Connection, commits: Collection[str], by: Deployment, order: Sequence[str], since: float
) -> list[Hold]:
    """The quarantines of these commits that were to end where what a deployment brought is watched no more, though
    it was `since` then; none while any may end.
    """
    found = [one for one in holds.quarantines_in(conn, by.application) if one.commit in commits]
    there = [one for one in found if one.environment in order and one.commit != by.commit]
    if any(_watched_until(conn, by, str(one.environment)) is not None for one in there):
        return []
    return [one for one in there if _unjudged(conn, by, str(one.environment), since) is not None]


def _unjudged(conn: Connection, by: Deployment, environment: str, since: float) -> Deployment | None:
    """The deployment of the same commit to an environment that was watched until after this moment, and not judged
    good; None where there is none.
    """
    now = releases.now_serving(conn, by.application, environment)
    if now is None or releases.get(conn, now.release).commit != by.commit:
        return None
    deployment = deployments.get(conn, now.deployment)
    judged = verdicts.at_the_end(conn, deployment)
    ended = judged[-1].at > since and judged[-1].kind == "not known" if judged else now.warm is None
    watched = deployment.kind == "deploy" and production.is_judged(conn, deployment)
    return deployment if watched and ended else None


def held(conn: Connection, those: Sequence[Hold], by: Deployment, since: float, address: str) -> Text:
    """That quarantines go on which were to end: what mended their commits could not be judged where they are."""
    last = str(those[-1].environment)
    by = _unjudged(conn, by, last, since) or by
    commits = listed(list(dict.fromkeys(str(one.commit)[:7] for one in those)))
    there = listed(list(dict.fromkeys(str(one.environment) for one in those)))
    judged = verdicts.at_the_end(conn, by)
    why = judged[-1].reason if judged else "nobody has judged it"
    stays, comes = ("stays", "does") if len({one.commit for one in those}) == 1 else ("stay", "do")
    subject = f"{commits} {stays} in quarantine in {there}: {by.commit[:7]} could not be judged"
    rows = [
        ("Commit", f"{by.commit[:7]}, which comes after {commits}"),
        ("When", moment(judged[-1].at if judged else time.time())),
        ("Why", f"{one_line(why).rstrip('.')}."),
        ("Done", f"{by.commit[:7]} goes on serving. {commits} {comes} not come there as it was."),
        ("Next", f"Nothing. The next commit on top of {commits} that is judged good there ends it."),
        (last.capitalize(), f"{address}/applications/{by.application}/environments/{last}"),
    ]
    return made(by.application, subject, subject, (), rows)


def _watched_until(conn: Connection, by: Deployment, environment: str) -> float | None:
    """Until when the commit that a deployment brought is watched in an environment, if it is."""
    now = releases.now_serving(conn, by.application, environment)
    if now is None or now.warm is None or releases.get(conn, now.release).commit != by.commit:
        return None
    deployment = deployments.get(conn, now.deployment)
    watched = deployment.kind == "deploy" and production.is_judged(conn, deployment)
    return now.warm_until if watched and not verdicts.at_the_end(conn, deployment) else None


def by_hand(
    conn: Connection, act: Act, theirs: Sequence[CommitInfo], values: Sequence[Setting], address: str
) -> Text:
    """That somebody rolled back, took back what was tried, deployed something older, set a value back, or decided
    what is frozen; `theirs` are the commits of whom it is told that this is about, the newest first, and `values`
    what they had set.
    """
    there, who = act.environment, act.who
    old, new = (f"r{one.number} ({one.commit[:7]})" for one in (act.old, act.new))
    if act.left is not None:
        subject = f"{there}: {who} gave r{act.new.number} all requests, r{act.old.number} has none"
        head = subject if act.decision is None else act.decision.says
    elif act.share:
        subject = f"{there}: {who} took r{act.old.number} back, which was tried"
        head = f"{who} took {old} back from {there}, where it was tried on {act.share} % of the requests"
    elif act.deployed:
        subject = f"{there}: {who} deployed r{act.new.number} instead of r{act.old.number}"
        head = f"{who} deployed {new} to {there} instead of {old}: {_without(theirs, values)}"
    else:
        subject = f"{there}: {who} rolled back from r{act.old.number} to r{act.new.number}"
        head = f"{who} rolled {there} back from {old} to {new}"
    rows = [
        ("Commit", _of_theirs(act, theirs)),
        ("Values", listed([named_value(one) for one in values])),
        ("When", moment(act.at)),
        ("Reason", f"{who} gave none." if act.decision is None else act.decision.reason),
        ("Done", _there(conn, act)),
        ("Hold", _quarantine_of(conn, act)),
        ("Why you", _why(theirs, values)),
        ("Next", _after(conn, act) if theirs or not values else _set_again(act, values)),
        ("Run", f"{address}/runs/{act.run.application}:{act.run.number}"),
        (there.capitalize(), f"{address}/applications/{act.old.application}/environments/{there}"),
    ]
    return made(act.old.application, subject, head, (), rows)


def _without(theirs: Sequence[CommitInfo], values: Sequence[Setting]) -> str:
    what = [*(["your commit"] if theirs else []), *(["what you set"] if values else [])]
    return f"it is without {listed(what)}" if what else "it has other commits"


def _why(theirs: Sequence[CommitInfo], values: Sequence[Setting]) -> str:
    what = [
        *(["wrote it"] if theirs else []),
        *([f"set {listed([one.name for one in values])}"] if values else []),
    ]
    return f"You {listed(what)}." if what else "You were told of it before."


def _set_again(act: Act, values: Sequence[Setting]) -> str:
    """What whoever set something can do that is as it was before."""
    said = [] if act.decision is not None else [f"Ask {act.who} why."]
    stay = [one.name for one in values if one.stays]
    if stay:
        comes = "stays as it is set and comes" if len(stay) == 1 else "stay as they are set and come"
        said.append(f"{listed(stay)} {comes} with the next deployment.")
    typed = settings.commands([one for one in values if not one.stays], act.environment)
    if typed:
        said.append(f"{listed([f'`{one}`' for one in typed])} has it as you had set it.")
    return " ".join(said)


def _of_theirs(act: Act, theirs: Sequence[CommitInfo]) -> str:
    if not theirs:
        return act.commit[:7]
    one, more = theirs[0], len(theirs) - 1
    others = f", and {more} more of yours" if more else ""
    return one_line(f"{one.commit[:7]} {one.subject}, by {one.author} <{one.email}>{others}")


def _there(conn: Connection, act: Act) -> str:
    """What has the requests now, as the record has it."""
    left = stuck.now(conn, act.old.application, act.environment)
    now = releases.now_serving(conn, act.old.application, act.environment)
    if left is not None or now is None:
        return f"Nothing serves in {act.environment}." if left is None else f"{left.says}."
    release = releases.get(conn, now.release)
    serves = f"{act.environment} serves r{release.number} ({release.commit[:7]}) with all requests"
    return f"{serves} since {clock(now.since)}."


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
