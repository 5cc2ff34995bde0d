"""What a person types: `shipway <verb>`, a file per stage, in the order of the story."""

from __future__ import annotations

import os
import sys
import threading

UNHEARD = 1  # the exit code when nobody read on: click's own, where more was printed than a pipe takes at once


def main() -> None:
    """The entry point of the `shipway` command; it ends quietly when nobody reads on, as behind `| head`."""
    from shipway.cli.app import run  # noqa: PLC0415 - nothing is imported before there is something to do

    code = run()
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):  # there is none where it was closed, as by `2>&-`
            stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left goes nowhere
        code = code or UNHEARD
    if threading.active_count() > 1:
        sys.exit(code)  # others are not done
    os._exit(code)  # to take apart what was loaded would be a quarter of the processor's time of a command
