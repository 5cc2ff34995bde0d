"""What of this machine's own settings a networked step or a build is given: where packages come from.

Everything else in the environment of the server, its secrets above all, stays outside.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from shipway.hosts.disguises import SHORTEST
from shipway.hosts.sandbox import Mount

SETTINGS = re.compile(
    r"PIP_(INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|TRUSTED_HOST|CERT|PROXY|DEFAULT_TIMEOUT)"
    r"|UV_(DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|INDEX_STRATEGY|INSECURE_HOST"
    r"|HTTP_TIMEOUT|HTTP_RETRIES|SYSTEM_CERTS|NATIVE_TLS|INDEX_[A-Z0-9_]+_(USERNAME|PASSWORD))"
    r"|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|(NPM_CONFIG|npm_config)_registry"
    r"|(HTTPS?|ALL|NO)_PROXY|(https?|all|no)_proxy"
)
FILES = re.compile(r"PIP_(INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|CERT)|UV_.*(INDEX|LINKS).*|SSL_CERT_.*|NODE_.*")
SYSTEM_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


def settings(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of `env` (the server's own) that say where packages come from and whom to trust."""
    env = os.environ if env is None else env
    found = {name: value for name, value in env.items() if SETTINGS.fullmatch(name) and value}
    if SYSTEM_BUNDLE.exists():
        found.setdefault("UV_SYSTEM_CERTS", "1")  # uv otherwise trusts only the bundle it was built with
    return found


def files(found: Mapping[str, str]) -> tuple[Mount, ...]:
    """The directories and files of this machine that the settings name, read-only."""
    named = {path for name, value in found.items() if FILES.fullmatch(name) for path in _paths(value)}
    return tuple(Mount(path, str(path)) for path in sorted(named) if path.exists() and not _in_every_room(path))


def secrets(found: Mapping[str, str]) -> list[str]:
    """The passwords in the settings, which no log may show; too short ones cannot be masked."""
    passwords = [value for name, value in found.items() if name.endswith("_PASSWORD")]
    for value in found.values():
        passwords += [unquote(word) for word in re.findall(r"://[^/\s:@]*:([^/\s@]+)@", value)]
    return sorted({password for password in passwords if len(password.strip()) >= SHORTEST})


def _paths(value: str) -> Iterator[Path]:
    for word in re.split(r"[\s,]+", value):
        path = unquote(urlsplit(word).path) if word.startswith("file://") else word
        if path.startswith("/") and path != "/":
            yield Path(path)


def _in_every_room(path: Path) -> bool:
    return any(path.is_relative_to(there) for there in ("/usr", "/etc/ssl/certs"))
