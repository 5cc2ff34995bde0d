"""A real application in its sandbox, with OpenTelemetry's SDK and Prometheus' library as they are published."""

from __future__ import annotations

from typing import Any

import pytest

from support.installation import Installation, Repository, eventually
from support.sent import sent

pytestmark = [pytest.mark.needs("registry"), pytest.mark.timeout(200)]  # the libraries come from far away

PROJECT = """\
name: kiosk
build: python
processes: {web: python web.py}
health: {path: /health, timeout: 20 s}
metrics: {path: /metrics, every: 5 s}
environments: [prod]
"""
REQUIREMENTS = "opentelemetry-sdk\nopentelemetry-exporter-otlp-proto-http\nprometheus-client\n"
WEB = """\
import http.server
import logging
import os

import prometheus_client
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

logs = LoggerProvider()
logs.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter()))
log = logging.getLogger("kiosk")
log.setLevel("INFO")
log.addHandler(LoggingHandler(logger_provider=logs))
meter = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]).get_meter("kiosk")
sold = meter.create_counter("kiosk.sold")
taken = prometheus_client.Counter("kiosk_taken_cents", "What was paid", ["item"])
waited = prometheus_client.Histogram("kiosk_waited_seconds", "How long it took", buckets=[0.1, 1])


def price(name):
    return {"map": 500}[name]


def answer(path):
    if path == "health":
        return b"well"
    if path == "metrics":
        return prometheus_client.generate_latest()
    cents = price(path)
    log.info("sold a %s with %s", path, os.environ["TOKEN"])
    sold.add(1)
    taken.labels(path).inc(cents)
    waited.observe(0.05)
    return str(cents).encode()


class Kiosk(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            status, text = 200, answer(self.path[1:])
        except Exception:
            log.exception("could not sell")
            status, text = 500, b"broken"
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Kiosk).serve_forever()
"""


@pytest.fixture(scope="module")
def kiosk(installation: Installation) -> Repository:
    made = installation.repository("kiosk")
    made.write({"shipway.yml": PROJECT, "requirements.txt": REQUIREMENTS, "web.py": WEB})
    made.commit("Open the kiosk")
    made.init()
    assert made.shipway("secrets", "TOKEN", "--env", "prod", stdin="kiosk-4711-token\n").code == 0
    made.deliver("Open it for real")
    assert installation.says("kiosk", "/map") == "500"
    return made


def measured(kiosk: Repository) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in kiosk.json("signals", "--metrics")["series"]}


def test_logs_arrive_from_the_sandbox(installation: Installation, kiosk: Repository) -> None:
    def found() -> list[dict[str, Any]]:
        return sent(installation.places, "kiosk")

    line = eventually(found, "the line arrived")[0]
    assert (line["release"], line["instance"], line["level"]) == ("r1", "web.1", "info")
    assert line["log"] == "kiosk.prod.r1.web.1"
    assert line["message"] == "sold a map with ***", "the secret is masked"


def test_a_logged_exception_is_an_error(installation: Installation, kiosk: Repository) -> None:
    assert installation.get("kiosk", "/stamp")[0] == 500
    (error,) = eventually(lambda: kiosk.json("errors"), "the error is on record")
    assert error["title"] == "KeyError: stamp"
    shown = kiosk.json("errors", str(error["number"]))
    assert [(place["environment"], place["release"]) for place in shown["environments"]] == [("prod", 1)]
    assert shown["samples"][0]["raised"][-1]["frames"][-1]["function"] == "price"


def test_what_it_sends_and_what_it_is_asked_for_are_shown_alike(kiosk: Repository) -> None:
    names = {"kiosk.sold", "kiosk_taken_cents_total", "kiosk_waited_seconds"}
    eventually(lambda: names <= set(measured(kiosk)), "both came", 60)
    found = measured(kiosk)
    assert {found[name]["release"] for name in names} == {"r1"}
    assert found["kiosk_taken_cents_total"]["labels"] == {"item": "map"}
    assert found["kiosk_waited_seconds"]["kind"] == "histogram"
    shown = kiosk.shipway("signals", "--metrics").out
    assert "kiosk_taken_cents_total" in shown
    (asked,) = kiosk.json("signals", "--metrics")["asked"]
    assert (asked["instance"], asked["good"]) == ("kiosk.prod.r1.web.1", True)


def test_what_it_uses_of_the_machine_stands_beside_that(kiosk: Repository) -> None:
    """The first look may come before its Python is there; memory is looked at twice a minute."""
    names = {"instance.cpu", "instance.memory", "instance.restarts"}
    eventually(lambda: names <= set(measured(kiosk)), "it was looked at", 60)
    memory = measured(kiosk)["instance.memory"]
    assert (memory["labels"], memory["release"], memory["unit"]) == ({"process": "web"}, "r1", "bytes")
    eventually(lambda: measured(kiosk)["instance.memory"]["value"] > 5_000_000, "a Python of its own", 90)
