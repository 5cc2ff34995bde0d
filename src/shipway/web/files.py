"""Style sheets, scripts and fonts, under an address that changes when any of them does."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}


class Files:
    """What pages are made of, some 150 kB, read once: nothing else can be asked for by any name."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self.contents = contents
        parts = [part for name in sorted(contents) for part in (name.encode(), contents[name])]
        self.version = hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]

    @classmethod
    def of(cls, directory: Path) -> Files:
        found = (path for path in directory.rglob("*") if path.suffix in KINDS)
        return cls({path.relative_to(directory).as_posix(): path.read_bytes() for path in found})

    def address(self, name: str) -> str:
        """Where a page finds the file called `name`, which must exist."""
        if name not in self.contents:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"
