"""Whether people may register with a room."""

from xmppd.chat.commands import Register
from xmppd.chat.option import Field, Option, check
from xmppd.chat.outcome import Reason, Refusal
from xmppd.chat.room import Room


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

    @check(Register)
    def ask(self, room: Room, register: Register) -> None:
        """Refuse registration where there is none."""
        if room.config["registration"] == "off":
            raise Refusal(Reason.REGISTRATION_OFF)
