"""What managed clients send to accounts here, on its way by the router and back.

It travels in envelopes, numbered per boot, so that it is known what has come: until then a client
is not told that it is handled, and what a link or a router has lost is sent again (session
protocol, 3.9, as far as one session manager goes).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from xmppd.link.envelope import Envelope
from xmppd.protocol.stanza import Stanza
from xmppd.sm.incoming import receive
from xmppd.sm.unsettled import Unsettled

if TYPE_CHECKING:
    from xmppd.sm.manager import SessionManager

AGAIN_SECONDS: Final = 0.2
"""How often what is missing may be sent again."""
ASK_SECONDS: Final = 1.0
"""So long something may be on its way, where it may get lost, before it is sent again."""


class Custody:
    """Sends such stanzas, and takes them as they come: each once, and in their order."""

    def __init__(self, manager: SessionManager) -> None:
        self._manager = manager
        self._sent = self._come = 0
        self._open: deque[tuple[Stanza, Unsettled]] = deque()
        self._repeated = 0.0
        self._watching = False

    def send(self, stanza: Stanza, unsettled: Unsettled) -> None:
        """Send a stanza to an account here."""
        unsettled.wait()
        self._sent += 1
        self._open.append((stanza, unsettled))
        self._pass_on(self._sent, stanza)
        if not self._manager.edges.lossless and not self._watching:
            self._watch()

    def _pass_on(self, number: int, stanza: Stanza) -> None:
        assert stanza.to is not None
        self._manager.send(Envelope(stanza.to, self._manager.address, (stanza,), 0, number))

    def came(self, envelope: Envelope) -> None:
        """Take one that has come; what another boot has sent is its own affair."""
        if envelope.sender != self._manager.address:
            return
        if envelope.number > self._come + 1:
            self._again()
            return
        for stanza in envelope.items[self._come + 1 - envelope.number :]:
            self._come += 1
            _, unsettled = self._open.popleft()
            self._take(stanza, unsettled)

    def _take(self, stanza: Stanza, unsettled: Unsettled) -> None:
        assert stanza.to is not None
        host = self._manager.host(stanza.to.domain)
        if host is None:
            unsettled.done()
        else:
            receive(host, stanza, unsettled)

    def relinked(self) -> None:
        """The link is there again: all that has not come is lost, or comes twice."""
        self._repeated = 0.0
        self._again()

    def _again(self) -> None:
        now = self._manager.clock.seconds()
        if now - self._repeated < AGAIN_SECONDS:
            return
        self._repeated = now
        for number, (stanza, _) in enumerate(list(self._open), self._come + 1):
            self._pass_on(number, stanza)

    def _watch(self) -> None:
        """Look in a while whether anything has come since."""
        self._watching = True
        self._manager.clock.callLater(ASK_SECONDS, self._look, self._come)

    def _look(self, come: int) -> None:
        self._watching = False
        if self._open:
            if self._come == come:
                self._again()
            self._watch()
