"""Whether an instance is healthy, and why not: one question asked directly, past the router."""

from __future__ import annotations

import http.client
import logging
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shipway.errors import NotHealthy, RouterSilent
from shipway.traffic.addresses import host
from shipway.traffic.desired import Cluster, owner

log = logging.getLogger(__name__)
PATIENCE = 3.0
AGENT = "shipway-health"


class Answer(NamedTuple):
    """Whether the instance at a port is healthy, and what it did when it was asked: `answers / with 500`."""

    good: bool
    port: int
    says: str


def ask(name: str, cluster: Cluster) -> Iterator[Answer]:
    """One health check of each instance of a release, by the rule by which the router checks them."""
    address = host(*owner(name).split("."))
    return (_ask(port, cluster.health_path, address) for port in cluster.ports)


def refuse(name: str, cluster: Cluster) -> NotHealthy | RouterSilent:
    """The error that says what each instance of a release answers; that of the router when all are well."""
    answers, short = list(ask(name, cluster)), name.removeprefix(f"{owner(name)}.")
    if answers and all(answer.good for answer in answers):
        return RouterSilent(f"{short} is healthy, and Envoy did not say so in time.")
    for answer in answers:
        log.warning("an instance of %s: port %d %s", name, answer.port, answer.says)
    return NotHealthy(f"{short} is not healthy: {_told(answers)}.")


def _told(answers: Sequence[Answer]) -> str:
    """What those that are not well do, each thing once, for people: they know no ports."""
    bad = list(dict.fromkeys(answer.says for answer in answers if not answer.good))
    everyone = len(bad) == 1 and not any(answer.good for answer in answers)
    return "; ".join(f"{'it' if everyone else 'an instance'} {says}" for says in bad) or "it has no instance"


def _ask(port: int, path: str, address: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"Host": address, "User-Agent": AGENT, "Connection": "close"})
        status = connection.getresponse().status
        return Answer(status < http.HTTPStatus.INTERNAL_SERVER_ERROR, port, f"answers {path} with {status}")
    except ConnectionRefusedError:
        return Answer(False, port, "does not listen on its PORT")
    except TimeoutError:
        return Answer(False, port, f"does not answer {path} within {PATIENCE:g} s")
    except (OSError, http.client.HTTPException) as error:
        return Answer(False, port, f"does not answer {path} in HTTP ({type(error).__name__})")
    finally:
        connection.close()
