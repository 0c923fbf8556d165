"""What another server offers on a stream that we have opened (RFC 6120, 4.3.2)."""

from __future__ import annotations

from typing import Any, Final

import attrs
from twisted.words.xish import domish

from xmppd.protocol.namespaces import (
    BIDI_FEATURE,
    DIALBACK_FEATURE,
    SASL,
    STREAM_LIMITS,
    STREAM_MANAGEMENT,
    TLS,
)
from xmppd.protocol.stanza import Stanza

LEAST_LIMIT: Final = 10_000
"""No server may take less in one stanza (RFC 6120, 13.12)."""


@attrs.frozen
class Offer:
    """Stream features, as far as they concern us.

    `errors`: a key that it does not accept is answered, and the stream goes on (XEP-0220, 2.4).
    `max_bytes` is what it takes in one stanza (XEP-0478), None where it does not say.
    """

    tls: bool = False
    external: bool = False
    dialback: bool = False
    bidi: bool = False
    management: bool = False
    max_bytes: int | None = None
    errors: bool = False

    @classmethod
    def read(cls, features: Stanza) -> Offer:
        """Take `<stream:features/>` apart."""
        return cls(
            features.has(TLS, "starttls"),
            _offers_external(features),
            features.has(DIALBACK_FEATURE, "dialback"),
            features.has(BIDI_FEATURE, "bidi"),
            features.has(STREAM_MANAGEMENT, "sm"),
            _max_bytes(features.child(STREAM_LIMITS, "limits")),
            _has_errors(features.child(DIALBACK_FEATURE, "dialback")),
        )


def _offers_external(features: Stanza) -> bool:
    mechanisms = features.child(SASL, "mechanisms")
    offered: list[Any] = [] if mechanisms is None else list(mechanisms.elements())
    return any(str(each).strip() == "EXTERNAL" for each in offered)


def _has_errors(dialback: domish.Element | None) -> bool:
    return dialback is not None and any(each.name == "errors" for each in dialback.elements())


def _max_bytes(limits: domish.Element | None) -> int | None:
    for child in () if limits is None else limits.elements():
        text = str(child)
        if child.name == "max-bytes" and text.isascii() and text.isdigit():
            return max(LEAST_LIMIT, int(text[:12]))
    return None
