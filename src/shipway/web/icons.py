"""The shapes that stand for the states of things, by the words that the record has for them."""

from __future__ import annotations

STEPS = {"passed": "passed", "running": "running", "cancelled": "draining", "lost": "unknown"}
"""Of steps; any other has failed."""

VERDICTS = {"good": "passed", "bad": "failed", "not known": "unknown"}

PROCESSES = {
    "running": "serving",
    "backoff": "failed",
    "exited": "failed",
    "absent": "failed",
    "not known": "unknown",
}
"""Of instances, and of the processes of the installation."""
