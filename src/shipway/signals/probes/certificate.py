"""The TLS certificate at `host:port` is good for some days more.

Only its time is looked at: an authority of one's own is nothing this machine has to know. That a certificate is
trusted, and for the right name, is what a probe of the https address shows.
"""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

from cryptography import x509

from shipway.signals.questions.answer import Heard, short
from shipway.signals.questions.names import split
from shipway.signals.questions.place import Place
from shipway.signals.questions.question import Question


async def ask(question: Question, place: Place) -> Heard:
    """Raises NotKnown, and TimeoutError."""
    host, port = split(question.of)
    addresses = await place.names.find(host, question.timeout)
    refused = Heard("failed", "no connection")
    async with asyncio.timeout(question.timeout):
        for address in addresses:
            try:
                shown = await _certificate(address, port, host)
            except OSError as error:  # ssl.SSLError is one
                refused = Heard("failed", short(f"no TLS connection: {getattr(error, 'reason', None) or error}"))
                continue
            return _judged(shown, question.days)
    return refused


async def _certificate(address: str, port: int, host: str) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=host)
    try:
        connection: ssl.SSLObject = writer.get_extra_info("ssl_object")
        return connection.getpeercert(binary_form=True) or b""
    finally:
        writer.transport.abort()


def _judged(shown: bytes, days: int) -> Heard:
    try:
        certificate = x509.load_der_x509_certificate(shown)
    except ValueError as error:
        return Heard("failed", short(f"cannot be read: {error}"))
    now, ends, begins = datetime.now(UTC), certificate.not_valid_after_utc, certificate.not_valid_before_utc
    date = f"{ends.day} {ends:%b %Y}"
    if now < begins:
        return Heard("failed", f"is not good before {begins.day} {begins:%b %Y}")
    if now >= ends:
        return Heard("failed", f"has expired on {date}")
    left = (ends - now).days
    text = f"good for {left} {'day' if left == 1 else 'days'} more, until {date}"
    return Heard("passed" if ends - now >= timedelta(days=days) else "failed", text)
