"""Stream management with other servers, as far as both sides do the same (XEP-0198, 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.interfaces import IDelayedCall

from xmppd.protocol import acks
from xmppd.protocol.errors import StreamError
from xmppd.protocol.stanza import Stanza
from xmppd.s2s.session import Sent, Session

if TYPE_CHECKING:
    from xmppd.s2s.server_stream import ServerStream

ACK_SECONDS: Final = 60
"""A stream on which nothing is acknowledged for so long is as good as broken."""


class Management:
    """Counts and acknowledges what goes over one stream, once that has been agreed on.

    `session` is what it counts with; `is_used` tells that there is one, or has been. What was not
    acknowledged when we close may be so until the other side has closed, too.
    """

    def __init__(self, stream: ServerStream) -> None:
        self._stream = stream
        self.session: Session | None = None
        self.is_used = False
        self._asked: IDelayedCall | None = None
        self._closing: Session | None = None

    # For subclasses

    def negotiate(self, item: Stanza) -> None:
        """Take what is asked, or answered, of enabling and resuming. Raises StreamError."""
        raise NotImplementedError

    def suspend(self, session: Session) -> bool:
        """Keep a session whose stream has broken; False where it cannot be resumed."""
        raise NotImplementedError

    def begin(self, session: Session) -> None:
        """Count from now on."""
        self.session = session
        self.is_used = True

    def go_on(self, session: Session) -> None:
        """Count on, and send again what has not been acknowledged (XEP-0198, 5)."""
        self.begin(session)
        for sent in session.unacknowledged.items:
            self._stream.write(sent.stanza.to_bytes())
        self._stream.touch()

    # What the stream tells

    def receive(self, item: Stanza) -> None:
        """Take an element of stream management. Raises StreamError."""
        if item.name not in ("r", "a"):
            self.negotiate(item)
        elif self.session is None:
            raise StreamError("unsupported-stanza-type", "stream management is not enabled")
        elif item.name == "r":
            self._stream.write(acks.answer(self.session.handled.h))
        else:
            self._acknowledged(self.session, count_in(item))

    @property
    def is_full(self) -> bool:
        """Whether no more may go out before something is acknowledged."""
        return self.session is not None and self.session.is_full

    def sent(self, item: Sent) -> bool:
        """Keep what is sent now; whether it is kept."""
        if self.session is not None:
            self.session.add(item)
        return self.session is not None

    def handled(self) -> None:
        """Count a stanza that came."""
        if self.session is not None:
            self.session.handled.add()

    def request(self) -> bytes:
        """What asks for an acknowledgement where one is due; nothing while one is awaited."""
        if self.session is None or self._asked is not None or not self.session.unacknowledged:
            return b""
        self._asked = self._stream.clock.callLater(ACK_SECONDS, self._unanswered)
        return acks.REQUEST

    def farewell(self) -> bytes:
        """What acknowledges all before the stream is closed, and asks for that (XEP-0198, 4)."""
        if self.session is None:
            return b""
        asked = acks.REQUEST if self.session.unacknowledged else b""
        return acks.answer(self.session.handled.h) + asked

    def ended(self, broken: bool, awaits: bool = False) -> None:
        """The stream is over; what was not acknowledged is kept for its resumption, or given back.

        :param broken: without a closing tag.
        :param awaits: a last acknowledgement may come yet; `heard_out` follows.
        """
        self._stop_waiting()
        session, self.session = self.session, None
        if session is None or (broken and session.id and self.suspend(session)):
            return
        if awaits and session.unacknowledged:
            session.hold(self._stream.pairs)
            self._closing = session
        else:
            session.give_up()

    def late(self, item: Stanza) -> None:
        """Take what was under way when we closed. Raises StreamError."""
        if item.name == "a" and self._closing is not None:
            self._closing.settle(count_in(item))

    def heard_out(self) -> None:
        """Nothing comes any more: what is not acknowledged now will not be."""
        session, self._closing = self._closing, None
        if session is not None:
            session.give_up()

    def _acknowledged(self, session: Session, h: int) -> None:
        was_full = session.is_full
        session.settle(h)
        self._stop_waiting()
        if session.unacknowledged:
            self._stream.write(self.request())
        if was_full:
            self._stream.drained()

    def _unanswered(self) -> None:
        self._asked = None
        self._stream.drop("nothing is acknowledged")

    def _stop_waiting(self) -> None:
        if self._asked is not None:
            self._asked.cancel()
            self._asked = None


def count_in(item: Stanza) -> int:
    """The `h` of an element that must have one. Raises StreamError."""
    h = acks.count_in(item)
    if h is None:
        raise StreamError("bad-format", "a count is missing")
    return h
