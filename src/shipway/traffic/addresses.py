"""Under which names an application answers."""

from __future__ import annotations

PRODUCTION = "prod"


def host(application: str, environment: str) -> str:
    """`topup.localhost` in prod, `topup--dev.localhost` elsewhere (names never contain `--`)."""
    name = application if environment == PRODUCTION else f"{application}--{environment}"
    return f"{name}.localhost"


def address(application: str, environment: str, port: int) -> str:
    """The URL to type into a browser; other programs may have to send the host by themselves (glibc)."""
    suffix = "" if port == 80 else f":{port}"
    return f"http://{host(application, environment)}{suffix}"


def key(application: str, environment: str) -> str:
    """The name of one application's environment in the router, `topup.prod`: the front part of its clusters'."""
    return f"{application}.{environment}"
