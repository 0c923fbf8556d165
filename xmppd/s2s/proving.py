"""How we prove our domain on a stream that we have opened: by certificate, else by dialback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmppd.protocol import sasl
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import SASL
from xmppd.protocol.stanza import Stanza
from xmppd.s2s.dialback import Dialback
from xmppd.s2s.offer import Offer
from xmppd.s2s.policy import BY_KEY

if TYPE_CHECKING:
    from xmppd.s2s.outgoing import Outgoing


class Proving:
    """One proof; `awaits_sasl` tells that the remote has a certificate of ours to think about.

    `is_due`: it has, or soon will; a new stream may follow.
    """

    def __init__(self, stream: Outgoing) -> None:
        self._stream = stream
        self._offer = Offer()
        self._asked: Dialback | None = None
        self.has_begun = self.awaits_sasl = self.is_due = False

    def begin(self, offer: Offer) -> None:
        """Use what the remote offers."""
        self.has_begun = True
        self._offer = offer
        self.awaits_sasl = offer.external
        if offer.external:
            identity = sasl.encode(self._stream.local.encode())
            self._stream.write(element("auth", SASL, {"mechanism": "EXTERNAL"}, identity))
        else:
            self._call_back()

    def take_sasl(self, item: Stanza) -> None:
        """Take the answer to our certificate (XEP-0178, 3)."""
        if item.name == "success":
            self.awaits_sasl = False
            self._stream.restart()
            return
        if item.name == "failure":
            self.awaits_sasl = self.is_due = False
            self._call_back()
            if not self._stream.over:
                self._stream.owner.opened(self._stream)  # keys may go again
        else:
            self._stream.write(element("abort", SASL))
        self._stream.read_on()

    def judged(self, answer: Dialback) -> bool:
        """Take what has become of our key; False where it is about another one."""
        if self._asked is None or not answer.answers(self._asked):
            return False
        self._asked = None
        if answer.type == "valid":
            self._stream.accept(BY_KEY)
            return True
        late = answer.condition in ("remote-server-timeout", "remote-connection-failed")
        condition = "remote-server-timeout" if late else "remote-server-not-found"
        self._stream.give_up(condition, f"dialback is answered {answer.condition or answer.type}")
        return True

    def _call_back(self) -> None:
        """Send a key (XEP-0220, 2.1.1)."""
        stream = self._stream
        if not self._offer.dialback:
            stream.give_up("remote-server-not-found", "it takes no proof that we have")
            return
        key = stream.edge.keys.key(stream.remote, stream.local, stream.id)
        self._asked = Dialback("result", stream.local, stream.remote, "", "", key)
        stream.write(self._asked.to_bytes())
