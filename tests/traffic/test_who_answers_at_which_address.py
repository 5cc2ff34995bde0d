"""An address leads to its application and to no other, and says so in a sentence when there is none."""

from __future__ import annotations

import json

import pytest

from shipway.traffic.addresses import address, host
from shipway.traffic.proxy import Proxy


@pytest.fixture(scope="module")
def shop(town):
    """Two applications with two environments each serve; `idle` has a release that gets none."""
    for app in ("shop", "shop-api"):
        for env in ("dev", "prod"):
            town.release(app, env, 1)
            town.proxy.shift(app, env, {f"{app}.{env}.r1": 100}, epoch=1)
    town.release("idle", "dev", 1)
    return town


@pytest.mark.parametrize(
    ("name", "cluster"),
    [
        ("shop.localhost", "shop.prod.r1"),
        ("shop.localhost:{port}", "shop.prod.r1"),
        ("SHOP.localhost", "shop.prod.r1"),
        ("shop--dev.localhost", "shop.dev.r1"),
        ("shop-api.localhost", "shop-api.prod.r1"),
        ("shop-api--dev.localhost:{port}", "shop-api.dev.r1"),
    ],
)
def test_each_host_leads_to_its_release(shop, name: str, cluster: str) -> None:
    assert shop.get(name.format(port=shop.proxy.port)).said == cluster


@pytest.mark.parametrize("name", ["nobody.localhost", "shop--test.localhost", "localhost", "shop.example.org"])
def test_an_unknown_host_is_told_how_addresses_look(shop, name: str) -> None:
    answer = shop.get(name)
    assert answer.status == 404
    assert "<application>--<environment>.localhost" in answer.said


def test_an_environment_that_serves_nothing_yet_says_so(shop) -> None:
    answer = shop.get(host("idle", "dev"))
    assert answer.status == 503
    assert "idle has no release in dev yet" in answer.said


def test_an_application_that_breaks_off_says_so(shop) -> None:
    answer = shop.get("shop.localhost", "/hang-up")
    assert answer.status == 503
    assert "does not answer at the moment" in answer.said


def test_an_environment_may_stop_serving(shop) -> None:
    shop.release("pause", "prod", 1)
    shop.proxy.shift("pause", "prod", {"pause.prod.r1": 100}, epoch=1)
    shop.proxy.shift("pause", "prod", {}, epoch=2)
    assert shop.get("pause.localhost").status == 503
    shop.proxy.shift("pause", "prod", {"pause.prod.r1": 100}, epoch=3)
    assert shop.get("pause.localhost").status == 200


def test_the_application_sees_its_client_and_nothing_of_envoy(shop) -> None:
    sent = {"X-Forwarded-For": "192.0.2.7", "X-Request-Id": "mine", "x-envoy-max-retries": "9"}
    seen = json.loads(shop.get("shop.localhost", "/headers", **sent).said)
    assert seen["host"] == "shop.localhost"
    assert seen["x-forwarded-for"] == "192.0.2.7,127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    assert seen["x-request-id"] == "mine"
    assert not [name for name in seen if name.startswith("x-envoy")]


@pytest.mark.parametrize("said", ["https", "http", "https,http", None])
def test_what_a_stranger_says_of_tls_is_not_believed(shop, said: str | None) -> None:
    sent = {"X-Forwarded-For": "192.0.2.7"} | ({} if said is None else {"X-Forwarded-Proto": said})
    seen = json.loads(shop.get("shop.localhost", "/headers", **sent).said)
    assert seen["x-forwarded-proto"] == "http"
    assert seen["x-forwarded-for"] == "192.0.2.7,127.0.0.1"


def test_a_proxy_that_was_named_says_whether_it_was_asked_over_tls(shop) -> None:
    Proxy(shop.places, shop.proxy.port, behind_tls=True).start(shop.keeper)
    sent = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Host": "shop.example"}
    over_tls = json.loads(shop.get("shop.localhost", "/headers", **sent, **{"X-Forwarded-Proto": "https"}).said)
    without = json.loads(shop.get("shop.localhost", "/headers", **sent).said)
    shop.proxy.start(shop.keeper)
    after = json.loads(shop.get("shop.localhost", "/headers", **sent, **{"X-Forwarded-Proto": "https"}).said)
    assert [seen["x-forwarded-proto"] for seen in (over_tls, without, after)] == ["https", "http", "http"]
    assert {seen["x-forwarded-for"] for seen in (over_tls, without, after)} == {"203.0.113.7,127.0.0.1"}
    assert over_tls["x-forwarded-host"] == "shop.example"
    assert not [name for name in over_tls if name.startswith("x-envoy")]


def test_a_request_without_an_identity_gets_one(shop) -> None:
    assert len(json.loads(shop.get("shop.localhost", "/headers").said)["x-request-id"]) == 36


@pytest.mark.parametrize("name", ["shop.localhost", "nobody.localhost"])
def test_the_client_sees_nothing_of_envoy(shop, name: str) -> None:
    headers = shop.get(name).headers
    assert "server" not in headers
    assert not [header for header in headers if header.startswith("x-envoy")]


def test_shares_are_kept_to(shop) -> None:
    shop.release("split", "prod", 1)
    shop.release("split", "prod", 2)
    shop.proxy.shift("split", "prod", {"split.prod.r1": 75, "split.prod.r2": 25}, epoch=1)
    said = [shop.get("split.localhost").said for _ in range(200)]
    assert 20 < said.count("split.prod.r2") < 80  # 50 expected; outside of this once in a million times


def test_the_router_has_nothing_to_warn_of(shop) -> None:
    assert [log.read_text() for log in shop.places.proxy.glob("router-*.log")] == ["", ""]


def test_addresses_are_what_a_browser_understands() -> None:
    assert address("topup", "prod", 8080) == "http://topup.localhost:8080"
    assert address("topup", "dev", 80) == "http://topup--dev.localhost"
