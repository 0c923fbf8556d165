"""A password to enter a room."""

from hmac import compare_digest

from xmppd.chat.commands import Enter
from xmppd.chat.option import Field, Option, check
from xmppd.chat.outcome import Reason, Refusal
from xmppd.chat.room import Room


class Password(Option):
    """Whoever comes must know a password; nobody is exempt."""

    fields = (Field("password", str, "", "Password of the room; empty: none", private=True),)

    @check(Enter)
    def ask(self, room: Room, enter: Enter) -> None:
        """Refuse a wrong password."""
        wanted = room.config["password"]
        inside = enter.person in room.sessions
        if wanted and not inside and not compare_digest(wanted.encode(), enter.password.encode()):
            raise Refusal(Reason.BAD_PASSWORD)
