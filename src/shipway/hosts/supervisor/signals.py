"""Signals as something to wait for beside the output."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` puts enumerations around it: 9 ms of start
import os

CHUNK = 4096


class Signals:
    """SIGTERM says to cancel; SIGCHLD that something has ended. `arrives` can be read when there is one."""

    def __init__(self) -> None:
        self.cancelled = False
        self.arrives, wake = os.pipe()
        os.set_blocking(self.arrives, False)
        os.set_blocking(wake, False)
        _signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        _signal.signal(_signal.SIGCHLD, lambda *_: None)
        _signal.signal(_signal.SIGTERM, self._cancel)

    def _cancel(self, *_: object) -> None:
        self.cancelled = True

    def take(self) -> None:
        os.read(self.arrives, CHUNK)


def end_on_broken_pipes() -> None:
    """As programs expect; Python ignores SIGPIPE, and what is ignored stays so in what it starts."""
    _signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)
