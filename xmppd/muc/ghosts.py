"""Occupants whose sessions are gone without a word."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from xmppd.chat.commands import Leave, Lose
from xmppd.chat.model import ITSELF, Person, Why
from xmppd.component.requests import condition_of
from xmppd.muc import names
from xmppd.muc.house import House
from xmppd.muc.live import LiveRoom
from xmppd.muc.ping_line import PingLine
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

GRACE = 5.0
"""Seconds until those are pinged who were inside when the service ended: so long they have, and
the ways to them, to be there again."""

ANSWERING = 2.0
"""Seconds that they have who are pinged last, until those are taken out who are gone."""

NEVER = float("-inf")
"""When somebody was heard of who has only been noted as being inside."""


class Ghosts:
    """Looks for occupants who have been silent for long, and says which errors show one."""

    def __init__(self, house: House, clock: IReactorTime) -> None:
        self._house = house
        self._clock = clock
        self._line = PingLine(clock, self._ping)
        self._gone: dict[LiveRoom, dict[Person, float]] = {}

    def shows(self, live: LiveRoom, error: Stanza) -> bool:
        """Whether an error says that the session it comes from is no more.

        To a message for all, service-unavailable says so too (RFC 6121, 8.5.3.2); to a private
        one it may come from whoever wants none.
        """
        condition = condition_of(error)
        if condition == "service-unavailable":
            return error.name == "message" and error.id in live.reflected
        return condition in GHOSTS

    def found(self, live: LiveRoom, person: Person) -> None:
        """An error shows that a session is no more."""
        gone = self._gone.get(live)
        if gone is not None and (person in gone or live.heard.get(person) == NEVER):
            gone[person] = live.heard.get(person, NEVER)
        else:
            self._remove(live, person)

    def _remove(self, live: LiveRoom, person: Person) -> None:
        live.heard.pop(person, None)
        if person in live.room.sessions:
            self._house.have(live, Leave(person, None, Why.LOST))

    # Looking

    def look(self) -> None:
        """Ping those who have been silent for long, a few each second."""
        for live in self._house.live.values():
            for person in [each for each in live.heard if self._is_silent(live, each)]:
                if person not in live.room.sessions:
                    del live.heard[person]
                elif live.heard[person] != NEVER:  # their time comes
                    self._line.add(live, person)

    def stop(self) -> None:
        """Ping nobody any more."""
        self._line.stop()
        self._gone.clear()

    def _is_silent(self, live: LiveRoom, person: Person) -> bool:
        latest = self._clock.seconds() - self._house.settings.silence
        return live.heard.get(person, latest + 1) <= latest

    # Those of whom nobody knows whether they are there still

    def doubt(self, live: LiveRoom) -> None:
        """Ping all in a room soon, and take out those together who turn out to be gone."""
        live.heard.update(dict.fromkeys(live.room.sessions, NEVER))
        self._gone[live] = {}
        self._clock.callLater(GRACE, self._ask_doubted, live)

    def _ask_doubted(self, live: LiveRoom) -> None:
        for person in [each for each, heard in live.heard.items() if heard == NEVER]:
            self._line.add(live, person)
        self._line.add(live, ITSELF)  # then all have been asked

    def _take_out(self, live: LiveRoom) -> None:
        """Take those out who are gone, unless something has been heard of them since."""
        gone = self._gone.pop(live, {}).items()
        silent = [person for person, heard in gone if live.heard.get(person) == heard]
        people = tuple(person for person in silent if person in live.room.sessions)
        for person in silent:
            del live.heard[person]
        if people:
            self._house.have(live, Lose(people))

    # Pinging

    def _ping(self, live: LiveRoom, person: Person) -> bool:
        """Ping somebody who is silent still; all of the doubted have been when it comes to
        `ITSELF`.
        """
        if person == ITSELF:
            self._clock.callLater(ANSWERING, self._take_out, live)
            return False
        key = live.room.sessions.get(person)
        if key is None or not self._is_silent(live, person) or person in self._gone.get(live, ()):
            return False
        answered = self._doubted_pinged if live.heard[person] == NEVER else self._pinged
        self._house.hear(live, person)
        ping = element("ping", names.PING)
        to = live.room.stays[key][person].wire
        asked = Stanza.make("iq", ping, to=to, sender=live.jid, type="get")
        args = live, person, live.heard[person]
        self._house.ask(asked).addCallbacks(lambda _: None, answered, errbackArgs=args)
        return True

    def _pinged(self, failure: Failure, live: LiveRoom, person: Person, _: float) -> None:
        error: Any = failure.value
        # service-unavailable is also what clients say that know no ping
        ghosts = GHOSTS - {"remote-server-timeout"}  # which is also what our own waiting ends with
        if isinstance(error, StanzaError) and error.condition in ghosts:
            self._remove(live, person)

    def _doubted_pinged(
        self, failure: Failure, live: LiveRoom, person: Person, asked_at: float
    ) -> None:
        """Take out who does not answer, and has not been heard of since.

        Servers say service-unavailable of sessions that are no more (RFC 6121, 8.5.3.2.3). A
        client that says so itself comes in anew when it is told that it is out.
        """
        error: Any = failure.value
        gone = isinstance(error, StanzaError) and error.condition in SILENT
        if not gone or live.heard.get(person) != asked_at:
            return
        if live in self._gone:
            self._gone[live][person] = asked_at
        else:
            self._remove(live, person)
