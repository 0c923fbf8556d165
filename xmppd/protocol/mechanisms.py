"""The SASL mechanisms that are known by password, and whom a first message of them names."""

import attrs

from xmppd.protocol.sasl import SaslError, read_plain
from xmppd.protocol.scram_messages import read_client_first

ALGORITHMS = {"SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}
"""The hashes of SCRAM mechanisms, and what `hashlib` calls them."""


@attrs.frozen
class Mechanism:
    """One SASL mechanism.

    `hash` is the hash of a SCRAM mechanism and `None` for PLAIN; `plus` says that the mechanism
    is bound to the TLS channel.
    """

    name: str
    hash: str | None = None
    plus: bool = False


MECHANISMS = (
    Mechanism("SCRAM-SHA-512-PLUS", "SHA-512", plus=True),
    Mechanism("SCRAM-SHA-256-PLUS", "SHA-256", plus=True),
    Mechanism("SCRAM-SHA-1-PLUS", "SHA-1", plus=True),
    Mechanism("SCRAM-SHA-512", "SHA-512"),
    Mechanism("SCRAM-SHA-256", "SHA-256"),
    Mechanism("SCRAM-SHA-1", "SHA-1"),
    Mechanism("PLAIN"),
)
"""The strongest first: the order in which they are offered."""

_BY_NAME = {mechanism.name: mechanism for mechanism in MECHANISMS}


def mechanism_named(name: str) -> Mechanism:
    """Raises `SaslError` invalid-mechanism for a name that is not in the table."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise SaslError("invalid-mechanism", "this mechanism is not known") from None


def account_named(mechanism: str, message: bytes, domain: str) -> str:
    """The account that a client's first message names, as text that is not prepared yet.

    It is the authorization identity if there is one, else the user name; a name without `@`
    belongs to `domain`. This serves to find who decides about the account and decides nothing.
    Raises `SaslError`: invalid-mechanism, malformed-request, or what else the message deserves.
    """
    if mechanism_named(mechanism).hash is None:
        plain = read_plain(message)
        name = plain.authzid or plain.authcid
    else:
        first = read_client_first(message)
        name = first.authzid or first.authcid
    return name if "@" in name else f"{name}@{domain}"
