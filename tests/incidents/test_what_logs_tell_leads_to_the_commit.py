"""A stack that OpenTelemetry's SDK for Python sends as text leads to the right commit, or to nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

from incidents import planted
from incidents.bar import Bar, Give
from incidents.planted import CARTS, Bug
from incidents.planted_further import BASE, BESIDE, PLANTED, RUN, SILENT
from shipway.environments.secrets import Vault
from shipway.signals.errors.intake import Intake
from shipway.signals.otlp.intake import Otlp
from shipway.signals.otlp.request import PROTOBUF
from shipway.signals.series.meters import Meters
from shipway.state.error_keys import ErrorKey
from support import sdks

CROSSING = {**{f"{name}, as before": bug for name, bug in planted.PLANTED.items()}, **PLANTED}
OTHERS = {
    **{f"{name}, as before": replace(bug, cart="unpriced") for name, bug in planted.SILENT.items()},
    **SILENT,
}


def test_what_opentelemetry_tells_leads_to_the_right_commit_or_to_nobody(tmp_path: Path) -> None:
    """The bar is 9 of 10 right; these are all. They are met in one process."""
    bugs = {**CROSSING, **OTHERS}
    bar = Bar.of(tmp_path, BASE, bugs)
    laid = bar.releases(tmp_path / "releases", BESIDE)
    with receiver() as (address, bodies):
        asked = [met(bug, laid[name], bar.planted[name].head) for name, bug in bugs.items()]
        told = {"BUGS": json.dumps(asked), "OTEL_EXPORTER_OTLP_ENDPOINT": address}
        sdks.python(RUN, tmp_path, told)
    for name, body in zip(bugs, bodies, strict=True):
        bar.suspect(name, sent(bar, body))
    bar.scene.database.close()
    found = bar.count(CROSSING), bar.count(OTHERS)
    print("Python, by OpenTelemetry's SDK: {}, of those that cross nothing: {}".format(*found), bar.explained())
    assert found == ({"right": len(CROSSING)}, {"silent": len(OTHERS)}), bar.explained()


def met(bug: Bug, directory: Path, commit: str) -> dict[str, object]:
    module, _, view = f"shop.{bug.view if '.' in bug.view else f'web.{bug.view}'}".rpartition(".")
    told = {"OTEL_RESOURCE_ATTRIBUTES": f"service.version={commit}"}
    request = {"cart": CARTS[bug.cart], "name": " ada "}
    return {"directory": str(directory), "module": module, "view": view, "request": request, "told": told}


def sent(bar: Bar, body: bytes) -> Give:
    def give(intake: Intake, key: ErrorKey) -> None:
        places = bar.scene.places
        Otlp(bar.scene.database, places, Vault(places), Meters(places), intake).take(
            key, body, "", PROTOBUF, "logs"
        )

    return give


@contextmanager
def receiver() -> Iterator[tuple[str, list[bytes]]]:
    """What OpenTelemetry's SDK sends to an address, one body for each bug."""
    bodies: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", bodies
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
