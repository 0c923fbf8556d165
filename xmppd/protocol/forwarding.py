"""Stanzas within stanzas (XEP-0297), and since when they waited (XEP-0203): bytes, no trees."""

from datetime import datetime

from xmppd.protocol.datetimes import format_datetime
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import CLIENT, DELAY, FORWARD
from xmppd.protocol.stanza import Stanza


def delay(moment: datetime | int, by: Jid | None = None) -> bytes:
    """The `<delay/>` that says since when a stanza waited, and at whom (XEP-0203, 2).

    `moment` is as for `format_datetime`, whose ValueError it raises.
    """
    return element("delay", DELAY, {"from": by, "stamp": format_datetime(moment)})


def forwarded(stanza: Stanza, received: datetime | int | None = None) -> bytes:
    """The `<forwarded/>` that holds a stanza as it is, with its namespace (XEP-0297, 3.2).

    `received` is when it was received; it may be left out where that is now. The element belongs
    into one of the protocol that forwards.
    """
    since = b"" if received is None else delay(received)
    return element("forwarded", FORWARD, None, since, stanza.to_bytes(CLIENT))
