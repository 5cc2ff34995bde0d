"""What a real Node prints of an error, in whichever way, leads to the line where it was thrown."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from shipway.signals.logs import raised
from shipway.signals.logs.query import Query
from shipway.signals.logs.search import search
from shipway.signals.logs.sources import sources

SAYS = "TypeError: Cannot read properties of undefined (reading 'toFixed')"
PAY = "function pay(guest) { return guest.total.toFixed(2); }\n"
WAYS = {
    "console.error(e)": SAYS,
    "console.error(e.stack)": SAYS,
    "console.warn(e)": SAYS,
    "console.error('request failed:', e)": f"request failed: {SAYS}",
    "console.log('GET /pay 500 -', e)": f"GET /pay 500 - {SAYS}",
    "e.code = 'EPAY'; console.error(e)": SAYS,
    "console.error(new Error('cannot pay', {cause: e}))": "Error: cannot pay",
    "throw e": SAYS,
}


@pytest.mark.needs("node")
@pytest.mark.parametrize("way", WAYS)
def test_an_error_leads_to_where_it_was_thrown(tmp_path: Path, way: str) -> None:
    script = tmp_path / "server.js"
    script.write_text(f"{PAY}try {{ pay({{}}) }} catch (e) {{ {way} }}\n")
    ran = subprocess.run(["node", str(script)], capture_output=True, text=True, check=False)
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    lines = ["listening on 3000", *(ran.stdout + ran.stderr).splitlines()]
    said = "".join(f"{at}.{place:06d}Z {line}\n" for place, line in enumerate(lines))
    (tmp_path / "shop.prod.r2.web.1.log").write_text(said)
    logs = sources(tmp_path, "shop", "prod")
    (found,) = raised.newest(logs, 2, 0.0, [])
    assert found.title == WAYS[way]
    assert (str(script), 1) in [(call.file, call.line) for call in found.calls]
    assert [one.message for one in search(logs, Query(level="error")).entries] == [WAYS[way]]


@pytest.mark.parametrize("line", ["listening at 3000", "    at rest", "GET /errors 200"])
def test_a_line_without_a_stack_is_no_error(tmp_path: Path, line: str) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    said = f"{at}.000001Z ready\n{at}.000002Z {line}\n{at}.000003Z   and more\n"
    (tmp_path / "shop.prod.r2.web.1.log").write_text(said)
    assert search(sources(tmp_path, "shop", "prod"), Query(level="error")).entries == []
