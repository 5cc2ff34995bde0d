"""Tokens: who may call. Only digests are kept, so a copy of the record opens nothing."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, insert, select, update

from shipway.state import facts, ids
from shipway.state.tables import tokens


@dataclass(frozen=True)
class Token:
    """What is known of a token; the token itself and its digest are not. Times are seconds since 1970.

    `used` may lag by some minutes. `parent` is the personal token that a session or a code was made from.
    """

    id: str
    kind: str
    role: str
    who: str
    created: float
    expires: float | None
    revoked: float | None
    name: str
    used: float | None
    parent: str | None

    @property
    def live(self) -> bool:
        return self.revoked is None and (self.expires is None or time.time() < self.expires)


def create(
    conn: Connection,
    digest: str,
    *,
    kind: str,
    role: str,
    who: str,
    expires: float | None = None,
    name: str = "",
    parent: str | None = None,
    by: str | None = None,
) -> Token:
    """Records a token by its SHA-256 digest in hexadecimal; `by` is who made it where that is somebody else."""
    token = ids.new(conn, tokens)
    conn.execute(
        insert(tokens).values(
            id=token,
            digest=digest,
            kind=kind,
            role=role,
            who=who,
            created=time.time(),
            expires=expires,
            name=name,
            parent=parent,
        )
    )
    made = {"token": token, "kind": kind, "role": role, "whose": who}
    facts.record(conn, "token.created", who=who if by is None else by, data=made)
    return _token(conn.execute(select(tokens).where(tokens.c.id == token)).mappings().one())


def find(conn: Connection, digest: str) -> Token | None:
    """The token with this digest while it is neither revoked nor over."""
    row = conn.execute(select(tokens).where(tokens.c.digest == digest)).mappings().one_or_none()
    if row is None or not hmac.compare_digest(row["digest"], digest):
        return None
    token = _token(row)
    return token if token.live else None


def every(conn: Connection, kind: str = "personal") -> list[Token]:
    """All tokens of a kind, revoked ones too, oldest first."""
    rows = conn.execute(select(tokens).where(tokens.c.kind == kind).order_by(tokens.c.id)).mappings()
    return [_token(row) for row in rows]


def revoke(conn: Connection, token: str, who: str) -> bool:
    """Ends a token for good, with the sessions and codes made from it.

    False when there is none with this id or somebody else ended it first.
    """
    now = time.time()
    changed = conn.execute(
        update(tokens).where(tokens.c.id == token, tokens.c.revoked.is_(None)).values(revoked=now)
    ).rowcount
    if changed:
        made = update(tokens).where(tokens.c.parent == token, tokens.c.revoked.is_(None)).values(revoked=now)
        ended = conn.execute(made).rowcount
        facts.record(conn, "token.revoked", who=who, data={"token": token, "ended": ended})
    return bool(changed)


def get(conn: Connection, token: str) -> Token | None:
    """The token with this id, whether it is over or not."""
    row = conn.execute(select(tokens).where(tokens.c.id == token)).mappings().one_or_none()
    return None if row is None else _token(row)


def use(conn: Connection, token: str) -> None:
    """Remembers that a token was used just now."""
    conn.execute(update(tokens).where(tokens.c.id == token).values(used=time.time()))


def extend(conn: Connection, token: str, expires: float) -> None:
    """Moves the end of a token that is in use; one that was revoked stays so."""
    in_use = update(tokens).where(tokens.c.id == token, tokens.c.revoked.is_(None))
    conn.execute(in_use.values(expires=expires, used=time.time()))


def _token(row: RowMapping) -> Token:
    return Token(**{name: value for name, value in row.items() if name != "digest"})
