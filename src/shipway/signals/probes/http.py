"""A path of the release's own instances, or an URL, answers as it should."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from functools import cache

import httpx

from shipway.signals.questions.answer import Heard, NotKnown, short
from shipway.signals.questions.place import Place
from shipway.signals.questions.question import Question

AGENT = "shipway-probe"
LONGEST = 1 << 20
"""Bytes of an answer that are looked at."""


async def ask(question: Question, place: Place) -> Heard:
    """A path is asked of every instance (an invariant of one), and the worst answer counts. Redirects are not
    followed. Raises NotKnown, and TimeoutError.
    """
    if not question.of.startswith("/"):
        return await _of_url(question, place)
    if not place.ports:
        raise NotKnown("no instance of web runs")
    asked = list(place.ports.items())[: 1 if question.whole else None]
    async with asyncio.timeout(question.timeout):
        heard = await asyncio.gather(*(_of_instance(question, place, name, port) for name, port in asked))
    return min(heard, key=lambda each: each.state == "passed")


async def _of_instance(question: Question, place: Place, name: str, port: int) -> Heard:
    url = f"http://127.0.0.1:{port}{question.of}"
    try:
        heard = await _get(question, url, {"Host": place.host})
    except httpx.TransportError as error:
        heard = Heard("failed", f"no answer: {_why(error)}")
    return heard if heard.state == "passed" else Heard(heard.state, f"{name}: {heard.says}", heard.text)


async def _of_url(question: Question, place: Place) -> Heard:
    try:
        url = httpx.URL(question.of)
    except httpx.InvalidURL as error:
        raise NotKnown(short(str(error))) from error
    addresses = await place.names.find(url.host, question.timeout)
    headers = {"Host": url.netloc.decode("ascii")}
    refused = ""
    async with asyncio.timeout(question.timeout):
        for address in addresses:
            try:
                return await _get(question, str(url.copy_with(host=address)), headers, name=url.host)
            except httpx.ConnectError as error:
                refused = _why(error)
            except httpx.TransportError as error:
                return Heard("failed", f"no answer: {_why(error)}")
    return Heard("failed", f"no connection: {refused}")


async def _get(question: Question, url: str, headers: Mapping[str, str], name: str = "") -> Heard:
    """The address in `url` is what is connected to; `name` is whose certificate has to be shown."""
    extensions = {"sni_hostname": name} if name else {}
    asked = {**headers, "User-Agent": AGENT, "Accept-Encoding": "identity", "Connection": "close"}
    began = time.monotonic()
    async with (
        httpx.AsyncClient(
            verify=_trusted(), trust_env=False, timeout=None
        ) as client,  # the caller has a time limit
        client.stream("GET", url, headers=asked, extensions=extensions) as answer,
    ):
        text = await _beginning(answer)
        return _judged(question, answer.status_code, text, time.monotonic() - began)


async def _beginning(answer: httpx.Response) -> str:
    """As it came: what is packed is not unpacked, it might never end."""
    kept = b""
    async for chunk in answer.aiter_raw():
        kept += chunk
        if len(kept) >= LONGEST:
            break
    return kept[:LONGEST].decode(errors="replace")


def _judged(question: Question, status: int, text: str, seconds: float) -> Heard:
    wanted = question.status
    if status >= 400 if wanted is None else status != wanted:
        return Heard("failed", f"answered {status}" + ("" if wanted is None else f" instead of {wanted}"), text)
    if question.text is not None and question.text not in text:
        return Heard("failed", short(f"answered {status} without {question.text!r}"), text)
    return Heard("passed", f"answered {status} in {1000 * seconds:.0f} ms", text)


def _why(error: httpx.TransportError) -> str:
    return short(str(error)) or type(error).__name__


@cache
def _trusted() -> ssl.SSLContext:
    """What the system trusts; made once, because it takes longer than most answers."""
    return ssl.create_default_context()
