"""BARS S1, S2: who may call an address says the address, however a path is written; few are open to anybody."""

from __future__ import annotations

import base64

import pytest
from starlette.routing import Route

from shipway.web import app
from shipway.web.address import Address
from shipway.web.routes import by_path, declare
from web.server import Site

PUBLIC = {
    ("GET", "/health"),
    ("GET", "/api/v1/health"),
    ("GET", "/signin"),
    ("POST", "/signin"),
    ("GET", "/static/{version}/{name:path}"),
    ("POST", "/api/{project}/envelope/"),
    ("POST", "/api/{project}/store/"),
    ("POST", "/otlp/v1/logs"),
    ("POST", "/otlp/v1/metrics"),
    ("POST", "/otlp/v1/traces"),
}
VALUES = {
    "application": "topup",
    "environment": "prod",
    "run": "topup:1",
    "commit": "main",
    "name": "GREETING",
    "token": "01hzz",
    "session": "01hzz",
    "release": "r1",
    "channel": "01hzz",
    "message": "01hzz",
    "error": "1",
    "fact": "1",
    "rest": "info/refs",
}
HOSTILE = {
    "x-original-url": "/health",
    "x-rewrite-url": "/health",
    "x-http-method-override": "GET",
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-host": "localhost",
}


def guarded() -> list[tuple[str, str]]:
    return [(one.method, one.path) for one in app.DECLARED if (one.method, one.path) not in PUBLIC]


def filled(path: str) -> str:
    for name, value in VALUES.items():
        path = path.replace(f"{{{name}}}", value).replace(f"{{{name}:path}}", value)
    assert "{" not in path, path
    return path


def mutations(path: str) -> list[str]:
    """Forty ways to write a path so that a careless guard takes it for another."""
    head, _, tail = path.rpartition("/")
    return [
        path + "/",
        path + "//",
        path + ";x",
        path + ";.css",
        path + ";jsp=/health",
        path + "/.",
        path + "/..;/health",
        path + "/RPC2",
        path + ".jsp",
        path + ".css",
        path + ".json",
        path + "?x=/health",
        path + "?jsp=/health",
        path + "%00",
        path + "%20",
        path + "%23",
        path + "%3f",
        path + "%2f",
        path + "%2e",
        path + "%0d%0ax",
        path + "%252f",
        path + "\\",
        "/" + path,
        "//x" + path,
        "/." + path,
        "/%2e" + path,
        "/health/.." + path,
        "/health/%2e%2e" + path,
        "/health;" + path,
        "/health" + path,
        "/static/x/.." + path,
        "/static/x/..%2f.." + path,
        "/signin/.." + path,
        "/%2f" + path.lstrip("/"),
        path.upper(),
        path.title(),
        path.replace("/", "//"),
        path.replace("/", "/./"),
        head + "%2f" + tail,
        f"{head}/%{ord(tail[0]):02x}{tail[1:]}" if tail else path + "%2e%2e",
    ]


def test_every_address_says_who_may_call_it_and_the_public_ones_are_these() -> None:
    assert {(one.method, one.path) for one in app.DECLARED if one.who == "public"} == PUBLIC
    assert len(PUBLIC) <= 15


@pytest.mark.parametrize("who", ["", "anybody", None])
def test_an_address_that_does_not_say_so_is_refused(who: str) -> None:
    with pytest.raises(ValueError, match="who may call"):
        declare("GET", "/x", lambda site, call: {}, who=who)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        declare("GET", "/x", lambda site, call: {})  # type: ignore[call-arg]


def test_an_address_declared_twice_is_refused() -> None:
    one = declare("GET", "/x", lambda site, call: {}, who="user")
    with pytest.raises(ValueError, match="twice"):
        by_path([one, one])


def test_the_live_table_holds_nothing_that_was_not_declared(shared: Site) -> None:
    routes = shared.app.router.routes
    assert {route.path for route in routes} == {one.path for one in app.DECLARED}
    assert all(isinstance(route, Route) and isinstance(route.app, Address) for route in routes)
    assert isinstance(shared.app.router.default, Address)


@pytest.mark.parametrize(("method", "path"), guarded())
def test_without_a_token_the_answer_is_401_however_the_path_is_written(
    shared: Site, method: str, path: str
) -> None:
    origin = {"origin": shared.origin}
    path = filled(path)
    assert shared.ask(method, path, origin).status == 401
    assert shared.ask(method, path, {**origin, **HOSTILE}).status == 401
    for mutated in mutations(path):
        # 404: inside /static, where nothing but the files of pages is; 400: no path at all to the HTTP server
        status = shared.ask(method, mutated, origin).status
        allowed = {401, 403, 404, 405} if mutated.startswith(("/static/", "//")) else {401, 403}
        assert status in allowed, f"{method} {mutated} answered {status}"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FROB"])
def test_a_method_that_was_not_declared_is_401_too(shared: Site, method: str) -> None:
    assert shared.ask(method, "/api/v1/applications", {"origin": shared.origin}).status == 401
    assert shared.ask(method, "/api/v1/applications", shared.bearer()).status == 405


def test_an_address_that_does_not_exist_is_401_and_with_a_token_404(shared: Site) -> None:
    assert shared.ask("GET", "/nothing").status == 401
    assert shared.get("/nothing").status == 404


@pytest.mark.parametrize(
    "header",
    ["Bearer wrong", "Bearer", "Basic YWRhOng=", "bearer  ", "Negotiate x", "Bearer \u00ff"],
)
def test_a_wrong_token_is_nobody_even_beside_a_good_session(shared: Site, header: str) -> None:
    session = shared.sign_in()
    assert shared.ask("GET", "/api/v1/applications", session).status == 200
    assert shared.ask("GET", "/api/v1/applications", {**session, "authorization": header}).status == 401


def test_a_token_as_a_password_opens_git_and_nothing_else(shared: Site) -> None:
    shown = base64.b64encode(f"ada:{shared.scene.tokens['ada']}".encode()).decode()
    basic = {"authorization": f"Basic {shown}"}
    assert shared.ask("GET", "/api/v1/applications", basic).status == 401
    refused = shared.ask("GET", "/git/topup.git/info/refs?service=git-upload-pack")
    assert (refused.status, refused.headers["www-authenticate"]) == (401, 'Basic realm="Shipway"')
    assert shared.ask("GET", "/git/topup.git/info/refs?service=git-upload-pack", basic).status == 200


def test_a_token_for_metrics_alone_reads_metrics_and_nothing_else(shared: Site) -> None:
    made = shared.send("POST", "/api/v1/tokens", {"who": "prometheus", "role": "metrics"}).json["token"]
    shown = {"authorization": f"Bearer {made}"}
    assert "shipway_info" in shared.ask("GET", "/metrics", shown).text
    for method, path in {*guarded(), ("GET", "/nothing"), ("POST", "/metrics")} - {("GET", "/metrics")}:
        as_git = {"authorization": f"Basic {base64.b64encode(f'x:{made}'.encode()).decode()}"}
        refused = shared.ask(method, filled(path), as_git if path.startswith("/git/") else shown)
        assert refused.status == 403, f"{method} {path}"
        assert "reads /metrics and nothing else" in refused.text, f"{method} {path}"


def test_a_token_for_metrics_alone_does_not_sign_in(shared: Site) -> None:
    made = shared.send("POST", "/api/v1/tokens", {"who": "prometheus", "role": "metrics"}).json["token"]
    form = {"origin": shared.origin, "content-type": "application/x-www-form-urlencoded"}
    refused = shared.ask("POST", "/signin", form, f"token={made}")
    assert (refused.status, "set-cookie" in refused.headers) == (403, False)
    assert "is for metrics alone" in refused.text


def test_a_token_for_what_there_is_not_is_refused(shared: Site) -> None:
    assert shared.send("POST", "/api/v1/tokens", {"who": "eve", "role": "root"}).status == 400


OWNERS = [(one.method, one.path) for one in app.DECLARED if one.who == "owner"]


def test_what_is_an_owners_alone_is_refused_to_everybody_else(shared: Site) -> None:
    """Tokens, and the channels by which people are told, at their addresses and pages."""
    assert {path.split("/")[-1] for _, path in OWNERS} >= {"tokens", "channels", "{token}", "{channel}", "revoke"}
    session = {**shared.sign_in("ben"), "origin": shared.origin}
    for method, path in OWNERS:
        refused = shared.send(method, filled(path), {"who": "eve", "whose": "eve", "url": "json://x"}, "ben")
        assert (refused.status, refused.json["error"]["id"]) == (403, "access.denied"), f"{method} {path}"
        assert shared.ask(method, filled(path), session).status == 403, f"{method} {path}"
    assert "eve" not in shared.get("/api/v1/tokens").text + shared.get("/api/v1/channels").text
