"""Why an instance is not healthy: one question asked directly, past the router."""

from __future__ import annotations

import http.client

from shipway.errors import UserError

PATIENCE = 3.0


class NotHealthy(UserError):
    """A release does not answer its health check, so it gets no traffic; its author can mend it."""

    id = "traffic.not_healthy"
    status = 409
    default_hint = "Look at the log of the release, and at `health` in shipway.yml: is the path right?"


def answer(port: int, path: str, host: str) -> str:
    """What the instance at this port says to a health check, as the end of a sentence."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"Host": host})
        return f"answers {path} with status {connection.getresponse().status}"
    except ConnectionRefusedError:
        return "does not listen"
    except TimeoutError:
        return f"does not answer {path} within {PATIENCE:g} s"
    except (OSError, http.client.HTTPException) as error:
        return f"does not answer {path} in HTTP ({type(error).__name__})"
    finally:
        connection.close()
