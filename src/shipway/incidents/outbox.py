"""Messages are sent, however often it takes, and a slow channel delays nobody else, nor do five of them.

1. A message whose time has come is claimed by a conditional update, for a courier and for a limited time.
2. The courier takes it to one channel of its person. Of all channels eight are on their way at once, of one
   channel two, and only one once four are: so up to five channels that hang leave room for others.
3. What became of it the courier leaves in a file until it is recorded. A server that dies before that leaves its
   couriers on their way: the next one waits for them, and so says nothing twice (BARS R24). A courier that dies
   leaves a claim of processes that are gone: its one message is sent again at once, with the same Message-ID.

The first channel alone is tried for a quarter of an hour; after each further one the next joins in, the owner's
last. One that our own rule refuses, for where it leads, is passed over for as long. What a channel takes brings
two along that it refused before: so all goes out when it answers again, and one that counts is not flooded.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from shipway.environments.secrets import Vault
from shipway.errors import ShipwayError
from shipway.incidents import channels, errand, follow
from shipway.incidents.answers import Answers, Carried
from shipway.incidents.blame import OWNER
from shipway.incidents.errand import Outcome
from shipway.pushes import processes
from shipway.state import messages
from shipway.state.channels import Channel
from shipway.state.database import Connection, Database
from shipway.state.messages import Message

log = logging.getLogger(__name__)

LATE = 15 * 60.0
"""Seconds after which a message that no channel took is shown on the pages, and the next channel tried too."""

FIRST_PAUSE, A_MINUTE = 2.0, 60.0  # seconds between two tries; each is twice the one before
SOON = 3.0  # seconds before its time in which a message has a courier that is ready
LINGERS = 10.0  # seconds after a decision over a release in which there is one as well, as its message is due soon
AT_ONCE, AT_ONCE_EACH, BUSY = 8, 2, 4
"""Couriers; those of one channel; and how many there are when one of a channel has to do."""


@dataclass
class Outbox:
    """Sends what waits; `name` is the installation's, and part of the Message-ID. While somebody is `deciding`
    over a release a message may be wanted at any moment. `answers` are what couriers leave.
    """

    database: Database
    vault: Vault
    name: str
    answers: Answers
    limit: float = errand.LIMIT
    clock: Callable[[], float] = time.time
    deciding: Callable[[], bool] = lambda: False
    _me: str = field(default_factory=lambda: processes.identity(os.getpid()))
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _busy: Counter[str] = field(default_factory=Counter)
    _in_hand: set[str] = field(default_factory=set)  # messages whose couriers are waited for here
    _refused: dict[Channel, float] = field(default_factory=dict)  # until when it is passed over
    _ready: errand.Courier | None = None
    _decided: float = 0.0
    _turned_away: dict[str, dict[str, None]] = field(default_factory=dict)  # by channel, the longest ago first
    _couriers: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(AT_ONCE, thread_name_prefix="courier")
    )

    def look(self) -> None:
        """Sends couriers with everything whose time has come, as far as there are any; does not wait for them."""
        self._record_what_was_left()
        now = self.clock()
        with self.database.read() as conn:
            due = [message for message in messages.waiting(conn, now) if self._free(message, now)]
            reaching = {person: channels.reaching(conn, person) for person in {message.person for message in due}}
            ways = [_ways(conn, reaching[message.person], message) for message in due]
        for message, theirs in zip(due, ways, strict=True):
            turns = in_turn(self._working(theirs, now), message, now)
            if not turns:
                self._give_up(message)
                continue
            channel = next(filter(self._take, turns), None)
            if channel is not None:
                self._begin(channel, message, now, len(turns))
        with self.database.read() as conn:
            soon = self._wanted_soon(conn, now)  # not for what was claimed just now: that has one
        self._keep_ready(soon)

    def close(self) -> None:
        """Waits for the couriers that are on their way."""
        self._couriers.shutdown()
        self._keep_ready(set())

    def _record_what_was_left(self) -> None:
        """Where the server is gone that had a message in hand, or could not write when its courier came back."""
        for carried, outcome in self.answers.found():
            server = carried.lease.partition(" ")[0]
            with self._guard:
                theirs = carried.message.id in self._in_hand or (server != self._me and processes.lives(server))
            if not theirs:
                self._record_or_say(carried, outcome)

    def _wanted_soon(self, conn: Connection, now: float) -> set[str]:
        """The services that a courier may be needed for soon, to tell somebody who is there to be told."""
        if self.deciding():
            self._decided = now
        if 0 <= now - self._decided < LINGERS:
            return channels.services(conn)
        people = messages.awaited(conn, now, now + SOON)
        return {channel.service for person in people for channel in channels.reaching(conn, person)}

    def _keep_ready(self, services: set[str]) -> None:
        """One courier, so that what is wanted soon need not wait for it as well."""
        usable = self._ready is not None and self._ready.poll() is None
        if not (services and usable) and (idle := self._the_ready_one()) is not None:
            errand.dismiss(idle)
        if services and not usable:
            self._ready = errand.ready(services)

    def _the_ready_one(self) -> errand.Courier | None:
        """For one message: it is ready no more."""
        with self._guard:
            taken, self._ready = self._ready, None
        return taken

    def _free(self, message: Message, now: float) -> bool:
        """Whether nobody sends it: nobody ever did, their time is up, or all are dead; and no answer is left."""
        in_time = now < message.lease_until < now + 2 * self.limit  # further off: the clock has stepped back
        if in_time and any(each == self._me or processes.lives(each) for each in message.lease.split()):
            return False
        return not (message.lease and self.answers.has(message))

    def _working(self, ways: list[Channel], now: float) -> list[Channel]:
        """Without those that our own rule refused a short while ago, unless there are no others."""
        return [each for each in ways if not now < self._refused.get(each, 0.0) <= now + LATE] or ways

    def _give_up(self, message: Message) -> None:
        give_up = messages.drop if message.kind in channels.NOISE else messages.nowhere
        with self.database.write() as conn:
            give_up(conn, message)

    def _take(self, channel: Channel) -> bool:
        with self._guard:
            every = self._busy.total()
            if every >= AT_ONCE or self._busy[channel.id] >= (AT_ONCE_EACH if every < BUSY else 1):
                return False
            self._busy[channel.id] += 1
            return True

    def _begin(self, channel: Channel, message: Message, now: float, turns: int) -> None:
        """Whatever comes in between, the place on the channel is free again: by the courier, or here."""
        courier, begun = None, False
        try:
            courier = self._courier_to(channel)
            carried = Carried(message, channel, turns, self._lease(courier))
            with self.database.write() as conn:
                claimed = messages.claim(conn, message, carried.lease, now + self.limit + 10.0)
            if claimed:
                self._decided = 0.0
                self._in_hand.add(message.id)
                self._couriers.submit(self._carry, carried, courier)
                begun = True
        finally:
            if not begun:
                self._leave(channel, message)
                if courier is not None:
                    errand.dismiss(courier)

    def _lease(self, courier: errand.Courier) -> str:
        """In whose hand it is; a courier that is dead already says so by saying nothing, and that is recorded."""
        try:
            return f"{self._me} {processes.identity(courier.pid)}"
        except OSError:
            return self._me

    def _courier_to(self, channel: Channel) -> errand.Courier:
        idle = self._the_ready_one()
        if idle is not None and idle.poll() is None:
            return idle
        if idle is not None:
            errand.dismiss(idle)
        return errand.ready({channel.service})

    def _carry(self, carried: Carried, courier: errand.Courier) -> None:
        channel, message = carried.channel, carried.message
        try:
            outcome = self._send(carried, courier)
            if outcome.never:
                self._refused[channel] = self.clock() + LATE
            self._record_or_say(carried, outcome)
        except Exception:
            log.exception("message %s could not be sent; its claim ends by itself", message.id)
        finally:
            self._leave(channel, message)

    def _record_or_say(self, carried: Carried, outcome: Outcome) -> None:
        """What cannot be recorded keeps nobody else's message back: its answer stays for the next look."""
        try:
            self._record(carried, outcome)
        except Exception:
            log.exception("what became of message %s is not on record yet", carried.message.id)

    def _record(self, carried: Carried, outcome: Outcome) -> None:
        """Unless the message is in another's hand by now: then that is what counts."""
        message = carried.message
        with self.database.write() as conn:
            known = messages.get(conn, message.id)
            if known is not None and known.lease == carried.lease:
                self._note(conn, carried, outcome)
        self.answers.forget(message)

    def _note(self, conn: Connection, carried: Carried, outcome: Outcome) -> None:
        channel, message = carried.channel, carried.message
        if outcome.good:
            newer = messages.sent(conn, message, channel)
            if newer is not None:
                follow.after(conn, message, newer)
            messages.hasten(conn, self._brought_along(channel, message), self.clock())
        else:
            next_try = self.clock() + _pause(message, self.clock(), carried.turns)
            messages.refused(conn, message, channel.service, outcome.said, next_try)
            self._turn_away(channel, message)

    def _send(self, carried: Carried, courier: errand.Courier) -> Outcome:
        channel, message = carried.channel, carried.message
        with self.database.read() as conn:
            first = messages.thread(conn, message)
        try:
            return channels.send(
                self.vault,
                channel,
                message.person,
                message.subject,
                addressed(channel, message),
                message_id=self._id(message.id),
                answers=self._id(first) if first else "",
                kind=message.kind,
                limit=self.limit,
                courier=courier,
                answer=self.answers.wanted(carried),
            )
        except ShipwayError as error:
            return Outcome(False, error.message)
        finally:
            if courier.poll() is None:  # it was not needed after all
                errand.dismiss(courier)

    def _id(self, message: str) -> str:
        """The Message-ID of a message, always the same (RFC 5322)."""
        return f"<{message}@{self.name}.shipway.invalid>"

    def _turn_away(self, channel: Channel, message: Message) -> None:
        with self._guard:
            line = self._turned_away.setdefault(channel.id, {})
            line.pop(message.id, None)
            line[message.id] = None

    def _brought_along(self, channel: Channel, message: Message) -> list[str]:
        """Those that a channel, which took this one, turned away the longest ago."""
        with self._guard:
            for line in self._turned_away.values():
                line.pop(message.id, None)
            line = self._turned_away.get(channel.id, {})
            along = list(line)[:AT_ONCE_EACH]
            for each in along:
                del line[each]
        return along

    def _leave(self, channel: Channel, message: Message) -> None:
        with self._guard:
            self._busy[channel.id] -= 1
            self._in_hand.discard(message.id)


def _pause(message: Message, now: float, turns: int) -> float:
    """Seconds until the next try: soon at first, then each minute, and after hours every other. Of several
    channels that are tried in turn each is tried as often.
    """
    longest = min(max(A_MINUTE, (now - message.created) / 200), messages.LONGEST_PAUSE)
    return min(FIRST_PAUSE * float(1 << min(message.attempts, 20)), longest) / turns


def _ways(conn: Connection, reaching: list[Channel], message: Message) -> list[Channel]:
    """What may take it. That somebody waits for the machine is nothing for a channel of the owner, where that one
    is told of the same trouble as what holds up the same commit.
    """
    waits = message.kind == "machine" and message.person != OWNER
    if waits and all(each.whose == OWNER for each in reaching):
        told = messages.said(conn, OWNER, message.cause)
        reaching = [] if told is not None and told.commit == message.commit else reaching
    return may_take(reaching, message, _taker(conn, message))


def may_take(ways: list[Channel], message: Message, taker: str) -> list[Channel]:
    """What follows up another message goes first to the channel that took that one, whose id is `taker`; what
    would be noise to anything else, to no other.
    """
    if message.kind in channels.NOISE:
        return [each for each in ways if each.id == taker and each.service in channels.KNOWS_AGAIN]
    return sorted(ways, key=lambda channel: channel.id != taker)


def _taker(conn: Connection, message: Message) -> str:
    """The id of the channel that took what a message follows up; empty if it follows up none."""
    first = messages.get(conn, message.answers) if message.answers else None
    return "" if first is None else messages.taker(conn, first)


def in_turn(ways: list[Channel], message: Message, now: float) -> list[Channel]:
    """The channels that may be tried by now, the one whose turn it is first. A busy one loses its turn: what is
    late enough for a second channel is not kept waiting by a first that hangs.
    """
    if not ways:
        return []
    joined = min(len(ways), 1 + max(0, int((now - message.created) / LATE)))
    turn = (message.attempts + joined - 1) % joined
    return ways[turn:joined] + ways[:turn]


def addressed(channel: Channel, message: Message) -> str:
    """The text; when it comes by another's channel, with the name of whom it is for."""
    if channel.whose == OWNER != message.person:
        return f"This is for {message.person}, who has no channel that works.\n\n{message.text}"
    return message.text
