"""Templates, and the words and numbers they may use."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from shipway import __version__
from shipway.incidents import follow, heard, sure
from shipway.incidents.letter import listed
from shipway.incidents.outbox import LATE
from shipway.incidents.proof import proof
from shipway.signals.verdict import COVERS
from shipway.state import messages
from shipway.web import fields, words
from shipway.web.call import Call
from shipway.web.files import Files
from shipway.web.pages.typeset import Page
from shipway.web.site import Site

TEMPLATES = Path(__file__).parent.parent / "templates"


def templates(files: Files) -> jinja2.Environment:
    """Everything put into a page is escaped, and a name that is not there is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.template_class = Page
    made.globals.update(file=files.address, version=__version__, zone=words.zone(), covers=COVERS, fields=fields)
    made.filters.update(
        ago=words.ago,
        clock=words.clock,
        counted=words.counted,
        date=words.date,
        day_and_time=words.day_and_time,
        east=words.east,
        exact=words.exact,
        follows=follow.word,
        heard=heard.who,
        initials=initials,
        instead_of=words.instead_of,
        lasting=words.lasting,
        length_of=words.length,
        listed=listed,
        milliseconds=words.milliseconds,
        percent=words.percent,
        phase=words.phase,
        ported=ported,
        proof=proof,
        rate=words.rate,
        several=words.several,
        size=words.size,
        standing=words.standing,
        sure=sure.sure,
        ticked=ticked,
        window=words.window,
    )
    made.tests.update(stood_in=heard.instead)
    return made


def page(site: Site, call: Call, name: str, **values: Any) -> HTMLResponse:
    """The page made of the template `name`; each says when somebody could not be told."""
    with site.database.read() as conn:
        late = messages.undelivered(conn, time.time() - LATE)
    shown = {"who": call.who, "late": late, "fact": call.request.state.fact, **values}
    return HTMLResponse(site.templates.get_template(name).render(shown))


def ticked(text: str) -> Markup:
    """A text of our own, with what stands between backticks as code; all of it is escaped."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if at % 2 and at < len(parts) - 1 else escape(part)
        for at, part in enumerate(parts)
    )


def ported(address: str) -> Markup:
    """An address of which the port stays on the line of what is before it: a line may end after its dots."""
    before, _, port = address.rpartition(":")
    if not (before and port.isdecimal()):
        return escape(address)
    start, dot, last = before.rpartition(".")
    return Markup('{}<wbr><span class="port">{}:{}</span>').format(start + dot, last, port)


def initials(name: str) -> str:
    """`MO` for Mira Okafor, `MI` for mira."""
    parts = name.replace(".", " ").replace("-", " ").split()
    letters = parts[0][:2] if len(parts) == 1 else "".join(part[0] for part in parts[:2])
    return letters.upper()
