"""The address of an outside Sentry, as its DSN says it: https://KEY@HOST/PROJECT."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_KEY = re.compile(r"[0-9A-Za-z]{1,100}")
_PROJECT = re.compile(r"(/[\w.~-]{1,100}){0,5}/[0-9]{1,20}")


class NoDsn(ValueError):
    """It is none."""


@dataclass(frozen=True)
class Dsn:
    """Where reports are sent, and the key they are sent with."""

    address: str
    key: str


def read(url: str) -> Dsn:
    """https://develop.sentry.dev/sdk/foundations/transport/authentication/ ; raises NoDsn."""
    try:
        parts = urlsplit(url)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError as error:
        raise NoDsn("It is no URL.") from error
    host, key, path = parts.hostname or "", parts.username or "", parts.path.rstrip("/")
    good = parts.scheme in ("http", "https") and host and _KEY.fullmatch(key) and _PROJECT.fullmatch(path)
    if not good or parts.query or parts.fragment:
        raise NoDsn("It is no DSN of Sentry: https://KEY@HOST/PROJECT.")
    before, _, project = path.rpartition("/")
    named = f"[{host}]" if ":" in host else host
    return Dsn(f"{parts.scheme}://{named}{port}{before}/api/{project}/envelope/", key)
