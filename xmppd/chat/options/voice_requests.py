"""Whether visitors may ask for voice."""

from xmppd.chat.commands import RequestVoice
from xmppd.chat.option import Field, Option, check
from xmppd.chat.outcome import Reason, Refusal
from xmppd.chat.room import Room


class VoiceRequests(Option):
    """Whether visitors may ask for voice."""

    fields = (Field("voice_requests", bool, True, "Visitors may ask for voice"),)

    @check(RequestVoice)
    def ask(self, room: Room, request: RequestVoice) -> None:
        """Refuse requests where there are to be none."""
        if not room.config["voice_requests"]:
            raise Refusal(Reason.FORBIDDEN)
