"""Messages in every state that they can be in, for a record that somebody looks at."""

from __future__ import annotations

from dataclasses import replace

from shipway.state import messages
from shipway.state.channels import Channel
from shipway.state.database import Connection
from shipway.state.messages import Draft, Message
from support.receivers import MAIL
from web.scene import Scene

SLACK = replace(MAIL, id="chat", service="Slack")


def say(scene: Scene, person: str, cause: str, kind: str, subject: str, **about: str | None) -> Message:
    """A message that waits, as the record has it; `about` is of what."""
    text = f"{subject}.\n\nNext     Mend it and push again."
    draft = Draft(person, cause, kind, subject, text, scene.now, **about)  # type: ignore[arg-type]
    with scene.database.write() as conn:
        assert messages.write(conn, draft)
        return messages.recent(conn)[0]


def took(scene: Scene, message: Message, channel: Channel = MAIL) -> None:
    """That a channel took it at the first try."""
    with scene.database.write() as conn:
        _try(conn, message)
        messages.sent(conn, message, channel)


def refused(scene: Scene, message: Message, problem: str, times: int = 1, channel: Channel = SLACK) -> None:
    """That a channel did not take it, so often; it is tried again in a minute."""
    with scene.database.write() as conn:
        for _ in range(times):
            _try(conn, message)
            messages.refused(conn, message, channel.service, problem, scene.now + 60)


def _try(conn: Connection, message: Message) -> None:
    now = messages.get(conn, message.id)
    assert now is not None
    assert messages.claim(conn, now, "a courier", now.created + 100.0)
