"""A process is told where its SDKs report to, unless the application says so itself, and never half of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shipway.releases import reporting
from shipway.releases.machine import Machine
from shipway.state.releases import Release
from web.reporting import release
from web.scene import Scene
from web.server import story

ADDRESS = "http://127.0.0.1:8440"
EXPORTER = {
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_TRACES_EXPORTER",
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = Scene.empty(tmp_path_factory.mktemp("scene"))
    made.application("topup")
    made.deliver(made.push("topup", "Keep balances in cents"))
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def machine(scene: Scene) -> Machine:
    return story(scene, ADDRESS).cast.machine


@pytest.fixture(scope="module")
def serving(scene: Scene) -> Release:
    return release(scene)


def attributes(told: dict[str, str]) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in told[reporting.RESOURCE].split(","))


def test_where_to_and_from_which_release(machine: Machine, serving: Release) -> None:
    told = reporting.variables(machine, serving)
    key = told["SENTRY_DSN"].partition("//")[2].partition("@")[0]
    assert told["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"{ADDRESS}/otlp"
    assert told["OTEL_EXPORTER_OTLP_HEADERS"] == f"x-shipway-key={key}"
    assert told["OTEL_EXPORTER_OTLP_PROTOCOL"] == "http/protobuf"
    assert told["OTEL_SERVICE_NAME"] == "topup"
    assert attributes(told) == {"service.version": serving.commit, "deployment.environment.name": "prod"}
    named = reporting.of_instance(told, "topup.prod.r1.web.2")
    assert attributes(named)["service.instance.id"] == "topup.prod.r1.web.2"
    assert attributes(named)["service.version"] == serving.commit


@pytest.mark.parametrize(
    "own",
    [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
    ],
)
def test_who_sends_elsewhere_is_told_nothing_of_ours(machine: Machine, serving: Release, own: str) -> None:
    """Else our key would be sent there, or theirs here."""
    told = reporting.variables(machine, serving, {own: "theirs"})
    assert EXPORTER & set(told) == set()
    assert attributes(told)["service.version"] == serving.commit


def test_how_it_is_sent_is_the_applications_business(machine: Machine, serving: Release) -> None:
    told = reporting.variables(machine, serving, {"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"})
    assert set(told) >= EXPORTER


def test_attributes_of_its_own_stay_and_ours_are_added(machine: Machine, serving: Release) -> None:
    own = {reporting.RESOURCE: "team=cash,service.version=2.4.1,service.name=till"}
    told = reporting.variables(machine, serving, own)
    assert "OTEL_SERVICE_NAME" not in told, "it would win over the name among the attributes"
    assert attributes(told) == {
        "team": "cash",
        "service.version": "2.4.1",
        "service.name": "till",
        "deployment.environment.name": "prod",
    }
    theirs = {reporting.RESOURCE: "service.instance.id=pod-7"}
    assert attributes(reporting.of_instance(theirs, "topup.prod.r1.web.2")) == {"service.instance.id": "pod-7"}


def test_without_a_server_nothing_is_sent(scene: Scene, serving: Release) -> None:
    told = reporting.variables(story(scene).cast.machine, serving)
    assert EXPORTER & set(told) == set()
    assert "SENTRY_DSN" not in told
