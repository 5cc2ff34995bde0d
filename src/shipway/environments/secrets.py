"""Secrets at rest: sealed with a key that lies outside the data directory."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shipway.config.places import Places
from shipway.errors import OwnerError

_NONCE = 12  # bytes, as AES-GCM wants them


class KeyLost(OwnerError):
    """The key of the secrets is not there, or is another one."""

    id = "environments.key_lost"
    default_hint = "Put the key file back from its backup; without it the secrets have to be set again."


class Vault:
    """Seals and opens the secrets of environments (AES-256-GCM, bound to application and environment).

    The key is made at the first use, 0600, in `places.keys`.
    """

    def __init__(self, places: Places) -> None:
        self._path = places.secret_key

    def seal(self, application: str, environment: str, secrets: Mapping[str, str]) -> bytes:
        """Encrypts names and values together; no secrets give no bytes."""
        if not secrets:
            return b""
        nonce = os.urandom(_NONCE)
        plain = json.dumps(dict(secrets)).encode()
        return nonce + self._cipher(make=True).encrypt(nonce, plain, _bound(application, environment))

    def open(self, application: str, environment: str, sealed: bytes) -> dict[str, str]:
        """Decrypts what `seal` made for the same environment; raises KeyLost when the key does not fit."""
        if not sealed:
            return {}
        try:
            plain = self._cipher(make=False).decrypt(
                sealed[:_NONCE], sealed[_NONCE:], _bound(application, environment)
            )
        except InvalidTag as error:
            raise KeyLost(
                f"The secrets of {application} in {environment} cannot be opened with {self._path}."
            ) from error
        secrets: dict[str, str] = json.loads(plain)
        return secrets

    def _cipher(self, *, make: bool) -> AESGCM:
        if make and not self._path.exists():
            self._make()
        try:
            return AESGCM(self._path.read_bytes())
        except (FileNotFoundError, ValueError) as error:
            raise KeyLost(f"The key of the secrets is not readable at {self._path}.") from error

    def _make(self) -> None:
        """Writes a new key whole or not at all; of two that race, the first stays."""
        scratch = self._path.with_suffix(f".{os.getpid()}.new")
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(AESGCM.generate_key(256))
                file.flush()
                os.fsync(file.fileno())
            os.link(scratch, self._path)
        except FileExistsError:
            pass
        finally:
            scratch.unlink()


def _bound(application: str, environment: str) -> bytes:
    return f"{application}\0{environment}".encode()
