"""Runs a command with less than its starter has; a script, started by path: `confine.py WORD... -- ARGV...`.

Words: cwd=, tmp= (a directory of its own for temporary files), dies (with its parent), read=, write=. With
any of the last two the command may open those paths only, by Landlock (Linux 5.13; system calls have the
same numbers on every architecture since 5.1). Nothing but the standard library, and little of it: this is
on the way of every start.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 24, 38
SIGKILL = 9
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE, IOCTL_DEVICE = (1 << bit for bit in (0, 1, 2, 3, 14, 15))
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE
READING = EXECUTE | READ_FILE | READ_DIR
KNOWN_RIGHTS = {1: 1 << 13, 2: 1 << 14, 3: 1 << 15, 4: 1 << 15}  # by version of Landlock; later ones: 1 << 16
OWN_SOCKETS_AND_SIGNALS = 3
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts")

libc = ctypes.CDLL(None, use_errno=True)


def main(words: list[str]) -> None:
    end = words.index("--")
    options = [word.partition("=")[::2] for word in words[:end]]
    named = dict(options)
    os.makedirs(named["tmp"], mode=0o700, exist_ok=True)
    os.environ["TMPDIR"] = os.environ["HOME"] = named["tmp"]
    os.chdir(named["cwd"])
    give_up_rights(dies="dies" in named)
    if "read" in named or "write" in named:
        confine([(path, kind == "write") for kind, path in options if kind in ("read", "write")], named["tmp"])
    os.execvp(words[end + 1], words[end + 1 :])


def give_up_rights(*, dies: bool) -> None:
    """No new rights by set-uid programs, and for root no capabilities from the next exec on."""
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    if dies:
        libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)


def confine(paths: list[tuple[str, bool]], temporary: str) -> None:
    """From here on this process and all it starts open nothing but `paths` (True: writable)."""
    version = checked(libc.syscall(CREATE_RULESET, None, 0, 1))
    everything = KNOWN_RIGHTS.get(version, 1 << 16) - 1
    ruleset = create(everything, version)
    for path, writable in [*paths, (temporary, True), ("/proc", False)]:
        allow(ruleset, path, everything if writable else READING)
    for device in DEVICES:
        allow(ruleset, f"/dev/{device}", everything & (READING | WRITE_FILE | IOCTL_DEVICE))
    checked(libc.syscall(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def create(everything: int, version: int) -> int:
    """Since version 6 the command may also not signal others, nor reach their abstract sockets."""
    words = [everything, 0, OWN_SOCKETS_AND_SIGNALS][: 3 if version >= 6 else 1]
    attributes = (ctypes.c_uint64 * len(words))(*words)
    return checked(libc.syscall(CREATE_RULESET, attributes, ctypes.sizeof(attributes), 0))


def allow(ruleset: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not os.path.isdir(path):
        rights &= ON_FILES
    rule = rights.to_bytes(8, sys.byteorder) + opened.to_bytes(4, sys.byteorder)
    checked(libc.syscall(ADD_RULE, ruleset, 1, rule, 0))
    os.close(opened)


def checked(result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"Landlock: {os.strerror(error)}")
    return result


if __name__ == "__main__":
    main(sys.argv[1:])
