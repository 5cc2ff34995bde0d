"""A release that does not answer its health check never sees a request."""

from __future__ import annotations

import http.client
import socket

import pytest

from shipway.errors import NotHealthy, RouterSilent
from shipway.traffic import health
from shipway.traffic.desired import Cluster
from shipway.traffic.envoy import driver
from support.load import Load


def listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def test_a_release_that_says_it_is_broken_is_refused_and_forgotten(served, until) -> None:
    port = served.open("app.prod.r2", health=500)
    until(lambda: listens(port))
    with (
        Load(served.proxy.port, "app.localhost", slow=0, names=lambda answer: answer.body.decode()) as clients,
        pytest.raises(NotHealthy, match=r"^r2 is not healthy: it answers /health with 500\."),
    ):
        served.proxy.ensure_cluster("app.prod.r2", [port], "/health", timeout=0.7)
    assert clients.failures == []
    assert clients.seen.keys() == {"app.prod.r1"}
    assert served.proxy.clusters("app", "prod").keys() == {"app.prod.r1"}


def test_a_release_that_listens_nowhere_is_refused(served, free_port) -> None:
    with pytest.raises(NotHealthy, match=r"it does not listen on its PORT\."):
        served.proxy.ensure_cluster("app.prod.r3", [free_port], "/health", timeout=0.3)


def test_every_instance_has_to_be_healthy(served, free_port) -> None:
    ports = [served.open("app.prod.r4"), free_port]
    with pytest.raises(NotHealthy):
        served.proxy.ensure_cluster("app.prod.r4", ports, "/health", timeout=0.5)


def test_a_release_that_takes_its_time_is_waited_for(served) -> None:
    port = served.open("app.prod.r5", delay=0.6)
    served.proxy.ensure_cluster("app.prod.r5", [port], "/health")
    assert served.proxy.counters("app.prod.r5")["membership_healthy"] == 1


def test_a_health_path_may_redirect_or_refuse_but_not_fail(served) -> None:
    port = served.open("app.prod.r6")
    served.proxy.ensure_cluster("app.prod.r6", [port], "/status/404")
    with pytest.raises(NotHealthy, match="with 500"):
        served.proxy.ensure_cluster("app.prod.r7", [port], "/status/500", timeout=0.3)


def test_a_release_nobody_knows_gets_no_traffic(served) -> None:
    with pytest.raises(NotHealthy, match="knows no release"):
        served.proxy.shift("app", "prod", {"app.prod.r99": 100}, epoch=1)
    assert served.proxy.serving("app", "prod") == {"app.prod.r1": 100}


def test_a_warm_release_that_died_gets_no_traffic_back(served, monkeypatch) -> None:
    """Also in the second before the router's own checks notice."""
    (port,) = served.release("app", "prod", 8)
    served.kill(port)
    monkeypatch.setattr("shipway.traffic.proxy.ANSWERS_WITHIN", 0.5)
    with pytest.raises(NotHealthy, match="does not listen"):
        served.proxy.shift("app", "prod", {"app.prod.r8": 100}, epoch=1)
    assert served.get("app.localhost").said == "app.prod.r1"


def test_what_serves_is_never_dropped(served) -> None:
    with pytest.raises(ValueError, match="serves"):
        served.proxy.drop_cluster("app.prod.r1")
    assert served.get("app.localhost").status == 200


def test_a_release_the_router_refuses_is_not_in_the_way_of_the_next(served, monkeypatch) -> None:
    monkeypatch.setattr(driver, "CONFIRMED_WITHIN", 0.5)
    port = served.open("app.prod.r10")
    with pytest.raises(RouterSilent):
        served.proxy.ensure_cluster("app.prod.r10", [port], "/no\npath")
    served.proxy.ensure_cluster("app.prod.r10", [port], "/health")
    assert served.get("app.localhost").said == "app.prod.r1"


def test_whoever_asks_past_the_router_says_who_it_is(monkeypatch) -> None:
    """What an application counts itself can leave it out."""
    asked = []
    monkeypatch.setattr(http.client.HTTPConnection, "request", lambda *_, headers: asked.append(headers))
    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", lambda _: type("Answer", (), {"status": 200}))
    assert [each.good for each in health.ask("app.prod.r1", Cluster((1,), "/health"))] == [True]
    assert asked[0]["User-Agent"] == health.AGENT == "shipway-health"
