"""Occupants whose sessions are gone without a word."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from xmppd.chat.commands import (
    Leave,
)
from xmppd.chat.model import Person, Why
from xmppd.component.requests import condition_of
from xmppd.muc import names
from xmppd.muc.house import House
from xmppd.muc.live import LiveRoom
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza

GHOSTS = frozenset(
    {
        "gone",
        "item-not-found",
        "jid-malformed",
        "recipient-unavailable",
        "redirect",
        "remote-server-not-found",
        "remote-server-timeout",
    }
)
"""Errors that say that a session is no more."""

PINGS = 20
"""Silent occupants pinged each second, so that no round is a storm."""


class Ghosts:
    """Looks for occupants who have been silent for long, and says which errors show one."""

    def __init__(self, house: House, clock: IReactorTime) -> None:
        self._house = house
        self._clock = clock

    def shows(self, live: LiveRoom, error: Stanza) -> bool:
        """Whether an error says that the session it comes from is no more.

        To a message for all, service-unavailable says so too (RFC 6121, 8.5.3.2); to a private
        one it may come from whoever wants none.
        """
        condition = condition_of(error)
        if condition == "service-unavailable":
            return error.name == "message" and error.id in live.reflected
        return condition in GHOSTS

    def remove(self, live: LiveRoom, person: Person) -> Deferred[None] | None:
        """Take a session out."""
        live.heard.pop(person, None)
        if person not in live.room.sessions:
            return None
        return self._house.do(live, Leave(person, None, Why.LOST))

    def look(self) -> None:
        """Ping those who have been silent for long, a few each second."""
        number = 0
        for live in self._house.live.values():
            for person in [each for each in live.heard if self._is_silent(live, each)]:
                if person not in live.room.sessions:
                    del live.heard[person]
                    continue
                self._clock.callLater(number / PINGS, self._ping, live, person)
                number += 1

    def _is_silent(self, live: LiveRoom, person: Person) -> bool:
        latest = self._clock.seconds() - self._house.settings.silence
        return live.heard.get(person, latest + 1) <= latest

    def _ping(self, live: LiveRoom, person: Person) -> None:
        """Ping somebody who has not been heard of since, nor pinged by an earlier round."""
        if person not in live.room.sessions or not self._is_silent(live, person):
            return
        self._house.hear(live, person)
        stays = live.room.stays[live.room.sessions[person]]
        ping = element("ping", names.PING)
        asked = Stanza.make("iq", ping, to=stays[person].wire, sender=live.jid, type="get")
        self._house.ask(asked).addCallbacks(
            lambda _: None, self._pinged, errbackArgs=(live, person)
        )

    def _pinged(self, failure: Failure, live: LiveRoom, person: Person) -> None:
        error: Any = failure.value
        # service-unavailable is also what clients say that know no ping
        ghosts = GHOSTS - {"remote-server-timeout"}  # which is also what our own waiting ends with
        if isinstance(error, StanzaError) and error.condition in ghosts:
            self.remove(live, person)
