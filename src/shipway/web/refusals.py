"""What this layer itself refuses."""

from __future__ import annotations

from shipway.errors import NotAllowed, ShipwayError, UserError


class NotSignedIn(UserError):
    """No token, no session, or one that is over."""

    id = "access.not_signed_in"
    status = 401
    default_hint = "Sign in with a token, or open the link that `shipway open --pages` makes."


class Foreign(NotAllowed):
    """The request came by a name or from a page that is not this server's (BARS S14, S17)."""

    id = "access.foreign"
    default_hint = "Use the address that `shipway open --pages --print` shows."


class InTheOpen(NotAllowed):
    """A session was wanted from another machine over plain HTTP, where everybody on the way could take it."""

    id = "access.in_the_open"
    default_hint = (
        "`ssh -L PORT:127.0.0.1:PORT MACHINE`, with the server's port, brings its pages to yours; "
        "`shipway up --url https://NAME` takes a proxy on the server's machine that speaks TLS and says so "
        "(X-Forwarded-Proto)."
    )

    def __init__(self) -> None:
        super().__init__(
            "A session from another machine needs TLS: over plain HTTP anybody on the way could take it."
        )


class NoSuchMethod(UserError):
    """The address exists, this method on it does not."""

    id = "web.method"
    status = 405


class Unreadable(UserError):
    """The request's body or a value in its address is not what this address takes."""

    id = "web.unreadable"


class TooLarge(UserError):
    """A body above the limit of an address that takes small ones."""

    id = "web.too_large"
    status = 413


class Broken(ShipwayError):
    """A fault of Shipway's own; the details are in the server's log, never in an answer (BARS S3)."""

    id = "web.broken"
    default_hint = (
        "Try again. If it happens again, `server.log` in Shipway's data directory has the details, under the name "
        "of this request. What serves goes on serving."
    )

    def __init__(self, mistake: Exception) -> None:
        super().__init__("Shipway made a mistake of its own.")
        self.__cause__ = mistake
