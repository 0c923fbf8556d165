"""What people do in a room of one server who come from two."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from tests.scenarios.federation.people import STANZAS, Person
from tests.scenarios.raw import CLIENT, told

MUC = "http://jabber.org/protocol/muc"
FORM = "<x xmlns='jabber:x:data' type='submit'/>"


def codes(stanza: Element) -> set[int]:
    """The status codes of a stanza."""
    return {int(each.get("code", 0)) for each in stanza.iter(f"{{{MUC}#user}}status")}


class Visitor:
    """Somebody and a room."""

    def __init__(self, person: Person, room: str) -> None:
        self.person = person
        self.room = room
        self.nick = ""

    def until(self, name: str, nick: str, check: Callable[[Element], object]) -> Element:
        """Return the next stanza of somebody inside, or of the room, that is as wanted."""
        sender = f"{self.room}/{nick}" if nick else self.room

        def is_wanted(each: Element) -> bool:
            named = each.tag == f"{{{CLIENT}}}{name}" and each.get("from") == sender
            return named and bool(check(each))

        return self.person.read_until(is_wanted)

    def ask_in(self, nick: str) -> Element:
        """Try to enter; return one's own presence, or the error."""
        self.nick = nick
        self.person.send(f"<presence to='{self.room}/{nick}'><x xmlns='{MUC}'/></presence>")
        return self.until("presence", nick, lambda each: each.get("type") or 110 in codes(each))

    def enter(self, nick: str) -> set[int]:
        """Enter; return the status codes of one's own presence."""
        own = self.ask_in(nick)
        assert own.get("type") is None, told(own)
        return codes(own)

    def say(self, body: str) -> None:
        """Say something to all."""
        self.person.send(
            f"<message type='groupchat' to='{self.room}'><body>{body}</body></message>"
        )

    def hears(self, nick: str, body: str) -> None:
        """Wait until somebody says something."""
        self.until("message", nick, lambda each: each.findtext(f"{{{CLIENT}}}body") == body)

    def sees(self, nick: str, *wanted: int, gone: bool = False) -> None:
        """Wait until somebody shows, or is gone, with those status codes at least."""
        type = "unavailable" if gone else None
        self.until(
            "presence", nick, lambda each: each.get("type") == type and codes(each) >= {*wanted}
        )

    def admin(self, item: str) -> None:
        """Change a role or an affiliation."""
        query = f"<query xmlns='{MUC}#admin'>{item}</query>"
        self.person.ask(self.room, query, "set")  # the answer may come after what it does


def play_in_room(host: Person, guest: Person, room: str) -> None:
    """Somebody makes a room on their server; a guest from the other one comes."""
    owner, other = Visitor(host, room), Visitor(guest, room)
    assert owner.enter("host") >= {110, 201}
    host.result(room, f"<query xmlns='{MUC}#owner'>{FORM}</query>", "set")
    other.enter("guest")
    owner.sees("guest")
    _talk(owner, other)
    _rule(owner, other)


def _talk(owner: Visitor, other: Visitor) -> None:
    for speaker in (other, owner):
        for number in range(3):
            speaker.say(f"{speaker.nick} {number}")
        for listener in (owner, other):
            for number in range(3):
                listener.hears(speaker.nick, f"{speaker.nick} {number}")
    other.person.send(
        f"<message type='chat' to='{owner.room}/host'><body>psst</body>"
        f"<x xmlns='{MUC}#user'/></message>"
    )
    owner.hears("guest", "psst")
    other.person.send(f"<presence to='{owner.room}/visitor'/>")
    owner.sees("guest", 303, gone=True)
    owner.sees("visitor")
    other.sees("visitor", 110)
    other.person.send(f"<presence to='{owner.room}/visitor'><show>away</show></presence>")
    owner.until("presence", "visitor", lambda each: each.findtext(f"{{{CLIENT}}}show") == "away")


def _rule(owner: Visitor, other: Visitor) -> None:
    owner.admin("<item nick='visitor' role='none'/>")
    other.sees("visitor", 307, gone=True)
    owner.sees("visitor", 307, gone=True)
    other.enter("guest")
    other.person.send(f"<presence type='unavailable' to='{owner.room}/guest'/>")
    other.sees("guest", 110, gone=True)
    owner.sees("guest", gone=True)
    other.enter("guest")
    owner.admin(f"<item jid='{other.person.bare}' affiliation='outcast'/>")
    other.sees("guest", 301, gone=True)
    refused = other.ask_in("guest")
    assert refused.find(f"{{{CLIENT}}}error/{{{STANZAS}}}forbidden") is not None, told(refused)
