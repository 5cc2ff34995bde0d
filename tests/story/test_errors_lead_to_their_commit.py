"""From an exception in production to the commit it came by, and back again: a real application with a real SDK."""

from __future__ import annotations

import re
from typing import Any

import pytest

from support.installation import Installation, Repository, eventually

pytestmark = [pytest.mark.needs("registry"), pytest.mark.timeout(200)]  # the SDK comes from far away

PROJECT = """\
name: kiosk
build: python
processes: {web: python web.py}
health: {path: /health, timeout: 20 s}
environments: [prod]
"""
PRICES = '''\
"""What things cost."""

PRICES = {"map": 500, "stamp": 90}


def price(name):
    return PRICES[name]
'''
WEB = """\
import http.server
import os

import sentry_sdk

from prices import price

sentry_sdk.init()


def buy(name):
    cents = price(name)
    return f"{name} costs {cents}"


def answer(path):
    if path == "health":
        return "well"
    if path.startswith("env/"):
        return os.environ.get(path[4:], "")
    return buy(path)


class Kiosk(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            status, text = 200, answer(self.path[1:])
        except Exception:
            sentry_sdk.capture_exception()
            status, text = 500, "broken"
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Kiosk).serve_forever()
"""


@pytest.fixture(scope="module")
def kiosk(installation: Installation) -> Repository:
    made = installation.repository("kiosk")
    made.write({"shipway.yml": PROJECT, "requirements.txt": "sentry-sdk\n", "prices.py": PRICES, "web.py": WEB})
    made.commit("Open the kiosk")
    made.init()
    made.deliver("Open it for real")
    return made


def told(kiosk: Repository, number: int, **states: object) -> dict[str, Any]:
    """The error, once somebody has looked who did it, and it is as it should be."""

    def looked() -> Any:
        found = kiosk.installation.shipway("errors", str(number), "--json", cwd=kiosk.path)
        if found.code:
            return None
        error = kiosk.json("errors", str(number))
        ready = error["environments"][0]["suspicion"] is not None
        return error if ready and all(error[name] == value for name, value in states.items()) else None

    error: dict[str, Any] = eventually(looked, f"error {number} is reported and looked at")
    return error


def test_an_error_in_production_names_the_commit_it_came_by_and_comes_back_as_a_regression(
    kiosk: Repository,
) -> None:
    assert kiosk.json("errors") == []
    assert "map costs 500" in kiosk.installation.says("kiosk", "/map")

    kiosk.commit("Say it louder", {"web.py": WEB.replace("costs", "COSTS")})
    bad = kiosk.deliver("Round prices", {"prices.py": PRICES.replace("PRICES[name]", "PRICES[name + 's']")})
    status, _ = kiosk.installation.get("kiosk", "/map")
    assert status == 500
    error = told(kiosk, 1)
    (place,) = error["environments"]
    assert (error["title"], error["place"]) == ("KeyError: 'maps'", "price in prices.py")
    assert (place["environment"], place["release"], place["commit"]) == ("prod", 2, bad)
    suspicion = place["suspicion"]
    assert (suspicion["commit"], suspicion["confidence"]) == (bad, "high")
    assert suspicion["author"] == "Ada Test"
    assert "+    return PRICES[name + 's']" in suspicion["evidence"][0]["hunk"]
    assert kiosk.installation.facts("error%") == ["error.new", "error.suspected"]

    shown = kiosk.shipway("errors", "1").out
    assert "Round prices" in shown
    assert "prices.py:7" in shown
    listed = kiosk.shipway("errors").out
    assert "KeyError: 'maps'" in listed
    assert "prod r2" in listed

    assert "resolved" in kiosk.shipway("errors", "1", "--resolve").out
    assert kiosk.shipway("errors").out.startswith("There is no open error. ")
    kiosk.installation.get("kiosk", "/map")
    kiosk.deliver("Say what it is", {"README.md": "# A kiosk\n"})
    kiosk.installation.get("kiosk", "/map")
    back = told(kiosk, 1, state="open")
    assert back["environments"][0]["release"] == 3
    assert back["environments"][0]["suspicion"]["commit"] is None, "nothing changed that it went through"
    assert kiosk.installation.facts("error%")[2:] == ["error.resolved", "error.regressed", "error.suspected"]


def test_an_application_is_told_where_to_report_unless_it_says_so_itself(kiosk: Repository) -> None:
    def variable(name: str) -> str:
        return kiosk.installation.says("kiosk", f"/env/SENTRY_{name}")

    port = kiosk.installation.port
    assert re.fullmatch(rf"http://[0-9a-f]{{32}}@127\.0\.0\.1:{port}/[0-9]+", variable("DSN"))
    assert (variable("RELEASE"), variable("ENVIRONMENT")) == (kiosk.head, "prod")
    theirs = "http://theirs@sentry.example/1"
    assert kiosk.shipway("env", f"SENTRY_DSN={theirs}", "--env", "prod").code == 0
    assert (variable("DSN"), variable("RELEASE"), variable("ENVIRONMENT")) == (theirs, kiosk.head, "prod")
