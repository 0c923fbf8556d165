"""Verbs by which a stream that has logged in gets a session: open and resume (3.4)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import attrs

from xmppd.component.session import StreamFacts, client_element, verb
from xmppd.link.envelope import Envelope
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.stanza import Stanza
from xmppd.sm.binding import bind
from xmppd.sm.resuming import resume

if TYPE_CHECKING:
    from xmppd.sm.login import Logins, Ticket
    from xmppd.sm.user import User

Found = Callable[["User", StreamFacts], None]


class Openings:
    """Gives sessions to streams that show their tickets."""

    def __init__(self, logins: Logins) -> None:
        self._logins = logins
        self._manager = logins.manager

    def open(self, envelope: Envelope, request: Stanza) -> None:
        """Bind a resource."""
        self._with_user(envelope, request, partial(self._bind, envelope, request))

    def resume(self, envelope: Envelope, request: Stanza) -> None:
        """Go on with a session that the account has. The ticket stays good if that fails."""
        asked = client_element(request)
        if asked is None:
            raise ValueError("nothing to resume")
        self._with_user(envelope, request, partial(self._resume, envelope, asked))

    def _with_user(self, envelope: Envelope, request: Stanza, found: Found) -> None:
        """Look the account up again: it may have gone since login, or have been disabled."""
        logins = self._logins
        ticket = logins.ticket(envelope, request)
        if ticket is None:
            logins.refuse(envelope, StanzaError("not-authorized"))
            return
        ticket.host.with_user(
            ticket.account.local,
            lambda user: self._found(envelope, request, user, found),
            lambda failure: logins.broken(failure, envelope),
        )

    def _found(self, envelope: Envelope, request: Stanza, user: User | None, found: Found) -> None:
        ticket = self._logins.ticket(envelope, request)
        if ticket is None or user is None or user.account.disabled:
            self._logins.refuse(envelope, StanzaError("not-authorized"))
        else:
            found(user, _facts(ticket, request))

    def _bind(self, envelope: Envelope, request: Stanza, user: User, facts: StreamFacts) -> None:
        try:
            session = bind(self._manager, user, envelope.sender, facts, request.attrs)
        except StanzaError as error:
            self._logins.refuse(envelope, error)
            return
        opened = verb("opened", session=session.address, e=str(session.leg.epoch), jid=session.jid)
        self._logins.opened(envelope, opened)

    def _resume(self, envelope: Envelope, asked: Stanza, user: User, facts: StreamFacts) -> None:
        resume(
            self._manager,
            user,
            envelope.sender,
            facts,
            asked,
            partial(self._resumed, envelope),
        )

    def _resumed(self, envelope: Envelope, answer: Stanza) -> None:
        if answer.name == "opened":
            self._logins.opened(envelope, answer)
        else:
            self._logins.answer(envelope, answer)


def _facts(ticket: Ticket, request: Stanza) -> StreamFacts:
    return attrs.evolve(ticket.facts, lang=request.attrs.get("xml:lang", ticket.facts.lang))
