"""What a process is told so that it can report its errors, in the variables that Sentry's SDKs read."""

from __future__ import annotations

from shipway.releases.machine import Machine
from shipway.state import error_keys
from shipway.state.error_keys import ErrorKey
from shipway.state.releases import Release


def variables(machine: Machine, release: Release) -> dict[str, str]:
    """Where to, from which release and environment; a variable that the application sets itself wins over them."""
    told = {"SENTRY_RELEASE": release.commit, "SENTRY_ENVIRONMENT": release.environment}
    if not machine.address:
        return told
    known = _key(machine, release)
    scheme, _, server = machine.address.partition("://")
    return {"SENTRY_DSN": f"{scheme}://{known.key}@{server}/{known.project}", **told}


def _key(machine: Machine, release: Release) -> ErrorKey:
    """Made at the first use: what is only read waits for nobody."""
    with machine.database.read() as conn:
        known = error_keys.newest(conn, release.application, release.environment)
    if known is not None:
        return known
    with machine.database.write() as conn:
        return error_keys.current(conn, release.application, release.environment)
