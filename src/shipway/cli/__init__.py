"""What a person types: `shipway <verb>`, a file per stage, in the order of the story."""

from __future__ import annotations

import sys


def main() -> None:
    """The entry point of the `shipway` command."""
    from shipway.cli.app import run  # noqa: PLC0415 - nothing is imported before there is something to do

    sys.exit(run())
