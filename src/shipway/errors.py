"""Everything that can go wrong, as one tree.

ShipwayError
├── UserError          the person at the keyboard can mend it
├── OwnerError         whoever owns the installation or the machine can mend it
└── TransientError     nobody has to: Shipway tries again

Each class has a stable `id` (for searching), a `hint` (what to do next) and says who acts.
"""

from __future__ import annotations

import errno
from typing import Any, ClassVar


class ShipwayError(Exception):
    """What happened, in one sentence; `hint` says what to do next.

    `actor` is "you", "owner" or "nobody"; `retry` says whether the same call may succeed later.
    `status` is the HTTP status by which the API shows it. `about` is what the trouble is with, such as an address,
    where the same error with something else is trouble of its own. `request` is the name under which the server's
    log has more of it, empty where nobody has to look there.
    """

    id: ClassVar[str] = "shipway.error"
    actor: ClassVar[str] = "owner"
    retry: ClassVar[bool] = False
    status: ClassVar[int] = 500
    default_hint: ClassVar[str] = ""
    about: str = ""
    request: str = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.default_hint

    def as_dict(self) -> dict[str, Any]:
        """The one shape in which the API, `--json` and the pages show an error."""
        told = {"id": self.id, "message": self.message, "hint": self.hint, "actor": self.actor}
        return {**told, "request": self.request} if self.request else told


class UserError(ShipwayError):
    """The person who asked can mend it."""

    id = "shipway.user"
    actor = "you"
    status = 400


class OwnerError(ShipwayError):
    """The owner of the installation or of the machine can mend it."""

    id = "shipway.owner"


class TransientError(ShipwayError):
    """Nobody has to act: Shipway tries again by itself."""

    id = "shipway.transient"
    actor = "nobody"
    retry = True
    status = 503


class NotFound(UserError):
    """What was named does not exist, or may not be seen."""

    id = "shipway.not_found"
    status = 404


class NotAllowed(UserError):
    """No token, a token that is not known, or one that may not do this."""

    id = "access.denied"
    status = 403


class StaleEpoch(ShipwayError):
    """The target has seen a newer deployment than the one that asks (BARS R5): the older one must stop."""

    id = "releases.stale_epoch"
    actor = "nobody"
    status = 409


class KeeperGone(TransientError):
    """The keeper does not answer; the server starts it again within two seconds."""

    id = "keeper.gone"
    default_hint = "`shipway up` starts it; its own words are in keeper/keeper.log of the data directory"


class KeeperRefused(OwnerError):
    """The keeper could not do what it was asked: a mistake in Shipway, or of the machine it runs on."""

    id = "keeper.refused"


class InstanceDiffers(ShipwayError):
    """An instance with this id runs already, with another specification: it has to be stopped first."""

    id = "keeper.instance_differs"
    actor = "nobody"
    status = 409


class InstanceStopping(TransientError):
    """The instance is just being stopped; when that is done it can be started again."""

    id = "keeper.instance_stopping"


class CannotStart(UserError):
    """The program of an instance cannot be started at all; the message has the system's reason."""

    id = "keeper.cannot_start"
    status = 409


class NoPort(OwnerError):
    """Every port for instances is taken or rests."""

    id = "machine.no_port"
    default_hint = "stop what is not needed, or wait a minute: a port rests before it is used again"


class DiskFull(OwnerError):
    """There is no room left on the disk of the data directory."""

    id = "machine.disk_full"
    default_hint = "Make room on the disk that holds Shipway's data, then push the commit again."


def is_full(error: OSError) -> bool:
    """Whether it says that a disk is full, or that this person may have no more of it."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


class CannotRecord(TransientError):
    """The record cannot be written: its disk is full, broken, or may only be read. Nothing has changed."""

    id = "machine.cannot_record"
    actor = "owner"
    default_hint = (
        "Make room on the disk that holds Shipway's data, or let it be written again; what waits goes on."
    )


class RecordLocked(CannotRecord):
    """Another process keeps the record locked, so that nothing can be recorded. Nothing has changed."""

    id = "machine.record_locked"
    default_hint = "Let that process finish, or end it; what waits goes on as soon as the record is free."


class CannotRead(OwnerError):
    """The record cannot be read: its file is damaged or away, or the disk under it does not answer."""

    id = "machine.cannot_read"
    default_hint = (
        "Look after the disk that holds Shipway's data. If that is well, the file itself is damaged: "
        "`shipway down`, put `shipway.db` back from a copy, `shipway up -d`. What serves goes on serving."
    )


class DeploymentStopped(UserError):
    """A deployment could not be carried out; what served before still serves. `excerpt` holds the evidence."""

    id = "releases.stopped"
    status = 409

    def __init__(self, message: str, *, hint: str = "", excerpt: str = "") -> None:
        super().__init__(message, hint=hint)
        self.excerpt = excerpt


class OutcomeUnknown(DeploymentStopped):
    """Nobody can know whether something happened that must not happen twice: a person has to look."""

    id = "releases.outcome_unknown"


class NotHealthy(UserError):
    """A release does not answer its health check, so it gets no traffic."""

    id = "traffic.not_healthy"
    status = 409
    default_hint = "Look at the log of the release, and at `health` in shipway.yml: is the path right?"


class RouterFailed(OwnerError):
    """Envoy does not come up: its port is taken, or it does not run on this machine."""

    id = "traffic.router_failed"
    default_hint = "If another program has the port, `shipway up --proxy-port` takes another one."


class RouterSilent(TransientError):
    """Envoy did not say in time that a change is in force; what should serve is recorded and tried again."""

    id = "traffic.router_silent"
    default_hint = "The keeper starts Envoy again by itself; its log is proxy/router.log in the data directory."
