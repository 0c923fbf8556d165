"""SASL as XMPP carries it: error conditions, base64 of its messages, the PLAIN mechanism.

RFC 6120, section 6, and RFC 4616; no I/O and no decisions about accounts.
"""

import binascii
from typing import Literal

import attrs

Condition = Literal[
    "aborted",
    "account-disabled",
    "credentials-expired",
    "encryption-required",
    "incorrect-encoding",
    "invalid-authzid",
    "invalid-mechanism",
    "malformed-request",
    "mechanism-too-weak",
    "not-authorized",
    "temporary-auth-failure",
]
"""The names of RFC 6120, section 6.5."""

MAX_PASSWORD = 1024
"""Bytes of a password: RFC 4616, section 2, asks for 255; to prepare many more takes too long."""


class SaslError(Exception):
    """The exchange has failed; the client is told `condition` and, if there is one, `text`."""

    def __init__(self, condition: Condition, text: str = "") -> None:
        super().__init__(f"{condition}: {text}" if text else condition)
        self.condition = condition
        self.text = text


def strict_base64(text: str) -> bytes:
    """Undo base64 that is exactly what RFC 4648, section 4, produces.

    Raises `ValueError` for anything else: foreign characters, white space, padding that is
    missing, misplaced or not zero.
    """
    data = binascii.a2b_base64(text)
    if binascii.b2a_base64(data, newline=False).decode("ascii") != text:
        raise ValueError("not canonical base64")
    return data


def decode(text: str) -> bytes:
    """The SASL message that an `auth`, `response` or `success` element holds.

    A lone `=` is the empty message (RFC 6120, 6.4.2); no text at all gives the empty message too.
    Raises `SaslError` incorrect-encoding.
    """
    if text == "=":
        return b""
    try:
        return strict_base64(text)
    except ValueError:
        raise SaslError("incorrect-encoding", "this is not base64") from None


def encode(message: bytes) -> str:
    """The text that carries a SASL message; the empty message is `=`."""
    return binascii.b2a_base64(message, newline=False).decode("ascii") or "="


@attrs.frozen
class Plain:
    """What a PLAIN message says (RFC 4616, section 2); nothing of it is prepared yet."""

    authzid: str
    authcid: str
    password: str = attrs.field(repr=False)


def read_plain(data: bytes) -> Plain:
    """Take a PLAIN message apart. Raises `SaslError` malformed-request."""
    try:
        authzid, authcid, password = data.decode("utf-8").split("\0")
    except ValueError:
        raise SaslError("malformed-request", "a PLAIN message is three UTF-8 fields") from None
    if not authcid or not password:
        raise SaslError("malformed-request", "user name and password must not be empty")
    if len(password.encode("utf-8")) > MAX_PASSWORD:
        raise SaslError("malformed-request", "the password is too long")
    return Plain(authzid, authcid, password)
