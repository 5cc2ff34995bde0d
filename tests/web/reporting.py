"""Reports of errors as SDKs send them, and what an application is told to send them."""

from __future__ import annotations

import json
import shutil
import uuid
from typing import Any

import pytest

from shipway.releases import reporting
from shipway.state import error_keys, releases
from shipway.state.releases import Release
from web.scene import Scene
from web.server import Answer, Site, story

CLIENT = "Sentry sentry_version=7, sentry_client=test/1.0, sentry_key={}"


def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every disk 4 % are free."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(100, 96, 4))  # type: ignore[attr-defined]


def release(scene: Scene, application: str = "topup", environment: str = "prod") -> Release:
    """What serves there."""
    with scene.database.read() as conn:
        now = releases.now_serving(conn, application, environment)
        assert now is not None
        return releases.get(conn, now.release)


def told(site: Site, application: str = "topup", environment: str = "prod") -> dict[str, str]:
    """The variables that a process of what serves there has, to report with."""
    machine = story(site.scene, f"http://127.0.0.1:{site.port}").cast.machine
    return reporting.variables(machine, release(site.scene, application, environment))


def key(site: Site, application: str = "topup", environment: str = "prod") -> tuple[int, str]:
    """The number and the key in them."""
    with site.scene.database.write() as conn:
        known = error_keys.current(conn, application, environment)
    return known.project, known.key


def frame(file: str, line: int, function: str, *, own: bool = True, **more: Any) -> dict[str, Any]:
    return {
        "filename": file,
        "abs_path": f"/app/{file}",
        "lineno": line,
        "function": function,
        "in_app": own,
        **more,
    }


def event(kind: str = "KeyError", value: str = "'cents'", *frames: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An exception, raised in `charge` unless other calls are given."""
    calls = list(frames) or [frame("topup/web.py", 9, "handle"), frame("topup/ledger.py", 12, "charge")]
    return {
        "event_id": uuid.uuid4().hex,
        "level": "error",
        "exception": {"values": [{"type": kind, "value": value, "stacktrace": {"frames": calls}}]},
        **more,
    }


def envelope(*items: tuple[str, dict[str, Any]], **header: Any) -> bytes:
    lines: list[dict[str, Any]] = [header]
    for kind, payload in items:
        lines += [{"type": kind}, payload]
    return b"\n".join(json.dumps(line).encode() for line in lines)


def report(site: Site, what: dict[str, Any], **headers: str) -> Answer:
    """Sends one as topup in prod."""
    project, known = key(site)
    body = envelope(("event", what), event_id=what["event_id"])
    sent = {"x-sentry-auth": CLIENT.format(known), **headers}
    return site.ask("POST", f"/api/{project}/envelope/", sent, body)
