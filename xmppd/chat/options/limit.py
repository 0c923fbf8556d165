"""How many a room holds."""

from xmppd.chat.commands import Enter
from xmppd.chat.model import Affiliation
from xmppd.chat.option import Field, Option, check
from xmppd.chat.outcome import Reason, Refusal
from xmppd.chat.room import Room

SPARE = 10
"""Places beyond the limit, for admins."""


class Limit(Option):
    """So many occupants at most; admins have spare places."""

    fields = (Field("limit", int, 0, "Most occupants; 0: no limit of its own"),)

    @check(Enter)
    def count(self, room: Room, enter: Enter) -> None:
        """Refuse whoever has no place."""
        if enter.person in room.sessions:
            return
        limit = room.config["limit"] or room.most_occupants
        if room.affiliation(enter.person.account) >= Affiliation.ADMIN:
            limit += SPARE
        if len(room.occupants) >= limit and not room.joins_own(enter.person, enter.nick):
            raise Refusal(Reason.FULL)
