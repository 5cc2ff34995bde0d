"""Who heard of it, in words: the person a message is for, or the owner in their place."""

from __future__ import annotations

from shipway.incidents.blame import OWNER
from shipway.incidents.channels import AGAIN, BY_HAND, ENDED, FIXED, HELD, SETTLED, UPDATED, WELL, WORSE
from shipway.state.messages import Message

TOLD = {
    UPDATED: "told what is new of it",
    WORSE: "told that it is worse",
    ENDED: "told that it is over",
    BY_HAND: "told who took it back",
    SETTLED: "told how it was decided",
    FIXED: "told that it is mended",
    HELD: "told that its quarantine goes on",
    AGAIN: "told that it came again",
    WELL: "told that it is well again",
}


def instead(message: Message) -> bool:
    """Whether the owner's channel took it, because none of its person's did."""
    return message.state == "sent" and message.reached == OWNER != message.person


def who(message: Message) -> str:
    """Who heard of it, or is to."""
    return OWNER if instead(message) else message.person


def told(message: Message) -> str:
    """`ada was told`, or `owner was told that it is worse, for ada`."""
    verb = "was" if message.state == "sent" else "is to be"
    by = f", for {message.person}" if instead(message) else ""
    return f"{who(message)} {verb} {TOLD.get(message.kind, 'told')}{by}"


def by(message: Message) -> str:
    """What took it: `Slack`, or `the owner's Slack`."""
    return f"the owner's {message.service}" if instead(message) else message.service
