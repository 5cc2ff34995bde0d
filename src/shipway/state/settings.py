"""What a release has set otherwise than the one of the same commit before it: by whom, and whether it stays so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from shipway.state import configurations, deployments, releases, verdicts
from shipway.state.deployments import Deployment
from shipway.state.releases import Release

FAR = 100  # deployments that are looked back at for what has served well


@dataclass(frozen=True)
class Setting:
    """A value or a secret, which `who` set so, or took away (`gone`); `new`: there was none before.

    `stays`: the next deployment has it so too. `proved` are commits that served well with it as it is.
    """

    name: str
    who: str
    secret: bool = False
    gone: bool = False
    new: bool = False
    stays: bool = True
    proved: tuple[str, ...] = ()


def changed(conn: Connection, deployment: Deployment) -> list[Setting]:
    """What is otherwise in the release that a deployment brought than in what served before; nothing where its
    commit is another: then it is not known that it was a value.
    """
    done = deployments.done_before(conn, deployment)
    return [] if done is None or done.commit != deployment.commit else _otherwise(conn, deployment, done)


def beside(conn: Connection, deployment: Deployment) -> list[Setting]:
    """What is otherwise beside another commit, which a deployment brought; nothing where that is the same. What is
    as it was while something served well is `proved` with that: a rollback may have taken it away for a while.
    """
    done = deployments.done_before(conn, deployment)
    if done is None or done.commit == deployment.commit:
        return []
    found = _otherwise(conn, deployment, done)
    version = releases.get(conn, deployment.release).configuration
    for configuration, commits in _well_with(conn, done).items() if found else ():
        where = deployment.application, deployment.environment
        others = configurations.differing(conn, *where, configuration, version)
        found = [one if one.name in others else replace(one, proved=(*one.proved, *commits)) for one in found]
    return found


def taken_back(conn: Connection, old: Release, new: Release) -> list[Setting]:
    """What of a release that served is in another one as it was before somebody set it: each with who had set it,
    and whether it `stays` as they did for the next deployment.
    """
    where = old.application, old.environment
    if new.configuration < old.configuration:
        found = configurations.setters(conn, *where, new.configuration, old.configuration)
    else:
        names = configurations.differing(conn, *where, old.configuration, new.configuration)
        found = configurations.set_back(conn, *where, names, old.configuration, new.configuration)
    served, now = (configurations.get(conn, *where, one.configuration) for one in (old, new))
    newest = configurations.newest(conn, *where).version
    since = {*configurations.differing(conn, *where, old.configuration, newest)}
    return [
        Setting(
            name,
            who,
            secret=name not in {*served.values, *now.values},
            gone=name not in {*now.values, *now.secret_names},
            new=name not in {*served.values, *served.secret_names},
            stays=name not in since,
        )
        for name, who in found.items()
    ]


def _otherwise(conn: Connection, deployment: Deployment, done: Deployment) -> list[Setting]:
    where = deployment.application, deployment.environment
    old, new = (releases.get(conn, one.release).configuration for one in (done, deployment))
    before, brought = (configurations.get(conn, *where, version) for version in (old, new))
    newest = configurations.newest(conn, *where).version
    since = {*configurations.differing(conn, *where, new, newest)}
    return [
        Setting(
            name,
            who,
            secret=name not in {*before.values, *brought.values},
            gone=name not in {*brought.values, *brought.secret_names},
            new=name not in {*before.values, *before.secret_names},
            stays=name not in since,
        )
        for name, who in configurations.setters(conn, *where, old, new).items()
    ]


def _well_with(conn: Connection, done: Deployment) -> dict[int, list[str]]:
    """The configurations with which something served well before a deployment was done, each with its commits."""
    after, found = done, defaultdict[int, list[str]](list)
    for one in deployments.recent(conn, done.application, done.environment, FAR):
        if one.state != "done" or one.epoch >= done.epoch:
            continue
        if _served_well(conn, one, after):
            found[releases.get(conn, one.release).configuration].append(one.commit)
        after = one
    return found


def _served_well(conn: Connection, one: Deployment, after: Deployment) -> bool:
    """Whether it was judged good, or at least nobody took it back: `after` is what came in its place."""
    if verdicts.is_condemned(conn, one):
        return False
    good = any(each.kind == "good" for each in verdicts.of_deployment(conn, one.id))
    return good or after.kind != "rollback"


def commands(settings: Sequence[Setting], environment: str) -> list[str]:
    """What is typed to have them as they were before; a secret is asked for."""
    values = [f"--unset {one.name}" if one.new else f"{one.name}=…" for one in settings if not one.secret]
    secrets = [f"--unset {one.name}" if one.new else one.name for one in settings if one.secret]
    typed = (("env", values), ("secrets", secrets))
    return [f"shipway {verb} {' '.join(words)} --env {environment}" for verb, words in typed if words]
