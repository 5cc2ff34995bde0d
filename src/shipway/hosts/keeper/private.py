"""The keeper's directories in memory, for sockets and for secrets in the clear: its own, or not used at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def make_private(directory: Path) -> None:
    """Makes the directory, readable for nobody else, inside one that is this user's as well.

    Above them everybody may write, as in /dev/shm: when both were emptied away (some systems do that when a
    person logs out), somebody else may be first to make them again, or leave a link. Raises PermissionError.
    """
    for one in (directory.parent, directory):
        one.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = one.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise PermissionError(f"{one} is no directory of this user")
        if stat.S_IMODE(found.st_mode) != 0o700:
            one.chmod(0o700)
