"""Who may push and call: tokens, of which only the digest is kept (BARS S16, S18)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import time
from typing import Literal

from shipway.errors import UserError
from shipway.state import tokens
from shipway.state.database import Database
from shipway.state.tokens import Token


class InvalidToken(UserError):
    """A token for nobody, with a name that cannot be read, or for what no token is for.

    `field` is what is wrong of it.
    """

    id = "pushes.invalid_token"

    def __init__(self, message: str, field: Literal["who", "name", "role"]) -> None:
        super().__init__(message)
        self.field = field


METRICS = "metrics"
ROLES = ("owner", "user", METRICS)
"""What a token may: everything; everything but tokens and channels; read `/metrics` and nothing else."""

LONGEST_NAME = 60  # characters
_PREFIX = "shipway_"  # lets people and scanners see what they have found


def create(
    database: Database,
    who: str,
    *,
    kind: str = "personal",
    role: str = "user",
    lifetime: float | None = None,
    name: str = "",
    parent: str | None = None,
    by: str | None = None,
) -> str:
    """A new token for `who`, told once and kept nowhere; it ends after `lifetime` seconds if given.

    `kind` is personal (git and the command line), session (a browser's), or code (good for one sign-in); the
    last two end with the personal one, `parent`, that they were made from. `role` is one of ROLES, `name` what
    people call it, `by` who made it where that is somebody else. Raises InvalidToken for a personal one; the
    others are as good as what they were made from.
    """
    if kind == "personal":
        _may_be_called(who, name)
        if role not in ROLES:
            raise InvalidToken(
                f"A token is for one of {', '.join(ROLES)}, not for {role[:LONGEST_NAME]!r}.", "role"
            )
    token = _PREFIX + secrets.token_urlsafe(32)
    expires = None if lifetime is None else time.time() + lifetime
    with database.write() as conn:
        tokens.create(
            conn,
            _digest(token),
            kind=kind,
            role=role,
            who=who,
            expires=expires,
            name=name,
            parent=parent,
            by=by,
        )
    return token


def _may_be_called(who: str, name: str) -> None:
    if not who.strip():
        raise InvalidToken("A token is somebody's: say whose.", "who")
    _can_be_read(who, "who")
    _can_be_read(name, "name")


def _can_be_read(said: str, field: Literal["who", "name"]) -> None:
    if len(said) > LONGEST_NAME or not said.isprintable():
        raise InvalidToken(
            f"{said[:LONGEST_NAME]!r} is no name: at most {LONGEST_NAME} characters, on one line.", field
        )


def verify(database: Database, token: str, kind: str = "personal") -> Token | None:
    """What is known of `token` while it is good and of this kind."""
    with database.read() as conn:
        found = tokens.find(conn, _digest(token))
    return found if found is not None and found.kind == kind else None


def every(database: Database, kind: str = "personal") -> list[Token]:
    """All tokens of a kind, revoked ones too, oldest first."""
    with database.read() as conn:
        return tokens.every(conn, kind)


def revoke(database: Database, token_id: str, who: str) -> bool:
    """Ends the token with this id for good, as `who` asked; False when there is none that is not ended."""
    with database.write() as conn:
        return tokens.revoke(conn, token_id, who)


def token_in(authorization: str) -> str | None:
    """The token in an Authorization header: `Bearer <token>`, or git's `Basic` with the token as password."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        _, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return password or None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
