"""What is filled in, explained once: beside the field of a form, and by `--help` and the reference of its command.

A command may say more of it, as what counts where nothing is given.
"""

from __future__ import annotations

TOKEN_OF = "The name that is recorded with whatever is done with it."
TOKEN_FOR = "What it is for, such as laptop or nightly job."
TOKEN_MAY = {
    "owner": "do everything, tokens and channels too",
    "user": "do everything but tokens and channels",
    "metrics": "read metrics, nothing else",
}
"""By the role of a token."""
EVERYTHING = (
    "Everything is to push, deploy, roll back and configure; metrics are what Prometheus fetches at /metrics."
)

FREEZE_WHY = "Everybody who waits is shown it."
FREEZE_UNTIL = "Such as 2h, 18:00, Monday 08:00 or 2026-12-24 18:00; without it until somebody thaws it."
BACK_WHY = "Shown with it to everybody, with your name."

VARIABLE = "The name is as the processes find it, such as LOG_LEVEL."
SECRET = "The name is as the processes find it, such as API_KEY."
SECRET_VALUE = "The value is sealed at once, masked in logs, and never shown again."

DEFAULT_BRANCH = "It must have been pushed. Its shipway.yml says which environments there are, for every branch."

PORT = "Where the server answers, on 127.0.0.1."
PROXY_PORT = "Where the applications answer, on 127.0.0.1."
URL = "The public address of a TLS proxy on this machine, such as https://ship.example."

REGEX = "Lines in which RE2 finds this pattern."
