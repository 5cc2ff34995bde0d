"""A till that charges cards and keeps a ledger of it, with an audit that says by how much the two differ."""

from __future__ import annotations

WEB = """
import http.server, os, pathlib, signal, sqlite3, threading
from contextlib import closing

LEDGER = pathlib.Path(os.environ["DATA_DIR"]) / "ledger.sqlite3"
VERSION, FORGETS, CLOSES = {version!r}, {forgets!r}, {closes!r}

def connection():
    made = sqlite3.connect(LEDGER, timeout=30)
    made.execute("pragma journal_mode = wal")
    made.execute("create table if not exists charges (cents integer)")
    made.execute("create table if not exists ledger (cents integer)")
    return made

def charge():
    with closing(connection()) as made, made:
        made.execute("insert into charges values (250)")
        number = made.execute("select count(*) from charges").fetchone()[0]
        if not FORGETS or number % FORGETS:
            made.execute("insert into ledger values (250)")

class Till(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/charge":
            charge()
        body = VERSION.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Till)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
with closing(connection()) as made:
    if CLOSES:
        made.execute("create table if not exists closed (day integer)")
server.serve_forever()
"""

AUDIT = """
import os, pathlib, sqlite3, sys

made = sqlite3.connect(pathlib.Path(os.environ["DATA_DIR"]) / "ledger.sqlite3", timeout=5)
if made.execute("select 1 from sqlite_master where name = 'closed'").fetchone():
    sys.exit("the books are closed")
print("comparing charges and ledger")
print(made.execute(
    "select (select coalesce(sum(cents), 0) from charges) - (select coalesce(sum(cents), 0) from ledger)"
).fetchone()[0])
"""

PROJECT = """\
name: till
processes:
  web: python3 web.py
data: [ledger.sqlite3]
health: /health
invariants:
  charges equal the ledger: {command: python3 audit.py, between: [0, 0], every: 1 s}
traffic: {TRAFFIC}
environments: [prod]
"""


def till(version: str, traffic: str, *, forgets: int = 0, closes: bool = False) -> dict[str, str]:
    """The files of this version; one that `forgets` leaves one of so many charges out of the ledger, and after one
    that `closes` the books nobody can audit them.
    """
    web = WEB
    for name, value in (("version", version), ("forgets", forgets), ("closes", closes)):
        web = web.replace(f"{{{name}!r}}", repr(value))
    return {"shipway.yml": PROJECT.replace("{TRAFFIC}", traffic), "web.py": web, "audit.py": AUDIT}
