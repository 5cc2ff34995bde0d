"""Channels: by which addresses people are reached. Their URLs are secrets, and only an owner sets them.

Whose a channel is, is said by one word:

    ada@example.org    the person with this address in their commits
    *@example.org      everybody there; `{address}` in the URL becomes the person's own
    @ada, @org/team    a name or a team of CODEOWNERS
    ada                who pushes or asks with a token of this name
    owner              the owner of the installation, and whoever has no channel
    ping               no person: the service that hears every minute that Shipway is well
    sentry:shop.prod   no person: the Sentry outside that reports of errors in an environment go on to, by its DSN
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

from shipway.config import names
from shipway.environments.secrets import KeyLost, Vault
from shipway.errors import NotFound, UserError
from shipway.incidents import dsn, errand
from shipway.incidents.blame import OWNER
from shipway.incidents.errand import Outcome
from shipway.state import channels
from shipway.state.channels import Channel
from shipway.state.database import Connection, Database

PING = "ping"
SENTRY = "sentry:"
SEALED = "(channels)"  # what their URLs are bound to; no application can have that name
TEST = 45.0  # seconds; whoever tries a channel waits for it
ADDRESS = "{address}"
LONGEST = 4000  # characters of an URL
EVERYBODY = "*@"
SOMEBODY = "somebody.of.yours@example.org"
"""Whom a channel for everybody is read for, before anybody is to be told."""

ARRIVES = (
    f"Of a mail server: to={ADDRESS}. Of a webhook: ?-who={ADDRESS} stands in the query of the call, "
    f"?:who={ADDRESS} in its JSON, XML or form, ?+who={ADDRESS} among its headers, /{ADDRESS} in its path."
)
KNOWS_AGAIN = ("JSON", "Pager Duty")
"""Services (as Apprise calls them) that know what they took before by its key, so that it can be followed up."""
OPENS_FOR_NEWS = ("Pager Duty",)
"""Those of them that open an incident for whatever they take."""

WELL: Literal["well"] = "well"
FIXED, UPDATED, ENDED, WORSE = "fixed", "updated", "ended", "worse"
"""Kinds of messages that follow up another: the machine lacks nothing more; it is mended; more happened; what
took the other may close it; it is worse now, which nobody may miss."""

BY_HAND, SETTLED = "by hand", "settled"
"""Kinds that may follow up another: a person took the requests away, which is news and no trouble; a person gave
what was frozen all of them, and so it is over."""

HELD, AGAIN = "held", "again"
"""Kinds of news after which it is not over: the quarantine of a commit was to end with what mended it, and has
not; what came on top of a bad commit serves, and has an error of it still."""

ENDS = (FIXED, WELL, ENDED, SETTLED)
NOISE = (UPDATED, ENDED)
"""Kinds that are for what took the other message alone: nobody misses anything without them."""

_WHOSE = re.compile(r"[^\s\x00-\x1f\x7f]{1,200}")
_ADDRESS = re.compile(r"[A-Za-z0-9_+=-]+(?:\.[A-Za-z0-9_+=-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
"""One address and nothing else. An author writes their own: what a service takes for two would lead elsewhere."""


class InvalidChannel(UserError):
    """What was given is no person, or no URL of a service that can be reached."""

    id = "incidents.invalid_channel"
    default_hint = (
        "For example mailto://user:password@smtp.example.org?from=shipway@example.org&to=ada@example.org"
    )


def add(database: Database, vault: Vault, whose: str, url: str, *, private: bool, who: str) -> Channel:
    """Records a channel, its URL encrypted; one with the same URL is replaced. Raises InvalidChannel.

    Nothing is connected to; names are looked up, to refuse what may not lead where it leads.
    """
    whose = spoken(whose)
    service = _service(whose, url, private)

    def seal(channel: str) -> bytes:
        return vault.seal(SEALED, channel, {"url": url})

    with database.write() as conn:
        if whose == PING or whose.startswith(SENTRY):
            for before in channels.of(conn, [whose]):
                channels.remove(conn, before, who)
        same = next((each for each in channels.of(conn, [whose]) if _url(vault, each) == url), None)
        if same is not None:
            return channels.replace(conn, same, private=private, who=who)
        return channels.add(conn, whose=whose, service=service, seal=seal, private=private, who=who)


def _url(vault: Vault, channel: Channel) -> str | None:
    """Its URL; None when the key is lost that it is encrypted with."""
    try:
        return vault.open(SEALED, channel.id, channel.sealed)["url"]
    except KeyLost:
        return None


def remove(database: Database, channel: str, who: str) -> Channel:
    """Takes a channel away; raises NotFound."""
    with database.write() as conn:
        found = _find(conn, channel)
        channels.remove(conn, found, who)
    return found


def test(database: Database, vault: Vault, channel: str, address: str, person: str) -> Outcome:
    """Sends a message that is marked as a test, now; what the channel answered. `address` is the server's own,
    `person` whom a channel for everybody of a domain is tried for, if it says one.
    """
    with database.read() as conn:
        found = _find(conn, channel)
    if found.whose == PING:
        return ping(vault, found)
    if found.whose.startswith(SENTRY):
        return _said_of(forward(vault, found, [_test_report()]))
    if found.whose.startswith(EVERYBODY):
        person = person or found.whose.replace(EVERYBODY, "shipway-test@")
    else:
        person = found.whose
    text = f"This is a test of a channel of {found.whose}. It works.\n\nShipway  {address}\n"
    message_id = f"<{uuid.uuid4().hex}@shipway.invalid>"
    return send(vault, found, person, "[shipway] A test", text, message_id=message_id, limit=TEST)


def send(
    vault: Vault,
    channel: Channel,
    person: str,
    subject: str,
    text: str,
    *,
    message_id: str,
    answers: str = "",
    kind: str = "",
    limit: float = errand.LIMIT,
    courier: errand.Courier | None = None,
    answer: Mapping[str, object] | None = None,
) -> Outcome:
    """Sends by a channel what is meant for a person; takes `limit` seconds at most. Raises KeyLost.

    `kind` is the message's, empty for a test; `answers` the Message-ID of the one that it follows up; `courier` is
    one that is ready, if there is one; `answer` where it leaves what became of it, should nobody be left to hear.
    """
    if channel.whose.startswith(EVERYBODY) and _everybody_with(person) != channel.whose:
        return Outcome(False, f"It is for addresses of {channel.whose} alone.")
    url = vault.open(SEALED, channel.id, channel.sealed)["url"].replace(ADDRESS, quote(person, safe=""))
    order = {
        "act": "send",
        "url": url,
        "private": channel.private,
        "subject": subject,
        "text": text,
        "message_id": message_id,
        "answers": answers,
        "news": _news(kind),
        "answer": answer,
    }
    return errand.run(order, limit, courier)


def _news(kind: str) -> str:
    """What a message of a kind is to a service: trouble, an update or the end of some, one for programs alone, or
    just news.
    """
    if kind == ENDED:
        return "closed"
    if kind in ENDS:
        return "end"
    return {"": "", BY_HAND: "news", HELD: "news", AGAIN: "news", UPDATED: "update"}.get(kind, "trouble")


def ping(vault: Vault, channel: Channel) -> Outcome:
    """Calls the service outside once."""
    url = vault.open(SEALED, channel.id, channel.sealed)["url"]
    return errand.run({"act": "ping", "url": url, "private": channel.private}, 20.0)


def sentry(application: str, environment: str) -> str:
    """Whose the channel is by which reports of an environment go on."""
    return f"{SENTRY}{application}.{environment}"


def forward(vault: Vault, channel: Channel, reports: list[bytes]) -> Outcome:
    """Sends reports of errors (each the JSON of an event) on. What is said is JSON: how many were `taken` and how
    many `refused`, in their order, how many seconds to `wait`, and what was `said` of the last that was not taken.
    """
    url = vault.open(SEALED, channel.id, channel.sealed)["url"]
    order = {
        "act": "forward",
        "url": url,
        "private": channel.private,
        "reports": [one.decode() for one in reports],
    }
    return errand.run(order)


def _said_of(outcome: Outcome) -> Outcome:
    """What became of a test, for people."""
    if not outcome.good:
        return outcome
    told = json.loads(outcome.said)
    return Outcome(told["taken"] == 1, told["said"] or "It took the report.")


def _test_report() -> bytes:
    told = {"event_id": uuid.uuid4().hex, "level": "info", "message": "This is a test of Shipway. It works."}
    return json.dumps(told).encode()


def reaching(conn: Connection, person: str) -> list[Channel]:
    """The channels by which a person is reached, in the order in which they are tried; the owner's come last."""
    names = [name for name in (person, _everybody_with(person)) if name and not person.startswith(EVERYBODY)]
    found = sorted(channels.of(conn, names), key=lambda channel: names.index(channel.whose))
    return found + [channel for channel in channels.of(conn, [OWNER]) if person != OWNER]


def services(conn: Connection) -> set[str]:
    """The services by which people are told of anything."""
    every = channels.every(conn)
    return {each.service for each in every if each.whose != PING and not each.whose.startswith(SENTRY)}


def _everybody_with(person: str) -> str:
    """Everybody of the domain of a person who is known by a plain address; otherwise nobody."""
    return f"{EVERYBODY}{person.rpartition('@')[2]}" if _ADDRESS.fullmatch(person) else ""


def spoken(whose: str) -> str:
    """The word by which a person is known: addresses in small letters."""
    if not _WHOSE.fullmatch(whose) or whose == EVERYBODY:
        raise InvalidChannel(f"{whose!r} is nobody's name.", hint="An address, *@domain, @name, @org/team, owner.")
    if whose.startswith(SENTRY):
        return _environment(whose)
    return whose.lower() if "@" in whose[1:] and not whose.startswith("@") else whose


def _environment(whose: str) -> str:
    application, _, environment = whose.removeprefix(SENTRY).partition(".")
    try:
        return sentry(names.application(application), names.environment(environment))
    except ValueError:
        raise InvalidChannel(
            f"{whose!r} names no environment.", hint="For example sentry:shop.prod: application and environment."
        ) from None


def _find(conn: Connection, channel: str) -> Channel:
    found = channels.find(conn, channel)
    if found is None:
        raise NotFound(f"There is no channel {channel!r}.", hint="`shipway channels` lists them.")
    return found


def _service(whose: str, url: str, private: bool) -> str:
    """What people call the service of an URL, which has to make sense for whose it is, and may lead there."""
    if len(url) > LONGEST or not url.isprintable() or "://" not in url:
        raise InvalidChannel("That is no URL.")
    if whose.startswith(EVERYBODY) != (ADDRESS in url):
        raise _place_of_the_address(whose)
    if whose == PING:
        if not url.startswith(("http://", "https://")):
            raise InvalidChannel("That is no address of the web.", hint="For example https://hc-ping.com/<uuid>.")
        return _read("web", whose, url, private)
    if whose.startswith(SENTRY):
        try:
            dsn.read(url)
        except dsn.NoDsn as error:
            raise InvalidChannel(
                str(error), hint="Sentry shows it in a project's settings: Client Keys."
            ) from error
        _read("web", whose, url, private)
        return "Sentry"
    somebody = SOMEBODY if ADDRESS in url else ""
    return _read("read", whose, url.replace(ADDRESS, quote(somebody, safe="")), private, somebody)


def _read(act: str, whose: str, url: str, private: bool, somebody: str = "") -> str:
    read = errand.run({"act": act, "url": url, "private": private, "address": somebody}, 30.0)
    if read.never:
        allowed = f"`shipway channels '{whose}' --private` allows it, for a server of your own."
        raise InvalidChannel(read.said, hint=allowed)
    if not read.good:
        raise InvalidChannel(read.said, hint=ARRIVES if read.lost else "")
    return read.said


def _place_of_the_address(whose: str) -> InvalidChannel:
    if not whose.startswith(EVERYBODY):
        return InvalidChannel(
            f"{ADDRESS} stands only in the URL of a channel for everybody of a domain.",
            hint="Write the address itself, or add it for everybody: `shipway channels '*@example.org'`.",
        )
    domain = whose.removeprefix(EVERYBODY)
    mail = f"mailtos://user:password@smtp.{domain}?from=shipway@{domain}&to={ADDRESS}"
    return InvalidChannel(
        f"The URL of a channel for everybody of a domain has to contain {ADDRESS}: the address of whom it is for "
        "stands there when something is sent.",
        hint=f"For example {mail}, or jsons://hooks.{domain}/shipway?-who={ADDRESS}. What takes messages for one "
        "person or room is added for them, or for `owner`.",
    )
