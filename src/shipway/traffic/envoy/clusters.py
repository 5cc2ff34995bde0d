"""One cluster per release, of which nothing ever changes but where its instances listen.

The endpoints stand in the cluster itself: Envoy takes an inotify instance for each subscription to a file, also
when many share one, and ends itself when a user has none left (128 by default).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shipway.traffic.addresses import host
from shipway.traffic.desired import Cluster, Desired, owner

LOOPBACK = "127.0.0.1"
# An application that cannot take more says so itself; Envoy's defaults are 1024, and 3 retries at a time.
LIMITS = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests", "max_retries"), 100_000)

# Shorter than any server's own (gunicorn 2 s, uvicorn and node 5 s), so that Envoy never sends a request on a
# connection that the application is just closing: such a request was sent, and may not be sent again.
IDLE = "1s"

# Each of two Envoys asks: an instance hears twenty questions a second while its release comes up, and one a
# second afterwards. A check that hangs delays a restart of Envoy by its time-out. One failure is enough for a
# 5xx; silence has to be repeated.
HEALTH = {
    "timeout": "3s",
    "interval": "2s",
    "no_traffic_interval": "0.1s",
    "no_traffic_healthy_interval": "2s",
    "unhealthy_interval": "0.5s",
    "unhealthy_edge_interval": "0.5s",
    "healthy_edge_interval": "2s",
    "unhealthy_threshold": 3,
    "healthy_threshold": 1,
}


# When none is healthy all are tried: a wrong health check must not be worse than a wrong answer. By default a
# worker hears up to a second late which endpoints are healthy, and goes on asking only the first of two.
BALANCE = {"healthy_panic_threshold": {"value": 1}, "update_merge_window": "0s"}


def clusters(desired: Desired) -> list[dict[str, Any]]:
    """The cluster of each release, checked at its health path under the name by which its users call it."""
    return [_cluster(name, cluster) for name, cluster in sorted(desired.clusters.items())]


def _cluster(name: str, cluster: Cluster) -> dict[str, Any]:
    checked = host(*owner(name).split("."))
    thresholds = [{"priority": level, **LIMITS} for level in ("DEFAULT", "HIGH")]
    return {
        "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        "name": name,
        "type": "STATIC",
        "load_assignment": _endpoints(name, cluster),
        "connect_timeout": "2s",
        "circuit_breakers": {"thresholds": thresholds},
        "health_checks": [HEALTH | {"http_health_check": _check(cluster.health_path, checked)}],
        "common_lb_config": BALANCE,
        "typed_extension_protocol_options": {_PROTOCOL: _protocol()},
    }


def _endpoints(name: str, cluster: Cluster) -> Mapping[str, Any]:
    addresses = [{"address": LOOPBACK, "port_value": port} for port in cluster.ports]
    found = [{"endpoint": {"address": {"socket_address": address}}} for address in addresses]
    return {"cluster_name": name, "endpoints": [{"lb_endpoints": found}]}


def _check(path: str, host: str) -> Mapping[str, Any]:
    # Anything below 500 is an answer of the application: a health path may redirect or ask for a password.
    return {"path": path, "host": host, "expected_statuses": [{"start": 100, "end": 500}]}


_PROTOCOL = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def _protocol() -> Mapping[str, Any]:
    return {
        "@type": f"type.googleapis.com/{_PROTOCOL}",
        "common_http_protocol_options": {"idle_timeout": IDLE},
        "explicit_http_config": {"http_protocol_options": {}},
    }
