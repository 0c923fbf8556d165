"""What waits for a storage that has gone away, and for how long (session protocol, 3.5 and 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from xmppd.protocol.errors import StanzaError, StreamError
from xmppd.protocol.stanza import Stanza
from xmppd.sm import outgoing
from xmppd.sm.reaching import done

if TYPE_CHECKING:
    from xmppd.sm.host import Host
    from xmppd.sm.manager import SessionManager
    from xmppd.sm.session import Session

PATIENCE: Final = 30.0
"""So many seconds after the last commit nobody waits for the next one any longer."""
LOOK_SECONDS: Final = 5.0
"""How often it is looked at, and after which time without a commit it is logged."""


@attrs.frozen(eq=False)
class Asked:
    """A request whose handler is not done, and whose it is if one of our sessions has sent it."""

    host: Host
    session: Session | None
    request: Stanza

    def fail(self) -> None:
        """Answer that it is our own fault."""
        error = self.request.error("internal-server-error")
        if self.session is not None:
            self.session.deliver(error)
        else:
            self.host.answer(None, error)


class Overdue:
    """Watches whether storage keeps what it is given.

    Where it keeps nothing for long, requests are answered with `internal-server-error`, and so are
    stanzas that wait for another one; streams whose stanzas wait end with it. A session that can
    be resumed stays, and what has been taken of it is kept in its time, if ever.
    """

    _log = Logger()

    def __init__(self, manager: SessionManager) -> None:
        self._manager = manager
        self._asked: set[Asked] = set()
        self._newest = self._seen = 0
        self._since = 0.0
        self._looking = False

    def __len__(self) -> int:
        """How many requests are being worked on."""
        return len(self._asked)

    def waits_for(self, ticket: int) -> None:
        """Somebody waits until that batch is kept."""
        if ticket > self._newest:
            self._newest = ticket
        if not self._looking:
            self._seen, self._since = self._manager.kept, self._manager.clock.seconds()
            self._look_later()

    def something_waits(self) -> None:
        """Something goes on later, perhaps when what has just been written is kept."""
        if ticket := self._manager.ticket:
            self.waits_for(ticket)

    def answers(
        self, result: Deferred[Stanza], host: Host, session: Session | None, request: Stanza
    ) -> None:
        """Answer a request when its handler is done, if that is in time."""
        asked = Asked(host, session, request)
        self._asked.add(asked)
        result.addCallback(self._answered, asked).addErrback(host.failed)
        if asked in self._asked:
            self.something_waits()

    def _answered(self, answer: Stanza, asked: Asked) -> None:
        if asked in self._asked:
            self._asked.remove(asked)
            asked.host.answer_request(answer, asked.session, asked.request)

    def _look_later(self) -> None:
        self._looking = True
        self._manager.clock.callLater(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._looking = False
        kept, now = self._manager.kept, self._manager.clock.seconds()
        if self._newest <= kept:
            return
        if kept != self._seen:
            self._seen, self._since = kept, now
        waited = now - self._since
        if waited >= LOOK_SECONDS:
            self._log.error("storage has kept nothing for {waited:.0f} seconds", waited=waited)
        if waited >= PATIENCE:
            self._give_up()
        self._look_later()

    def _give_up(self) -> None:
        asked, self._asked = self._asked, set()
        for one in asked:
            one.fail()
        self._manager.held.give_up()
        for host in self._manager.hosts.values():
            _refuse_waiting(host)
        for session in list(self._manager.sessions.values()):
            if session.backlog is not None or session.managed in self._manager.uncommitted:
                error = StreamError("internal-server-error", "what was sent cannot be kept")
                self._manager.detached.let_go(session, error)
                outgoing.end_if_gone(session)


def _refuse_waiting(host: Host) -> None:
    """Of what waits for something that its sender sent before nobody knows when it is done."""
    for user in list(host.users.values()):
        for line in list(user.lines.values()):
            while line:
                stanza, unsettled = line.popleft()
                host.refuse(stanza, StanzaError("internal-server-error"))
                done(None, unsettled)
