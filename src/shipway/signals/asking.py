"""Requests of the judge's own, where too few people make any: to an instance itself, past the router."""

from __future__ import annotations

import http.client

AGENT = "shipway-judge"
PATIENCE = 10.0


def answers(port: int, host: str, path: str) -> bool:
    """Whether the instance on this port answers GET with a status below 500."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"Host": host, "User-Agent": AGENT, "Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        return answer.status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
