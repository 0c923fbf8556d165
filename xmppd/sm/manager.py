"""The session manager: the component that owns the sessions of the server's own domains."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from xmppd.component.leg import State
from xmppd.component.requests import Requests
from xmppd.component.session import boot_number, member
from xmppd.link.envelope import Envelope
from xmppd.link.link import Item, Link
from xmppd.link.receipts import is_receipt
from xmppd.link.turn import Turn
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza
from xmppd.sm import outgoing
from xmppd.sm.custody import Custody
from xmppd.sm.detached import Detached
from xmppd.sm.edges import EdgeLeg, Edges
from xmppd.sm.held import Held
from xmppd.sm.incoming import receive
from xmppd.sm.journal import Journal
from xmppd.sm.login import Logins
from xmppd.sm.managed import Managed
from xmppd.sm.onward import Onward
from xmppd.sm.overdue import Overdue
from xmppd.sm.session import Session
from xmppd.sm.settling import Settling
from xmppd.sm.unsettled import Unsettled

if TYPE_CHECKING:
    from xmppd.accounts.stored import Keeper
    from xmppd.sm.host import Host
    from xmppd.storage.interfaces import StorageError


class SessionManager:
    """Receives envelopes of edges and stanzas for its hosts.

    `name` is the instance's, such as `sm-1`. `stores` is where the accounts are kept: answers
    wait until what they acknowledge is kept there.
    """

    log = Logger()

    def __init__(
        self,
        name: str,
        link: Link,
        clock: IReactorTime,
        stores: Keeper,
        make_host: Callable[[str], Host | None],
        boot: str | None = None,
    ) -> None:
        self.name = name
        self.clock = clock
        self.turn = Turn(clock)
        self.address = Jid.parse(f"{name}/{boot or boot_number()}")
        self.hosts: dict[str, Host] = {}
        self.sessions: dict[str, Session] = {}
        self.legs: dict[str, EdgeLeg] = {}
        self.send = link.send
        self.requests = Requests(link.send, clock)
        self.edges = Edges(self, link)
        self.reports = Settling(self)
        self.detached = Detached(self)
        self.custody = Custody(self)
        self.onward = Onward(self)
        self.journal = Journal(self)
        self.uncommitted: set[Managed] = set()
        self.held = Held()
        self.overdue = Overdue(self)
        self.logins = Logins(self)
        self._make_host = make_host
        self._numbers = count(1)
        self._dirty: list[Session] = []
        self._stores = stores
        stores.on_kept(self._kept)
        stores.on_failed(self._failed)
        link.receiver = self.receive

    def host(self, domain: str) -> Host | None:
        """The host of a domain, made at its first use; None: not ours."""
        host = self.hosts.get(domain)
        if host is None:
            host = self._make_host(domain)
            if host is not None:
                self.hosts[domain] = host
        return host

    def receive(self, item: Item) -> None:
        """What the router delivers."""
        to = item.to
        assert to is not None
        if isinstance(item, Envelope):
            session = self.sessions.get(to)
            if session is not None:
                self._traffic(session, item)
            elif to.domain == self.name and not item.id:
                self._on_legs(item)
            elif not item.number:
                self.logins.receive(item)
            else:
                self.custody.came(item)
            return
        host = self.hosts.get(to.domain) or self.host(to.domain)
        if host is None:
            return
        receive(host, item)
        if self._stores.ticket:
            self.note_sender(item.sender)

    def pass_on(self, stanza: Stanza, unsettled: Unsettled) -> None:
        """Send what a managed client has sent. What is no message is handled by being sent, and so
        is what leaves for others over a link on which nothing can get lost."""
        to = stanza.to
        if stanza.name != "message" or to is None:
            self.send(stanza)
        elif self.host(to.domain) is not None:
            unsettled.stanza = stanza
            self.custody.send(stanza, unsettled)
        elif self.edges.lossless:
            self.send(stanza)
        else:
            unsettled.stanza = stanza
            self.onward.send(stanza, unsettled)

    def new_address(self, prefix: str = "") -> Jid:
        """An address of this boot that has never been used."""
        return member(self.address, f"{prefix}{next(self._numbers)}")

    # Sessions

    def flush_later(self, session: Session) -> None:
        """Send a session's queue at the end of this turn."""
        if not self._dirty:
            self.turn.later(self._flush)
        self._dirty.append(session)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, []
        for session in dirty:
            session.flush()

    def _traffic(self, session: Session, envelope: Envelope) -> None:
        """Take a leg's items in their order; repeats are dropped (3.5)."""
        leg = session.leg
        if leg.state is not State.LIVE and not session.closing:
            self.edges.unwanted(envelope)
            return
        items = leg.unknown(envelope)
        if not self.edges.lossless:
            self.edges.came(leg, envelope)
        if not items:
            return
        host = session.user.host
        for item in items:
            leg.got += 1
            outgoing.take(host, session, item)
        self.reports.note(session)

    def _on_legs(self, envelope: Envelope) -> None:
        """What is neither a request nor for a session that is there."""
        if envelope.type == "error":
            return  # an edge is not there; its lease will show
        if envelope.number:
            self.edges.unwanted(envelope)
        elif envelope.to == self.address and is_receipt(envelope):
            self.onward.reported(envelope)
        elif envelope.to == self.address:
            self.edges.reported(envelope)
        else:
            self.edges.stray(envelope, envelope.sender)

    def relinked(self) -> None:
        """The link is there again, after what was on its way may have been lost."""
        self.edges.relinked()
        self.custody.relinked()
        self.onward.relinked()

    # Answers that wait for storage

    @property
    def ticket(self) -> int:
        """The batch now filling; 0: nothing is in it."""
        return self._stores.ticket

    @property
    def kept(self) -> int:
        """The newest batch that is kept, and all before it are."""
        return self._stores.kept

    def note_ticket(self, session: Session) -> None:
        """Whatever a stanza of this session has just written is in the batch now filling."""
        ticket = self._stores.ticket
        if ticket > session.ticket:
            session.ticket = ticket

    def note_sender(self, sender: Jid | None) -> None:
        """The same for the session that has that address, if it is one of ours."""
        host = None if sender is None else self.hosts.get(sender.domain)
        session = None if host is None else host.session_of(sender)
        if session is not None:
            self.note_ticket(session)

    def hold(self, session: Session, answer: Stanza) -> None:
        """Deliver an answer when what its session wrote before is kept."""
        self.held.add(session, answer)
        self.overdue.waits_for(session.ticket)

    def _kept(self, kept: int) -> None:
        self.held.deliver(kept)
        if self.uncommitted:
            uncommitted, self.uncommitted = self.uncommitted, set()
            for managed in uncommitted:
                managed.settle()

    def _failed(self, ticket: int, error: StorageError) -> None:
        self.held.lose(ticket)
        for session in self.sessions.values():
            if session.managed is not None:
                session.managed.lose(ticket)
