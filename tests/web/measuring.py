"""An application that has measured itself for a quarter of an hour."""

from __future__ import annotations

import math
import time

from shipway.signals.scraped import Scraped
from shipway.signals.series.sample import Sample
from shipway.signals.series.series import Series, level
from web.server import Site

MINUTES = 15


def measure(site: Site, application: str = "topup", environment: str = "prod") -> None:
    """A counter, a gauge and a histogram of r1, what every program has besides, and an instance that is silent."""
    meter = site.cast.meters.of(application, environment)
    now = time.time()
    for past in range(MINUTES * 60, 0, -10):
        meter._clock = lambda at=now - past: at  # type: ignore[misc]
        meter.take(_told(past), list)
    meter._clock = time.time
    name = f"{application}.{environment}.r1.web.2"
    site.cast.meters.scraped = {name: Scraped(name, now, False, "no answer within 5 s")}


def _told(past: int) -> list[Sample]:
    waves = 20 + 10 * math.sin(past / 60)
    paid = (("currency", "EUR"), ("kind", "topup"))
    waited = Series("topup_waited_seconds", "histogram", "", (), "r1", (0.1, 0.5, 1.0))
    return [
        Sample(Series("topup.paid", "counter", "cents", paid, "r1"), "web.1", (waves * 10,)),
        Sample(Series("topup_open_orders", "gauge", "", (), "r1"), "web.1", level(round(waves))),
        Sample(waited, "web.1", (20.0, 4.0, 15.0, 4.0, 1.0, 0.0)),
        *(
            Sample(Series(f"process_number_{number}", "gauge", "", (), "r1"), "web.1", level(number * 1000))
            for number in range(12)
        ),
    ]
