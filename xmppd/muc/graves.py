"""Rooms that their owners have destroyed: nobody else takes their names for a while."""

from __future__ import annotations

from urllib.parse import quote

import attrs

from xmppd.chat.commands import Destroy
from xmppd.chat.model import Affiliation
from xmppd.chat.room import Room
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid


@attrs.frozen
class Grave:
    """What is remembered of such a room. `until` is in seconds since 1970."""

    until: float
    owners: frozenset[str]
    alternate: str = ""
    reason: str = ""

    def error(self, room: Jid) -> StanzaError:
        """The answer to who looks for the room (RFC 6120, 8.3.3.5; XEP-0147 for the address)."""
        address = f"xmpp:{quote(self.alternate, safe='@')}?join" if self.alternate else ""
        return StanzaError("gone", self.reason, by=room, address=address)


def grave_of(room: Room, command: Destroy, until: float) -> Grave | None:
    """What to remember of a room that was destroyed.

    None where that is nothing: it was not to last, and did not move anywhere.
    """
    saved = room.saved
    if saved.locked or not (room.config["persistent"] or command.alternate):
        return None
    rows = saved.standings.items()
    owners = frozenset(jid for jid, row in rows if row.affiliation is Affiliation.OWNER)
    return Grave(until, owners, command.alternate, command.reason)
