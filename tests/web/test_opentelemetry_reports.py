"""OpenTelemetry's SDK for Python, as it is published, sends logs and metrics: it is told its environment alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shipway.releases import reporting as variables
from support import sdks
from support.sent import sent
from web import reporting
from web.server import Site

BASE = "/api/v1/applications/topup/environments/prod"
SETUP = """
import logging
from opentelemetry import metrics
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

logs = LoggerProvider()
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(compression=Compression.PACKING)))
log = logging.getLogger("topup.ledger")
log.setLevel(logging.INFO)
log.addHandler(LoggingHandler(logger_provider=logs))
provider = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter(compression=Compression.PACKING))])
meter = provider.get_meter("topup")
"""
LOGS = """
log.info("charged %d cents", 250, extra={"account": "a-17"})
def charge(account):
    return 100 / account["balance"]
try:
    charge({"balance": 0})
except ZeroDivisionError:
    log.exception("could not charge", extra={"user_agent.original": "shipway-probe"})
if not logs.force_flush(): raise SystemExit("logs were not sent")
"""
METRICS = """
charged = meter.create_counter("topup.charged", unit="cents")
charged.add(250, {"currency": "EUR"})
meter.create_up_down_counter("topup.open").add(3)
seconds = meter.create_histogram("topup.seconds", unit="s", explicit_bucket_boundaries_advisory=[0.1, 0.2, 0.5])
for value in (0.05, 0.15, 0.15, 0.4): seconds.record(value)
if not provider.force_flush(): raise SystemExit("metrics were not sent")
charged.add(50, {"currency": "EUR"})
if not provider.force_flush(): raise SystemExit("metrics were not sent")
"""


NODE = """
const { LoggerProvider, BatchLogRecordProcessor } = require("@opentelemetry/sdk-logs")
const { detectResources, envDetector } = require("@opentelemetry/resources")
const { SeverityNumber } = require("@opentelemetry/api-logs")
const { MeterProvider, PeriodicExportingMetricReader } = require("@opentelemetry/sdk-metrics")

const resource = detectResources({ detectors: [envDetector] })  // as NodeSDK does by itself
const send = async (name, compression) => {
  const { OTLPLogExporter } = require(`@opentelemetry/exporter-logs-otlp-${name}`)
  const { OTLPMetricExporter } = require(`@opentelemetry/exporter-metrics-otlp-${name}`)
  const batches = new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ compression }) })
  const logs = new LoggerProvider({ processors: [batches], resource })
  const body = `by ${name}, ${compression}`
  logs.getLogger("topup").emit({ severityNumber: SeverityNumber.WARN, body, attributes: { account: "a-17" } })
  await logs.shutdown()
  const reader = new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter({ compression }) })
  const provider = new MeterProvider({ readers: [reader], resource })
  provider.getMeter("topup").createUpDownCounter(`topup.open.${name}.${compression}`).add(3)
  await provider.shutdown()
}
const every = async () => {
  for (const name of ["http", "proto"]) for (const packing of ["none", "gzip"]) await send(name, packing)
}
every()
"""
WHOLE = """
console.error = console.warn = console.log
const { NodeSDK } = require("@opentelemetry/sdk-node")
const sdk = new NodeSDK()
sdk.start()

const { metrics, trace } = require("@opentelemetry/api")
const { logs, SeverityNumber } = require("@opentelemetry/api-logs")
const body = "charged 250 cents"
logs.getLogger("topup").emit({ severityNumber: SeverityNumber.WARN, body, attributes: { account: "a-17" } })
metrics.getMeter("topup").createCounter("topup.charged", { unit: "cents" }).add(250, { currency: "EUR" })
const work = async () => {
  for (let number = 0; number < 5; number++) {
    trace.getTracer("topup").startSpan("charge").end()
    await new Promise((done) => setTimeout(done, 200))
  }
  await sdk.shutdown()
}
work()
"""
NODES = ("http", "proto")
"""JSON, and protobuf."""


@pytest.fixture
def topup(site: Site) -> Site:
    """A server with topup in prod."""
    site.scene.application("topup")
    site.scene.deliver(site.scene.push("topup", "Keep balances in cents"))
    return site


def run(site: Site, script: str, directory: Path, packing: str = "Gzip", **more: str) -> None:
    """Runs a script as the instance web.1 of what serves in prod."""
    told = {**reporting.told(site), **more}
    told |= variables.of_instance(told, f"{reporting.release(site.scene).name}.web.1")
    sdks.python(SETUP.replace("PACKING", packing) + script, directory, told)


def written(site: Site) -> list[dict[str, Any]]:
    return sent(site.scene.places, "topup")


def measured(site: Site) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in site.get(f"{BASE}/signals/measured").json["series"]}


@pytest.mark.parametrize("packing", ["Gzip", "NoCompression"])
def test_logs_arrive_with_release_and_instance(topup: Site, tmp_path: Path, packing: str) -> None:
    run(topup, LOGS, tmp_path, packing)
    first, second = written(topup)
    assert (first["level"], first["message"], first["logger"]) == ("info", "charged 250 cents", "topup.ledger")
    assert (first["release"], first["instance"], first["log"]) == ("r1", "web.1", "topup.prod.r1.web.1")
    assert first["account"] == "a-17"
    assert (second["level"], second["message"]) == ("error", "could not charge")
    assert "in charge" in second["stack"]


@pytest.mark.soak  # npm brings 50 MB
@pytest.mark.needs("node", "npm", "npm-registry")
@pytest.mark.timeout(200)
def test_nodes_logs_and_metrics_arrive_as_json_and_as_protobuf(topup: Site, tmp_path: Path) -> None:
    packages = [f"@opentelemetry/exporter-{what}-otlp-{name}" for what in ("logs", "metrics") for name in NODES]
    sdks.node_packages(tmp_path, "@opentelemetry/sdk-logs", "@opentelemetry/sdk-metrics", *packages)
    told = reporting.told(topup)
    told |= variables.of_instance(told, f"{reporting.release(topup.scene).name}.web.1")
    sdks.node(NODE, tmp_path, told)
    ways = [(name, packing) for name in NODES for packing in ("none", "gzip")]
    assert [line["message"] for line in written(topup)] == [f"by {name}, {packing}" for name, packing in ways]
    assert {(line["level"], line["release"], line["account"]) for line in written(topup)} == {
        ("warning", "r1", "a-17")
    }
    assert {f"topup.open.{name}.{packing}" for name, packing in ways} <= set(measured(topup))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("whole")
    sdks.node_packages(directory, "@opentelemetry/sdk-node", "@opentelemetry/api", "@opentelemetry/api-logs")
    return directory


@pytest.mark.soak  # npm brings 50 MB
@pytest.mark.needs("node", "npm", "npm-registry")
@pytest.mark.timeout(200)
@pytest.mark.parametrize("traces", ["none", "otlp"])
@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
def test_nodes_whole_sdk_needs_its_environment_alone(topup: Site, whole: Path, protocol: str, traces: str) -> None:
    """Traces that an application sends all the same do no harm: its log is told once that none is kept."""
    told = {
        **reporting.told(topup),
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_TRACES_EXPORTER": traces,
        "OTEL_BSP_SCHEDULE_DELAY": "50",
        "OTEL_LOG_LEVEL": "WARN",
    }
    told |= variables.of_instance(told, f"{reporting.release(topup.scene).name}.web.1")
    said = sdks.node(WHOLE, whole, told).splitlines()
    assert ["keeps no traces" in line for line in said] == [traces == "otlp"]
    (line,) = written(topup)
    assert (line["level"], line["message"], line["account"]) == ("warning", "charged 250 cents", "a-17")
    assert (line["release"], line["log"]) == ("r1", "topup.prod.r1.web.1")
    charged = measured(topup)["topup.charged"]
    assert (charged["release"], charged["unit"], charged["labels"]) == ("r1", "cents", {"currency": "EUR"})


def test_a_logged_exception_is_an_error_with_its_calls(topup: Site, tmp_path: Path) -> None:
    run(topup, LOGS, tmp_path)
    topup.record(at_least=1)
    (listed,) = topup.get("/api/v1/applications/topup/errors").json["errors"]
    error = topup.get(f"/api/v1/applications/topup/errors/{listed['number']}").json
    assert error["title"] == "ZeroDivisionError: division by zero"
    assert (error["count"], error["checks"]) == (1, 1)
    (place,) = error["environments"]
    assert (place["environment"], place["release"]) == ("prod", 1)
    last = error["samples"][0]["raised"][-1]["frames"][-1]
    assert (last["function"], last["source"]) == ("charge", 'return 100 / account["balance"]')


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta"},
        {"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": "base2_exponential_bucket_histogram"},
    ],
    ids=["as it is", "delta", "exponential"],
)
def test_metrics_arrive_with_their_release(topup: Site, tmp_path: Path, chosen: dict[str, str]) -> None:
    run(topup, METRICS, tmp_path, **chosen)
    found = measured(topup)
    charged, open_, seconds = (found[f"topup.{name}"] for name in ("charged", "open", "seconds"))
    assert (charged["kind"], charged["unit"], charged["release"]) == ("counter", "cents", "r1")
    assert charged["labels"] == {"currency": "EUR"}
    assert round(charged["rate"] * 120) == 300
    assert (open_["kind"], open_["value"]) == ("gauge", 3)
    assert round(seconds["rate"] * 120) == 4
    assert seconds["value"] == pytest.approx(0.1875)
    assert seconds["p50"] == pytest.approx(0.15, rel=0.3)
    assert 0.2 < seconds["p95"] < 0.7, "as exactly as its bounds allow"


def test_what_an_application_calls_its_release_is_kept(topup: Site, tmp_path: Path) -> None:
    own = "service.version=2.4.1,service.instance.id=pod-7"
    sdks.python(
        SETUP.replace("PACKING", "Gzip") + LOGS, tmp_path, {**reporting.told(topup), variables.RESOURCE: own}
    )
    assert {(line["release"], line["instance"]) for line in written(topup)} == {("2.4.1", "pod-7")}


def test_its_version_alone_names_the_release(topup: Site, tmp_path: Path) -> None:
    sdks.python(SETUP.replace("PACKING", "Gzip") + LOGS, tmp_path, reporting.told(topup))
    assert {(line["release"], line["log"]) for line in written(topup)} == {("r1", "topup.prod.r1.unknown.0")}
