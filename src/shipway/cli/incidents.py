"""Who is told, and what they were told: channels, messages."""

from __future__ import annotations

import sys
from getpass import getpass
from typing import Annotated, Any, Literal

import typer

from shipway.cli import here, show
from shipway.cli.options import App, AsJson, Verb
from shipway.cli.server import Server
from shipway.errors import NotFound
from shipway.web.words import clock, plain, several

State = Literal["waiting", "sent", "nowhere"]
Private = Annotated[
    bool,
    typer.Option("--private", help="It may lead to addresses that are not public: a mail server of your own."),
]


def channels(
    whose: Annotated[
        str | None,
        typer.Argument(
            help="Whose channel to add: an e-mail address, *@example.org for everybody there, @name or @org/team "
            "of CODEOWNERS, owner, ping, or sentry:APPLICATION.ENVIRONMENT for a Sentry outside that reports "
            "of errors go on to. Its URL (the DSN) is asked for, or read from stdin."
        ),
    ] = None,
    private: Private = False,
    test: Annotated[
        str | None, typer.Option("--test", help="Send a test by this channel, or by all of this person.")
    ] = None,
    remove: Annotated[str | None, typer.Option("--remove", help="Take this channel away.")] = None,
    as_json: AsJson = False,
) -> int:
    """List by which channels people are told, add one, test it, remove it; URLs are never shown again."""
    server = Server.find()
    if remove is not None:
        answer = server.delete(f"/channels/{remove}")
        show.as_json(answer) if as_json else print(f"{remove} is gone.")
    elif test is not None:
        return _test(server, test, as_json)
    elif whose is not None:
        made = server.post("/channels", {"whose": whose, "url": _url(), "private": private})
        told = f"{made['whose']} is reached by {made['service']}. `shipway channels --test {made['id']}` tries it."
        show.as_json(made) if as_json else print(told)
    else:
        _list(server.get("/channels")["channels"], as_json)
    return 0


def messages(
    commit: Annotated[str | None, typer.Argument(help="Of this commit only; by default of all.")] = None,
    app: App = None,
    person: Annotated[str | None, typer.Option("--person", help="To this person only.")] = None,
    state: Annotated[
        State | None,
        typer.Option(
            "--state", help="Only those in this state: no channel took them yet, one did, none leads there."
        ),
    ] = None,
    before: Annotated[
        str | None, typer.Option("--before", help="Only those older than the message with this id.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="How many to list.", min=1, max=500)] = 50,
    full: Annotated[bool, typer.Option("--full", help="With their texts.")] = False,
    again: Annotated[
        str | None,
        typer.Option(
            "--again", help="Send the message with this id again, now: one that no channel took or led to."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Who was told what, when, by which channel; and what could not be delivered yet, and why."""
    if again is not None:
        done = Server.find().post(f"/messages/{again}/again")
        told = f"{_plain(done['subject'])}\nTo {_plain(done['person'])}, {_became(done)}."
        show.as_json(done) if as_json else print(told)
        return
    asked: dict[str, Any] = {"person": person, "state": state, "before": before}
    if commit is not None:
        asked |= {"application": here.application(app), "commit": here.commit(commit)}
    elif app is not None:
        asked |= {"application": app}
    narrowed = {name: value for name, value in asked.items() if value is not None}
    server = Server.find()
    answer = server.get("/messages", limit=limit, **narrowed)
    found = answer["messages"]
    if as_json:
        show.as_json(found)
    elif full:
        for each in found:
            print(_plain(f"{each['subject']}\nTo {each['person']}, {_how(each)}\n\n{each['text']}\n"))
    else:
        rows = [
            (show.ago(each["created"]), *map(_plain, (each["person"], each["subject"], _how(each))))
            for each in found
        ]
        empty = "Nobody had to be told anything."
        if narrowed and not rows:
            empty = _none_like_that(server, person)
        show.table(("", "who", "what", ""), rows, empty=empty)
    if answer["next"] is not None and not as_json:
        print(f"There are older ones: `--before {answer['next']}` goes on.")


def _none_like_that(server: Server, person: str | None) -> str:
    if person is not None and not server.get("/messages", person=person, limit=1)["messages"]:
        return f"Nobody called {person!r} was ever told anything."
    return "No message is like that."


def _test(server: Server, named: str, as_json: bool) -> int:
    known = server.get("/channels")["channels"]
    chosen = [each for each in known if named in (each["id"], each["whose"])]
    person, _, domain = named.rpartition("@")
    if person and not chosen:
        chosen = [each for each in known if each["whose"] == f"*@{domain}".lower()]
    if not chosen:
        raise NotFound(f"There is no channel {named!r}.", hint="`shipway channels` lists them.")
    whom = {"person": named} if person and person != "*" else {}
    tried = [{**each, **server.post(f"/channels/{each['id']}/test", whom)} for each in chosen]
    if as_json:
        show.as_json(tried)
    else:
        for each in tried:
            said = f"{each['whose']} by {each['service']}: {each['said']}"
            print(f"{'✓' if each['good'] else '✗'} {_plain(said)}")
    return 0 if all(each["good"] for each in tried) else 1


def _url() -> str:
    if sys.stdin.isatty():
        return getpass("URL (it is not shown): ").strip()
    return sys.stdin.readline().strip()


def _list(found: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        show.as_json(found)
        return
    rows = [(each["whose"], each["service"], each["id"], _remark(each), each["who"]) for each in found]
    empty = "Nobody is told anything: `shipway channels owner` adds a channel for the owner."
    columns = ("whose", "by", "channel", "", "added by")
    show.table(columns, rows, empty=empty, typed=("whose", "channel"))


def _remark(channel: dict[str, Any]) -> str:
    """Whether it may lead inside; of one by which reports go on, how many did."""
    inside = ["may lead inside"] if channel["private"] else []
    if "forwarding" not in channel:
        return "".join(inside)
    told = channel["forwarding"]
    counts = [f"{told[name]} {name}" for name in ("forwarded", "waiting", "lost") if told[name]]
    return _plain(", ".join([*inside, *(counts or ["nothing forwarded yet"]), *filter(None, [told["problem"]])]))


def _plain(text: str) -> str:
    """The lines of what others wrote, without what would steer a terminal."""
    return "\n".join(map(plain, text.split("\n")))


def _how(message: dict[str, Any]) -> str:
    word = f"{message['follows']}, " if message["follows"] else ""
    untaken = message["state"] == "nowhere" or (message["state"] == "waiting" and message["problem"])
    return word + _became(message) + (f"; `--again {message['id']}` sends it now" if untaken else "")


def _became(message: dict[str, Any]) -> str:
    if message["state"] == "sent":
        return f"sent by {message['by']} {show.ago(message['sent'])}"
    if message["state"] == "nowhere":
        return "not sent: no channel"
    if message["problem"]:
        often = several(message["attempts"], "time")
        return f"tried {often}, last by {message['service']}: {message['problem']}; {_again(message)}"
    return "on its way"


def _again(message: dict[str, Any]) -> str:
    return f"next try {clock(message['next_try'])}"


VERBS: dict[str, Verb] = {"channels": channels, "messages": messages}
