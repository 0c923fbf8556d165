"""Stanzas from bytes that stand alone: what a store kept, what a program wrote."""

from typing import Final

from xmppd.protocol.errors import StreamError
from xmppd.protocol.framer import Framer
from xmppd.protocol.namespaces import CLIENT, STREAMS
from xmppd.protocol.stanza import Stanza

_HEADER: Final = f"<stream:stream xmlns='{CLIENT}' xmlns:stream='{STREAMS}'>".encode()
MAX_BYTES: Final = 16 * 1024 * 1024


def parse_stanza(data: bytes) -> Stanza:
    """Read one element; without a namespace declaration it is of the content namespace.

    Raises ValueError for anything but exactly one well-formed element.
    """
    framer = Framer(MAX_BYTES)
    events = framer.feed(_HEADER + data)[1:]
    if len(events) != 1 or not isinstance(events[0], Stanza) or not framer.idle:
        found = next((event for event in events if isinstance(event, StreamError)), None)
        raise ValueError(f"not one stanza: {found or len(events)}")
    return events[0]
