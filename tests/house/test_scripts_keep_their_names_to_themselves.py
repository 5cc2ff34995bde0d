"""Two scripts of a page that are no modules share their names: home took the other's `hear` for its own, and was
told of nothing."""

from __future__ import annotations

import re
from pathlib import Path

from shipway import web

SCRIPT = re.compile(r"<script\b[^>]*>")


def test_every_script_of_a_page_is_a_module() -> None:
    found = {path.name: SCRIPT.findall(path.read_text()) for path in Path(web.__file__).parent.rglob("*.html")}
    assert sum(map(len, found.values())) > 10
    others = [(name, each) for name, tags in found.items() for each in tags if ' type="module"' not in each]
    assert others == [], "what it declares is everybody's: make it a module"
