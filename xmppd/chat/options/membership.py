"""How people become members: invitations and registration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from xmppd.chat.commands import Register
from xmppd.chat.model import Affiliation
from xmppd.chat.option import Check, Field, Option
from xmppd.chat.outcome import Reason, Refusal
from xmppd.chat.rights import Need, Right

if TYPE_CHECKING:
    from xmppd.chat.room import Room


class Invites(Option):
    """Who may invite: in a members-only room admins, unless members may too."""

    fields = (Field("members_invite", bool, False, "Members may invite to a members-only room"),)

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        """Inviting to a members-only room takes a member."""
        return {Right.INVITE_MEMBERS: Affiliation.MEMBER} if config["members_invite"] else {}


class Registration(Option):
    """Whether people may register."""

    fields = (
        Field(
            "registration",
            str,
            "ask",
            "Registration with the room",
            {"open": "Anyone may register", "ask": "Admins decide", "off": "Nobody"},
        ),
    )

    def ask(self, room: Room, register: Register) -> None:
        """Refuse registration where there is none."""
        if room.config["registration"] == "off":
            raise Refusal(Reason.REGISTRATION_OFF)

    checks: ClassVar[Mapping[type, Check]] = {Register: ask}
