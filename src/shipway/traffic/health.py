"""Whether an instance is healthy, and why not: one question asked directly, past the router."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import NamedTuple

from shipway.errors import NotHealthy
from shipway.traffic.addresses import host
from shipway.traffic.desired import Cluster, owner

PATIENCE = 3.0


class Answer(NamedTuple):
    """Whether an instance is healthy, and what it said, as a sentence."""

    good: bool
    says: str


def ask(name: str, cluster: Cluster) -> Iterator[Answer]:
    """One health check of each instance of a release, by the rule by which the router checks them."""
    address = host(*owner(name).split("."))
    return (_ask(port, cluster.health_path, address) for port in cluster.ports)


def refuse(name: str, cluster: Cluster) -> NotHealthy:
    """The error that says what each instance of a release answers."""
    answers = [answer.says for answer in ask(name, cluster)]
    return NotHealthy(f"{name} is not healthy: {'; '.join(answers) or 'it has no instance'}.")


def _ask(port: int, path: str, address: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"Host": address, "Connection": "close"})
        status = connection.getresponse().status
        return Answer(status < http.HTTPStatus.INTERNAL_SERVER_ERROR, f"port {port} answers {path} with {status}")
    except ConnectionRefusedError:
        return Answer(False, f"nothing listens on port {port}")
    except TimeoutError:
        return Answer(False, f"port {port} does not answer {path} within {PATIENCE:g} s")
    except (OSError, http.client.HTTPException) as error:
        return Answer(False, f"port {port} does not answer {path} in HTTP ({type(error).__name__})")
    finally:
        connection.close()
