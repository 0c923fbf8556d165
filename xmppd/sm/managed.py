"""A session whose client manages its stream: what is counted, and what is kept (XEP-0198)."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred

from xmppd.component.session import WINDOW_BYTES, WINDOW_DOWN
from xmppd.protocol.acks import MODULUS, Handled, Unacknowledged
from xmppd.protocol.errors import StanzaError, StreamError
from xmppd.protocol.namespaces import CONTENT, STREAM_MANAGEMENT
from xmppd.protocol.stanza import Stanza
from xmppd.sm.unsettled import Unsettled
from xmppd.sm.waiting import late

if TYPE_CHECKING:
    from xmppd.sm.session import Session
    from xmppd.sm.user import User

DELAY_BYTES: Final = 80
"""What it takes at most to say since when a stanza waited, and at whom, but for their name."""
NOT_YET: Final = sys.maxsize


class Managed:
    """The stream management of one session; it counts stanzas only, and in both directions.

    `id` is what the client may resume it by, empty where it may not, within `seconds`. `out` is
    what the client has not acknowledged. `since` is the place in the leg of the `<enabled/>`: what
    stands behind it counts. `early` is what was sent before it, and not known to be written when
    the leg ended. `resumed` is when the client came back, while there may be something to send that
    has waited for that.
    """

    __slots__ = (
        "_drained",
        "_given_way",
        "_handled",
        "_session",
        "_waiting",
        "early",
        "id",
        "out",
        "resumed",
        "seconds",
        "since",
    )

    def __init__(self, session: Session, id: str, seconds: int) -> None:
        self._session = session
        self.id = id
        self.seconds = seconds
        self.out: Unacknowledged[Stanza] = Unacknowledged()
        self.since = NOT_YET
        self.early: list[Stanza] = []
        self.resumed: float | None = None
        self._handled = Handled()
        self._waiting: deque[Unsettled] | None = None  # such a thing takes 600 bytes
        self._drained: Callable[[], None] | None = None
        self._given_way: Callable[[StreamError], None] | None = None

    @property
    def user(self) -> User:
        """Whose session it is."""
        return self._session.user

    @property
    def resumable(self) -> bool:
        """Whether the client knows by what to resume it."""
        return self.id != "" and self.since != NOT_YET

    # What the client sends

    @property
    def h(self) -> int:
        """How many of its stanzas have been handled, and are kept."""
        return self._handled.h

    @property
    def _open(self) -> deque[Unsettled]:
        """What is not settled, in order."""
        if self._waiting is None:
            self._waiting = deque()
        return self._waiting

    @property
    def settled(self) -> int:
        """The place in the leg up to which all is handled and kept."""
        if self._waiting:
            return self._waiting[0].number - 1
        session = self._session
        return session.leg.got - len(session.backlog or ())

    def begin(self, stanza: Stanza) -> Unsettled:
        """A stanza of the client's is about to be handled."""
        session = self._session
        number = session.leg.got - len(session.backlog or ())
        unsettled = Unsettled(self, stanza, number)
        self._open.append(unsettled)
        return unsettled

    def begun(self, unsettled: Unsettled, pending: Deferred[object] | None) -> None:
        """It has been handled, or will have been then."""
        if pending is None:
            unsettled.done()
        else:
            pending.addBoth(unsettled.done)
        if unsettled.waits:
            self._session.user.host.manager.journal.note(unsettled)

    def note_ticket(self, unsettled: Unsettled) -> None:
        """What has just been written for a stanza is in the batch now filling."""
        ticket = self._session.user.host.stores.ticket
        if ticket:
            unsettled.ticket = ticket

    def came_to_its_end(self, unsettled: Unsettled) -> None:
        """Nobody has anything to do with a stanza any more."""
        if unsettled.row is not None:
            self._session.user.host.manager.journal.remove(unsettled.row)
        self.settle()

    def settle(self) -> None:
        """Count what is handled and kept, as far as nothing before it is not."""
        manager = self._session.user.host.manager
        kept, waiting, before = manager.kept, self._open, self._handled.h
        while waiting and self._is_settled(waiting[0], kept):
            waiting.popleft()
            self._handled.add()
        if not waiting:
            self._waiting = None
        elif waiting[0].ticket > kept:
            manager.uncommitted.add(self)
            manager.overdue.waits_for(waiting[0].ticket)
        if before != self._handled.h:
            self._tell()
        if not waiting and self._drained is not None:
            drained, self._drained, self._given_way = self._drained, None, None
            drained()

    def _tell(self) -> None:
        session = self._session
        manager = session.user.host.manager
        if session.address not in manager.sessions:
            manager.detached.settled(self)
        elif not self.draining:
            session.leg.h = self._handled.h
            manager.reports.note(session)

    def _is_settled(self, unsettled: Unsettled, kept: int) -> bool:
        if unsettled.waits or unsettled.ticket > kept:
            return False
        if not unsettled.lost:
            return True
        unsettled.lost, unsettled.ticket = False, 0
        if unsettled.open:  # the journal could not be written
            unsettled.row = None
            self._session.user.host.manager.journal.note(unsettled)
            return False
        self._refuse(unsettled.stanza)
        return True

    def _refuse(self, stanza: Stanza) -> None:
        """It is handled, and not kept: its sender has to know. An iq has its answer."""
        if stanza.name == "message" and stanza.type != "error":
            error = StanzaError("resource-constraint", "it could not be kept")
            jid = self._session.jid
            self._session.deliver(stanza.readdressed(None, jid).error(error))

    def lose(self, ticket: int) -> None:
        """A batch is lost for good."""
        for unsettled in self._waiting or ():
            if unsettled.ticket == ticket:
                unsettled.lost = True

    # What the client gets

    def sending(self, items: list[Stanza], sent: int) -> None:
        """Count and keep what goes to the client.

        :param sent: how much the leg had carried before.
        """
        if self.since == NOT_YET:
            place = next((i for i, one in enumerate(items) if one.ns == STREAM_MANAGEMENT), None)
            if place is None:
                return
            self.since = sent + place + 1
            items = items[place + 1 :]
        for item in items:
            if item.ns == CONTENT:
                self.out.add(item, len(item.inner))

    def room(self) -> tuple[int, int]:
        """How many stanzas, and bytes, may be sent to the client now."""
        stanzas, size = self._session.leg.room(WINDOW_DOWN, WINDOW_BYTES)
        if self.resumed is not None:  # what is added counts too
            size -= stanzas * (DELAY_BYTES + len(self.user.host.domain))
        return stanzas, size

    def say_since(self, items: list[Stanza]) -> list[Stanza]:
        """As these go out after the client has come back: with the time, if they waited."""
        assert self.resumed is not None
        host = self._session.user.host
        said = [late(host.jid, item, self.resumed) for item in items]
        if getattr(items[-1], "since", 0.0) >= self.resumed:
            self.resumed = None  # that one is new, and so are all behind it
        return said

    def early_in(self, items: list[Stanza], done: int) -> list[Stanza]:
        """Those of the leg's children after number `done` that do not count."""
        return items[: max(0, self.since - done)]

    # Ends of legs

    def fence(self, drained: Callable[[], None], given_way: Callable[[StreamError], None]) -> None:
        """Take nothing more of the leg that was: what is not past CHECK its client sends again.

        `drained` is called when all the rest is settled, and `h` final; or `given_way` where
        something else comes first.
        """
        session = self._session
        if session.backlog is not None:
            session.backlog.clear()
        for unsettled in self._open:
            unsettled.cancelled = unsettled.open and not unsettled.passed
            unsettled.number = 1  # of the next leg nothing is settled before these are
        self._waiting = deque([one for one in self._open if not one.cancelled])
        self._drained, self._given_way = drained, given_way
        self.settle()

    def give_way(self, error: StreamError) -> None:
        """Whoever waits for `h` waits in vain."""
        given_way, self._drained, self._given_way = self._given_way, None, None
        if given_way is not None:
            given_way(error)

    @property
    def draining(self) -> bool:
        """Whether a new stream waits until all that came over the old one is settled."""
        return self._drained is not None

    def end_leg(self) -> None:
        """The leg is no more, but the session is: what was sent over it may come again."""
        leg = self._session.leg
        if leg.kept is not None:
            self.early += self.early_in([*leg.kept.items], leg.sent - len(leg.kept.items))
        if self.since != NOT_YET:
            self.since = 0

    def send_again(self) -> None:
        """Send what the client has not acknowledged, over a new leg."""
        early, self.early = self.early, []
        self._session.watching.got(early)  # else it would not know by what to resume
        self.resumed = self._session.user.host.clock.seconds()
        self._session.queue_again(self._take_unacknowledged())

    def sent_in_vain(self) -> list[Stanza]:
        """What was sent and has not reached the client, in order."""
        self.end_leg()
        early, self.early = self.early, []
        return early + self._take_unacknowledged()

    def _take_unacknowledged(self) -> list[Stanza]:
        """What the client has not acknowledged, in order; it no longer counts as sent."""
        left = self.out.take_all()
        self.out.sent = (self.out.sent - len(left)) % MODULUS
        return left
