"""How Envoy starts: one listener on the loopback for everybody, one for the keeper, all else read from files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shipway.traffic.envoy import counting, routes
from shipway.traffic.envoy.admin import STAT_PREFIX
from shipway.traffic.envoy.clusters import LOOPBACK
from shipway.traffic.envoy.publish import CLUSTERS, ROUTES, RUNTIME, source

CONNECTIONS = 8192

_HTTP = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
_SAYS = "type.googleapis.com/envoy.extensions.filters.network.direct_response.v3.Config"
_LIMIT = (
    "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
)

# Everything Shipway reads and no more: a cluster has over 200 statistics, and each of them costs memory.
STATISTICS = (
    r"cluster\.[^.]+\.[^.]+\.[^.]+\.(version_text|membership_(healthy|total)|upstream_rq_(active|total|time|[1-5]xx|retry|timeout)"
    r"|upstream_cx_(active|connect_fail))",
    r"cluster_manager\.(cds\..*|active_clusters|warming_clusters)",
    rf"http\.{STAT_PREFIX}\.(rds\..*|downstream_(rq|cx)_(active|total)|downstream_rq_[1-5]xx)",
    r"(runtime|server|listener_manager|overload)\..*",
)

GONE = "The application does not answer at the moment. Shipway goes on asking it; try again in a few seconds.\n"


def bootstrap(name: str, directory: Path, socket: Path, port: int) -> str:
    """The configuration of the Envoy called `name`; the same text for the same arguments."""
    rtds = {"name": routes.RUNTIME, "rtds_config": source(directory / RUNTIME)}
    value = {
        "node": {"id": name, "cluster": "shipway"},
        "admin": {"address": {"pipe": {"path": str(socket), "mode": 0o600}}},
        "layered_runtime": {"layers": [{"name": routes.RUNTIME, "rtds_layer": rtds}]},
        "dynamic_resources": {"cds_config": source(directory / CLUSTERS)},
        "static_resources": {"listeners": [_listener(directory, port), _pulse(pulse_socket(socket))]},
        "stats_flush_interval": f"{counting.LATE}s",
        "stats_config": {
            "use_all_default_tags": False,
            "histogram_bucket_settings": counting.buckets(),
            "stats_matcher": {
                "inclusion_list": {"patterns": [{"safe_regex": {"regex": text}} for text in STATISTICS]}
            },
        },
        "overload_manager": {"resource_monitors": [_connections()]},
    }
    return json.dumps(value, indent=1)


def pulse_socket(socket: Path) -> Path:
    """Where the thread that serves requests says that it is there; `socket` is where the main thread answers."""
    return socket.with_suffix(".pulse")


def admin_socket(file: Path) -> Path | None:
    """Where an Envoy that was started with this file answers; None when there is no such file."""
    try:
        return Path(json.loads(file.read_text())["admin"]["address"]["pipe"]["path"])
    except FileNotFoundError:
        return None


def _connections() -> Mapping[str, Any]:
    config = {"@type": _LIMIT, "max_active_downstream_connections": CONNECTIONS}
    return {"name": "envoy.resource_monitors.global_downstream_max_connections", "typed_config": config}


def _listener(directory: Path, port: int) -> Mapping[str, Any]:
    manager = {"name": "http", "typed_config": _manager(directory)}
    return {
        "name": "door",
        "address": {"socket_address": {"address": LOOPBACK, "port_value": port}},
        # All of ours listen on one port, and the kernel deals connections out to those that are alive.
        "enable_reuse_port": True,
        "filter_chains": [{"filters": [manager]}],
    }


def _pulse(socket: Path) -> Mapping[str, Any]:
    """Two share the port, so nobody can ask one of them there; and the main thread answers for itself only."""
    says = {"@type": _SAYS, "response": {"inline_string": "here\n"}}
    return {
        "name": "pulse",
        "address": {"pipe": {"path": str(socket), "mode": 0o600}},
        "filter_chains": [{"filters": [{"name": "here", "typed_config": says}]}],
    }


def _manager(directory: Path) -> Mapping[str, Any]:
    router = {"name": "router", "typed_config": {"@type": _ROUTER, "suppress_envoy_headers": True}}
    return {
        "@type": _HTTP,
        "stat_prefix": STAT_PREFIX,
        "codec_type": "HTTP1",
        "rds": {"route_config_name": routes.NAME, "config_source": source(directory / ROUTES)},
        "http_filters": [router],
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        # The application sees its client's address and its own headers, and none of Envoy's.
        "use_remote_address": True,
        "skip_xff_append": True,
        # What it says of TLS is kept up to the routes, which know whether a proxy in front may say so.
        "xff_num_trusted_hops": 1,
        "internal_address_config": {},
        "server_header_transformation": "PASS_THROUGH",
        "preserve_external_request_id": True,
        "http_protocol_options": {"accept_http_10": True},
        # Headers must come within a minute; an hour of silence in both directions ends a stream.
        "request_headers_timeout": "60s",
        "stream_idle_timeout": "3600s",
        "local_reply_config": {"mappers": [_gone()]},
    }


def _gone() -> Mapping[str, Any]:
    """A sentence of ours in place of Envoy's, when no instance took the request or one broke off."""
    flags = {"response_flag_filter": {"flags": ["UH", "UF", "UC", "URX", "NC"]}}
    return {"filter": flags, "body_format_override": {"text_format_source": {"inline_string": GONE}}}
