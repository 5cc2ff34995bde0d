"""What every room has: the system's programs, a few files of /etc, Python and uv."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from shipway.hosts.sandbox.room import Mount

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
ETC = (
    "alternatives", "ca-certificates", "debian_version", "fonts", "gai.conf", "group", "host.conf", "hosts",
    "java-*", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types", "nsswitch.conf",
    "os-release", "passwd", "pip.conf", "pki/ca-trust", "pki/tls/cert.pem", "pki/tls/certs", "protocols",
    "resolv.conf", "services", "ssl/cert.pem", "ssl/certs", "ssl/openssl.cnf", "timezone", "uv",
)  # fmt: skip
INSTALLATION = ("bin", "include", "lib", "lib64", "openssl")


def base_mounts(*pythons: Path) -> tuple[Mount, ...]:
    """The system read-only, without anything private to the machine; this Python, `pythons`, and uv.

    Of /etc only files that everybody may read, because as root the command still is root to the files it
    sees. Of a Python outside the system only its installation, never the home directory around it.
    """
    return (
        *_mounts(map(Path, SYSTEM)),
        *_mounts(path for name in ETC for path in Path("/etc").glob(name) if _public(path)),
        *_pythons({Path(sys.executable), *pythons}),
        *_mounts(_uv()),
    )


def _mounts(paths: Iterable[Path]) -> tuple[Mount, ...]:
    return tuple(Mount(path, str(path)) for path in paths if path.exists())


def _public(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & 0o004)
    except OSError:
        return False


def _pythons(pythons: set[Path]) -> tuple[Mount, ...]:
    prefixes = sorted({prefix for python in pythons for prefix in _prefixes(python)})
    return tuple(
        Mount(prefix.resolve() / part, str(prefix / part))
        for prefix in prefixes
        for part in INSTALLATION
        if not prefix.is_relative_to("/usr") and (prefix / part).exists()
    )


def _prefixes(python: Path) -> list[Path]:
    """Where this Python is installed, under every name that a link to it goes through.

    uv names an installation by its minor version, which is a link to the one with the patch version.
    """
    prefix = python.resolve().parent.parent
    hops = [python]
    while hops[-1].is_symlink():
        hops.append(Path(os.path.normpath(hops[-1].parent / hops[-1].readlink())))
    return [prefix, *(hop.parent.parent for hop in hops if hop.parent.parent.resolve() == prefix)]


def _uv() -> list[Path]:
    """The one file, not its directory: that is often a virtual environment's or a person's own."""
    beside = Path(sys.executable).parent / "uv"
    found = beside if beside.exists() else shutil.which("uv")
    return [Path(found)] if found is not None else []
