"""Who may speak: moderated rooms, topics, whispers, requests for voice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from xmppd.chat.commands import RequestVoice, Whisper
from xmppd.chat.model import Affiliation, Role
from xmppd.chat.option import Check, Field, Option
from xmppd.chat.outcome import Reason, Refusal
from xmppd.chat.rights import Need, Right

if TYPE_CHECKING:
    from xmppd.chat.room import Room


class Moderated(Option):
    """Who comes without an affiliation has no voice."""

    fields = (Field("moderated", bool, False, "Only those with voice may speak"),)

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        """Voice from the start takes a member."""
        return {Right.HAVE_VOICE: Affiliation.MEMBER} if config["moderated"] else {}


class OpenTopic(Option):
    """Not only moderators set the topic."""

    fields = (Field("open_topic", bool, False, "Participants may change the subject"),)

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        """Setting the topic takes a participant."""
        return {Right.SET_TOPIC: Role.PARTICIPANT} if config["open_topic"] else {}


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
    _needs: Mapping[str, Role] = {
        "participants": Role.PARTICIPANT,
        "moderators": Role.MODERATOR,
    }

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        """Whispering takes that role."""
        need = self._needs.get(config["whispers"])
        return {} if need is None else {Right.WHISPER: need}

    def ask(self, room: Room, whisper: Whisper) -> None:
        """Refuse all of them where there are to be none."""
        if room.config["whispers"] == "none" and whisper.person in room.sessions:
            raise Refusal(Reason.WHISPER_LIMITED)

    checks: ClassVar[Mapping[type, Check]] = {Whisper: ask}


class VoiceRequests(Option):
    """Whether visitors may ask for voice."""

    fields = (Field("voice_requests", bool, True, "Visitors may ask for voice"),)

    def ask(self, room: Room, request: RequestVoice) -> None:
        """Refuse requests where there are to be none."""
        if not room.config["voice_requests"]:
            raise Refusal(Reason.FORBIDDEN)

    checks: ClassVar[Mapping[type, Check]] = {RequestVoice: ask}
