"""Occupants whose sessions are gone without a word."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from xmppd.chat.commands import Leave
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

SILENT = GHOSTS | {"service-unavailable"}
"""What a ping ends with where nobody is."""

PINGS = 20
"""Occupants pinged each second, so that no round is a storm."""

GRACE = 5.0
"""Seconds until those are pinged who were inside when the service ended: so long they have, and
the ways to them, to be there again."""

NEVER = float("-inf")
"""When somebody was heard of who has only been noted as being inside."""


class Ghosts:
    """Looks for occupants who have been silent for long, and says which errors show one."""

    def __init__(self, house: House, clock: IReactorTime) -> None:
        self._house = house
        self._clock = clock
        self._line: dict[tuple[LiveRoom, Person], None] = {}
        self._call: IDelayedCall | None = None

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

    # Looking

    def look(self) -> None:
        """Ping those who have been silent for long, a few each second."""
        for live in self._house.live.values():
            for person in [each for each in live.heard if self._is_silent(live, each)]:
                if person not in live.room.sessions:
                    del live.heard[person]
                elif live.heard[person] != NEVER:  # their time comes
                    self._line_up(live, person)

    def doubt(self, live: LiveRoom) -> None:
        """Ping all in a room soon, of whom nobody knows whether they are there still."""
        live.heard.update(dict.fromkeys(live.room.sessions, NEVER))
        self._clock.callLater(GRACE, self._line_up_doubted, live)

    def stop(self) -> None:
        """Ping nobody any more."""
        self._line.clear()
        if self._call is not None and self._call.active():
            self._call.cancel()

    def _line_up_doubted(self, live: LiveRoom) -> None:
        for person in [each for each, heard in live.heard.items() if heard == NEVER]:
            self._line_up(live, person)

    def _line_up(self, live: LiveRoom, person: Person) -> None:
        self._line[live, person] = None
        if self._call is None or not self._call.active():
            self._call = self._clock.callLater(0, self._ping_some)

    def _ping_some(self) -> None:
        """Ping those who are first in line, where they are silent still; the others wait."""
        left = PINGS
        while self._line and left:
            live, person = next(iter(self._line))
            del self._line[live, person]
            if person in live.room.sessions and self._is_silent(live, person):
                self._ping(live, person)
                left -= 1
        if left < PINGS:
            self._call = self._clock.callLater(1, self._ping_some)

    def _is_silent(self, live: LiveRoom, person: Person) -> bool:
        latest = self._clock.seconds() - self._house.settings.silence
        return live.heard.get(person, latest + 1) <= latest

    # Pinging

    def _ping(self, live: LiveRoom, person: Person) -> None:
        doubted = live.heard[person] == NEVER
        self._house.hear(live, person)
        asked_at = live.heard[person]
        stays = live.room.stays[live.room.sessions[person]]
        ping = element("ping", names.PING)
        asked = Stanza.make("iq", ping, to=stays[person].wire, sender=live.jid, type="get")
        pinged = self._house.ask(asked)
        if doubted:
            args = live, person, asked_at
            pinged.addCallbacks(lambda _: None, self._doubted_pinged, errbackArgs=args)
        else:
            pinged.addCallbacks(lambda _: None, self._pinged, errbackArgs=(live, person))

    def _pinged(self, failure: Failure, live: LiveRoom, person: Person) -> None:
        error: Any = failure.value
        # service-unavailable is also what clients say that know no ping
        ghosts = GHOSTS - {"remote-server-timeout"}  # which is also what our own waiting ends with
        if isinstance(error, StanzaError) and error.condition in ghosts:
            self.remove(live, person)

    def _doubted_pinged(
        self, failure: Failure, live: LiveRoom, person: Person, asked_at: float
    ) -> None:
        """Take out who does not answer, and has not been heard of since.

        Servers say service-unavailable of sessions that are no more (RFC 6121, 8.5.3.2.3). A
        client that says so itself comes in anew when it is told that it is out.
        """
        error: Any = failure.value
        gone = isinstance(error, StanzaError) and error.condition in SILENT
        if gone and live.heard.get(person) == asked_at:
            self.remove(live, person)
