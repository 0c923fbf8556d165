"""A trusted link that is about to end asks its router for no more: so nothing is lost in it.

`<leave/>` goes to the router, `<left/>` comes back behind all that was sent before. From then on
the instance is treated as absent, while its connection carries what it still has to say.

With `returns='true'` in both it may give back what it has got and has not passed on, each item in
an envelope of that type, in the order in which it got them: alone, for only so it may be larger
than a frame. The router has all that comes for it wait until the connection has gone; then what was
given back goes before that.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from xmppd.link.codec import LINK
from xmppd.link.envelope import Envelope
from xmppd.link.link import Item, Receiver
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.stanza import Stanza

LEAVE_SECONDS: Final = 3.0
"""How long a router may take to say that nothing more comes."""

RETURNED: Final = "returned"
"""The type of envelopes with what is given back."""

ROUTER: Final = Jid.parse("router")
"""The address of whatever router an instance is linked to."""


def leave(name: str, returns: bool = False) -> Envelope:
    """What an instance of that name asks with.

    :param returns: it would like to give something back.
    """
    return Envelope(ROUTER, Jid.parse(name), (_verb("leave", returns),))


def left(asked: Envelope) -> Envelope:
    """What it is answered with: it may give back, where it has asked for that."""
    return asked.answer(_verb("left", may_return(asked)))


def returned(name: str, item: Stanza) -> Envelope:
    """A stanza that an instance of that name has not passed on."""
    return Envelope(ROUTER, Jid.parse(name), (item,), type=RETURNED)


def is_leave(envelope: Envelope) -> bool:
    """Whether that asks for no more."""
    return _verbs(envelope) == ["leave"]


def may_return(envelope: Envelope) -> bool:
    """Whether what asks for no more, or its answer, is about giving back, too."""
    verbs = _verbs(envelope) in (["leave"], ["left"])
    return verbs and envelope.items[0].attrs.get("returns") == "true"


def given_back(envelope: Envelope) -> Stanza | None:
    """The stanza that comes back in an envelope; None where it is no such one."""
    if envelope.type != RETURNED or envelope.to != ROUTER or len(envelope.items) != 1:
        return None
    [item] = envelope.items
    return item if item.ns == CONTENT else None


def _verb(name: str, returns: bool = False) -> Stanza:
    return Stanza(LINK, name, {"returns": "true"} if returns else {}, b"")


def _verbs(envelope: Envelope) -> list[str]:
    """What is said to a router, or by it; nothing where anything else is."""
    if ROUTER not in (envelope.to, envelope.sender):
        return []
    return [item.name if item.ns == LINK else "" for item in envelope.items]


class Parting:
    """Waits for the end of what comes, and passes on what comes before that.

    `over` fires when nothing more comes: the router has said so, or knows nothing of this verb, or
    does not answer in time. It gives whether things may be given back.
    """

    def __init__(self, receiver: Receiver, clock: IReactorTime) -> None:
        self.over: Deferred[bool] = Deferred()
        self._receiver = receiver
        self._timer = clock.callLater(LEAVE_SECONDS, self.end)

    def received(self, item: Item) -> None:
        """What comes, until nothing more does."""
        if isinstance(item, Envelope) and item.sender == ROUTER:
            self.end(may_return(item))
        else:
            self._receiver(item)

    def end(self, returns: bool = False) -> None:
        """Nothing more comes, for whatever reason."""
        if self._timer.active():
            self._timer.cancel()
        if not self.over.called:
            self.over.callback(returns)
