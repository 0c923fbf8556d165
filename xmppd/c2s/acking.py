"""The edge's part of XEP-0198: it asks, and passes on what the session manager has counted.

It counts nothing by itself that anybody is told: an `<a/>` of ours holds the last `h` that the
session manager stated (session protocol, 3.5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.interfaces import IDelayedCall

from xmppd.component.report import NO_COUNT
from xmppd.protocol.acks import REQUEST, answer
from xmppd.protocol.hints import is_worth_keeping
from xmppd.protocol.namespaces import CONTENT, STREAM_MANAGEMENT
from xmppd.protocol.stanza import Stanza

if TYPE_CHECKING:
    from xmppd.c2s.leg import Leg

ASK_EVERY: Final = 8
"""Stanzas after which the client is asked what it has handled, though nobody waits for that."""
ASK_AFTER: Final = 5
"""Seconds after the last stanza, if fewer have come, and they are not but presence and the like."""
ANSWER_WITHIN: Final = 1.0
"""Seconds that a client's `<r/>` waits until all before it is handled."""


class Acking:
    """What an edge remembers of one stream whose client has asked to manage it.

    `h` is what the session manager stated last. `agreed`: it has enabled stream management, and
    so stanzas to the client count.

    The client is asked in the same write that brings it a message, for whose acknowledgement its
    sender waits. It is never asked before it has answered, and what has been written meanwhile is
    asked about then.
    """

    __slots__ = (
        "_asked",
        "_awaited",
        "_due",
        "_large",
        "_leg",
        "_owed",
        "_timer",
        "_unasked",
        "_wrote",
        "agreed",
        "h",
    )

    def __init__(self, leg: Leg, h: int = NO_COUNT, agreed: bool = False) -> None:
        self._leg = leg
        self.h = h
        self.agreed = agreed
        self._due = 0  # an `<a/>` is asked for when so many are handled; 0: none is
        self._owed = False  # it was asked for
        self._timer: IDelayedCall | None = None
        self._asked = False  # and not answered yet
        self._unasked = 0
        self._awaited = False  # whether one of the unasked is a message
        self._large = False  # whether one of them is worth asking about to be rid of it
        self._wrote = 0

    # What the client asks

    def requested(self) -> None:
        """The client wants to know what is handled: when all that it sent is, or in a second."""
        self._due = self._leg.sent
        self._owed = True
        if self._is_done():
            self._answer()
        elif self._timer is None:
            self._timer = self._leg.clock.callLater(ANSWER_WITHIN, self._late)

    def stated(self, h: int) -> None:
        """The session manager has handled so many."""
        self.h = h
        if self._due and self._is_done():
            self._answer()

    def stop(self) -> None:
        """The stream is over."""
        self._due = 0
        self._cancel()

    def _is_done(self) -> bool:
        return self._leg.done >= self._due and self.h != NO_COUNT

    def _late(self) -> None:
        """Say what is true now; the rest is told when it is, unasked."""
        self._timer = None
        if self.h != NO_COUNT and self._owed:
            self._owed = False
            self._leg.write(answer(self.h))

    def _answer(self) -> None:
        self._due, self._owed = 0, False
        self._cancel()
        self._leg.write(answer(self.h))

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # What the client is asked

    def sent(self, items: tuple[Stanza, ...], now: int) -> bool:
        """Count what goes to the client. Returns whether it is to be asked."""
        if not self.agreed:
            items = self._after_answer(items)
        for item in items:
            if item.ns == CONTENT:
                self._count(item)
        self._wrote = now
        return self._is_to_be_asked()

    def _count(self, stanza: Stanza) -> None:
        self._unasked += 1
        if stanza.name == "message":
            self._awaited = self._awaited or is_worth_keeping(stanza)
        elif stanza.name == "iq":
            self._large = True

    def _is_to_be_asked(self) -> bool:
        return not self._asked and (self._awaited or self._unasked >= ASK_EVERY)

    def _after_answer(self, items: tuple[Stanza, ...]) -> tuple[Stanza, ...]:
        for place, item in enumerate(items):
            if item.ns == STREAM_MANAGEMENT:
                self.agreed = item.name == "enabled"
                return items[place + 1 :]
        return ()

    def request(self) -> bytes:
        """Asks the client."""
        self._asked = True
        self._unasked = 0
        self._awaited = self._large = False
        return REQUEST

    def answered(self) -> None:
        """The client has said what it has handled."""
        self._asked = False
        if self._is_to_be_asked():
            self._leg.write(self.request())

    @property
    def waits(self) -> bool:
        """Whether the client is to be asked when no more stanzas come."""
        return self._large

    def ask_if_quiet(self, now: int) -> bool:
        """Ask about the last stanzas when no more come. Returns whether that is done with."""
        if self._large and not self._asked and now - self._wrote >= ASK_AFTER:
            self._leg.write(self.request())
        return not self._large
