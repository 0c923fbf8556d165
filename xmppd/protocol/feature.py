"""Stream features: what is on offer, and when (RFC 6120, 4.3)."""

from collections.abc import Iterable
from enum import Flag, auto

import attrs

from xmppd.protocol.markup import element


class When(Flag):
    """How far a stream has been negotiated."""

    BEFORE_TLS = auto()
    """In plain text, where nothing but TLS is on offer."""
    BEFORE_LOGIN = auto()
    AFTER_LOGIN = auto()


@attrs.frozen
class Feature:
    """One child of `<stream:features/>`: its XML, and the stages at which it is offered."""

    xml: bytes
    when: When


def features_element(table: Iterable[Feature], now: When) -> bytes:
    """The `<stream:features/>` of a stream that has come so far."""
    return element("stream:features", None, None, *[row.xml for row in table if now & row.when])
