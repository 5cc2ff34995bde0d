"""One message to one channel, in a process of its own: a channel that hangs, hangs nobody else.

    python -m shipway.incidents.courier [SERVICE]...    reads an order as JSON, says in one what became of it

What knows the services that are named is loaded before it has its order. An order may say where to leave what
became of it: who carries such a one goes on when nobody is left who would hear.

Apprise knows the services and is loaded here alone. E-mail is sent by Python itself, from an URL that Apprise has
read: Apprise makes up the Message-ID of a mail, and ours has to be the same whenever a message is sent again.

Who sets an URL is an owner; yet a name may lead anywhere, today or tomorrow, and so may a redirect. Each address
is looked at in the moment in which it is connected to, and one that is not public is refused unless the owner has
said that this channel may lead inside (BARS S19). Redirects are not followed.
"""

from __future__ import annotations

import contextlib
import gc
import gzip
import http
import http.client
import importlib
import importlib.util
import json
import os
import re
import smtplib
import socket
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, localtime
from typing import Any
from urllib.parse import unquote, urlsplit

from shipway.hosts import reach
from shipway.incidents import dsn, mail

PATIENCE = 75.0
"""Seconds that a service may take to answer; the slowest that is borne takes a minute."""

PING_PATIENCE = 10.0
PROGRAM = __file__
LOOK_UP = 3.0
"""Seconds in which a name has to be found to be looked at when its channel is added."""

SHORTEST = 4  # characters of an URL's part that are masked in what a service answered
WIDE = 200
"""Characters of a header's line: a subject that is folded right after `Subject:` is shown as none by some."""

EMAIL = "E-mail"
SCHEMES = {EMAIL: "mailto", "Power Automate / Workflows (for MSTeams)": "workflows", "Telegram": "tgram"}
"""Of services whose name is not their scheme."""

MODULES = {
    "mailto": "email",
    "json": "custom_json",
    "xml": "custom_xml",
    "form": "custom_form",
    "workflow": "workflows",
    "tgram": "telegram",
    "gchat": "google_chat",
    "mmost": "mattermost",
}
"""Where Apprise keeps what it knows of a service, by its scheme, where that is no module's name."""

OF_JSON = ("version", "title", "message", "attachments", "type")
"""The fields of a webhook in JSON that Apprise writes itself."""

MOST = {"NotifyTwilio": 1600}
"""Characters of title and text together where what is longer is refused; other services cut it themselves."""

FORWARDING = 60.0
"""Seconds after which no further report is begun with."""


class Refused(Exception):
    """The channel did not take it; the words say why."""


class Lost(Refused):
    """The address of whom a message is for would not arrive."""


class Inside(Refused):
    """It leads to an address that is not public, and may not. The address is no secret of the URL."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} is not a public address, and this channel may not lead inside.")


def main() -> None:
    """Carries out the one order on standard input; ends where nobody is left to give one."""
    for each in sys.argv[1:]:
        _load(each)
    said = sys.stdin.readline()
    if not said:
        return
    order = json.loads(said)
    os.environ.update(order.get("environment", {}))
    wanted = order.get("answer")
    ends = (_end_with, order["parent"]) if wanted is None else (_end_after, order["limit"])
    threading.Thread(target=ends[0], args=ends[1:], daemon=True).start()
    outside = Outside()
    if not order.get("private", False):
        sys.addaudithook(outside.look)
    try:
        answer = {"good": True, "said": _ACTS[order["act"]](order)}
    except Refused as error:
        inside = error if isinstance(error, Inside) else outside.refused
        said = _masked(str(error), order["url"]) if inside is None else str(inside)
        answer = {"good": False, "said": said, "never": inside is not None, "lost": isinstance(error, Lost)}
    if wanted is not None:
        _leave(wanted["path"], {"carries": wanted["carries"], "answer": answer})
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(answer), flush=True)


def _end_with(parent: int) -> None:
    """Nobody is left to know the answer."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _end_after(limit: float) -> None:
    """By then a claim ends, and somebody else sends the message: also where nobody is left to end this process."""
    time.sleep(limit)
    os._exit(1)


def _leave(path: str, answer: Mapping[str, Any]) -> None:
    """All of it or nothing. Where that cannot be, who gave the order may yet hear it."""
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        with open(f"{path}.part", "w") as file:
            json.dump(answer, file)
        os.replace(file.name, path)


class Outside:
    """Once it hears of what this process does, that connects to public addresses only.

    `refused` is an address that was refused of the name looked up last, while no other of its addresses was
    public: where one was, what failed is what that one did.
    """

    def __init__(self) -> None:
        self.refused: Inside | None = None
        self._public = False

    def look(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Raises ConnectionRefusedError."""
        if event == "socket.getaddrinfo":
            self.refused, self._public = None, False
        elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            self._connects(_inside(arguments[1]))

    def _connects(self, inside: str | None) -> None:
        if inside is None:
            self.refused, self._public = None, True
            return
        refusal = Inside(inside)
        self.refused = None if self._public else refusal
        raise ConnectionRefusedError(str(refusal))


def _inside(address: Any) -> str | None:
    """The address, unless it is public; what is none, such as the path of a socket, is inside."""
    host = str(address[0]) if isinstance(address, tuple) else str(address)
    try:
        return None if reach.may_reach(host, ()) else host
    except ValueError:
        return host


def _read(order: Mapping[str, Any]) -> str:
    """What people call the service of an URL; nothing is connected to. Raises Inside, if that is known by now."""
    service = _service(order["url"])
    if _is_mail(service) and not (service.smtp_host and service.targets):
        raise Refused("It names no mail server, or nobody to write to.")
    _check_place(service, order.get("address", ""))
    if not order.get("private", False):
        _look_at(service.smtp_host if _is_mail(service) else _host(service))
    return EMAIL if _is_mail(service) else str(service.service_name)


def _check_place(service: Any, address: str) -> None:
    """That an address in the URL arrives: Apprise drops what it does not know, and takes what stands at the name
    of a field of its own for another name of that field. Raises Lost.
    """
    dropped = address not in unquote(unquote(service.url()))
    if address and (dropped or address in _other_names(service)):
        raise Lost(
            f"{EMAIL if _is_mail(service) else service.service_name} would never see the address where it stands."
        )


def _other_names(service: Any) -> list[str]:
    """What the fields of a message are called, as far as the URL of a webhook calls them otherwise."""
    extras = service.payload_extras.items() if type(service).__name__ == "NotifyJSON" else ()
    return [*getattr(service, "payload_map", {}).values(), *(name for field, name in extras if field in OF_JSON)]


def _web(order: Mapping[str, Any]) -> str:
    """The same for an address of the web."""
    if not order.get("private", False):
        _look_at(urlsplit(order["url"]).hostname or "")
    return "web"


def _host(service: Any) -> str:
    """The machine that an URL names; empty where a key of a service stands in its place, which is nobody else's
    business.
    """
    host = str(service.host or "")
    named = ["{host}" in str(template) for template in service.templates]
    return host if all(named) or (any(named) and not _may_be_a_key(host)) else ""


def _may_be_a_key(host: str) -> bool:
    return host.lower() != "localhost" and "." not in host and ":" not in host


def _look_at(host: str) -> None:
    """Raises Inside when a name or an address leads to no public address; what is not known in time is looked at
    when something is sent.
    """
    if not host:
        return
    found: list[str] = []

    def look() -> None:
        with contextlib.suppress(OSError, UnicodeError):
            found.extend(str(each[4][0]) for each in socket.getaddrinfo(host.strip("[]").lower(), None))

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(LOOK_UP)
    inside = [address for address in found if _inside((address,)) is not None]
    if found and len(inside) == len(found):
        raise Inside(inside[0])


def _send(order: Mapping[str, Any]) -> str:
    service = _service(order["url"])
    return _mail(service, order) if _is_mail(service) else _notify(service, order)


def _service(url: str) -> Any:
    """What Apprise makes of an URL."""
    import apprise  # noqa: PLC0415 - heavy; a ping needs none of it
    from apprise.url import URLBase  # noqa: PLC0415

    URLBase.socket_read_timeout = PATIENCE
    asset = apprise.AppriseAsset(
        app_id="Shipway",
        app_desc="Shipway",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        async_mode=False,
        service_timeout=PATIENCE + 5,
    )
    alone = _alone(url.partition("://")[0].lower())
    service = apprise.Apprise.instantiate(url, asset=asset) if alone is None else _made(alone, url, asset)
    if service is None:
        raise Refused("It is no URL of a service that is known: see https://appriseit.com/services/.")
    return service


def _alone(scheme: str) -> Any:
    """What Apprise knows of one service, with nothing of the others loaded; None where that is not to be found."""
    for name in (scheme, scheme.removesuffix("s")):
        module = f"apprise.plugins.{MODULES.get(name, name)}"
        if not name.isidentifier() or importlib.util.find_spec(module) is None:
            continue
        for kind in vars(importlib.import_module(module)).values():
            if isinstance(kind, type) and hasattr(kind, "schemas") and scheme in kind.schemas(kind):
                return kind
    return None


def _made(kind: Any, url: str, asset: Any) -> Any:
    """The same as of all of Apprise, which shows no way to it that does not load them."""
    parts = kind.parse_url(url.replace("/#", "/%23"))  # a room's name, and not the end of the URL
    if not (parts and kind.enabled):
        return None
    try:
        made = kind(**parts, asset=asset)
    except Exception:  # noqa: BLE001 - each service has its own for a URL that it cannot read
        return None
    return made if made.enabled else None


def _load(service: str) -> None:
    """What knows a service, by what people call it; all of them where that says nothing of its scheme."""
    with contextlib.suppress(Refused):
        _service(f"{SCHEMES.get(service, service.replace(' ', '').lower())}://localhost")


def _is_mail(service: Any) -> bool:
    return type(service).__name__ == "NotifyEmail"


def _notify(service: Any, order: Mapping[str, Any]) -> str:
    """By Apprise. Its log is the only place where it says what a service answered."""
    import apprise  # noqa: PLC0415

    sender = apprise.Apprise(asset=service.asset)
    sender.add(service)
    title, text = _keyed(service, order)
    kinds = {"trouble": "failure", "update": "failure", "end": "success", "closed": "success"}
    result = sender.notify(
        text,
        title=title,
        notify_type=apprise.NotifyType(kinds.get(order.get("news", ""), "info")),
        body_format=apprise.NotifyFormat.TEXT,
    )
    if not result:
        told = [entry.message for entry in result.logs()]
        raise Refused(" ".join(told) or "It did not take the message, and did not say why.")
    return "It took the message."


def _keyed(service: Any, order: Mapping[str, Any]) -> tuple[str, str]:
    """Title and text, for a service that knows again what it took before with the key of the first message."""
    key = str(order.get("answers") or order["message_id"]).strip("<>")
    news, name = order.get("news"), type(service).__name__
    ended = news in ("end", "closed")
    title, text = str(order["subject"]), f"{order['text']}\nMessage  {order['message_id']}"
    if name in MOST:
        text = text[: MOST[name] - len(f"{title}\r\n")]
    if name == "NotifyJSON":
        ours = {"id": key, "update": bool(order.get("answers")) and news != "end", "ended": ended}
        service.payload_extras = {**ours, **service.payload_extras}
    if name != "NotifyPagerDuty":
        return title, text
    if service.dedup is None:
        service.dedup = key
        service.action = "resolve" if ended else service.action
    service.details = {"message": text, **service.details}
    return "", title  # what it shows is one line; the text is among the details of it


def _mail(service: Any, order: Mapping[str, Any]) -> str:
    """By Python's own smtplib, to all that the URL names; once one has it the message counts as taken."""
    message = _composed(service, order)
    context = ssl.create_default_context()
    if not service.verify_certificate:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with _connected(service, context) as server:
            if service.user and service.password:
                server.login(service.user, service.password)
            refused = server.send_message(message)
    except smtplib.SMTPResponseException as error:
        raise Refused(f"{error.smtp_code} {_text(error.smtp_error)}") from error
    except smtplib.SMTPRecipientsRefused as error:
        said = [f"{who}: {code} {_text(why)}" for who, (code, why) in error.recipients.items()]
        raise Refused("; ".join(said)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Refused(str(error) or type(error).__name__) from error
    return f"It took the message for {', '.join(who for _name, who in service.targets if who not in refused)}."


def _connected(service: Any, context: ssl.SSLContext) -> smtplib.SMTP:
    if service.secure_mode == "ssl":
        return smtplib.SMTP_SSL(
            service.smtp_host, service.port or 465, _spoken_name(), timeout=PATIENCE, context=context
        )
    server = smtplib.SMTP(service.smtp_host, service.port or 0, _spoken_name(), timeout=PATIENCE)
    if service.secure_mode == "starttls":
        server.starttls(context=context)
    return server


def _spoken_name() -> str:
    """As whom we greet a mail server; smtplib itself asks the DNS, which takes seconds where there is none."""
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"


def _composed(service: Any, order: Mapping[str, Any]) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = order["subject"]
    message["From"] = formataddr((service.from_addr[0] or "Shipway", service.from_addr[1]))
    message["To"] = ", ".join(address for _name, address in service.targets)
    message["Message-ID"] = order["message_id"]
    if order.get("answers"):
        message["In-Reply-To"] = message["References"] = order["answers"]
    message["Date"] = format_datetime(localtime())
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answer from whoever is on holiday
    message.set_content(order["text"])
    message.add_alternative(mail.page(order["subject"], order["text"], order.get("news", "")), subtype="html")
    if all(str(said).isascii() for said in message.values()):  # else words are encoded, which have to be short
        message.policy = message.policy.clone(max_line_length=WIDE)
    return message


def _ping(order: Mapping[str, Any]) -> str:
    opener = urllib.request.build_opener(_NoRedirects())
    if urlsplit(order["url"]).scheme not in ("http", "https"):
        raise Refused("It is no address of the web.")
    try:
        with opener.open(order["url"], timeout=PING_PATIENCE) as answer:
            return f"It answered {answer.status}."
    except urllib.error.HTTPError as error:
        raise Refused(f"It answered {error.code}.") from error
    except (OSError, ValueError) as error:
        raise Refused(str(getattr(error, "reason", error))) from error


def _forward(order: Mapping[str, Any]) -> str:
    """One report after the other, until one is not answered or told to come later."""
    to, began = dsn.read(order["url"]), time.monotonic()
    told: dict[str, Any] = {"taken": 0, "refused": 0, "wait": 0, "said": ""}
    for report in order["reports"]:
        if time.monotonic() - began > FORWARDING:
            break
        try:
            status, wait = _post(to, report)
        except Refused as error:
            if not told["taken"] + told["refused"]:
                raise
            return json.dumps({**told, "said": _masked(str(error), order["url"])})
        if status == http.HTTPStatus.OK:
            told["taken"] += 1
            continue
        told |= {"said": f"It answered {status}.", "wait": wait}
        if status == http.HTTPStatus.TOO_MANY_REQUESTS or status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            break
        told["refused"] += 1
    return json.dumps(told)


def _post(to: dsn.Dsn, report: str) -> tuple[int, int]:
    """The status of the answer, and how many seconds it wants us to wait."""
    event = report.encode()
    header = {"event_id": json.loads(report).get("event_id")}
    item = {"type": "event", "content_type": "application/json", "length": len(event)}
    body = b"\n".join([json.dumps(header).encode(), json.dumps(item).encode(), event, b""])
    headers = {
        "Content-Type": "application/x-sentry-envelope",
        "Content-Encoding": "gzip",
        "X-Sentry-Auth": f"Sentry sentry_version=7, sentry_client=shipway/1, sentry_key={to.key}",
    }
    request = urllib.request.Request(to.address, gzip.compress(body, 5), headers)
    try:
        with urllib.request.build_opener(_NoRedirects()).open(request, timeout=PING_PATIENCE) as answer:
            return answer.status, 0
    except urllib.error.HTTPError as error:
        return error.code, _wait(error.headers.get("Retry-After", ""))
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Refused(str(getattr(error, "reason", error))) from error


def _wait(said: str) -> int:
    """Seconds of a Retry-After; a date is not one that Sentry sends."""
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 6 else 0


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any) -> None:
        return None


def _masked(said: str, url: str) -> str:
    """What was said, without any part of the URL that may be a secret."""
    parts = {part for part in re.split(r"[/:@?&=#,;+]+", url.partition("://")[2]) if len(part) >= SHORTEST}
    for part in sorted({*parts, *map(unquote, parts)}, key=len, reverse=True):
        said = said.replace(part, "***")
    return said[:500]


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said


_ACTS = {"read": _read, "web": _web, "send": _send, "ping": _ping, "forward": _forward}

if __name__ == "__main__":
    gc.disable()  # so short a process is not worth to be looked through, nor to be taken apart at its end
    main()
    os._exit(0)
