"""How much people may do in rooms, and who makes them (XEP-0045, 13.7)."""

from __future__ import annotations

import attrs

from xmppd.chat.commands import Invite, SetStandings
from xmppd.chat.model import Affiliation, Occupant, Person, Role
from xmppd.chat.outcome import Reason, Refused
from xmppd.muc.house import House
from xmppd.muc.live import LiveRoom
from xmppd.muc.pace import Pace
from xmppd.muc.refusals import refusal
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza


class Guarded(House):
    """Rooms that refuse what is too much. All its methods raise `StanzaError` for that."""

    def check_creation(self, room: Jid, person: Person) -> None:
        """May somebody make that room?"""
        settings, now = self.settings, self._clock.seconds()
        grave = self.store.graves.of(room.local, now)
        if person.account in settings.admins:
            return
        local = person.domain in settings.local
        if settings.create == "admins" or (settings.create == "local" and not local):
            raise refusal(Reason.CREATION_CLOSED, room)
        if grave is not None and person.account not in grave.owners:
            raise grave.error(room)
        if len(self.listed) >= settings.most_rooms:
            raise refusal(Refused(Reason.BUSY, "there are too many rooms"), room)
        if not self.paces.creations.admits(person.account, now):
            raise refusal(Refused(Reason.BUSY, "making rooms too often"), room)

    def check_size(self, stanza: Stanza, most: int) -> None:
        """Is it too large to be passed on to so many?"""
        if len(stanza.inner) > most:
            assert stanza.to is not None
            raise refusal(Refused(Reason.TOO_BIG, f"at most {most} bytes"), stanza.to.bare)

    def check_pace(self, live: LiveRoom, pace: Pace, occupant: Occupant) -> None:
        """Does somebody inside do too much? Moderators may."""
        now = self._clock.seconds()
        if occupant.role < Role.MODERATOR and not pace.admits(occupant.id, now):
            raise refusal(Reason.TOO_FAST, live.jid)

    def check_knocking(self, live: LiveRoom, person: Person) -> None:
        """Does an account come, or ask to, too often?"""
        if not live.paces.joins.admits(person.account, self._clock.seconds()):
            raise refusal(Refused(Reason.BUSY, "too often"), live.jid)

    def check_invitations(self, live: LiveRoom, command: Invite) -> None:
        """Does somebody invite too many?"""
        if not self._may_ask(command.person, len(command.invitations)):
            raise refusal(Reason.TOO_FAST, live.jid)

    def _may_ask(self, person: Person, number: int) -> bool:
        return self.paces.invitations.admits(person.account, self._clock.seconds(), number)

    def quietened(self, live: LiveRoom, command: SetStandings) -> SetStandings:
        """The same changes; where they would invite too many, without invitations."""
        number = sum(change.affiliation >= Affiliation.MEMBER for change in command.changes)
        if live.room.closed and number and not self._may_ask(command.person, number):
            return attrs.evolve(command, asks=False)
        return command
