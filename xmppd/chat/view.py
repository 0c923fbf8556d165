"""What one session knows of a room by what it was told: for clients, and for tests of rooms."""

from __future__ import annotations

from functools import singledispatchmethod
from typing import Any

import attrs

from xmppd.chat.events import (
    Destroyed,
    Entered,
    Left,
    Ranked,
    Renamed,
    Revealed,
    Said,
    Shown,
    TopicSet,
    Welcomed,
)
from xmppd.chat.model import Message, Occupant
from xmppd.chat.nicks import fold


@attrs.define
class View:
    """A room as one session sees it; None in `me`: it is not inside.

    Raises ValueError for what cannot be: somebody leaves who was not there, or comes twice.
    """

    me: str | None = None
    occupants: dict[str, Occupant] = attrs.field(factory=dict)
    topic: Message | None = None
    heard: list[str] = attrs.field(factory=list)

    @singledispatchmethod
    def take(self, event: Any) -> None:
        """Learn of an event; most change nothing that is seen here."""

    @take.register
    def _welcomed(self, event: Welcomed) -> None:
        self.me = fold(event.me.nick)
        self.occupants = {fold(each.nick): each for each in (*event.occupants, event.me)}
        self.topic = event.topic
        self.heard = [message.id for message in event.history]

    @take.register
    def _entered(self, event: Entered) -> None:
        if fold(event.occupant.nick) in self.occupants:
            raise ValueError("somebody comes twice")
        self._see(event.occupant)

    @take.register
    def _shown(self, event: Shown) -> None:
        self._know(event.occupant)

    @take.register
    def _revealed(self, event: Revealed) -> None:
        for occupant in event.occupants:
            self._see(occupant)

    @take.register
    def _ranked(self, event: Ranked) -> None:
        self._know(event.occupant)

    @take.register
    def _renamed(self, event: Renamed) -> None:
        old = fold(event.old.nick)
        if self.occupants.pop(old, None) is None:
            raise ValueError("somebody unknown takes another nick")
        if self.me == old:
            self.me = fold(event.occupant.nick)
        self._see(event.occupant)

    @take.register
    def _left(self, event: Left) -> None:
        key = fold(event.occupant.nick)
        if self.occupants.pop(key, None) is None:
            raise ValueError("somebody unknown leaves")
        if key == self.me:
            self.me, self.occupants = None, {}

    @take.register
    def _destroyed(self, event: Destroyed) -> None:
        self.me, self.occupants = None, {}

    @take.register
    def _said(self, event: Said) -> None:
        self.heard.append(event.message.id)

    @take.register
    def _topic_set(self, event: TopicSet) -> None:
        self.topic = event.message

    def _know(self, occupant: Occupant) -> None:
        if fold(occupant.nick) not in self.occupants:
            raise ValueError("somebody unknown changes")
        self._see(occupant)

    def _see(self, occupant: Occupant) -> None:
        self.occupants[fold(occupant.nick)] = occupant
