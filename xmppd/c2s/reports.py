"""Telling session managers what of their legs has come and been written (session protocol, 3.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmppd.component.session import report
from xmppd.link.envelope import Envelope
from xmppd.link.link import Receiver
from xmppd.protocol.jid import Jid

if TYPE_CHECKING:
    from xmppd.c2s.leg import Leg


class Reports:
    """The legs with something to tell; all of one session manager go into one report."""

    def __init__(self, send: Receiver, sender: Jid) -> None:
        self._send = send
        self._sender = sender
        self._noted: list[Leg] = []

    def note(self, leg: Leg) -> None:
        """Have a leg told of at the next tick."""
        self._noted.append(leg)

    def tell(self, leg: Leg) -> None:
        """Tell of one leg at once."""
        self._report(leg.manager, [leg])

    def flush(self) -> None:
        """Tell of all legs that were noted."""
        noted, self._noted = self._noted, []
        by_manager: dict[Jid, list[Leg]] = {}
        for leg in noted:
            leg.noted = False
            if leg.untold:
                by_manager.setdefault(leg.manager, []).append(leg)
        for manager, legs in by_manager.items():
            self._report(manager, legs)

    def _report(self, manager: Jid, legs: list[Leg]) -> None:
        item = report([leg.entry() for leg in legs])
        self._send(Envelope(manager, self._sender, (item,)))
