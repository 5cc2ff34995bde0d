"""What applications have sent by OpenTelemetry, as it lies in the directory of logs."""

from __future__ import annotations

import json
from typing import Any

from shipway.config.places import Places
from shipway.signals.otlp.lines import KIND


def sent(places: Places, application: str, environment: str = "prod") -> list[dict[str, Any]]:
    """Every line, in the order in which they came, with the moment before it (`came`) and its `log`."""
    found = []
    for file in (places.environment(application, environment) / "logs").glob(f"*{KIND}*"):
        for line in file.read_text().splitlines():
            came, _, told = line.partition(" ")
            found.append({"log": file.name.partition(KIND)[0], "came": came, **json.loads(told)})
    return sorted(found, key=lambda line: line["came"])
