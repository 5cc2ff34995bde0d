"""What became of a message stands in a file until it is on record: its courier outlives a server that is killed.

The courier writes it when the channel has answered; whoever sent it records it and takes the file away.
A file of a server that is gone is for the next one, which would otherwise have to send the message again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipway.incidents.errand import Outcome
from shipway.state.channels import Channel
from shipway.state.messages import Message

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Carried:
    """A message as it set out to a channel: `lease` names who has it in hand, `turns` is of how many channels
    that one was tried in turn.
    """

    message: Message
    channel: Channel
    turns: int
    lease: str


@dataclass(frozen=True)
class Answers:
    """The files of one installation, in memory: after the machine has stopped nobody knows more than they say."""

    directory: Path

    def wanted(self, carried: Carried) -> Mapping[str, object]:
        """What an order says of where its answer is to be, and with what: all that recording it takes."""
        channel = {name: value for name, value in vars(carried.channel).items() if name != "sealed"}
        carries = {**vars(carried), "message": vars(carried.message), "channel": channel}
        return {"path": str(self._of(carried.message)), "carries": carries}

    def found(self) -> Iterator[tuple[Carried, Outcome]]:
        """Those that are there. One that cannot be read is taken away: another version of Shipway wrote it."""
        for path in self.directory.glob("*.json"):
            try:
                told = json.loads(path.read_bytes())
                yield _carried(told["carries"]), Outcome(**told["answer"])
            except FileNotFoundError:
                continue
            except (ValueError, TypeError, LookupError):
                log.warning("%s says nothing of what became of a message", path)
                path.unlink(missing_ok=True)

    def has(self, message: Message) -> bool:
        """Whether its courier is back, and that is not on record."""
        return self._of(message).exists()

    def forget(self, message: Message) -> None:
        """It is on record."""
        self._of(message).unlink(missing_ok=True)

    def _of(self, message: Message) -> Path:
        return self.directory / f"{message.id}.json"


def _carried(told: Mapping[str, Any]) -> Carried:
    return Carried(
        Message(**told["message"]), Channel(**told["channel"], sealed=b""), told["turns"], str(told["lease"])
    )
