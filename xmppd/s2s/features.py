"""What we offer on a stream that another server has opened (RFC 6120, 4.3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from xmppd.protocol import acks
from xmppd.protocol.feature import Feature, When, features_element
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import BIDI_FEATURE, DIALBACK_FEATURE, SASL, STREAM_LIMITS, TLS

if TYPE_CHECKING:
    from xmppd.s2s.incoming import Incoming


def _feature(xml: bytes) -> Feature:
    return Feature(xml, When.BEFORE_LOGIN)


_DIALBACK = _feature(element("dialback", DIALBACK_FEATURE, None, element("errors")))
_MANAGEMENT = _feature(acks.FEATURE)
_BIDI = _feature(element("bidi", BIDI_FEATURE))
_EXTERNAL = _feature(
    element("mechanisms", SASL, None, element("mechanism", None, None, "EXTERNAL"))
)


@attrs.frozen
class Offered:
    """Stream features; `external` tells that a certificate would do."""

    xml: bytes
    external: bool


def offered(stream: Incoming, authenticated: bool) -> Offered:
    """What is on offer now; after SASL EXTERNAL there is nothing left to authenticate."""
    peer = stream.stream.peer
    certified = not authenticated and peer is not None and stream.has_certificate(peer)
    table = [_EXTERNAL] if certified else []
    table += _within_tls(stream) if stream.is_secure else _in_plain(stream)
    if stream.edge.settings.bidirectional and not authenticated:
        table.append(_BIDI)
    return Offered(features_element(table, When.BEFORE_LOGIN), certified)


def _within_tls(stream: Incoming) -> list[Feature]:
    most = element("max-bytes", None, None, str(stream.limits.stanza_bytes))
    limits = _feature(element("limits", STREAM_LIMITS, None, most))
    return [_DIALBACK, _MANAGEMENT, limits]


def _in_plain(stream: Incoming) -> list[Feature]:
    """TLS, and no more where it is required."""
    if stream.allows_plaintext(stream.stream.peer):
        return [_feature(element("starttls", TLS)), _DIALBACK, _MANAGEMENT]
    return [_feature(element("starttls", TLS, None, element("required")))]
