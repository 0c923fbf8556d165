"""Stanzas within stanzas (XEP-0297), and since when they waited (XEP-0203): bytes, no trees."""

import re
from datetime import datetime
from typing import Final

from xmppd.protocol.datetimes import format_datetime
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import CLIENT, DELAY, FORWARD
from xmppd.protocol.stanza import Stanza

_DECLARED: Final = f" xmlns='{CLIENT}'".encode()
_FORWARDED: Final = f"<forwarded xmlns='{FORWARD}'>".encode()
_TAG_END: Final = re.compile(rb"[ />]")


def delay(moment: datetime | int, by: Jid | None = None) -> bytes:
    """The `<delay/>` that says since when a stanza waited, and at whom (XEP-0203, 2).

    `moment` is as for `format_datetime`, whose ValueError it raises.
    """
    return element("delay", DELAY, {"from": by, "stamp": format_datetime(moment)})


def delayed(stanza: Stanza, moment: datetime | int, by: Jid) -> Stanza:
    """With a `<delay/>` by that address, unless it says already since when it waited there."""
    said = f" from='{by}'".encode()
    for ns, name, start, stop in stanza.children:
        if name == "delay" and ns == DELAY and said in stanza.inner[start:stop]:
            return stanza
    return stanza.adding(delay(moment, by))


def forwarded(stanza: Stanza, received: datetime | int | None = None) -> bytes:
    """The `<forwarded/>` that holds a stanza as it is, with its namespace (XEP-0297, 3.2).

    `received` is when it was received; it may be left out where that is now. The element belongs
    into one of the protocol that forwards.
    """
    since = b"" if received is None else delay(received)
    return b"%b%b%b</forwarded>" % (_FORWARDED, since, stanza.to_bytes(CLIENT))


def forwarded_bytes(stanza: bytes, received: datetime | int) -> bytes:
    """The same of what `Stanza.to_bytes` made and a store kept; empty where nothing is left."""
    if stanza:
        name = _TAG_END.search(stanza)
        assert name is not None
        stanza = stanza[: name.start()] + _DECLARED + stanza[name.start() :]
    return b"%b%b%b</forwarded>" % (_FORWARDED, delay(received), stanza)
