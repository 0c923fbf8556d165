"""What goes over a link that is up: stanzas, frames, and its own signs of life."""

from typing import Final

from xmppd.link.codec import CARRIED, envelope
from xmppd.link.envelope import Envelope
from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Frame
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import CONTENT, PING
from xmppd.protocol.stanza import Stanza
from xmppd.protocol.stream import STANZAS

ALIVE: Final = "xmppd-alive"
"""The id of the pings of links; what has it is not passed on."""


def ping(name: str) -> Stanza:
    """What asks the other side of a link of that name for a sign of life.

    Whoever knows nothing of it has it come back from whoever serves the name.
    """
    jid = Jid.parse(name)
    return Stanza.make("iq", element("ping", PING), to=jid, sender=jid, type="get", id=ALIVE)


def is_ping(iq: Stanza, name: str) -> bool:
    """Whether an iq is such a ping: of the link itself, and for nobody behind it."""
    return iq.attrs.get("id") == ALIVE and iq.type == "get" and iq.to == iq.sender == name


def is_sign_of_life(iq: Stanza) -> bool:
    """Whether that answers a ping of ours."""
    return iq.attrs.get("id") == ALIVE and iq.type in ("result", "error")


def with_lang(stanza: Stanza, lang: str) -> Stanza:
    """The stanza with the language of its stream, where that has one and the stanza has none."""
    if not lang or stanza.lang is not None:
        return stanza
    return stanza.readdressed(None, None, **{"xml:lang": lang})


def opened(frame: Frame) -> Envelope:
    """What a frame carries. Raises `StreamError` for what none may carry."""
    for item in frame.items:
        if not is_carried(item):
            raise StreamError("unsupported-stanza-type", "no such thing goes in a route")
    return envelope(frame)


def is_carried(item: Stanza) -> bool:
    """Whether that may stand in a `<route/>`: a stanza, an error, or a verb."""
    if item.ns == CONTENT:
        return item.name in STANZAS or item.name == "error"
    return item.ns in CARRIED
