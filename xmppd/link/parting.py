"""A trusted link that is about to end asks its router for no more: so nothing is lost in it.

`<leave/>` goes to the router, `<left/>` comes back behind all that was sent before. From then on
the instance is treated as absent, while its connection carries what it still has to say.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from xmppd.link.codec import LINK
from xmppd.link.envelope import Envelope
from xmppd.link.link import Item, Receiver
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

LEAVE_SECONDS: Final = 3.0
"""How long a router may take to say that nothing more comes."""

_ROUTER = Jid.parse("router")


def leave(name: str) -> Envelope:
    """What an instance of that name asks with."""
    return Envelope(_ROUTER, Jid.parse(name), (Stanza(LINK, "leave", {}, b""),))


def left(asked: Envelope) -> Envelope:
    """What it is answered with."""
    return asked.answer(Stanza(LINK, "left", {}, b""))


def is_leave(envelope: Envelope) -> bool:
    """Whether that asks for no more."""
    return envelope.to == _ROUTER and [(item.ns, item.name) for item in envelope.items] == [
        (LINK, "leave")
    ]


class Parting:
    """Waits for the end of what comes, and passes on what comes before that.

    `over` fires when nothing more comes: the router has said so, or knows nothing of this verb, or
    does not answer in time.
    """

    def __init__(self, receiver: Receiver, clock: IReactorTime) -> None:
        self.over: Deferred[None] = Deferred()
        self._receiver = receiver
        self._timer = clock.callLater(LEAVE_SECONDS, self.end)

    def received(self, item: Item) -> None:
        """What comes, until nothing more does."""
        if isinstance(item, Envelope) and item.sender == _ROUTER:
            self.end()
        else:
            self._receiver(item)

    def end(self) -> None:
        """Nothing more comes, for whatever reason."""
        if self._timer.active():
            self._timer.cancel()
        if not self.over.called:
            self.over.callback(None)
