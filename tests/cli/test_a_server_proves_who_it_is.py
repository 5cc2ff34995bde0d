"""Where a server's address is one of https, nobody is spoken to who cannot show a certificate for it."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from shipway.cli.server import NoServer, Server
from support.ports import free_port


def certificate(file: Path) -> Path:
    """One that nobody vouches for, with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return file


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[int]:
    """The port of a server with such a certificate; it answers nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path / "certificate.pem"))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    context.wrap_socket(listener.accept()[0], server_side=True).close()
                except ssl.SSLError:
                    continue
                except OSError:
                    return

        answering = threading.Thread(target=answer)
        answering.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        answering.join()


@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
def test_one_that_nobody_vouches_for_is_told_nothing(impostor: int, scheme: str) -> None:
    with pytest.raises(NoServer, match="certificate verify failed"):
        Server(f"{scheme}://127.0.0.1:{impostor}", "token").get("/health")


def test_certificates_are_read_only_where_they_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssl.SSLContext.load_verify_locations", lambda *_where, **_more: pytest.fail("read"))
    with pytest.raises(NoServer):
        Server(f"http://127.0.0.1:{free_port()}", "").get("/health")
    with pytest.raises(pytest.fail.Exception):
        Server(f"https://127.0.0.1:{free_port()}", "").get("/health")
