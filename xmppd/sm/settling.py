"""When what a client has sent counts as handled (session protocol, 3.5 and 3.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.interfaces import IDelayedCall

from xmppd.component.session import REPORT_EVERY
from xmppd.protocol.jid import Jid

if TYPE_CHECKING:
    from xmppd.sm.manager import SessionManager
    from xmppd.sm.session import Session

DELAY_SECONDS: Final = 2.0
"""So long what was sent to a client that is behind counts as not handled."""


class Settling:
    """Tells edges what of their clients' stanzas is handled.

    A sender whose recipient is behind is told nothing until the recipient has caught up, or for a
    while: then its window fills, and its edge stops reading it.
    """

    def __init__(self, manager: SessionManager) -> None:
        self._manager = manager
        self._delayed: dict[Session, tuple[Session, IDelayedCall]] = {}  # and behind whom

    def note(self, session: Session) -> None:
        """A session has handled something."""
        if self._delayed and session in self._delayed:
            return
        leg = session.leg
        handled = leg.finished = session.handled
        if handled - leg.told_finished >= REPORT_EVERY:
            self._manager.edges.tell(leg)
        elif not leg.noted and leg.untold:
            self._manager.edges.note(leg)

    def delay(self, sender: Jid | None, behind: Session) -> None:
        """What that sender has sent last counts as handled later, if it is a session here."""
        host = None if sender is None else self._manager.hosts.get(sender.domain)
        session = None if host is None else host.session_of(sender)
        if session is not None and session not in self._delayed:
            timer = self._manager.clock.callLater(DELAY_SECONDS, self._settle, session)
            self._delayed[session] = behind, timer
            session.leg.finished = session.leg.told_finished

    def go_on(self, recipient: Session) -> None:
        """A recipient has caught up."""
        for session, (behind, timer) in list(self._delayed.items()):
            if behind is recipient:
                timer.cancel()
                self._settle(session)

    def _settle(self, session: Session) -> None:
        del self._delayed[session]
        if session.address in self._manager.sessions:
            self.note(session)
