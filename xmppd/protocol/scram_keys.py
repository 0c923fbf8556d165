"""The keys that a server keeps of a password for SCRAM (RFC 5802, section 3)."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any, Self

import attrs

from xmppd.protocol.mechanisms import ALGORITHMS
from xmppd.protocol.preparation import prepare_password
from xmppd.protocol.sasl import MAX_PASSWORD, encode, strict_base64

ITERATIONS = 10_000
"""Rounds of PBKDF2 for new keys."""

SALT_BYTES = 16


@attrs.frozen
class ScramKeys:
    """What is kept of a password: enough to check it, not enough to log in with it.

    `hash` is the name that the mechanism has it under, such as `SHA-256`.
    """

    hash: str = attrs.field(validator=attrs.validators.in_(ALGORITHMS))
    salt: bytes = attrs.field(repr=False, validator=attrs.validators.min_len(1))
    iterations: int = attrs.field(
        validator=(attrs.validators.instance_of(int), attrs.validators.ge(1))
    )
    stored_key: bytes = attrs.field(repr=False)
    server_key: bytes = attrs.field(repr=False)

    @classmethod
    def from_password(
        cls, password: str, hash: str, salt: bytes | None = None, iterations: int = ITERATIONS
    ) -> Self:
        """Derive the keys; this takes milliseconds and may run in a thread.

        Without `salt` a random one is drawn. Raises `ValueError` for a password that SASLprep
        forbids or that is too long, and for an unknown hash.
        """
        if hash not in ALGORITHMS:
            raise ValueError(f"unknown hash {hash}")
        if len(password.encode("utf-8")) > MAX_PASSWORD:
            raise ValueError(f"a password may not be longer than {MAX_PASSWORD} bytes")
        algorithm = ALGORITHMS[hash]
        salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
        prepared = prepare_password(password).encode("utf-8")
        salted = hashlib.pbkdf2_hmac(algorithm, prepared, salt, iterations)
        client_key = hmac.digest(salted, b"Client Key", algorithm)
        stored_key = hashlib.new(algorithm, client_key).digest()
        server_key = hmac.digest(salted, b"Server Key", algorithm)
        return cls(hash, salt, iterations, stored_key, server_key)

    def check_password(self, password: str) -> bool:
        """Whether these are the keys of `password`; costs as much as deriving them."""
        try:
            derived = self.from_password(password, self.hash, self.salt, self.iterations)
        except ValueError:
            return False
        return hmac.compare_digest(derived.stored_key, self.stored_key)

    def to_dict(self) -> dict[str, str | int]:
        """The keys as JSON can hold them."""
        return {
            "hash": self.hash,
            "salt": encode(self.salt),
            "iterations": self.iterations,
            "stored_key": encode(self.stored_key),
            "server_key": encode(self.server_key),
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """Undo `to_dict`. Raises `ValueError` for anything that it did not make."""
        try:
            salt, stored_key, server_key = (
                strict_base64(kept[name]) for name in ("salt", "stored_key", "server_key")
            )
            return cls(kept["hash"], salt, kept["iterations"], stored_key, server_key)
        except (KeyError, TypeError, ValueError):
            raise ValueError("these are not SCRAM keys") from None


def fake_keys(host_key: bytes, name: str, hash: str, iterations: int = ITERATIONS) -> ScramKeys:
    """Keys for a name that has none, so that its exchange looks like any other until it fails.

    They are the same each time for one host key, hash and name. `name` is the prepared name of
    the account: spellings that mean one real account have one salt, so must these.
    """

    def derived(purpose: str) -> bytes:
        text = f"{purpose}\0{hash}\0{name}".encode()
        return hmac.digest(host_key, text, ALGORITHMS[hash])

    salt = derived("salt")[:SALT_BYTES]
    return ScramKeys(hash, salt, iterations, derived("stored key"), derived("server key"))
