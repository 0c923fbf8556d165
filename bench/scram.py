"""The client's side of SASL."""

import base64
import hashlib
import hmac
from functools import lru_cache

SASL = "urn:ietf:params:xml:ns:xmpp-sasl"


def auth(mechanism: str, message: str) -> bytes:
    """The element that begins."""
    return f"<auth xmlns='{SASL}' mechanism='{mechanism}'>{_base64(message)}</auth>".encode()


def response(message: str) -> bytes:
    """The element that goes on."""
    return f"<response xmlns='{SASL}'>{_base64(message)}</response>".encode()


def first(name: str) -> str:
    """The first message of SCRAM without its channel-binding flag (RFC 5802, 7)."""
    return f"n={name},r=fyko-d2lbbFgONRv9qkxdawL"


def final(name: str, challenge: bytes) -> str:
    """The final message, from what the server answered to the first; by SHA-1."""
    told = base64.b64decode(challenge.split(b">", 1)[1].split(b"<", 1)[0]).decode()
    nonce, salt, rounds = (part[2:] for part in told.split(",")[:3])
    bare = f"c=biws,r={nonce}"
    key = hmac.digest(_salted(salt, int(rounds)), b"Client Key", "sha1")
    text = f"{first(name)},{told},{bare}"
    signature = hmac.digest(hashlib.sha1(key).digest(), text.encode(), "sha1")
    proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
    return f"{bare},p={base64.b64encode(proof).decode()}"


@lru_cache
def _salted(salt: str, rounds: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha1", b"secret", base64.b64decode(salt), rounds)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
