"""A domain of rooms (XEP-0045): presence and messages."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from xmppd.chat.commands import (
    Invite,
    Leave,
    Rename,
    Say,
    ShowPresence,
)
from xmppd.chat.model import Affiliation, Person, Stay
from xmppd.chat.outcome import Reason
from xmppd.muc import names
from xmppd.muc.archive_requests import ArchiveRequests
from xmppd.muc.bounces import returned
from xmppd.muc.content import StanzaContent, cleaned, presence_of
from xmppd.muc.decode import entering, message_command, person_of
from xmppd.muc.elements import outsider
from xmppd.muc.ghosts import Ghosts
from xmppd.muc.idle import Idle
from xmppd.muc.keeping import RoomStore
from xmppd.muc.live import LiveRoom
from xmppd.muc.moderation import Moderating
from xmppd.muc.owning import OwnerRequests
from xmppd.muc.ranks import RankRequests
from xmppd.muc.refusals import refusal, refused_presence, refused_whole
from xmppd.muc.registration import RegistrationRequests
from xmppd.muc.requests import RoomRequests
from xmppd.muc.retention import Retention
from xmppd.muc.rounds import Rounds
from xmppd.muc.settings import RoomSettings
from xmppd.muc.vcards import VCards
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.escaping import is_escaped_well
from xmppd.protocol.stanza import Stanza

LATE = 5.0
"""Seconds after which what people show is noted."""


class Rooms(RoomRequests):
    """XEP-0045: serve a domain of rooms, in one process with the rest or in one of its own;
    XEP-0249: put its form beside that of the invitations that rooms pass on;
    XEP-0410: answer occupants' pings to themselves;
    XEP-0421: give occupants ids that outlast their nicks;
    XEP-0313: keep what is said where the room says so, and give it out again;
    XEP-0424: let people take back what they have said there;
    XEP-0425: let moderators take back what others have said;
    XEP-0486: give rooms vCards with pictures, which owners set;
    XEP-0106: show names of rooms that their addresses cannot hold.
    """

    xep = 45, "1.35.5"
    also = (
        (249, "1.2"),
        (410, "1.1.0"),
        (421, "1.0.1"),
        (313, "1.1.3"),
        (424, "0.4.2"),
        (425, "0.3.0"),
        (486, "0.1.0"),
        (106, "1.1.1"),
    )
    default = False

    @classmethod
    def title(cls) -> str:
        """Its name in configuration and documentation."""
        return "muc"

    def __init__(
        self, name: str, clock: IReactorTime, store: RoomStore, settings: RoomSettings
    ) -> None:
        super().__init__(name, clock, store, settings)
        self._moderating = Moderating(self)
        for requests in (
            RankRequests(self),
            OwnerRequests(self),
            RegistrationRequests(self),
            ArchiveRequests(self, clock),
            self._moderating,
            VCards(self),
        ):
            self._handlers.add(requests)
        self._ghosts = Ghosts(self, clock)
        retention = Retention(
            store.archives, clock, lambda: list(self.listed), lambda: self.settings
        )
        lookers = self._ghosts.look, Idle(self, clock).look, retention.look
        self._rounds = Rounds(clock, lookers), Rounds(clock, [store.stays.flush_some], LATE)

    def start(self) -> None:
        """Begin to look for ghosts, for rooms that nobody uses, and for what is too old."""
        for rounds in self._rounds:
            rounds.start()
        self._returning.start()

    def shut_down(self) -> None:
        """Tell occupants that the service ends, or note that they are to be there again."""
        for part in (*self._rounds, self._returning, self._ghosts):
            part.stop()
        super().shut_down()

    def readmit(self, live: LiveRoom, stays: Sequence[Stay]) -> None:
        """Let those be inside again who were when the service ended, and see who is there."""
        super().readmit(live, stays)
        if stays:
            self._ghosts.doubt(live)

    # Presence

    def presence(self, presence: Stanza) -> Awaitable[object] | None:
        """Come, show something else, take another nick, go."""
        to = presence.to
        if to is None or not to.local or presence.type not in (None, "unavailable"):
            return None
        done = maybeDeferred(self.at, to.local, lambda live: self._take_presence(live, presence))
        return done.addErrback(self._refuse_presence, presence)

    def _refuse_presence(self, failure: Failure, presence: Stanza) -> None:
        failure.trap(StanzaError)
        error: Any = failure.value
        if presence.type is None:
            self._send_late(refused_presence(presence, error))

    def _take_presence(self, live: LiveRoom | None, presence: Stanza) -> Deferred[None] | None:
        assert presence.to is not None
        room = presence.to.bare
        person = person_of(presence.sender)
        if presence.type == "unavailable":
            return None if live is None else self._leave(live, person, presence)
        if not presence.to.resource:
            raise refusal(Reason.NO_NICK, room)
        inside = None if live is None else live.room.occupant(person)
        self.check_size(presence, self.settings.presence_bytes)
        if presence.has(names.MUC, "x"):
            return self._enter(live, presence, person)
        if live is None or inside is None:
            stands = Affiliation.NONE if live is None else live.room.affiliation(person.account)
            self.send(outsider(presence, stands))
            return None
        self.hear(live, person)
        self.check_pace(live, live.paces.presences, inside)
        shown = presence_of(presence, room)
        nick = presence.to.resource
        same = nick == inside.nick
        return self.do(live, ShowPresence(person, shown) if same else Rename(person, nick, shown))

    def _leave(self, live: LiveRoom, person: Person, presence: Stanza) -> Deferred[None] | None:
        live.heard.pop(person, None)
        small = len(presence.inner) <= self.settings.presence_bytes
        content = StanzaContent(cleaned(presence, live.jid)) if small else None
        return self.do(live, Leave(person, content))

    def _enter(
        self, live: LiveRoom | None, presence: Stanza, person: Person
    ) -> Deferred[None] | None:
        assert presence.to is not None
        made = live is None
        if live is None:
            if not is_escaped_well(presence.to.local):
                raise StanzaError("jid-malformed", by=presence.to.bare)
            self.check_creation(presence.to.bare, person)
            live = self.create(presence.to, person.account)
        else:
            self.check_knocking(live, person)
        try:
            done = self.do(live, entering(presence, live.jid))
        except StanzaError:
            if made:
                self.forget(live)
            raise
        if made:
            self.store.graves.unearth(live.jid.local)
        self.hear(live, person)
        return done

    # Messages

    def message(self, message: Stanza) -> Awaitable[object] | None:
        """Say something, or one of the things that XEP-0045 does by message."""
        to = message.to
        if to is None or not to.local:
            raise StanzaError("service-unavailable")
        live = self.live.get(to.local)
        if live is not None:  # the hot path
            return self._take_message(live, message)
        done = self.at(to.local, lambda live: self._take_message(live, message))
        return done if isinstance(done, Deferred) else None

    def _take_message(self, live: LiveRoom | None, message: Stanza) -> Deferred[None] | None:
        assert message.to is not None
        command = message_command(message, message.to.bare)
        if live is None or (live.room.saved.locked and not live.exists_for(message.sender)):
            raise self.missing(message.to.bare)
        if command is None:
            return None
        self.check_size(message, self.settings.message_bytes)
        inside = live.room.occupant(command.person)
        if inside is not None:
            self.check_pace(live, live.paces.messages, inside)
            if isinstance(command, Say) and message.id is not None:
                live.reflected.append(message.id)
        if isinstance(command, Invite):
            self.check_invitations(live, command)
        self.hear(live, command.person)
        retraction = self._moderating.retracts(live, command) if isinstance(command, Say) else None
        return retraction or self.do(live, command)

    # Errors

    def refused(self, stanza: Stanza, error: StanzaError) -> Stanza:
        """A message that is refused comes back, unless it is too large for that."""
        if stanza.name == "message" and len(stanza.inner) <= self.settings.message_bytes:
            return refused_whole(stanza, error)
        return super().refused(stanza, error)

    def bounced(self, error: Stanza) -> Awaitable[object] | None:
        """A session that is no more is taken out; other errors go to whom they answer."""
        to = error.to
        live = None if to is None else self.live.get(to.local)
        if live is None or error.sender is None:
            return None
        person = person_of(error.sender)
        if person in live.room.sessions and self._ghosts.shows(live, error):
            self._ghosts.found(live, person)
            return None
        told = returned(live, error) if error.name == "message" else None
        if told is not None:
            self._send_each(told.stanza, told.to)
        return None
