"""What a managed client has sent and is not yet told that it is handled (session protocol, 3.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from xmppd.protocol.stanza import Stanza

if TYPE_CHECKING:
    from xmppd.sm.journal import Place
    from xmppd.sm.user import User


class Counting(Protocol):
    """Who is told when such a stanza is settled: the session that it came from, if it is there."""

    @property
    def user(self) -> User | None:
        """Whose session that is."""

    def note_ticket(self, unsettled: Unsettled) -> None:
        """What has just been written for it is in the batch now filling."""

    def settle(self) -> None:
        """It may be settled."""

    def came_to_its_end(self, unsettled: Unsettled) -> None:
        """Nobody has anything to do with it any more."""


class Unsettled:
    """One stanza of a managed client, and what it waits for until it counts as handled.

    `stanza` is what has become of it, `user` the account here that it has come to. `number` is its
    place in the leg. It waits for whoever has called `wait` and not yet `done`, and for batch
    `ticket` of the storage. `row`: it stands in the journal, and need wait for nobody else.
    `passed`: it has got past CHECK; `cancelled`: it had not when its client came back on another
    stream, and will send it again. `lost`: its batch could not be kept.
    """

    __slots__ = (
        "_counting",
        "_waits",
        "cancelled",
        "lost",
        "number",
        "passed",
        "row",
        "stanza",
        "ticket",
        "user",
    )

    def __init__(self, counting: Counting, stanza: Stanza, number: int) -> None:
        self._counting = counting
        self.stanza = stanza
        self.number = number
        self.ticket = 0
        self.passed = self.cancelled = self.lost = False
        self.user: User | None = None
        self.row: Place | None = None
        self._waits = 1  # for being handled here

    @property
    def sender(self) -> User | None:
        """The account whose client has sent it, if it is here."""
        return self._counting.user

    @property
    def open(self) -> bool:
        """Whether somebody has yet to say what becomes of it."""
        return self._waits > 0

    @property
    def waits(self) -> bool:
        """Whether it waits for anything but storage."""
        return self._waits > 0 and self.row is None

    def wait(self) -> None:
        """Somebody more has to be done with it."""
        self._waits += 1

    def done(self, _: object = None) -> None:
        """Somebody is done with it; whatever they wrote is in the batch now filling."""
        self._waits -= 1
        self._counting.note_ticket(self)
        if not self._waits:
            self._counting.came_to_its_end(self)

    def written(self, row: Place) -> None:
        """It stands in the journal, or soon will."""
        self.row = row
        self._counting.note_ticket(self)
        self._counting.settle()
