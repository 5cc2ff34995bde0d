"""A message that nobody took is sent again because a person asks for it."""

from __future__ import annotations

import time

from shipway.errors import NotFound, UserError
from shipway.state import messages
from shipway.state.database import Database
from shipway.state.messages import Message


class AlreadySent(UserError):
    """A channel took the message: nobody is told the same thing twice."""

    id = "incidents.already_sent"
    default_hint = "Its text stands at /messages, and `shipway messages --full` prints it."
    status = 409


def send_again(database: Database, message: str, who: str) -> Message:
    """Has a message tried now that no channel took yet, or that none led to; who asked for it is recorded.

    One that is on its way this moment is left alone. Raises NotFound, and AlreadySent once a channel took it.
    """
    with database.write() as conn:
        known = messages.get(conn, message)
        if known is None:
            raise NotFound(f"There is no message {message!r}.", hint="`shipway messages` lists them.")
        if known.state == "sent":
            raise AlreadySent(f"{known.service} took this message.")
        messages.again(conn, known, time.time(), who)
        return messages.get(conn, message) or known
