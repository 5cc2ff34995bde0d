"""Who calls: found from a token in the header or the session's cookie, never from an address (BARS S1, S16).

A session ends 12 hours after it was last used, and 7 days after sign-in whatever happens; one that was ended is
dead with the next request. That somebody called is noted where it can be: while nothing can be recorded, who may
call may all the same, or nobody could ask for the release before.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from starlette.requests import Request

from shipway.pushes import access
from shipway.state import tokens
from shipway.state.database import Database
from shipway.state.tokens import Token

IDLE = 12 * 3600.0
LONGEST = 7 * 24 * 3600.0
RENEW_AFTER = 600.0
USED_EVERY = 300.0  # seconds between two notes that a token is in use: not a write for every request
CODE_LIFE = 3600.0


@dataclass(frozen=True)
class Caller:
    """A person (or their program); `token` is the id of what they showed, `role` what it may (`access.ROLES`)."""

    who: str
    role: str
    token: str

    @property
    def owner(self) -> bool:
        return self.role == "owner"

    @property
    def metrics_alone(self) -> bool:
        """Whether it reads `/metrics` and nothing else."""
        return self.role == access.METRICS


def caller(database: Database, cookie: str | None, request: Request) -> Caller | None:
    """Who sent the request, or nobody. A header that is there but wrong is nobody, whatever the cookie says.

    `cookie` is the name of the session's, None where sessions do not count.
    """
    header = request.headers.get("authorization")
    if header is not None:
        return _by_header(database, header, "basic" if request.url.path.startswith("/git/") else "bearer")
    session = None if cookie is None else request.cookies.get(cookie)
    return None if session is None else _by_session(database, session)


def begin_session(database: Database, shown: str) -> str | None:
    """A new session's id for whoever shows a good personal token that may see the pages."""
    token = access.verify(database, shown)
    return None if token is None or token.role == access.METRICS else _session(database, token)


def redeem(database: Database, code: str) -> str | None:
    """A new session's id for whoever shows a one-time code, which is thereby used up (BARS S27)."""
    token = access.verify(database, code, "code")
    if token is None or not access.revoke(database, token.id, token.who):  # the one who revokes it has spent it
        return None
    return _session(database, token)


def one_time_code(database: Database, known: Caller) -> str:
    """A code that signs this person into the pages once, within an hour."""
    with database.read() as conn:
        shown = tokens.get(conn, known.token)
    parent = None if shown is None else _personal(shown)
    return access.create(database, known.who, kind="code", role=known.role, lifetime=CODE_LIFE, parent=parent)


def _personal(token: Token) -> str | None:
    """The personal token with which what it is made from ends."""
    return token.id if token.kind == "personal" else token.parent


def _session(database: Database, token: Token) -> str:
    parent = _personal(token)
    return access.create(database, token.who, kind="session", role=token.role, lifetime=IDLE, parent=parent)


def _by_header(database: Database, header: str, scheme: str) -> Caller | None:
    """git shows its token as a password; that way is closed elsewhere, where a browser would use it unasked."""
    shown = access.token_in(header)
    if shown is None or header.partition(" ")[0].lower() != scheme:
        return None
    token = access.verify(database, shown)
    if token is None:
        return None
    if token.used is None or time.time() - token.used > USED_EVERY:
        database.note(lambda conn: tokens.use(conn, token.id))
    return _caller(token)


def _by_session(database: Database, shown: str) -> Caller | None:
    token = access.verify(database, shown, "session")
    if token is None:
        return None
    until = min(time.time() + IDLE, token.created + LONGEST)
    if token.expires is not None and until - token.expires > RENEW_AFTER:  # seldom: not a write for every request
        database.note(lambda conn: tokens.extend(conn, token.id, until))
    return _caller(token)


def _caller(token: Token) -> Caller:
    return Caller(token.who, token.role, token.id)
