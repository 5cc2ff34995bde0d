"""Whether an instance is healthy, and why not: one question asked directly, past the router."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import NamedTuple

from shipway.errors import NotHealthy, RouterSilent
from shipway.traffic.addresses import host
from shipway.traffic.desired import Cluster, owner

PATIENCE = 3.0
AGENT = "shipway-health"


class Answer(NamedTuple):
    """Whether an instance is healthy, and what it said, as a sentence."""

    good: bool
    says: str


def ask(name: str, cluster: Cluster) -> Iterator[Answer]:
    """One health check of each instance of a release, by the rule by which the router checks them."""
    address = host(*owner(name).split("."))
    return (_ask(port, cluster.health_path, address) for port in cluster.ports)


def refuse(name: str, cluster: Cluster) -> NotHealthy | RouterSilent:
    """The error that says what each instance of a release answers; that of the router when all are well."""
    answers = list(ask(name, cluster))
    if answers and all(answer.good for answer in answers):
        return RouterSilent(f"{name} is healthy, and Envoy did not say so in time.")
    told = "; ".join(answer.says for answer in answers)
    return NotHealthy(f"{name} is not healthy: {told or 'it has no instance'}.")


def _ask(port: int, path: str, address: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"Host": address, "User-Agent": AGENT, "Connection": "close"})
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
