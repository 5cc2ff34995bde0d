"""E-mail and webhooks in JSON are loaded without the other services; what is made of their URLs is the same."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

GOOD = (
    "mailto://ada:secret@smtp.example.org:2525?from=shipway@example.org&to=ada@example.org&to=ben@example.org",
    "mailtos://ada:s%2Fcret@example.org/ada%40example.org?name=Shipway&mode=ssl&verify=no",
    "MAILTO://ada:secret@gmail.com",
    "json://localhost:8080/shipway?-who=ada%40example.org&:who=ada&+X-Token=secret",
    "jsons://ada:secret@hooks.example.org/a/#b?method=PUT&verify=no&:message=text",
    "json://hooks.example.org/#room",
)
BAD = (
    "mailto://",
    "mailto://ada@x/?from=no",
    "json://",
    "jsons://:0x/",
    "json://example.org?method=no",
    "any://a",
)

READ = """
import json, sys
import apprise
from shipway.incidents import courier

def ours(url):
    try:
        return courier._service(url)
    except courier.Refused as refused:
        return str(refused)

def told(service):
    is_one = isinstance(service, apprise.NotifyBase)
    return [type(service).__name__, service.url(), service.verify_certificate] if is_one else service

urls = json.loads(sys.argv[1])
read = {url: ours(url) for url in urls}  # before Apprise has loaded them all
theirs = {url: apprise.Apprise.instantiate(url, asset=getattr(read[url], "asset", None)) for url in urls}
print(json.dumps({url: [told(read[url]), told(theirs[url])] for url in urls}))
"""

LOADED = """
import sys
from shipway.incidents import courier
courier._service(sys.argv[1])
print("apprise.plugins.slack" in sys.modules)
"""


def output(program: str, argument: str) -> str:
    """Of a process of its own, as a courier is: Python warns of some of the services."""
    command = [sys.executable, "-c", program, argument]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_what_is_read_of_an_url_is_what_apprise_reads() -> None:
    for url, (ours, theirs) in json.loads(output(READ, json.dumps(GOOD))).items():
        assert ours == theirs is not None, url


def test_what_apprise_cannot_read_is_refused() -> None:
    for url, (ours, theirs) in json.loads(output(READ, json.dumps(BAD))).items():
        assert theirs is None, url
        assert ours.startswith("It is no URL of a service that is known"), url


@pytest.mark.parametrize(
    ("url", "every"),
    [("mailto://ada:secret@example.org", False), ("jsons://example.org", False), ("xml://example.org", True)],
)
def test_others_are_loaded_where_they_are_asked_for(url: str, every: bool) -> None:
    assert output(LOADED, url) == f"{every}\n"
