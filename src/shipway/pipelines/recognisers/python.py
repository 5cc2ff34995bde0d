"""Any other Python that answers requests: an ASGI or WSGI application, or a script that listens on $PORT."""

from __future__ import annotations

import re

from shipway.pipelines.files import Tree
from shipway.pipelines.modules import Module, entrances
from shipway.pipelines.sketch import Sketch

_ASGI = re.compile(r"^(\w{1,99}) ?= ?(?:\w{1,40}\.)?(FastAPI|Starlette|Quart|Litestar)\(", re.ASCII | re.MULTILINE)
_WSGI = re.compile(
    r"^(?:(application|app) ?= ?|def (application|app)\(environ, ?start_response\))", re.ASCII | re.MULTILINE
)
_LISTENS = re.compile(r"(?:environ\[|environ\.get\(|getenv\()['\"]PORT['\"]", re.ASCII)


def recognise(tree: Tree) -> Sketch | None:
    modules = list(entrances(tree))
    for reading in (_asgi, _wsgi, _script):
        for module in modules:
            if sketch := reading(module):
                return sketch
    return None


def _asgi(module: Module) -> Sketch | None:
    found = _ASGI.search(module.text)
    if found is None:
        return None
    return Sketch(
        kind="python",
        certainty=70,
        reasons=(f"{found[2]}: {module.path} makes `{found[1]}`",),
        processes={"web": f"uvicorn --host 127.0.0.1 --port $PORT {module.name}:{found[1]}"},
        framework=found[2].lower(),
    )


def _wsgi(module: Module) -> Sketch | None:
    found = _WSGI.search(module.text)
    if found is None or not (found[2] or module.path.endswith("wsgi.py")):
        return None
    name = found[1] or found[2]
    return Sketch(
        kind="python",
        certainty=60,
        reasons=(f"WSGI: {module.path} has `{name}`",),
        processes={"web": f"gunicorn --bind 127.0.0.1:$PORT {module.name}:{name}"},
    )


def _script(module: Module) -> Sketch | None:
    if not _LISTENS.search(module.text):
        return None
    return Sketch(
        kind="python",
        certainty=50,
        reasons=(f"Python: {module.path} listens on PORT",),
        processes={"web": f"python -m {module.name}" if "/" in module.path else f"python {module.path}"},
    )
