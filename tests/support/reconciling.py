"""What a server does at its start with the refs of all its repositories."""

from __future__ import annotations

from shipway.config.places import Places
from shipway.pushes.reconcile import reconcile
from shipway.state import applications
from shipway.state.database import Database
from shipway.state.pushes import Push


def reconcile_all(database: Database, places: Places) -> list[Push]:
    """Reconciles every application; the pushes that were accepted by it."""
    with database.read() as conn:
        names = [application.name for application in applications.every(conn)]
    return [push for name in names for push in reconcile(database, places, name)]
