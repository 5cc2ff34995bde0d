"""The meters of one installation, one for each environment."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping

from shipway.config.places import Places
from shipway.signals.scraped import Scraped
from shipway.signals.series.meter import Meter

log = logging.getLogger(__name__)


class Meters:
    """Made when something is told or asked of an environment; for any thread.

    `scraped` is what became of the instances that are asked, by their names.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._began = time.time()
        self.scraped: Mapping[str, Scraped] = {}
        self._meters: dict[tuple[str, str], Meter] = {}
        self._guard = threading.Lock()

    def of(self, application: str, environment: str) -> Meter:
        """The meter of an environment, which has to be one."""
        with self._guard:
            where = (application, environment)
            if where not in self._meters:
                self._meters[where] = Meter(self._places.environment(*where) / "signals", self._began)
            return self._meters[where]

    def keep(self) -> None:
        """Writes the steps that are over, of every environment; of one that cannot be written the log tells."""
        with self._guard:
            meters = dict(self._meters)
        for (application, environment), meter in meters.items():
            try:
                meter.keep()
            except OSError as error:
                log.warning("what %s measures in %s could not be kept: %s", application, environment, error)
