"""The addresses of OpenTelemetry are open to whoever shows a key, and to nothing else: no page, flood or bomb."""

from __future__ import annotations

import gzip
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import NumberDataPoint

from shipway.environments import configure
from shipway.environments.secrets import Vault
from shipway.signals.errors import unpacking
from shipway.signals.otlp import intake, records, request
from support.packing import PACKERS
from support.sent import sent
from web import reporting
from web.scene import Scene
from web.server import Answer, Site

PROTOBUF, JSON = request.PROTOBUF, request.JSON


@pytest.fixture
def topup(site: Site) -> Site:
    site.scene.application("topup")
    return site


def send(site: Site, body: bytes, signal: str = "logs", kind: str = PROTOBUF, **headers: str) -> Answer:
    shown = {"x-shipway-key": reporting.key(site)[1], "content-type": kind, **headers}
    return site.ask("POST", f"/otlp/v1/{signal}", {name: value for name, value in shown.items() if value}, body)


def shells(body: bytes) -> bytes:
    """A request whose innermost shell has fields of nobody's in place of records."""
    return ExportLogsServiceRequest(
        resource_logs=[ResourceLogs(scope_logs=[ScopeLogs.FromString(body)])]
    ).SerializeToString()


def logs(*texts: str, **attributes: str) -> bytes:
    told = ExportLogsServiceRequest()
    found = told.resource_logs.add().scope_logs.add().log_records
    for text in texts:
        record = found.add(severity_number=9)
        record.body.string_value = text
        for name, value in attributes.items():
            record.attributes.add(key=name).value.string_value = value
    return told.SerializeToString()


def written(site: Site) -> list[dict[str, Any]]:
    return sent(site.scene.places, "topup")


@pytest.mark.parametrize("encoding", PACKERS)
def test_whatever_it_is_packed_in(shared: Site, encoding: str) -> None:
    body = PACKERS[encoding](logs(f"packed as {encoding}"))
    answer = send(shared, body, **{"content-encoding": encoding})
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"", PROTOBUF)
    assert written(shared)[-1]["message"] == f"packed as {encoding}"


def test_json_is_understood(shared: Site) -> None:
    record = {
        "timeUnixNano": str(int(time.time() * 1e9)),
        "severityNumber": 13,
        "body": {"kvlistValue": {"values": [{"key": "cents", "value": {"intValue": "250"}}]}},
        "attributes": [{"key": "paid", "value": {"boolValue": True}}],
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "somethingNew": 1,
    }
    resource = {"attributes": [{"key": "service.instance.id", "value": {"stringValue": "topup.prod.r7.web.2"}}]}
    told = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}
    answer = send(shared, json.dumps(told).encode(), kind=f"{JSON}; charset=utf-8")
    assert (answer.status, answer.json, answer.headers["content-type"]) == (200, {}, JSON)
    line = written(shared)[-1]
    assert (line["level"], line["message"], line["paid"]) == ("warning", '{"cents": 250}', True)
    named = (line["release"], line["instance"], line["log"])
    assert named == ("", "topup.prod.r7.web.2", "topup.prod.r0.unknown.0"), "no such instance was ever started"
    assert (line["trace_id"], line["span_id"]) == ("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174")


def test_what_an_application_calls_its_attributes_takes_nobodys_place(shared: Site) -> None:
    send(shared, logs("mine", level="theirs", message="theirs", time="theirs", account="a-17"))
    line = written(shared)[-1]
    assert (line["level"], line["message"], line["account"]) == ("info", "mine", "a-17")


def metrics(*values: float) -> bytes:
    told = ExportMetricsServiceRequest()
    found = told.resource_metrics.add().scope_metrics.add().metrics
    for number, value in enumerate(values):
        found.add(name=f"level{number}").gauge.data_points.add(as_double=value)
    return told.SerializeToString()


def test_what_is_refused_of_a_request_is_said(shared: Site) -> None:
    answer = send(shared, metrics(1.0, float("nan"), 2.0), "metrics")
    assert answer.status == 200
    told = ExportMetricsServiceResponse.FromString(answer.body)
    assert told.partial_success.rejected_data_points == 1
    assert told.partial_success.error_message.startswith("Not kept of its points: 1 not a number, or too large.")
    shown = shared.get("/api/v1/applications/topup/environments/prod/signals/measured").json
    assert {one["name"] for one in shown["series"]} == {"level0", "level2"}
    assert shown["refused"] == {"not a number, or too large": 1}


def test_a_sum_that_goes_down_by_differences_is_refused(shared: Site) -> None:
    told = ExportMetricsServiceRequest()
    metric = told.resource_metrics.add().scope_metrics.add().metrics.add(name="open")
    metric.sum.aggregation_temporality = 1
    metric.sum.data_points.add(as_int=-1)
    answer = ExportMetricsServiceResponse.FromString(send(shared, told.SerializeToString(), "metrics").body)
    assert (answer.partial_success.rejected_data_points, "has no level" in str(answer)) == (1, True)


@pytest.mark.parametrize("kind", [PROTOBUF, JSON])
def test_points_are_parts_of_a_request(shared: Site, kind: str) -> None:
    points = b'{"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"gauge": {"dataPoints": [%s]}}]}]}]}'
    told = ExportMetricsServiceRequest()
    gauge = told.resource_metrics.add().scope_metrics.add().metrics.add().gauge
    gauge.data_points.extend(NumberDataPoint() for _ in range(request.RECORDS))
    body = told.SerializeToString() if kind == PROTOBUF else points % b",".join([b"{}"] * request.RECORDS)
    assert send(shared, body, "metrics", kind).status == 413


def test_no_shape_of_a_histogram_ends_the_page(topup: Site) -> None:
    told = ExportMetricsServiceRequest()
    found = told.resource_metrics.add().scope_metrics.add().metrics
    for number in range(2):  # both orders
        for kind in ("histogram", "summary") if number else ("summary", "histogram"):
            metric = found.add(name=f"waited{number}")
            point = getattr(metric, kind).data_points.add(count=3, sum=6, start_time_unix_nano=int(2e18))
            if kind == "histogram":
                metric.histogram.aggregation_temporality = 2
                point.bucket_counts.append(3)
    found.add(name="open").gauge.data_points.add(as_double=1.7e308)
    found.add(name="open").gauge.data_points.add(as_double=1.7e308)
    answer = send(topup, told.SerializeToString(), "metrics")
    assert answer.status == 200
    assert ExportMetricsServiceResponse.FromString(answer.body).partial_success.rejected_data_points == 2
    shown = topup.get("/api/v1/applications/topup/environments/prod/signals/measured").json
    assert {one["name"] for one in shown["series"]} == {"waited0", "waited1"}
    assert topup.get("/applications/topup/environments/prod").status == 200


@pytest.mark.parametrize("kind", [PROTOBUF, JSON])
def test_traces_are_taken_and_it_is_said_once_an_hour_that_none_is_kept(topup: Site, kind: str) -> None:
    told = ExportTraceServiceRequest()
    spans = told.resource_spans.add().scope_spans.add().spans
    spans.add(), spans.add()
    body = b'{"resourceSpans": [{"scopeSpans": [{"spans": [{}, {}]}]}]}'
    sent = body if kind == JSON else told.SerializeToString()
    answer, later = (send(topup, sent, "traces", kind) for _ in range(2))
    assert (answer.status, later.status) == (200, 200)
    assert later.body in (b"", b"{}"), "an SDK writes down each refusal"
    if kind == JSON:
        assert answer.json["partialSuccess"]["rejectedSpans"] == "2"
    else:
        partly = ExportTraceServiceResponse.FromString(answer.body).partial_success
        assert (partly.rejected_spans, "no traces" in partly.error_message) == (2, True)


def test_all_of_it_taken_is_an_empty_answer(shared: Site) -> None:
    answer = ExportLogsServiceResponse.FromString(send(shared, logs("one")).body)
    assert not answer.HasField("partial_success")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x-shipway-key": ""}, 401),
        ({"x-shipway-key": "0" * 32}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-encoding": "lzma"}, 415),
        ({"content-encoding": "gzip"}, 400),
        ({"origin": "http://127.0.0.1"}, 403),
        ({"cookie": "shipway-1=x"}, 403),
        ({"sec-fetch-site": "same-origin"}, 403),
        ({"host": "evil.example.org"}, 403),
    ],
)
def test_what_may_not_is_refused(shared: Site, headers: dict[str, str], status: int) -> None:
    before = len(written(shared))
    assert send(shared, logs("not to be kept"), **headers).status == status
    assert len(written(shared)) == before


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (PROTOBUF, b"\x0a\xff\xff\xff\xff\x0f"),
        (PROTOBUF, b"not protobuf at all"),
        (PROTOBUF, b"\x0a\x08\x12\x06\x12\x04\x2a\x02\x0a\x7f"),
        (PROTOBUF, b"\xff" * 50),
        (JSON, b"{"),
        (JSON, b"[]"),
        (JSON, b'{"resourceLogs": 7}'),
        (JSON, b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"severityNumber": {}}]}]}]}'),
        (JSON, b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"traceId": "xyz"}]}]}]}'),
        (JSON, b'{"resourceLogs": [{"resource": 7}]}'),
        (
            JSON,
            b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": ' + b'{"arrayValue": {"values": [' * 200,
        ),
    ],
)
def test_what_cannot_be_read_is_refused_in_the_senders_encoding(shared: Site, kind: str, body: bytes) -> None:
    answer = send(shared, body, kind=kind)
    assert (answer.status, answer.headers["content-type"]) == (400, kind)
    assert answer.json["message"] if kind == JSON else answer.body.startswith(b"\x12")


@pytest.mark.parametrize(
    ("kind", "body", "encoding"),
    [
        (PROTOBUF, gzip.compress(bytes(5 * 1024 * 1024)), "gzip"),
        (PROTOBUF, b"\x0a\x00" * (request.RECORDS + 1), ""),
        (PROTOBUF, gzip.compress(shells(b"\x18\x00" * request.RECORDS)), "gzip"),
        (PROTOBUF, logs("x" * (request.LARGEST + 1)), ""),
        (JSON, b'{"resourceLogs": [' + b"{}," * request.RECORDS + b"{}]}", ""),
        (JSON, b'{"resourceLogs": [], "x": "' + b"x" * request.LARGEST_JSON + b'"}', ""),
    ],
    ids=["bomb", "parts", "unwanted parts", "record", "JSON parts", "JSON"],
)
def test_what_is_too_large_is_refused(shared: Site, kind: str, body: bytes, encoding: str) -> None:
    assert send(shared, body, kind=kind, **{"content-encoding": encoding}).status == 413


def test_a_request_that_takes_long_holds_up_no_other_application(
    topup: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    topup.scene.application("kiosk")
    unpacked, long, came, goes_on = unpacking.unpacked, logs("long"), threading.Event(), threading.Event()

    def slowly(body: bytes, encoding: str, limit: int) -> bytes:
        if body == long:
            came.set()
            goes_on.wait(60)
        return unpacked(body, encoding, limit)

    monkeypatch.setattr(unpacking, "unpacked", slowly)
    with ThreadPoolExecutor(1) as kiosk:
        waits = kiosk.submit(send, topup, long, **{"x-shipway-key": reporting.key(topup, "kiosk")[1]})
        assert came.wait(60)
        assert (send(topup, logs("one")).status, waits.done()) == (200, False)
        goes_on.set()
        assert waits.result(60).status == 200


@pytest.mark.parametrize("limit", ["REQUESTS", "VOLUME"])
def test_a_flood_is_told_when_to_come_again(scene: Scene, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(intake, limit, (0.05, 0.5 if limit == "REQUESTS" else 10.0))
    scene.application("topup")
    site = Site.start(scene)
    try:
        answer = send(site, logs("one of many"))
        assert (answer.status, int(answer.headers["retry-after"]) > 0) == (429, True)
        assert written(site) == []
    finally:
        site.stop()


@pytest.mark.parametrize("limit", ["REQUESTS", "VOLUME"])
def test_a_flood_of_traces_takes_no_room_from_logs(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    told = ExportTraceServiceRequest()
    told.resource_spans.add().scope_spans.add().spans.add(name="x" * 1000)
    monkeypatch.setattr(intake, limit, (0.001, 2.0 if limit == "REQUESTS" else 2500.0))
    scene.application("topup")
    site = Site.start(scene)
    try:
        statuses = [send(site, told.SerializeToString(), "traces").status for _ in range(3)]
        assert (statuses, send(site, logs("charged")).status) == ([200, 200, 429], 200)
    finally:
        site.stop()


def test_an_owner_may_let_applications_report_more(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "REQUESTS", (0.001, 1.0))
    scene.application("topup")
    site = Site.start(scene, times=3)
    try:
        assert [send(site, logs("charged")).status for _ in range(4)] == [200, 200, 200, 429]
    finally:
        site.stop()


def test_secrets_are_masked_wherever_they_stand(topup: Site) -> None:
    secret = "tops3cret-4711"
    vault = Vault(topup.scene.places)
    configure.change(topup.scene.database, vault, "topup", "prod", who="ada", secrets={"TOKEN": secret})
    at_the_cut = "x" * (records.LONGEST - 5) + secret
    send(topup, logs(f"with {secret}", at_the_cut, **{"token": secret, secret: "name"}))
    first, second = written(topup)
    assert first["message"] == "with ***"
    assert (first["token"], first["***"]) == ("***", "name")
    assert second["message"].endswith("x***")
    assert "tops3" not in json.dumps(written(topup))


def test_where_nothing_can_be_masked_nothing_is_kept(topup: Site) -> None:
    vault = Vault(topup.scene.places)
    configure.change(topup.scene.database, vault, "topup", "prod", who="ada", secrets={"TOKEN": "tops3cret"})
    topup.scene.places.secret_key.unlink()
    answer = send(topup, logs("with a secret in it, maybe"))
    assert (answer.status, answer.headers["retry-after"]) == (503, "60")
    assert written(topup) == []


@pytest.mark.parametrize("signal", ["logs", "metrics", "traces"])
def test_with_little_room_on_the_disk_it_is_to_come_again_later(
    topup: Site, monkeypatch: pytest.MonkeyPatch, signal: str
) -> None:
    reporting.little_room(monkeypatch)
    answer = send(topup, b"", signal)
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    monkeypatch.undo()
    assert send(topup, b"", signal).status == 200
