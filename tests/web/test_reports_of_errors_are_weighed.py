"""The addresses of reports are open to whoever shows a key, and to nothing else: no page, no flood, no bomb."""

from __future__ import annotations

import json
import socket

import pytest

from shipway.signals.errors import intake, readers
from shipway.signals.errors.rates import Rates
from shipway.state import error_keys, facts
from shipway.web import bodies
from support.packing import PACKERS
from web import reporting
from web.scene import Scene
from web.server import Answer, Site


@pytest.fixture
def topup(site: Site) -> Site:
    site.scene.application("topup")
    site.scene.application("ledger")
    return site


def counted(site: Site) -> int:
    site.record()
    return sum(each["count"] for each in site.get("/api/v1/applications/topup/errors").json["errors"])


def send(site: Site, body: bytes, place: str = "envelope", shown: str | None = None, **headers: str) -> Answer:
    project, known = reporting.key(site)
    sent = {"x-sentry-auth": reporting.CLIENT.format(known if shown is None else shown), **headers}
    return site.ask("POST", f"/api/{project}/{place}/", sent, body)


def test_a_report_is_answered_with_its_id(topup: Site) -> None:
    what = reporting.event()
    answer = reporting.report(topup, what)
    assert (answer.status, answer.json) == (200, {"id": what["event_id"]})
    assert counted(topup) == 1


def test_the_older_address_takes_an_event_alone(topup: Site) -> None:
    what = reporting.event()
    answer = send(topup, json.dumps(what).encode(), "store")
    assert (answer.status, answer.json) == (200, {"id": what["event_id"]})
    assert counted(topup) == 1


def test_what_is_no_error_is_taken_and_left(topup: Site) -> None:
    answer = send(topup, reporting.envelope(("session", {"sid": "1"}), ("transaction", {"spans": []})))
    assert (answer.status, answer.json) == (200, {})
    assert counted(topup) == 0


def test_the_key_may_stand_in_the_header_the_query_or_the_envelope(topup: Site) -> None:
    project, key = reporting.key(topup)
    what = reporting.event()
    address = f"/api/{project}/envelope/"
    plain = reporting.envelope(("event", what))
    dsn = f"http://{key}@127.0.0.1:{topup.port}/{project}"
    assert topup.ask("POST", f"{address}?sentry_key={key}&sentry_version=7", {}, plain).status == 200
    assert topup.ask("POST", address, {}, reporting.envelope(("event", what), dsn=dsn)).status == 200
    assert send(topup, plain).status == 200
    assert counted(topup) == 3


def test_without_a_good_key_nothing_is_taken(topup: Site) -> None:
    project, key = reporting.key(topup)
    other, others_key = reporting.key(topup, "ledger")
    body = reporting.envelope(("event", reporting.event()))
    assert topup.ask("POST", f"/api/{project}/envelope/", {}, body).status == 401
    assert topup.ask("POST", f"/api/{project}/store/", {}, b"{}").status == 401
    for shown in ("wrong", key.upper(), key[:-1], others_key, topup.scene.tokens["ada"]):
        assert send(topup, body, shown=shown).status == 403, shown
    header = {"x-sentry-auth": reporting.CLIENT.format(key)}
    for place in (other, 999, 0):
        assert topup.ask("POST", f"/api/{place}/envelope/", header, body).status == 403
    assert counted(topup) == 0


def test_a_key_opens_nothing_else(shared: Site) -> None:
    _, key = reporting.key(shared)
    for shown in ({"authorization": f"Bearer {key}"}, {"x-sentry-auth": reporting.CLIENT.format(key)}):
        assert shared.ask("GET", "/api/v1/applications", shown).status == 401
        assert shared.ask("GET", "/git/shared.git/info/refs?service=git-upload-pack", shown).status == 401


def test_a_key_that_was_rotated_twice_is_good_no_more(topup: Site) -> None:
    project, first = reporting.key(topup)
    body = reporting.envelope(("event", reporting.event()))
    address = "/api/v1/applications/topup/environments/prod/error-key"
    second = topup.send("POST", address).json["key"]
    assert [send(topup, body, shown=key).status for key in (first, second)] == [200, 200]
    third = topup.send("POST", address).json["key"]
    assert [send(topup, body, shown=key).status for key in (first, second, third)] == [403, 200, 200]
    assert reporting.key(topup) == (project, third)


OF_BROWSERS = {
    "a page of another site": {"origin": "https://evil.example"},
    "a page of ours": {"origin": "http://shipway.localhost:{port}"},
    "a page at the address of programs": {"origin": "http://127.0.0.1:{port}"},
    "a sandboxed page": {"origin": "null"},
    "a page that hides where it is": {"sec-fetch-site": "cross-site"},
    "an address typed in": {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"},
    "a person who is signed in": {"cookie": "shipway-1=x"},
    "a link": {"referer": "https://evil.example/"},
}


@pytest.mark.parametrize("who", OF_BROWSERS)
def test_no_page_of_a_browser_can_report(shared: Site, who: str) -> None:
    headers = {name: value.format(port=shared.port) for name, value in OF_BROWSERS[who].items()}
    body = reporting.envelope(("event", reporting.event()))
    for place in ("envelope", "store"):
        assert send(shared, body, place, **headers).status == 403
    assert counted(shared) == 0


@pytest.mark.parametrize(
    "path",
    [
        "/api/1/envelope",
        "/api/1/envelope//",
        "/api/1/envelope/x",
        "/api/1/envelope/../../v1/tokens",
        "/api/1/envelope/%2e%2e/%2e%2e/v1/tokens",
        "/api/1/other/",
        "/api/v1/envelope/",
        "/api/v1/applications",
        "/signout",
        "/api/%D9%A1/envelope/",
        "/API/1/ENVELOPE/",
        "//api/1/envelope/",
        "/api/1%0a/envelope/",
    ],
)
def test_the_door_is_open_for_these_two_addresses_alone(shared: Site, path: str) -> None:
    _, key = reporting.key(shared)
    header = {"x-sentry-auth": reporting.CLIENT.format(key)}
    refused = shared.ask("POST", path, header, b"{}")
    assert (refused.status, refused.json["error"]["id"]) == (403, "access.foreign")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_no_other_method_is_open(shared: Site, method: str) -> None:
    project, key = reporting.key(shared)
    header = {"x-sentry-auth": reporting.CLIENT.format(key)}
    assert shared.ask(method, f"/api/{project}/envelope/", header, b"").status in (401, 403)


@pytest.mark.parametrize("encoding", PACKERS)
def test_every_packing_is_unpacked(shared: Site, encoding: str) -> None:
    body = PACKERS[encoding](reporting.envelope(("session", {"sid": "x" * 100_000}), event_id="a" * 32))
    answer = send(shared, body, **{"content-encoding": encoding})
    assert (answer.status, answer.json) == (200, {"id": "a" * 32})


def test_a_packing_nobody_knows_is_refused(shared: Site) -> None:
    assert send(shared, b"x", **{"content-encoding": "compress"}).status == 415


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("place", ["envelope", "store"])
def test_a_bomb_is_413(shared: Site, encoding: str, place: str) -> None:
    bomb = PACKERS[encoding](bytes(64 * 1024 * 1024))
    assert len(bomb) < intake.PACKED
    assert send(shared, bomb, place, **{"content-encoding": encoding}).status == 413
    assert send(shared, b"x" * 20, place, **{"content-encoding": encoding}).status == 400


def test_a_body_without_a_length_is_413_as_soon_as_it_is_too_large(shared: Site) -> None:
    """It is not read to its end, which never comes."""
    project, key = reporting.key(shared)
    with socket.create_connection(("127.0.0.1", shared.port), timeout=20) as line:
        head = f"POST /api/{project}/envelope/?sentry_key={key} HTTP/1.1\r\nHost: 127.0.0.1:{shared.port}\r\n"
        line.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        piece = b"10000\r\n" + bytes(0x10000) + b"\r\n"
        for _ in range(17):
            line.sendall(piece)
        assert line.recv(4096).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"not json",
        b"[]\n",
        b"null\n",
        b'{"a":' * 5000,
        b"[" * 200_000,
        b'{"event_id":"x"}\nnot json\n{}',
        b'{"a": ' + b"9" * 100_000 + b"}\n",
        b"\xff\xfe\x00\n",
    ],
)
def test_what_is_no_report_is_400(shared: Site, body: bytes) -> None:
    assert send(shared, body).status == 400
    assert send(shared, body, "store").status == 400
    assert counted(shared) == 0


def test_a_report_may_be_any_shape_and_harms_nothing(topup: Site) -> None:
    odd: list[object] = [
        None,
        0,
        -1,
        1e300,
        True,
        "x",
        [],
        {},
        [[]],
        {"values": None},
        {"values": [None, 3]},
        "\ud800\0",
    ]
    for one in odd:
        names = ("exception", "message", "logentry", "request", "fingerprint", "level", "release", "transaction")
        what = dict.fromkeys(names, one) | {"stacktrace": one, "threads": one, "event_id": one}
        assert send(topup, json.dumps(what).encode(), "store").status == 200
        deep = {
            "exception": {"values": [{"type": one, "stacktrace": {"frames": [{"vars": one, "lineno": one}, one]}}]}
        }
        assert send(topup, json.dumps(deep).encode(), "store").status == 200
    nested: object = "x"
    for _ in range(900):
        nested = [nested]
    frames = [reporting.frame("a.py", 1, "f", vars={"x": nested})]
    assert send(topup, json.dumps(reporting.event("E", "v", *frames)).encode(), "store").status == 200
    assert counted(topup) + topup.intake.dropped("topup") == 2 * len(odd) + 1
    for error in topup.get("/api/v1/applications/topup/errors").json["errors"]:
        assert topup.get(f"/applications/topup/errors/{error['number']}").status == 200


def test_more_than_its_rate_is_429_and_says_when_to_come_again(scene: Scene) -> None:
    scene.application("topup")
    scene.application("ledger")
    site = Site.start(scene, rates=Rates(per_second=0.01, at_once=3))
    try:
        answers = [reporting.report(site, reporting.event()) for _ in range(5)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
        assert answers[-1].headers["retry-after"] == "100"
        assert answers[-1].headers["x-sentry-rate-limits"] == "100::project:too_many"
        assert site.get("/api/v1/applications/topup/errors").json["dropped"] == 2
        assert site.get("/api/v1/applications/ledger/errors").json["dropped"] == 0
    finally:
        site.stop()


def test_when_nobody_looks_at_the_queue_it_stays_small(topup: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "WAITING", 3)
    statuses = [reporting.report(topup, reporting.event()).status for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert topup.get("/health").status == 200
    assert counted(topup) == 3
    monkeypatch.setattr(intake, "WEIGHT", 10)
    assert reporting.report(topup, reporting.event()).status == 429


def test_a_few_slow_senders_keep_nobody_else_waiting(topup: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is asked to says when it begins to read: only then there are too many."""
    monkeypatch.setattr(bodies, "PATIENCE", 120.0)
    project, key = reporting.key(topup)
    head = f"POST /api/{project}/envelope/?sentry_key={key} HTTP/1.1\r\nHost: 127.0.0.1:{topup.port}\r\n"
    head += "Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n"
    lines = [socket.create_connection(("127.0.0.1", topup.port), timeout=60) for _ in range(readers.OF_ONE)]
    try:
        for line in lines:
            line.sendall(head.encode())
        assert {line.recv(100).partition(b"\r\n")[0] for line in lines} == {b"HTTP/1.1 100 Continue"}
        assert reporting.report(topup, reporting.event()).status == 429
        project, key = reporting.key(topup, "ledger")
        body = reporting.envelope(("event", reporting.event()))
        assert topup.ask("POST", f"/api/{project}/envelope/?sentry_key={key}", {}, body).status == 200
    finally:
        for line in lines:
            line.close()


def test_reports_change_nothing_but_errors(topup: Site) -> None:
    def kinds() -> list[str]:
        with topup.scene.database.read() as conn:
            return [fact.kind for fact in facts.after(conn, 0)]

    reporting.key(topup)
    before = kinds()
    for _ in range(3):
        reporting.report(topup, reporting.event())
    assert kinds() == before
    topup.record()
    assert kinds() == [*before, "error.new"]


def test_a_key_is_made_once_for_each_environment(topup: Site) -> None:
    with topup.scene.database.write() as conn:
        made = [error_keys.current(conn, "topup", name) for name in ("dev", "prod", "dev")]
        other = error_keys.current(conn, "ledger", "dev")
    assert made[0] == made[2] != made[1]
    assert made[0].project == made[1].project != other.project


@pytest.mark.parametrize("place", ["envelope", "store"])
def test_with_little_room_on_the_disk_reports_are_to_come_again_later(
    topup: Site, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Whoever has no key is told that first."""
    what = reporting.event()
    body = json.dumps(what).encode() if place == "store" else reporting.envelope(("event", what))
    reporting.little_room(monkeypatch)
    answer = send(topup, body, place)
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert "4 %" in answer.json["detail"]
    assert send(topup, body, place, "0" * 32).status == 403
    assert topup.get("/api/v1/applications/topup/errors").json["dropped"] == 1
    assert topup.get("/").status == 200, "the pages go on"
    monkeypatch.undo()
    assert send(topup, body, place).status == 200
    assert counted(topup) == 1
