"""What a machine offers to releases."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.config.places import Places
from shipway.environments.secrets import Vault
from shipway.hosts.keeper.client import Keeper
from shipway.hosts.sandbox import Tier
from shipway.state.database import Database


@dataclass(frozen=True)
class Machine:
    """The record, the places, the keeper of instances, the sandbox and the vault of this machine.

    `address` is where its server answers, so that instances can report to it; empty where there is none.
    """

    database: Database
    places: Places
    keeper: Keeper
    tier: Tier
    vault: Vault
    address: str = ""
