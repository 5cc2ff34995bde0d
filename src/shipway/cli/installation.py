"""Starting, stopping and checking an installation."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from shipway.cli import checks, here, show
from shipway.cli.options import AsJson, BehindTls, Data, Port, ProxyPort, Reports, Url, Verb
from shipway.cli.server import NoServer, Refused, Server
from shipway.config.places import Places
from shipway.errors import OwnerError
from shipway.pushes import processes
from shipway.web.words import size, standing

NO_URL = "none"
PATIENCE = 30.0  # seconds; a start takes one or two


class DidNotStart(OwnerError):
    """The server was started and did not come up."""

    id = "cli.did_not_start"


class AlreadyUp(OwnerError):
    """The server runs, and was started otherwise than is asked for."""

    id = "cli.already_up"
    default_hint = "`shipway down` first, to start it otherwise; applications go on serving meanwhile."


def up(
    data: Data = None,
    port: Port = None,
    proxy_port: ProxyPort = None,
    url: Url = None,
    reports: Reports = None,
    tls_proxy: BehindTls = None,
    detach: Annotated[bool, typer.Option("-d", "--detach", help="Run in the background.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start Shipway on this machine; what should serve, serves again."""
    places = Places.of(data)
    last = here.last_start(places)
    public = last.public if url is None else _public(url)
    start = here.Start(
        port or last.port,
        proxy_port or last.proxy_port,
        public,
        reports or last.reports,
        last.behind_tls if tls_proxy is None else tls_proxy,
    )
    if detach:
        already = here.running(places)
        if already is None:
            _in_background(places, start)
        elif here.started(already) != start:
            raise AlreadyUp(_up_already(already))
        _greet(places, as_json, already=already is not None)
        return
    from shipway import daemon  # noqa: PLC0415 - the server's half of Shipway is heavy

    greeting = threading.Thread(target=_greet, args=(places, as_json), daemon=True)
    daemon.serve(places, **asdict(start), ready=greeting.start, over=_say_goodbye)


def down(
    data: Data = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Stop the applications and the router as well.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Stop the server; applications go on serving."""
    places = Places.of(data)
    told = here.running(places)
    if told is not None:
        _stop(int(told["pid"]), told["process"])
    if everything:
        from shipway.hosts.keeper.client import Keeper  # noqa: PLC0415

        Keeper(places).quit(stop_instances=True)
        shutil.rmtree(places.runtime, ignore_errors=True)  # memory, not disk: nobody else would free it
    if as_json:
        show.as_json({"stopped": told is not None, "applications_stopped": everything})
    elif told is None and not everything:
        print("No server runs here.")
    else:
        print("Everything is stopped." if everything else "The server is stopped; applications go on serving.")


def doctor(data: Data = None, as_json: AsJson = False) -> int:
    """Look at this machine: what Shipway needs, what it found, what to do. 0 it has all that is needed, 1 there is
    something with an ✗. What can do without is marked with an !, as that no server runs before `shipway up`.
    """
    found = checks.every(Places.of(data))
    if as_json:
        show.as_json([vars(check) for check in found])
    else:
        for check in found:
            mark = "✓" if check.good else "!" if check.optional else "✗"
            print(f"{mark} {check.what:<12} {check.found}")
            if check.advice:
                print(f"  {'':<12} {check.advice}")
    return 0 if all(check.good or check.optional for check in found) else 1


def about(as_json: AsJson = False) -> None:
    """The installation: its processes with their memory, its ports, and how large its data is."""
    found = Server.find().get("/installation")
    if as_json:
        show.as_json(found)
        return
    print(f"Shipway {found['version']} at {found['pages']} ({found['address']} for programs);")
    if found["public"]:
        print(f"a proxy brings it to others as {found['public']};")
    print(f"applications answer on port {found['proxy_port']}.\n")
    parts = [
        (
            one["name"],
            standing(one["state"], one["again_at"]),
            one["pid"] or "",
            size(one["memory"] or 0),
            show.ago(one["since"]),
        )
        for one in found["parts"]
    ]
    show.table(("process", "", "pid", "memory", "since"), parts, empty="")
    print(f"\n{found['data']}, with {size(found['free'])} of {size(found['total'])} free:")
    kept = [(one["name"], size(one["size"]), show.ago(one["at"])) for one in found["sizes"]]
    show.table(("data", "", "changed"), kept, empty="Nothing lies there.")


def _in_background(places: Places, start: here.Start) -> None:
    places.create()
    words = ["up", "--data", str(places.data), "--port", str(start.port), "--proxy-port", str(start.proxy_port)]
    words += ["--url", start.public or NO_URL, "--reports", str(start.reports)]
    words += ["--tls-proxy" if start.behind_tls else "--no-tls-proxy"]
    log = places.data / "server.log"
    with log.open("ab") as output:
        began = output.tell()
        child = subprocess.Popen(
            [sys.executable, "-c", "from shipway.cli import main; main()", *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
        )
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise DidNotStart("The server ended at once.", hint=_tail(log, began))
        told = here.running(places)
        if told is not None and told["pid"] == child.pid and _answers(places):
            return
        time.sleep(0.02)
    raise DidNotStart(f"The server did not answer within {PATIENCE:.0f} s.", hint=f"See {log}.")


def _public(url: str) -> str | None:
    if url == NO_URL:
        return None
    from shipway.web import names  # noqa: PLC0415 - checks names with what `--help` need not load

    return names.public(url)


def _up_already(told: Mapping[str, Any]) -> str:
    ports = f"on port {told['port']:.0f}, with applications on {told['proxy_port']:.0f}"
    others = f", for others at {told['public']}" if told.get("public") else ""
    others += f", taking {times:.0f} times as many reports" if (times := told.get("reports", 1)) > 1 else ""
    others += ", with a TLS proxy before the applications" if told.get("behind_tls") else ""
    return f"Shipway is up already, {ports}{others}."


def _greet(places: Places, as_json: bool, *, already: bool = False) -> None:
    """Says where Shipway answers, once it does."""
    deadline = time.monotonic() + PATIENCE
    while not _answers(places) and time.monotonic() < deadline:
        time.sleep(0.02)
    told = here.running(places)
    if told is None:
        return
    server = Server.of(places)
    try:
        link = server.post("/signin")["url"]
    except (Refused, NoServer):
        link = f"{told['pages']}/signin"
    if as_json:
        show.as_json({**told, "address": server.address, "signin": link, "data": str(places.data)})
        return
    print(f"Shipway is up{' already' if already else ''} at {told['pages']} ({server.address} for programs);")
    if told.get("public"):
        print(f"a proxy brings it to others as {told['public']};")
    if told.get("reports", 1) > 1:
        print(f"each application may report {told['reports']:.0f} times as much as usual;")
    before = ", a TLS proxy before them" if told.get("behind_tls") else ""
    print(f"applications answer on port {told['proxy_port']:.0f}{before}.")
    print(f"Sign in (good once, for an hour): {link}")
    if places.data != Places.of().data:
        print(f"This data directory is not the usual one: export SHIPWAY_DATA={shlex.quote(str(places.data))}")
    print(
        "In a repository of yours: shipway init; then commit its shipway.yml, and git push shipway HEAD",
        flush=True,
    )


def _answers(places: Places) -> bool:
    try:
        Server.of(places).get("/health")
    except (NoServer, Refused):
        return False
    return True


def _say_goodbye(asked_by: str) -> None:
    """With who asked and when: in its log this is the last that is known of a server."""
    print(
        f"{time.strftime('%Y-%m-%d %H:%M:%S')}  The server is stopped ({asked_by}); applications go on serving. "
        "`shipway down --all` stops them too.",
        file=sys.stderr,
        flush=True,
    )


def _stop(pid: int, process: str) -> None:
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while processes.lives(process):
        if time.monotonic() > deadline:
            raise DidNotStart(f"The server (process {pid}) does not stop.", hint=f"kill -9 {pid} is safe.")
        time.sleep(0.02)


def _tail(log: Path, began: int) -> str:
    with log.open(errors="replace") as file:
        file.seek(began)
        return "\n".join(file.read().strip().splitlines()[-5:])


VERBS: dict[str, Verb] = {"up": up, "down": down, "doctor": doctor, "about": about}
