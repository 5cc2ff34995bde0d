"""A static site, by its index.html."""

from __future__ import annotations

import re

from shipway.pipelines.files import Tree
from shipway.pipelines.sketch import Sketch

ROOTS = (".", "public", "site", "dist", "_site", "docs")
_BUILT = re.compile(r'"build"\s{0,9}:', re.ASCII)


def recognise(tree: Tree) -> Sketch | None:
    if _BUILT.search(tree.text("package.json")):
        return None  # its index.html is what a build starts from, not what it makes
    for root in ROOTS[:1] if tree.is_python else ROOTS:  # a library's documentation is not a site to deliver
        index = "index.html" if root == "." else f"{root}/index.html"
        if tree.has(index):
            return Sketch(kind="static", certainty=40, reasons=(f"a static site: {index}",), root=root)
    return None
