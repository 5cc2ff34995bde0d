"""What is refused of a report, with the statuses that SDKs know how to take."""

from __future__ import annotations

from shipway.errors import NotAllowed, TransientError, UserError


class NoKey(UserError):
    """A report of an error that does not say by whose key."""

    id = "errors.no_key"
    status = 401
    default_hint = "SENTRY_DSN has the key; every process of a release is told it."


class UnknownKey(NotAllowed):
    """The key of a report is none of ours, in force no more, or another application's."""

    id = "errors.unknown_key"
    default_hint = "SENTRY_DSN of a process that runs has a good one."


class ReportTooLarge(UserError):
    """A report above the limit, packed or unpacked; nothing of it was kept."""

    id = "errors.too_large"
    status = 413


class UnknownEncoding(UserError):
    """A report is packed in a way that nothing here can unpack."""

    id = "errors.unknown_encoding"
    status = 415
    default_hint = "gzip, deflate, br and zstd can be unpacked."


class ReportUnreadable(UserError):
    """A report is not what the protocol says."""

    id = "errors.unreadable"


class Flooded(TransientError):
    """More is reported than can be looked at; what is too much is counted and dropped. It may be tried again after
    `seconds`."""

    id = "errors.flooded"
    status = 429

    def __init__(self, message: str, *, seconds: int = 5) -> None:
        super().__init__(message)
        self.seconds = seconds
