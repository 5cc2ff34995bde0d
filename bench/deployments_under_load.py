"""What clients notice of deployments: failures, and p99 against the same work done without a switch.

Baseline, in the same run: the same clients on the same application while the pipelines and starts of another
application run, so that the machine is as busy but no traffic moves. Prints one JSON line; `p99_ratio` is the
figure (bar: at most 2). Usage: bench/deployments_under_load.py [DEPLOYMENTS]
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.installation import Installation, Repository
from support.load import Load
from support.shop import PROJECT, shop


def main() -> None:
    deployments = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as home:
        installation = Installation(Path(home))
        installation.up()
        try:
            print(json.dumps(measure(installation, deployments)))
        finally:
            installation.take_down()


def measure(installation: Installation, deployments: int) -> dict[str, object]:
    other, watched = opened(installation, "other"), opened(installation, "shop")
    quiet = deliver(installation, other, deployments)
    switching = deliver(installation, watched, deployments)
    before, during = (load.percentile(0.99) for load in (quiet, switching))
    return {
        "deployments": deployments,
        "requests": switching.requests,
        "failed": len(switching.failures),
        "failed_without_switch": len(quiet.failures),
        "p99_ms_without_switch": round(before * 1000, 1),
        "p99_ms": round(during * 1000, 1),
        "p99_ratio": round(during / before, 2),
    }


def opened(installation: Installation, name: str) -> Repository:
    repository = installation.repository(name)
    repository.write(version(name, "1"))
    repository.commit("Open")
    repository.init()
    repository.deliver("Open for real")
    return repository


def deliver(installation: Installation, repository: Repository, deployments: int) -> Load:
    """Deploys that application again and again while clients use the shop."""
    load = Load(installation.proxy_port, "shop.localhost", slow_path="/count")
    with load:
        for number in range(2, deployments + 2):
            repository.deliver(f"Version {number}", version(repository.name, str(number)))
    return load


def version(name: str, number: str) -> dict[str, str]:
    project = PROJECT.replace("[dev, test, prod]", "[prod]").replace("warm: 60 s", "warm: 5 s")
    return shop(number, project=project.replace("name: shop", f"name: {name}"))


if __name__ == "__main__":
    main()
