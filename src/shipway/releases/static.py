"""Serves the files of an artifact: a process of its own, run by Shipway's interpreter as `web`.

Graceful by uvicorn: on SIGTERM it takes no more connections, and answers what it has before it goes.
"""

from __future__ import annotations

import hashlib
import os
import stat
from functools import cache
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import NotModifiedResponse, PathLike, StaticFiles
from starlette.types import Scope

GRACE = 10  # seconds for the requests that are under way when it is told to stop


class Files(StaticFiles):
    """A tree that never changes while it is served; whoever has a file asks whether it still is that one.

    A file's tag is made of its content. Its time would not do: after a rollback the right file is the older one.
    What begins with a dot is not for the public (.env, .git), but for what RFC 8615 puts there to be found.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if isinstance(response, RedirectResponse):
            response.headers["location"] = _with_slash(scope)
        return response

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        if any(_is_hidden(part) for part in path.split(os.sep)):
            return "", None
        full_path, found = super().lookup_path(path)
        if found is not None and stat.S_ISREG(found.st_mode):
            _digest(full_path)  # here, in a thread of its own: a large file takes a while the first time
        return full_path, found

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        headers = {"etag": f'"{_digest(os.fspath(full_path))}"', "cache-control": "no-cache"}
        response = FileResponse(full_path, status_code, headers, stat_result=stat_result)
        if self.is_not_modified(response.headers, Headers(scope=scope)):
            return NotModifiedResponse(response.headers)
        return response

    def is_not_modified(self, response_headers: Headers, request_headers: Headers) -> bool:
        return "if-none-match" in request_headers and super().is_not_modified(response_headers, request_headers)


def application(directory: str) -> Starlette:
    """index.html for a directory, 404.html for what is not there; no link out of `directory` is followed."""
    return Starlette(routes=[Mount("/", Files(directory=directory, html=True))])


def main() -> None:
    """Serves the working directory on 127.0.0.1:$PORT."""
    uvicorn.run(
        application("."),
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        access_log=False,
        log_level="warning",
        lifespan="off",
        loop="asyncio",
        http="h11",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )


def _is_hidden(part: str) -> bool:
    return part.startswith(".") and part not in (".", ".well-known")


def _with_slash(scope: Scope) -> str:
    """The directory that was asked for without its slash, from where the browser is: whatever address that has."""
    query = scope["query_string"].decode("latin-1")
    return f"{quote(scope['path'].rpartition('/')[2], safe='')}/{'?' if query else ''}{query}"


@cache
def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


if __name__ == "__main__":
    main()
