"""Telling edges what of their clients' traffic is handled (session protocol, 3.5)."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from xmppd.component.session import REPORT_EVERY, instance_of, report
from xmppd.link.envelope import Envelope
from xmppd.link.link import Receiver
from xmppd.protocol.jid import Jid
from xmppd.sm.session import Session

REPORT_SECONDS = 0.02
"""How long what has been handled may stay untold; an edge may wait for it with a full window."""


class Reports:
    """Sessions of which something is to be told; all of one edge go into one report."""

    def __init__(self, send: Receiver, sender: Jid, clock: IReactorTime) -> None:
        self._send = send
        self._sender = sender
        self._clock = clock
        self._noted: set[Session] = set()

    def note(self, session: Session) -> None:
        """Tell of a session soon, or at once where much is untold."""
        untold = session.handled - session.reported
        if untold >= REPORT_EVERY:
            self._tell([session])
        elif untold > 0:
            if not self._noted:
                self._clock.callLater(REPORT_SECONDS, self._flush)
            self._noted.add(session)

    def _flush(self) -> None:
        noted, self._noted = self._noted, set()
        edges: dict[Jid, list[Session]] = {}
        for session in noted:
            if session.handled > session.reported:
                edges.setdefault(instance_of(session.edge), []).append(session)
        for sessions in edges.values():
            self._tell(sessions)

    def _tell(self, sessions: list[Session]) -> None:
        entries = []
        for session in sessions:
            session.reported = session.handled
            stream = session.edge.resource.partition(".")[2]
            entries.append((stream, session.epoch, session.got, session.handled))
        edge = instance_of(sessions[0].edge)
        self._send(Envelope(edge, self._sender, (report(entries),)))
