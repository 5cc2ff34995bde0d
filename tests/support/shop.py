"""A small application without dependencies: it says its version, counts in its data, and has a worker."""

from __future__ import annotations

WEB = """
import http.server, os, pathlib, signal, sys, threading, time

VERSION = {version!r}
DATA = pathlib.Path(os.environ["DATA_DIR"])

COUNTING = threading.Lock()

def count():
    counter = DATA / "counter.txt"
    with COUNTING:
        number = int(counter.read_text()) + 1 if counter.exists() else 1
        new = DATA / ("counter." + str(os.getpid()))
        new.write_text(str(number))
        new.replace(counter)
    return number

class Shop(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/health":
            return self.answer({health!r}, 200 if {health!r} == "well" else 500)
        if self.path == "/count":
            return self.answer(str(count()))
        if self.path == "/slow":
            time.sleep(2)
        if self.path.startswith("/env/"):
            return self.answer(os.environ.get(self.path[5:], "not set"))
        self.answer(VERSION)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))  # an answer before the end is a reset
        self.do_GET()

    def answer(self, text, status=200):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

print("shop", VERSION, "starts", flush=True)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Shop)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
"""

WORKER = """
import os, pathlib, time

beat = pathlib.Path(os.environ["DATA_DIR"]) / "worker"
while True:
    beat.write_text({version!r})
    time.sleep(0.1)
"""

PROJECT = """\
name: shop
steps:
  test:
    run: python3 check.py
processes:
  web: python3 web.py
  worker:
    run: python3 worker.py
    grace: 0.3 s
data: [counter.txt]
health: {path: /health, timeout: 10 s}
traffic: {warm: 60 s, drain: 5 s}
environments: [dev, test, prod]
"""

CHECK = 'print("all is well")\n'


def shop(version: str, *, health: str = "well", project: str = PROJECT, check: str = CHECK) -> dict[str, str]:
    """The files of this version of it."""
    return {
        "shipway.yml": project,
        "check.py": check,
        "web.py": WEB.replace("{version!r}", repr(version)).replace("{health!r}", repr(health)),
        "worker.py": WORKER.replace("{version!r}", repr(version)),
    }


def failing(web: str, every: int) -> str:
    """The same web, which answers one of `every` requests for its name with 500, and is healthy otherwise."""
    said = "        self.answer(VERSION)\n"
    assert said in web
    instead = (
        f"        fails = next(ASKED) % {every} == 0\n"
        "        self.answer('out of eggs' if fails else VERSION, 500 if fails else 200)\n"
    )
    return "import itertools\nASKED = itertools.count()\n" + web.replace(said, instead)
