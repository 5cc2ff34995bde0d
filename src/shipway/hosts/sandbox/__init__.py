"""Rooms in which commands see only what they were given, and the tiers that hold them there.

bubblewrap (namespaces) is the one to have; Landlock holds files only; plain holds nothing. `probe` says
which works on this machine, and why not a better one; a run's page shows it.
"""

from __future__ import annotations

from shipway.hosts.sandbox.base import base_mounts
from shipway.hosts.sandbox.environment import UnsafeVariable, check_environment
from shipway.hosts.sandbox.probe import NoSandbox, probe
from shipway.hosts.sandbox.room import Mount, Room, Tier

__all__ = [
    "Mount",
    "NoSandbox",
    "Room",
    "Tier",
    "UnsafeVariable",
    "base_mounts",
    "check_environment",
    "probe",
]
