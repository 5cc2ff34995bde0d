"""What lies between two releases of an environment: commits, variables, and what is done to the data."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from shipway.environments.secrets import KeyLost, Vault
from shipway.project import Project
from shipway.pushes.git import CommitInfo
from shipway.state import artifacts, configurations, deployments, releases
from shipway.state.configurations import Configuration
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.story import beneath
from shipway.story.cast import project_of
from shipway.web.site import Site
from shipway.web.words import plain

MOST = 50  # commits of one direction; more are said to be there
TOLD = 8  # variables in a sentence; of more the number is said
WIDEST = 40  # characters of a value in a sentence
Change = Literal["same", "added", "removed", "changed", "not known"]


@dataclass(frozen=True)
class Variable:
    """One variable of the processes; of a secret `old` and `new` are always null.

    `change` is same, added, removed, changed or (of secrets whose key is lost) not known.
    """

    name: str
    secret: bool
    change: Change
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Difference:
    """From one release to another. `brought` has commits that only `new` has, `taken` those that only `old` has.

    They are newest first, and null when the repository cannot tell; there may be `more`. `migration` is what the
    release command of `new` does to the data, as it is declared, and `fails` what it was seen to do to `old`.
    """

    old: Release
    new: Release
    brought: Sequence[CommitInfo] | None
    taken: Sequence[CommitInfo] | None
    more: bool
    same_artifact: bool
    variables: Sequence[Variable]
    migration: str | None
    fails: str


@dataclass(frozen=True)
class Waiting:
    """What is set otherwise than in `serving`, as after a rollback; `carrier` is what has it so: a deployment to
    come, or the release of one that is under way.
    """

    serving: Release
    variables: Sequence[Variable]
    carrier: str

    @property
    def says(self) -> str:
        """What comes along with a deployment, in a sentence; of secrets their names only."""
        return f"{self.comes[:1].upper()}{self.comes[1:]}."

    @property
    def comes(self) -> str:
        """The same as part of a line."""
        return f"what is set and not in r{self.serving.number} comes along: {_listed(self.variables, 'is set')}"

    def without(self, names: Collection[str]) -> Waiting | None:
        """The same beside what has these names; None where that is all."""
        rest = [one for one in self.variables if one.name not in names]
        return replace(self, variables=rest) if rest else None

    def of(self, name: str) -> str:
        """What is said beside a variable where all are listed; nothing of one that serves as it is set."""
        return next((self._beside(one) for one in self.variables if one.name == name), "")

    def _beside(self, one: Variable) -> str:
        serves = f"r{self.serving.number}, which serves"
        has = "another value" if one.secret else _brief(one.old)
        return {
            "added": f"not in {serves}; comes with {self.carrier}",
            "changed": f"{serves}, has {has}; this comes with {self.carrier}",
            "removed": f"taken away; {serves}, has it until {self.carrier}",
        }.get(one.change, f"perhaps not as in {serves}; comes with {self.carrier}")


def waiting(site: Site, conn: Connection, application: str, environment: str) -> Waiting | None:
    """What is set and waits for a deployment; None where there is nothing like that."""
    return waits(site.story.cast.machine.vault, conn, application, environment)


def waits(vault: Vault, conn: Connection, application: str, environment: str) -> Waiting | None:
    """The same, compared with the secrets that `vault` opens."""
    now = releases.now_serving(conn, application, environment)
    newest = configurations.newest(conn, application, environment).version
    serving = None if now is None else releases.get(conn, now.release)
    if serving is None or serving.configuration == newest:
        return None
    changed = _set_since(vault, conn, serving, newest)
    coming = deployments.running_in(conn, application, environment)
    brought = None if coming is None else releases.get(conn, coming.release)
    carrier = "the next deployment"
    if brought is not None and brought.configuration == newest:
        carrier = f"r{brought.number}, on its way"
    return Waiting(serving, changed, carrier) if changed else None


def carried(vault: Vault, conn: Connection, deployment: Deployment) -> Waiting | None:
    """What waited like that, and comes along with a deployment; None where nothing did."""
    done = deployments.done_before(conn, deployment)
    brought = releases.get(conn, deployment.release)
    served = None if done is None else releases.get(conn, done.release)
    if served is None or served.configuration == brought.configuration:
        return None
    changed = _set_since(vault, conn, served, brought.configuration)
    return Waiting(served, changed, f"r{brought.number}") if changed else None


def between(site: Site, conn: Connection, old: Release, new: Release) -> Difference:
    """What is different in `new`, seen from `old`. Asks git."""
    brought = site.commits.brought(new.application, old.commit, new.commit, MOST + 1)
    taken = site.commits.brought(new.application, new.commit, old.commit, MOST + 1)
    projects = [project_of(artifacts.of_release(conn, one)) for one in (old, new)]
    release = projects[1].release
    return Difference(
        old=old,
        new=new,
        brought=None if brought is None else brought[:MOST],
        taken=None if taken is None else taken[:MOST],
        more=any(len(each or ()) > MOST for each in (brought, taken)),
        same_artifact=old.digest == new.digest,
        variables=_variables(site.story.cast.machine.vault, conn, (old, new), projects),
        migration=None if release is None else release.migration,
        fails=beneath.fails_since(conn, old, new),
    )


def configuration(site: Site, conn: Connection, old: Release, new: Release) -> list[Variable]:
    """The variables of `new` that are not as in `old`. Does not ask git."""
    return _changed(site.story.cast.machine.vault, conn, old, new)


def told_apart(site: Site, conn: Connection, old: Release, new: Release) -> str:
    """What tells a release from one of the same commit, of secrets their names only; nothing of another commit.
    Does not ask git.
    """
    if old.commit != new.commit:
        return ""
    changed = configuration(site, conn, old, new)
    same = f"The same commit as r{old.number}"
    return f"{same}, but {_listed(changed, 'is new')}" if changed else f"{same}, with the same configuration"


def _set_since(vault: Vault, conn: Connection, release: Release, version: int) -> list[Variable]:
    """What a version of the configuration has otherwise than a release, whose commit stays."""
    return _changed(vault, conn, release, replace(release, configuration=version))


def _changed(vault: Vault, conn: Connection, old: Release, new: Release) -> list[Variable]:
    projects = [project_of(artifacts.of_release(conn, one)) for one in (old, new)]
    return [one for one in _variables(vault, conn, (old, new), projects) if one.change != "same"]


def coming_along(release: Release, changed: Sequence[Variable]) -> str:
    """What changes with going to a release, in a sentence; of secrets their names only."""
    if not changed:
        return f"The configuration of r{release.number} is the same as now."
    along = f"r{release.number}'s configuration comes along: {_listed(changed, 'is set again')}."
    return f"{along} What is set now stays so, and comes with the next deployment."


def _listed(changed: Sequence[Variable], added: str) -> str:
    told = [_in_words(one, added) for one in changed[:TOLD]]
    more = [f"and {len(changed) - TOLD} more"] if len(changed) > TOLD else []
    return ", ".join([*told, *more])


def _in_words(one: Variable, added: str) -> str:
    if one.secret:
        does = {"changed": "changes", "added": added, "removed": "is not set any more"}
        return f"{one.name} (secret) {does.get(one.change, 'may change')}"
    old, new = (_brief(value) for value in (one.old, one.new))
    return f"{one.name} changes" if old == new else f"{one.name} {old} → {new}"


def _brief(value: str | None) -> str:
    if value is None:
        return "not set"
    text = plain(" ".join(value.split())) or '""'
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _variables(
    vault: Vault, conn: Connection, both: Sequence[Release], projects: Sequence[Project]
) -> list[Variable]:
    set_in = [configurations.get(conn, one.application, one.environment, one.configuration) for one in both]
    written = [_written(project, one.environment) for project, one in zip(projects, both, strict=True)]
    old, new = ({**each, **one.values} for each, one in zip(written, set_in, strict=True))
    secrets = _secrets(vault, *set_in)
    values = [
        Variable(name, False, _change(old.get(name), new.get(name)), old.get(name), new.get(name))
        for name in {*old, *new}
        if name not in secrets
    ]
    hidden = [Variable(name, True, change, None, None) for name, change in secrets.items()]
    return sorted([*values, *hidden], key=lambda one: one.name)


def _written(project: Project, environment: str) -> Mapping[str, str]:
    """What shipway.yml says."""
    return next((each.env for each in project.environments if each.name == environment), {})


def _secrets(vault: Vault, old: Configuration, new: Configuration) -> dict[str, Change]:
    """Each secret with whether it is another one; what it is stays where it is."""
    try:
        was, now = (vault.open(one.application, one.environment, one.secrets) for one in (old, new))
    except KeyLost:
        return dict.fromkeys([*old.secret_names, *new.secret_names], "not known")
    return {name: _change(was.get(name), now.get(name)) for name in {*was, *now}}


def _change(old: str | None, new: str | None) -> Change:
    if old == new:
        return "same"
    if old is None:
        return "added"
    return "removed" if new is None else "changed"
