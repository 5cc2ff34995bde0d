"""Who was told what: after trouble has found its person, and before that person's next push mends it."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from shipway.incidents import again, heard
from shipway.state import applications, messages
from shipway.state.messages import Message
from shipway.web import told
from shipway.web.call import Call
from shipway.web.pages.rendering import page
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.told import Asked, Part, Told
from shipway.web.words import clock, counted, several

SHOWN = 50
WORDS = {"": "everything", "waiting": "waiting", "sent": "sent", "nowhere": "not sent"}


@dataclass(frozen=True)
class Fate:
    """What became of a message: its state as `icon` and `word`, and what there is to say of it."""

    icon: str
    word: str
    says: str


@dataclass(frozen=True)
class Line:
    """A message in the list."""

    told: Told
    fate: Fate


def message_list(site: Site, call: Call) -> Response:
    """Narrowed down by what stands in the address: application, person, state, commit; `before` goes on."""
    assert call.caller is not None
    asked = Asked.of(call)
    with site.database.read() as conn:
        found = told.part(conn, asked, SHOWN)
        about = {"application": asked.application, "commit": asked.commit, "person": asked.person}
        waiting = messages.how_many_wait(conn, **about)
        people, names = messages.people(conn), [one.name for one in applications.every(conn)]
    return page(
        site,
        call,
        "message_list.html",
        here="installation",
        owner=call.caller.owner,
        asked=asked,
        lines=[Line(one, fate(one.message)) for one in found.told],
        next=found.next,
        states=[(word, asked.but(state=state or None, before=None), state) for state, word in WORDS.items()],
        people=people,
        names=names,
        title=_title(found, waiting, asked),
    )


def send_again(site: Site, call: Call) -> Response:
    """Has it tried now, and leads to what becomes of it."""
    done = again.send_again(site.database, call.place("message"), call.who)
    about = Asked(application=done.application, commit=done.commit if done.application else None)
    those = about if about.commit else Asked(person=done.person)
    return RedirectResponse(f"/messages{those.but()}#m-{done.id}", 303)


def fate(message: Message) -> Fate:
    """What became of a message so far, in words."""
    tried = f"tried {several(message.attempts, 'time')}"
    if message.state == "sent":
        often = f", {tried}" if message.attempts > 1 else ""
        return Fate("passed", "Sent", f"by {heard.by(message)}{often}")
    if message.state == "nowhere":
        return Fate("failed", "Not sent", "no channel leads to them, nor to the owner")
    if not message.problem:
        return Fate("running", "On its way", "")
    again = "tried again now" if message.lease else f"next try {clock(message.next_try)}"
    problem = message.problem.removesuffix(".")
    return Fate("blocked", "Not taken yet", f"{tried}, last by {message.service}: {problem}; {again}")


def _title(found: Part, waiting: int, asked: Asked) -> str:
    if waiting:
        wait = "message waits" if waiting == 1 else "messages wait"
        return f"{counted(waiting).capitalize()} {wait} to be delivered"
    if found.told or asked.narrowed:
        return "No message waits to be delivered"
    return "Nobody had to be told anything"


ROUTES = (
    declare("GET", "/messages", message_list, who="user"),
    declare("POST", "/messages/{message}/again", send_again, who="user"),
)
