"""A price list over SQLite, whose releases migrate the column they read; it keeps no promise but its own."""

from __future__ import annotations

WEB = """
import http.server, os, pathlib, signal, sqlite3, sys, threading, time, traceback

COLUMN = {column!r}
FILE = pathlib.Path(os.environ["DATA_DIR"]) / "prices.sqlite3"

class Prices(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            made = sqlite3.connect(FILE, timeout=5)
            text, status = str(made.execute(f"select {COLUMN} from prices").fetchone()[0]), 200
            made.close()
        except sqlite3.Error:
            traceback.print_exc()
            text, status = "no price", 500
        body = (os.environ["SHIPWAY_COMMIT"] if self.path == "/commit" else text).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

sqlite3.connect(FILE, timeout=5).execute(f"select {COLUMN} from prices").fetchone()
{extra}
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Prices)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
"""

MIGRATE = """
import os, pathlib, sqlite3

made = sqlite3.connect(pathlib.Path(os.environ["DATA_DIR"]) / "prices.sqlite3", timeout=5)
made.execute("pragma journal_mode=wal")
made.execute("create table if not exists prices (cents integer)")
if made.execute("select count(*) from prices").fetchone()[0] == 0:
    made.execute("insert into prices values (250)")
columns = [row[1] for row in made.execute("pragma table_info(prices)")]
{change}
made.commit()
print("migrated", flush=True)
"""

STAYS = "pass"
RENAMES = "if 'cents' in columns: made.execute('alter table prices rename column cents to pence')"
ADDS = "if 'pence' not in columns: made.execute('alter table prices add column pence integer default 250')"
COUNTS = """
import os, pathlib, sqlite3
made = sqlite3.connect(pathlib.Path(os.environ["DATA_DIR"]) / "prices.sqlite3", timeout=5)
print(made.execute("select count(*) from prices").fetchone()[0])
"""

PROJECT = """\
name: shop
processes: {web: python3 web.py}
release: {run: python3 migrate.py, repeatable: true}
data: [prices.sqlite3]
health: {path: /, timeout: 60 s}
traffic: {warm: 0 s, drain: 1 s}
invariants:
  there is one price: {command: python3 count.py, between: [1, 1]}
environments: [{name: test, rehearse: true}, prod]
"""


TRUSTING = PROJECT.replace("{name: test, rehearse: true}", "test")
"""One whose commits go on without a rehearsal."""


def prices(column: str, change: str = STAYS, *, project: str = PROJECT, extra: str = "") -> dict[str, str]:
    """The files of a release that reads `column`, after `change` was made to the table."""
    return {
        "shipway.yml": project,
        "web.py": WEB.replace("{column!r}", repr(column)).replace("{extra}", extra),
        "migrate.py": MIGRATE.replace("{change}", change),
        "count.py": COUNTS,
    }
