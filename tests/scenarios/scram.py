"""The client's side of SCRAM (RFC 5802, RFC 7677), each piece of it to be had in a wrong form."""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode


class Scram:
    """One exchange.

    :param header: the GS2 header, such as `n,,` or `p=tls-exporter,,` (RFC 5802, 7).
    :param binding: the channel-binding data that goes with `p=`.
    """

    def __init__(
        self, user: str, password: str, hash: str = "sha256", header: str = "n,,",
        binding: bytes = b"",
    ) -> None:  # fmt: skip
        self._password = password.encode()
        self._hash = hash
        self._header = header
        self._binding = binding
        self._bare = f"n={user},r={secrets.token_hex(12)}"
        self._signature = b""

    def first(self) -> bytes:
        """The client's first message."""
        return (self._header + self._bare).encode()

    def final(self, challenge: bytes) -> bytes:
        """The client's answer to a challenge: its proof."""
        said = dict(part.split("=", 1) for part in challenge.decode().split(","))
        salted = hashlib.pbkdf2_hmac(
            self._hash, self._password, b64decode(said["s"]), int(said["i"])
        )
        bound = b64encode(self._header.encode() + self._binding).decode()
        without_proof = f"c={bound},r={said['r']}"
        signed = ",".join((self._bare, challenge.decode(), without_proof)).encode()
        key = self._mac(salted, b"Client Key")
        mask = self._mac(self._digest(key), signed)
        self._signature = self._mac(self._mac(salted, b"Server Key"), signed)
        proof = bytes(one ^ other for one, other in zip(key, mask, strict=True))
        return f"{without_proof},p={b64encode(proof).decode()}".encode()

    def is_server(self, success: bytes) -> bool:
        """Whether the server has shown that it knows the password's keys."""
        return success == b"v=" + b64encode(self._signature)

    def _mac(self, key: bytes, text: bytes) -> bytes:
        return hmac.digest(key, text, self._hash)

    def _digest(self, text: bytes) -> bytes:
        return hashlib.new(self._hash, text).digest()
