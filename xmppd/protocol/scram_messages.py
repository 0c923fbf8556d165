"""The syntax of SCRAM's two client messages (RFC 5802, section 7), GS2 header included."""

import re

import attrs

from xmppd.protocol.sasl import SaslError, strict_base64

_NAME = r"(?:[^\0=,]|=2C|=3D)+"
_NONCE = r"[\x21-\x2b\x2d-\x7e]+"
_EXTENSIONS = r"(?P<extensions>(?:,[A-Za-z]=[^\0,]+)*)"
_RESERVED = r"(?P<reserved>m=[^\0,]+,)?"

_CLIENT_FIRST = re.compile(
    rf"(?P<header>(?P<flag>n|y|p=(?P<binding>[A-Za-z0-9.-]+)),(?:a=(?P<authzid>{_NAME}))?,)"
    rf"(?P<bare>{_RESERVED}n=(?P<authcid>{_NAME}),r=(?P<nonce>{_NONCE}){_EXTENSIONS})"
)
_CLIENT_FINAL = re.compile(
    rf"(?P<unproved>c=(?P<binding>[^\0,]+),r=(?P<nonce>{_NONCE}){_EXTENSIONS}),p=(?P<proof>[^\0,]+)"
)
_EXTENSION_NAME = re.compile(r",([A-Za-z])=")
_SCRAM_ATTRIBUTES = frozenset("anrcsipve")


@attrs.frozen
class ClientFirst:
    """The first message: who wants to log in, and what the client thinks of channel binding."""

    header: bytes
    """The GS2 header as sent, both commas included."""
    flag: str
    """`n`, `y` or `p`."""
    binding: str | None
    """The channel-binding type that `p=` names."""
    authzid: str
    authcid: str
    nonce: str
    bare: bytes


@attrs.frozen
class ClientFinal:
    """The last message of a client."""

    binding: bytes
    """GS2 header and channel-binding data."""
    nonce: str
    proof: bytes
    unproved: bytes
    """The message up to its proof."""


def read_client_first(message: bytes) -> ClientFirst:
    """Raises `SaslError`: malformed-request, or not-authorized for the reserved `m=`."""
    found = _match(_CLIENT_FIRST, message)
    if found["reserved"]:
        raise _mandatory_extension()
    return ClientFirst(
        header=found["header"].encode("utf-8"),
        flag=found["flag"][0],
        binding=found["binding"],
        authzid=_unescape(found["authzid"] or ""),
        authcid=_unescape(found["authcid"]),
        nonce=found["nonce"],
        bare=found["bare"].encode("utf-8"),
    )


def read_client_final(message: bytes) -> ClientFinal:
    """Raises `SaslError`: malformed-request, or not-authorized for the reserved `m=`."""
    found = _match(_CLIENT_FINAL, message)
    try:
        binding, proof = strict_base64(found["binding"]), strict_base64(found["proof"])
    except ValueError:
        raise SaslError("malformed-request", "an attribute is not base64") from None
    return ClientFinal(binding, found["nonce"], proof, found["unproved"].encode("utf-8"))


def _match(pattern: re.Pattern[str], message: bytes) -> re.Match[str]:
    try:
        found = pattern.fullmatch(message.decode("utf-8"))
    except UnicodeDecodeError:
        found = None
    if found is None:
        raise SaslError("malformed-request", "this is not a SCRAM message")
    _check_extensions(_EXTENSION_NAME.findall(found["extensions"]))
    return found


def _check_extensions(names: list[str]) -> None:
    """Unknown attributes are ignored, but none may come twice or out of its place."""
    if "m" in names:
        raise _mandatory_extension()
    if len(set(names)) < len(names) or not _SCRAM_ATTRIBUTES.isdisjoint(names):
        raise SaslError("malformed-request", "an attribute is doubled or misplaced")


def _mandatory_extension() -> SaslError:
    return SaslError("not-authorized", "no mandatory extension is known")


def _unescape(name: str) -> str:
    return name.replace("=2C", ",").replace("=3D", "=")
