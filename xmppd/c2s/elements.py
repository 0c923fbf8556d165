"""What a client with a session sends beside stanzas (XEP-0198, XEP-0352)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from xmppd.c2s.acking import Acking
from xmppd.protocol.acks import count_in, failed
from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Event, StreamClosed
from xmppd.protocol.namespaces import CLIENT_STATE, STREAM_MANAGEMENT
from xmppd.protocol.stanza import Stanza
from xmppd.protocol.stream import STANZAS

if TYPE_CHECKING:
    from xmppd.c2s.leg import Leg

UNEXPECTED: Final = failed("unexpected-request")
"""XEP-0198, 6: stream management is not for now."""


def goes_up(item: Stanza) -> bool:
    """Whether the session manager takes such an element, in its place among the stanzas."""
    return item.ns == CLIENT_STATE or (item.ns == STREAM_MANAGEMENT and item.name == "enable")


def left_of(waiting: Iterable[Event]) -> tuple[list[Stanza], bool]:
    """What of a lost client's goes up, and whether it had closed its stream behind that.

    What is the edge's own is left out; nothing counts behind what would have ended the stream.
    """
    left: list[Stanza] = []
    for event in waiting:
        if not isinstance(event, Stanza):
            return left, type(event) is StreamClosed
        if (not event.ns and event.name in STANZAS) or goes_up(event):
            left.append(event)
        elif event.ns != STREAM_MANAGEMENT:
            break
    return left, False


def take(leg: Leg, item: Stanza) -> bool:
    """Take such an element. Returns whether the stream goes on."""
    if goes_up(item):
        if item.ns == STREAM_MANAGEMENT and leg.acking is None:
            leg.acking = Acking(leg)
        leg.pass_on(item)
    elif item.ns != STREAM_MANAGEMENT:
        return _refuse(leg, StreamError("unsupported-stanza-type"))
    elif item.name == "resume":
        leg.write(UNEXPECTED)
    elif item.name == "r":
        _request(leg)
    elif item.name == "a":
        return _answer(leg, item)
    else:
        return _refuse(leg, StreamError("unsupported-stanza-type"))
    return True


def _request(leg: Leg) -> None:
    if leg.acking is None:
        leg.write(UNEXPECTED)
    else:
        leg.acking.requested()


def _answer(leg: Leg, item: Stanza) -> bool:
    """The client says what it has handled: the session manager will want to know."""
    if leg.acking is None:
        leg.write(UNEXPECTED)
        return True
    h = count_in(item)
    if h is None:
        return _refuse(leg, StreamError("bad-format", "an <a/> needs a count as its h"))
    leg.acknowledged(h)
    return True


def _refuse(leg: Leg, error: StreamError) -> bool:
    leg.fail(error)
    return False
