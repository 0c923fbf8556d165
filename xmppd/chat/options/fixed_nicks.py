"""Which nicks people wear."""

import attrs

from xmppd.chat.commands import Enter, Rename
from xmppd.chat.option import Field, Option, check, mark
from xmppd.chat.outcome import Reason, Refusal
from xmppd.chat.room import Room


class FixedNicks(Option):
    """Who has a nick reserved comes under it, and nobody takes another (XEP-0045, 7.6, 7.10)."""

    fields = (Field("fixed_nicks", bool, False, "Nobody changes nicks; reserved ones are worn"),)

    @mark(Enter)
    def put(self, room: Room, enter: Enter) -> Enter:
        """Let somebody come under the nick that is theirs."""
        standing = room.saved.standings.get(enter.person.account)
        if not room.config["fixed_nicks"] or standing is None or not standing.nick:
            return enter
        return attrs.evolve(enter, nick=standing.nick, asked=enter.nick)

    @check(Enter, Rename)
    def refuse(self, room: Room, command: Enter | Rename) -> None:
        """Refuse another nick than the one somebody wears, or has reserved."""
        occupant = room.occupant(command.person)
        if not room.config["fixed_nicks"] or occupant is None or command.nick == occupant.nick:
            return
        standing = room.saved.standings.get(occupant.account)
        if standing is None or standing.nick != command.nick:
            raise Refusal(Reason.NICK_FIXED)
