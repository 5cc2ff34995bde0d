"""One service is loaded without the hundred others; what is made of its URLs is what Apprise makes of them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

GOOD = (
    "mailto://ada:secret@smtp.example.org:2525?from=shipway@example.org&to=ada@example.org&to=ben@example.org",
    "mailtos://ada:s%2Fcret@example.org/ada%40example.org?name=Shipway&mode=ssl&verify=no",
    "MAILTO://ada:secret@gmail.com",
    "json://localhost:8080/shipway?-who=ada%40example.org&:who=ada&+X-Token=secret",
    "jsons://ada:secret@hooks.example.org/a/#b?method=PUT&verify=no&:message=text",
    "json://hooks.example.org/#room",
    "xml://localhost:8080/shipway?:Body=Words",
    "xmls://ada:secret@hooks.example.org/a?verify=no",
    "form://localhost:8080/shipway?method=PUT",
    "forms://ada:secret@hooks.example.org/a/#b",
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7Q/#kitchen",
    "workflows://prod-1.westeurope.logic.azure.com:443/e2f6a1/s1gn4tur3",
    "matrix://shipway:secret@127.0.0.1:8008/!kitchen:example.org",
    "matrixs://shipway:secret@matrix.example.org/#kitchen:example.org",
    "ntfy://127.0.0.1:8080/kitchen",
    "ntfys://ntfy.example.org/kitchen?priority=high",
    "pagerduty://s1gn4tur3@correct-horse/shipway",
    "twilio://AC0f1e2d3c4b5a69788796a5b4c3d2e1f0:s1gn4tur3@15005550006/15005550009",
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "tgram://123456789:abcdefg_hijklmnop/12315544/",
)
BAD = (
    "mailto://",
    "mailto://ada@x/?from=no",
    "json://",
    "jsons://:0x/",
    "json://example.org?method=no",
    "slack://T1JJ3T3L2",
    "matrix://",
    "twilio://",
    "pagerduty://correct-horse",
    "twilio://AC0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "any://a",
    "base://a",
    "../x://a",
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
import json, sys
from shipway.incidents import courier
services = [courier._service(url) for url in json.loads(sys.argv[1])]
for service in services:
    courier._load(courier.EMAIL if courier._is_mail(service) else str(service.service_name))
print(json.dumps("apprise.plugins.pushover" in sys.modules))
"""

EVERY = """
import json
import apprise
from shipway.incidents import courier
manager = apprise.NotificationManager()
alone = {scheme: courier._alone(scheme) for scheme in manager.schemas()}
print(json.dumps([
    [scheme for scheme, found in alone.items() if found is not None and found is not manager[scheme]],
    [scheme for scheme, found in alone.items() if found is None],
]))
"""


def output(program: str, *arguments: str) -> Any:
    """Of a process of its own, as a courier is: Python warns of some of the services."""
    command = [sys.executable, "-c", program, *arguments]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_what_is_read_of_an_url_is_what_apprise_reads() -> None:
    for url, (ours, theirs) in output(READ, json.dumps(GOOD)).items():
        assert ours == theirs is not None, url


def test_what_apprise_cannot_read_is_refused() -> None:
    for url, (ours, theirs) in output(READ, json.dumps(BAD)).items():
        assert theirs is None, url
        assert ours.startswith("It is no URL of a service that is known"), url


@pytest.mark.parametrize(
    ("urls", "every"), [(GOOD, False), (("signal://localhost:8080/+15551234567/+15551234568",), True)]
)
def test_others_are_loaded_where_they_are_asked_for(urls: tuple[str, ...], every: bool) -> None:
    assert output(LOADED, json.dumps(urls)) is every


def test_what_is_loaded_for_a_scheme_is_what_apprise_has_for_it() -> None:
    others, unknown = output(EVERY)
    assert others == []
    assert len(unknown) < 90, "most are found by their name"
