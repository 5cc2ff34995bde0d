"""What a process is told so that it can report: in the variables that SDKs of Sentry and OpenTelemetry read.

Whatever the application or its environment sets itself wins. An application that sends its telemetry elsewhere is
not told half of ours: our key would go there.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, unquote

from shipway.releases.machine import Machine
from shipway.state import error_keys
from shipway.state.error_keys import ErrorKey
from shipway.state.releases import Release

KEY = "x-shipway-key"
"""The header in which OpenTelemetry's SDKs show it."""

RESOURCE = "OTEL_RESOURCE_ATTRIBUTES"
_WHERE = ("ENDPOINT", "HEADERS", "PROTOCOL")
_EVERY = "10000"  # milliseconds between two reports of metrics; by themselves SDKs take a minute


def variables(machine: Machine, release: Release, own: Mapping[str, str] | None = None) -> dict[str, str]:
    """Where to, from which release and environment. `own` is what the application sets itself."""
    own = own or {}
    told = {"SENTRY_RELEASE": release.commit, "SENTRY_ENVIRONMENT": release.environment, **_resource(release, own)}
    if not machine.address:
        return told
    known = _key(machine, release)
    scheme, _, server = machine.address.partition("://")
    dsn = f"{scheme}://{known.key}@{server}/{known.project}"
    return {"SENTRY_DSN": dsn, **told, **_exporter(machine.address, known, own)}


def of_instance(env: Mapping[str, str], instance: str) -> dict[str, str]:
    """The variable that says besides which instance it is."""
    return {RESOURCE: _attributes({"service.instance.id": instance}, env.get(RESOURCE, ""))}


def _exporter(address: str, known: ErrorKey, own: Mapping[str, str]) -> dict[str, str]:
    if any(name.startswith("OTEL_EXPORTER_OTLP_") and name.endswith(_WHERE) for name in own):
        return {}
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"{address}/otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_HEADERS": f"{KEY}={known.key}",
        "OTEL_METRIC_EXPORT_INTERVAL": _EVERY,
        "OTEL_TRACES_EXPORTER": "none",
    }


def _resource(release: Release, own: Mapping[str, str]) -> dict[str, str]:
    """`OTEL_SERVICE_NAME` would win over a name among the application's own attributes."""
    ours = {"service.version": release.commit, "deployment.environment.name": release.environment}
    written = own.get(RESOURCE, "")
    name = {} if "service.name" in _names(written) else {"OTEL_SERVICE_NAME": release.application}
    return {**name, RESOURCE: _attributes(ours, written)}


def _attributes(ours: Mapping[str, str], written: str) -> str:
    """Ours, but for those that are written already, and then what is written.

    https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable
    """
    taken = _names(written)
    missing = [f"{name}={quote(value, safe='')}" for name, value in ours.items() if name not in taken]
    return ",".join([*missing, *([written] if written.strip() else [])])


def _names(written: str) -> set[str]:
    return {unquote(pair.partition("=")[0].strip()) for pair in written.split(",")}


def _key(machine: Machine, release: Release) -> ErrorKey:
    """Made at the first use: what is only read waits for nobody."""
    with machine.database.read() as conn:
        known = error_keys.newest(conn, release.application, release.environment)
    if known is not None:
        return known
    with machine.database.write() as conn:
        return error_keys.current(conn, release.application, release.environment)
