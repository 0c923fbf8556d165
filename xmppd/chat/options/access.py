"""Who may come in: password, members only, places."""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, ClassVar

from xmppd.chat.commands import Enter
from xmppd.chat.model import Affiliation
from xmppd.chat.option import Check, Field, Option
from xmppd.chat.outcome import Reason, Refusal
from xmppd.chat.rights import Need, Right

if TYPE_CHECKING:
    from xmppd.chat.room import Room

SPARE = 10
"""Places beyond the limit, for admins."""


class Password(Option):
    """Whoever comes must know a password; nobody is exempt."""

    fields = (Field("password", str, "", "Password of the room; empty: none"),)

    def ask(self, room: Room, enter: Enter) -> None:
        """Refuse a wrong password."""
        wanted = room.config["password"]
        inside = enter.person in room.sessions
        if wanted and not inside and not compare_digest(wanted.encode(), enter.password.encode()):
            raise Refusal(Reason.BAD_PASSWORD)

    checks: ClassVar[Mapping[type, Check]] = {Enter: ask}


class MembersOnly(Option):
    """Only members may come in."""

    fields = (Field("members_only", bool, False, "Only members may enter"),)

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        """Entering takes a member."""
        return {Right.ENTER: Affiliation.MEMBER} if config["members_only"] else {}


class Limit(Option):
    """So many occupants at most; admins have spare places."""

    fields = (Field("limit", int, 0, "Most occupants; 0: no limit of its own"),)

    def count(self, room: Room, enter: Enter) -> None:
        """Refuse whoever has no place."""
        if enter.person in room.sessions:
            return
        limit = room.config["limit"] or room.most_occupants
        if room.affiliation(enter.person.account) >= Affiliation.ADMIN:
            limit += SPARE
        if len(room.occupants) >= limit and not room.joins_own(enter.person, enter.nick):
            raise Refusal(Reason.FULL)

    checks: ClassVar[Mapping[type, Check]] = {Enter: count}
