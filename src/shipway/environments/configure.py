"""Setting an environment's values and secrets: every change is a new version, and so a new release."""

from __future__ import annotations

from collections.abc import Mapping

from shipway.config import names
from shipway.environments.secrets import KeyLost, Vault
from shipway.errors import UserError
from shipway.state import configurations
from shipway.state.configurations import Configuration
from shipway.state.database import Connection, Database

SHORTEST_SECRET = 6
"""Characters; a shorter one cannot be masked in logs without masking everything (BARS S23)."""

_LONGEST = 64 * 1024


class InvalidVariable(UserError):
    """A name or value that cannot be an environment variable."""

    id = "environments.invalid_variable"


class UnknownVariable(UserError):
    """Asked to take away what is not set."""

    id = "environments.unknown_variable"
    status = 404


def change(
    database: Database,
    vault: Vault,
    application: str,
    environment: str,
    *,
    who: str,
    values: Mapping[str, str | None] | None = None,
    secrets: Mapping[str, str | None] | None = None,
) -> Configuration:
    """Sets values and secrets (None takes one away) in one new version; a change of nothing makes none.

    Raises InvalidVariable (a value with the name of a secret is one) or UnknownVariable, and then nothing is
    changed.
    """
    values, secrets = values or {}, secrets or {}
    _check(values, secrets)
    with database.write() as conn:
        now = configurations.newest(conn, application, environment)
        sealed = vault.open(application, environment, now.secrets)
        new_values = _apply(now.values, values)
        new_secrets = _apply(sealed, secrets)
        _do_not_clash(values, new_secrets, environment)
        for name in new_secrets.keys() & secrets:
            new_values.pop(name, None)  # a value that became a secret is not left readable beside it
        if new_values == dict(now.values) and new_secrets == sealed:
            return now
        return configurations.add(
            conn,
            application,
            environment,
            values=new_values,
            secrets=vault.seal(application, environment, new_secrets),
            secret_names=sorted(new_secrets),
            who=who,
            what=_in_words(values, secrets),
            names={*values, *secrets},
            as_in=_as_before(conn, vault, now, {name: new_secrets[name] for name in secrets.keys() & new_secrets}),
        )


def _as_before(conn: Connection, vault: Vault, now: Configuration, secrets: Mapping[str, str]) -> dict[str, int]:
    """Which of these secrets are set to what they had been, each with the version that first had it so. Only that
    is recorded: it tells nothing of a value, as a digest might.
    """
    where = (now.application, now.environment)
    opened: dict[int, Mapping[str, str]] = {}
    found = dict[str, int]()
    for name, value in secrets.items():
        for version, first in configurations.set_in(conn, *where, name, now.version):
            if version not in opened:
                opened[version] = _opened(conn, vault, now, version)
            if opened[version].get(name) == value:
                found[name] = first
                break
    return found


def _opened(conn: Connection, vault: Vault, now: Configuration, version: int) -> Mapping[str, str]:
    """The secrets of an earlier version; none where they were sealed with a key that is gone."""
    then = configurations.get(conn, now.application, now.environment, version)
    try:
        return vault.open(now.application, now.environment, then.secrets)
    except KeyLost:
        return {}


def variables(vault: Vault, configuration: Configuration) -> tuple[dict[str, str], list[str]]:
    """What a process gets from a configuration, and which of the values are secret."""
    secrets = vault.open(configuration.application, configuration.environment, configuration.secrets)
    return {**configuration.values, **secrets}, list(secrets.values())


def is_same(vault: Vault, one: Configuration, other: Configuration) -> bool:
    """Whether a process gets the same from both; not where that cannot be known, because a key is gone."""
    try:
        return variables(vault, one) == variables(vault, other)
    except KeyLost:
        return False


def _check(values: Mapping[str, str | None], secrets: Mapping[str, str | None]) -> None:
    problems = [_problem(name, value) for name, value in [*values.items(), *secrets.items()]]
    problems += [
        f"{name}: a secret needs at least {SHORTEST_SECRET} characters, or it could not be masked in logs"
        for name, value in secrets.items()
        if value is not None and len(value) < SHORTEST_SECRET
    ]
    told = [problem for problem in problems if problem is not None]
    if told:
        raise InvalidVariable("; ".join(told), hint="Nothing was changed.")


def _do_not_clash(values: Mapping[str, str | None], secrets: Mapping[str, str], environment: str) -> None:
    """A process gets the secret of two with one name, so the value would be shown and never count."""
    clashing = [name for name, value in values.items() if value is not None and name in secrets]
    if clashing:
        both = f"{clashing[0]} is a secret" if len(clashing) == 1 else f"{', '.join(clashing)} are secrets"
        change = f"shipway secrets {clashing[0]} --env {environment}"
        end = f"shipway secrets --unset {clashing[0]} --env {environment}"
        raise InvalidVariable(
            f"{both} in {environment}, and a value with that name would not count.",
            hint=f"`{change}` changes it; `{end}` takes it away first.",
        )


def _problem(name: str, value: str | None) -> str | None:
    """None too for what is taken away, whatever its name."""
    if value is None:
        return None
    try:
        names.variable(name)
    except ValueError as error:
        return f"{name if name.isprintable() else ascii(name)} {error}"
    if "\0" in value or len(value) > _LONGEST:
        return f"{name}: the value should be at most 64 KiB and hold no NUL character"
    return None


def _apply(old: Mapping[str, str], change: Mapping[str, str | None]) -> dict[str, str]:
    new = dict(old)
    for name, value in change.items():
        if value is not None:
            new[name] = value
        elif new.pop(name, None) is None:
            raise UnknownVariable(f"{name} is not set, so there is nothing to take away.")
    return new


def _in_words(values: Mapping[str, str | None], secrets: Mapping[str, str | None]) -> str:
    parts = [f"{'set' if value is not None else 'removed'} {name}" for name, value in values.items()]
    parts += [f"{'set' if value is not None else 'removed'} secret {name}" for name, value in secrets.items()]
    return ", ".join(parts)
