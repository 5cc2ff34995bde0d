"""An outside service hears every minute that Shipway is well; when it hears nothing, it tells somebody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shipway.environments.secrets import Vault
from shipway.errors import OwnerError
from shipway.incidents import channels as ways
from shipway.state import channels
from shipway.state.database import Database

EVERY = 60.0  # seconds


class PingFailed(OwnerError):
    """The service outside could not be told that Shipway is well."""

    id = "incidents.ping_failed"
    default_hint = "`shipway channels --test ping` tries it now."


@dataclass
class Pulse:
    """Says so while `hung` names nobody, the watchers that do not look any more. `mark` is touched each time."""

    database: Database
    vault: Vault
    hung: Callable[[], Sequence[str]]
    mark: Path

    def beat(self) -> None:
        """Calls the service once, if there is one and all is well; raises PingFailed."""
        with self.database.read() as conn:
            found = channels.of(conn, [ways.PING])
        if not found:
            return
        silent = self.hung()
        if silent:
            raise PingFailed(
                f"Not told outside that Shipway is well, for these watchers hang: {', '.join(silent)}."
            )
        outcome = ways.ping(self.vault, found[0])
        if not outcome.good:
            raise PingFailed(f"The service outside did not take the ping: {outcome.said}")
        self.mark.touch()
