"""What tests need of the machine: how to look for it, and the Debian package it comes in.

Run as a program (`make test-deps`) it installs what is missing: the only place that installs system packages.
Standard library only, so that it runs before there is a .venv.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Need:
    """`missing` gives the reason why it is not there, or None; `package` is what apt calls it."""

    missing: Callable[[], str | None]
    package: str | None = None


def program(*names: str) -> Callable[[], str | None]:
    """Any of these on the PATH."""

    def missing() -> str | None:
        return None if any(map(shutil.which, names)) else f"no {' or '.join(names)} on the PATH"

    return missing


def runs(*command: str) -> Callable[[], str | None]:
    """A command that must end with 0: being on the PATH does not say that it works here."""

    def missing() -> str | None:
        if shutil.which(command[0]) is None:
            return f"no {command[0]} on the PATH"
        try:
            done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
        except subprocess.TimeoutExpired:
            return f"{command[0]} does not answer"
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return None if done.returncode == 0 else " ".join([f"{command[0]} does not work here:", *last])

    return missing


def not_root() -> str | None:
    return None if os.getuid() == 0 else "run as an ordinary user"


def no_landlock() -> str | None:
    """Asks the kernel for its version of Landlock (landlock_create_ruleset(2), 444 on every architecture)."""
    version = ctypes.CDLL(None).syscall(444, None, 0, 1)
    return None if version > 0 else "this kernel has no Landlock, or does not allow it"


def no_ptrace() -> str | None:
    """Whether a process may stop a thread of another one that it did not start (ptrace(2), Yama)."""
    yama = Path("/proc/sys/kernel/yama/ptrace_scope")
    closed = yama.exists() and yama.read_text().strip() != "0" and os.getuid() != 0
    return "the kernel lets nobody stop threads of others (kernel.yama.ptrace_scope)" if closed else None


def registry_silent() -> str | None:
    """Asks for one small package the way the builds do: through uv, as it is configured here."""
    uv = Path(sys.executable).with_name("uv")
    try:
        done = subprocess.run(
            [uv, "pip", "compile", "--quiet", "--no-header", "-"],
            input=b"iniconfig\n",
            capture_output=True,
            timeout=60,
            check=False,
        )
    except (subprocess.TimeoutExpired, FileNotFoundError):
        return "the package registry does not answer"
    return None if done.returncode == 0 else "the package registry does not answer"


BUBBLEWRAP = ("bwrap", "--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "--proc", "/proc", "true")

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first is Chromium without its windows: a page takes half of the work that it takes the others."""


def browser() -> str | None:
    """Where the first of BROWSERS is that this machine has."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


NEEDS = {
    "bubblewrap": Need(runs(*BUBBLEWRAP), "bubblewrap"),
    "chromium": Need(program(*BROWSERS), "chromium-headless-shell"),
    "node": Need(runs("node", "--version"), "nodejs"),
    "npm": Need(program("npm"), "npm"),
    "strace": Need(runs("strace", "-o", "/dev/null", "true"), "strace"),
    "landlock": Need(no_landlock),
    "ptrace": Need(no_ptrace),
    "root": Need(not_root),
    "registry": Need(registry_silent),
    "promtool": Need(program("promtool")),
    "prometheus": Need(program("prometheus")),
    "npm-registry": Need(runs("npm", "view", "@sentry/node", "version")),
}

# Not needs of single tests: without them nothing runs at all.
ALWAYS = ("ca-certificates", "git", "python3-venv")

BESIDE = {"chromium": "chromium-headless-shell"}
"""What is installed although the other package would do; apt has both or none."""


@cache
def missing(need: str) -> str | None:
    """Why `need` is not to be had on this machine, or None when it is. Looked for once per process."""
    return NEEDS[need].missing()


def packages_to_install() -> list[str]:
    """Debian packages that are not installed; what is there from elsewhere is not installed again."""
    lacking = (need.package for need in NEEDS.values() if need.package is not None and need.missing() is not None)
    wanted = sorted({*ALWAYS, *lacking})
    names = [*wanted, *BESIDE, *BESIDE.values()]
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *names]
    shown = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    installed = {line.split()[0] for line in shown.splitlines() if line.endswith(" installed")}
    wanted += [better for package, better in BESIDE.items() if package in installed and better not in wanted]
    return [package for package in wanted if package not in installed]


def apt(*arguments: str) -> None:
    command = ["apt-get", *arguments]
    print("+", " ".join(command), flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=True)


def install() -> str | None:
    """Installs what is missing and says what it does; returns why it cannot."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-query") is None:
        return "make test-deps knows apt only (Debian, Ubuntu); tests list at their end what they lacked."
    packages = packages_to_install()
    if not packages:
        print("make test-deps: every system package the tests need is installed.")
        return None
    print("make test-deps: about to install with apt:", " ".join(packages), flush=True)
    if os.getuid() != 0:
        return "make test-deps: only root may install packages. Run: sudo make test-deps"
    apt("update", "--quiet")
    apt("install", "--quiet", "--yes", "--no-install-recommends", *packages)
    return None


if __name__ == "__main__":
    try:
        sys.exit(install())
    except subprocess.CalledProcessError as failure:
        sys.exit(f"make test-deps: apt ended with {failure.returncode}; its own lines above say why.")
