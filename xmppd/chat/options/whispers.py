"""Who may send private messages in a room."""

from collections.abc import Mapping
from typing import Any

from xmppd.chat.commands import Whisper
from xmppd.chat.model import Role
from xmppd.chat.option import Field, Option, check
from xmppd.chat.outcome import Reason, Refusal
from xmppd.chat.rights import Need, Right
from xmppd.chat.room import Room

NEED: Mapping[str, Role] = {"participants": Role.PARTICIPANT, "moderators": Role.MODERATOR}


class Whispers(Option):
    """Who may send private messages."""

    fields = (
        Field(
            "whispers",
            str,
            "anyone",
            "Who may send private messages",
            {
                "anyone": "Anyone",
                "participants": "Anyone with voice",
                "moderators": "Moderators only",
                "none": "Nobody",
            },
        ),
    )

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        """Whispering takes that role."""
        need = NEED.get(config["whispers"])
        return {} if need is None else {Right.WHISPER: need}

    @check(Whisper)
    def ask(self, room: Room, whisper: Whisper) -> None:
        """Refuse all of them where there are to be none."""
        if room.config["whispers"] == "none" and whisper.person in room.sessions:
            raise Refusal(Reason.WHISPER_LIMITED)
