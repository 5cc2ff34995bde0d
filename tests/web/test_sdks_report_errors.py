"""SDKs of Sentry, as they are published, report errors here with nothing but their environment set."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from incidents import planted_node, planted_orders
from incidents.bar import Bar, reported
from incidents.planted import Bug
from shipway.signals.errors.rates import Rates
from support import sdks
from web import reporting
from web.scene import Scene
from web.server import Site

PYTHON = """
import sentry_sdk
sentry_sdk.init()

def charge(account):
    return 100 / account["balance"]

try:
    charge({"balance": 0})
except ZeroDivisionError:
    print(sentry_sdk.capture_exception())
print(sentry_sdk.capture_message("order 4711 has no lines"))
"""
NODE = """
const Sentry = require('@sentry/node');
Sentry.init();

function charge(account) {
  return account.balance.toFixed(2);
}

try {
  charge({});
} catch (error) {
  console.log(Sentry.captureException(error));
}
console.log(Sentry.captureMessage('order 4711 has no lines'));
const large = new Error('much to say');
Sentry.captureException(large, { extra: { text: 'x'.repeat(200000) } });
Sentry.flush(20000).then((sent) => { if (!sent) process.exit(3); });
"""


@pytest.fixture
def topup(site: Site) -> Site:
    """A server with topup in prod."""
    site.scene.application("topup")
    site.scene.deliver(site.scene.push("topup", "Keep balances in cents"))
    return site


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("node")
    sdks.node_packages(directory)
    return directory


def found(site: Site) -> list[dict[str, Any]]:
    """The errors on record, those that came first before the others, each with its newest report."""
    listed = site.get("/api/v1/applications/topup/errors").json["errors"]
    numbers = sorted(error["number"] for error in listed)
    return [site.get(f"/api/v1/applications/topup/errors/{number}").json for number in numbers]


def check(scene: Scene, error: dict[str, Any], title: str, function: str, file: str) -> None:
    release = reporting.release(scene)
    assert error["title"] == title
    assert error["count"] == 1
    (place,) = error["environments"]
    assert (place["environment"], place["release"], place["commit"]) == ("prod", 1, release.commit)
    (sample,) = error["samples"]
    assert (sample["commit"], sample["release"]) == (release.commit, release.id)
    last = sample["raised"][-1]["frames"][-1]
    assert (last["function"], last["own"]) == (function, True)
    assert last["path"].endswith(file)


@pytest.mark.parametrize("packing", ["gzip", "br", "none"])
def test_pythons_errors_arrive_with_release_and_environment(topup: Site, tmp_path: Path, packing: str) -> None:
    init = {
        "gzip": "init(_experiments={'transport_compression_algo': 'gzip'})",
        "br": "init(_experiments={'transport_compression_algo': 'br'})",
        "none": "init(_experiments={'transport_compression_level': 0})",
    }
    script = PYTHON.replace("init()", init[packing])
    ids = sdks.python(script, tmp_path, reporting.told(topup)).split()
    topup.record(at_least=2)
    error, message = found(topup)
    check(topup.scene, error, "ZeroDivisionError: division by zero", "charge", "app.py")
    assert error["samples"][0]["raised"][-1]["frames"][-1]["variables"] == {"account": '{"balance": "0"}'}
    assert message["title"] == "order 4711 has no lines"
    assert [error["samples"][0]["id"], message["samples"][0]["id"]] == ids


@pytest.mark.needs("node", "npm", "npm-registry")
@pytest.mark.timeout(200)
def test_nodes_errors_arrive_with_release_and_environment(topup: Site, packages: Path) -> None:
    ids = sdks.node(NODE, packages, reporting.told(topup)).split()
    topup.record(at_least=3)
    errors = {error["title"]: error for error in found(topup)}
    title = "TypeError: Cannot read properties of undefined (reading 'toFixed')"
    assert set(errors) == {title, "order 4711 has no lines", "Error: much to say"}
    check(topup.scene, errors[title], title, "charge", "app.js")
    assert [errors[each]["samples"][0]["id"] for each in (title, "order 4711 has no lines")] == ids


@pytest.mark.needs("node", "npm", "npm-registry")
@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    "shop", [planted_node, pytest.param(planted_orders, marks=pytest.mark.soak)], ids=["shop", "orders"]
)
def test_what_node_reports_leads_to_the_right_commit_or_to_nobody(
    packages: Path, tmp_path: Path, shop: ModuleType
) -> None:
    """The bar is 9 of 10 right. All bugs are met in one process."""
    bugs: dict[str, Bug] = {**shop.PLANTED, **shop.SILENT}
    bar = Bar.of(tmp_path, shop.BASE, bugs)
    laid = bar.releases(tmp_path / "releases", shop.BESIDE)
    asked = [
        {"directory": str(laid[name]), "view": bug.view, "cart": shop.CARTS[bug.cart]}
        for name, bug in bugs.items()
    ]
    told = sdks.node(planted_node.RUN, packages, {"BUGS": json.dumps(asked)}).splitlines()
    for name, line in zip(bugs, told, strict=True):
        bar.suspect(name, reported(json.loads(line), bar.planted[name].head))
    bar.scene.database.close()
    found = bar.count(shop.PLANTED), bar.count(shop.SILENT)
    print("Node, by Sentry's SDK: {}, of those that cross nothing: {}".format(*found), bar.explained())
    assert {name for name in shop.PLANTED if bar.answer(name) != "right"} == shop.UNSEEN, bar.explained()
    assert found[0]["right"] * 10 >= len(shop.PLANTED) * 9
    assert found[0]["wrong"] == 0
    assert found[1] == {"silent": len(shop.SILENT)}, bar.explained()


def test_what_an_application_sets_itself_wins(topup: Site, tmp_path: Path) -> None:
    told = {**reporting.told(topup), "SENTRY_RELEASE": "topup@2.4.1", "SENTRY_ENVIRONMENT": "canary"}
    sdks.python(PYTHON, tmp_path, told)
    topup.record(at_least=2)
    error = found(topup)[0]
    (place,) = error["environments"]
    assert (place["environment"], place["release"]) == ("prod", None), "whose key it is says where it runs"
    assert [release["named"] for release in error["releases"]] == ["topup@2.4.1"]


def test_an_sdk_that_is_told_to_wait_waits(scene: Scene, tmp_path: Path) -> None:
    """The second report is never sent: the answer to the first one closed the tap."""
    scene.application("topup")
    scene.deliver(scene.push("topup", "Keep balances in cents"))
    site = Site.start(scene, rates=Rates(per_second=0.01, at_once=0))
    try:
        script = PYTHON.replace(
            "print(sentry_sdk.capture_message", "sentry_sdk.flush()\nprint(sentry_sdk.capture_message"
        )
        sdks.python(script, tmp_path, reporting.told(site))
        assert site.intake.dropped("topup") == 1
    finally:
        site.stop()


WSGI = """
import io, sentry_sdk
from sentry_sdk.integrations.wsgi import SentryWsgiMiddleware
sentry_sdk.init()

def charge(environ, start):
    return 100 / 0

app = SentryWsgiMiddleware(charge)
for told in ({"HTTP_USER_AGENT": "Envoy/HC"}, {"HTTP_USER_AGENT": "Envoy/HC", "HTTP_X_FORWARDED_FOR": "10.0.0.9"}):
    asked = {"REQUEST_METHOD": "GET", "PATH_INFO": "/health", "SERVER_NAME": "x", "SERVER_PORT": "80", **told}
    asked |= {"wsgi.input": io.BytesIO(), "wsgi.url_scheme": "http", "QUERY_STRING": ""}
    try:
        app(asked, lambda *_: None)
    except ZeroDivisionError:
        pass
"""


def test_what_a_check_asked_is_told_from_what_came_through_the_router(topup: Site, tmp_path: Path) -> None:
    sdks.python(WSGI, tmp_path, reporting.told(topup))
    topup.record(at_least=2)
    (error,) = found(topup)
    assert (error["count"], error["checks"]) == (2, 1)
    assert error["requests"] == {"GET /health": 1, "GET /health, asked by the router's check of health": 1}
