"""What people are told who are not inside."""

from xmppd.chat.events import Outside, StandingTold
from xmppd.chat.option import Field, Option, note
from xmppd.chat.outcome import Changes, Notice
from xmppd.chat.room import Room


class TellAbsent(Option):
    """Whoever stands otherwise to the room is told so though they are not inside."""

    fields = (Field("tell_absent", bool, False, "People are told of affiliations given them"),)

    @note(Outside)
    def tell(self, room: Room, event: Outside, out: Changes) -> None:
        """Tell the account; a domain cannot be told."""
        if room.config["tell_absent"] and "@" in event.account:
            told = StandingTold(event.account, event.affiliation)
            out.notices.append(Notice(told, (), account=event.account))
