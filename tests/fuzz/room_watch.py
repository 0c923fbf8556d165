"""What people see of rooms by the stanzas that they are sent, and what no stanza may be."""

from collections import Counter

from tests.chat.histories import ACCOUNTS
from tests.fuzz.room_words import SERVICE
from xmppd.chat.model import Person
from xmppd.muc import names
from xmppd.muc.live import LiveRoom
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza

Seen = dict[str, tuple[str, str]]
"""Affiliation and role by nick."""


class Watch:
    """Takes all that a service of rooms sends.

    `asked` are requests that wait for an answer, `views` what sessions see of rooms, `named` whom
    what was sent to the service names: they may be told something too. `mine` are own nicks.
    """

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, str, str | None]] = Counter()
        self.views: dict[tuple[str, str], Seen] = {}
        self.mine: dict[tuple[str, str], str] = {}
        self.named: set[str] = set()

    def delivered(self, stanza: Stanza) -> None:
        """The service is given a stanza."""
        if stanza.name == "iq" and stanza.type in ("get", "set"):
            self.asked[str(stanza.sender), str(stanza.to), stanza.id] += 1
        for element in stanza.element().elements():
            self._name(element)

    def _name(self, element: object) -> None:
        texts = [*element.attributes.values(), str(element)]  # type: ignore[attr-defined]
        for text in texts:
            try:
                self.named.add(Jid.parse(str(text)).bare)
            except ValueError:
                continue
        for child in element.elements():  # type: ignore[attr-defined]
            self._name(child)

    def sent(self, stanza: Stanza) -> None:
        """The service has sent a stanza."""
        parse_stanza(stanza.to_bytes())
        assert stanza.to is not None and stanza.sender is not None
        assert stanza.sender.domain == SERVICE, stanza.to_bytes()
        assert stanza.to.bare in self.named or stanza.to.bare in ACCOUNTS, stanza.to_bytes()
        if stanza.name == "iq" and stanza.type in ("result", "error"):
            key = str(stanza.to), str(stanza.sender), stanza.id
            bad = stanza.type == "error" and b"bad-request" in stanza.inner and not self.asked[key]
            assert self.asked[key] > 0 or bad, f"an answer nobody waits for: {stanza.to_bytes()!r}"
            self.asked[key] -= not bad
        elif stanza.name == "presence":
            self._see(stanza)

    def unanswered(self) -> list[tuple[str, str, str | None]]:
        return [key for key, number in self.asked.items() if number]

    def _see(self, presence: Stanza) -> None:
        assert presence.sender is not None
        x, nick = presence.child(names.MUC_USER, "x"), presence.sender.resource
        key = str(presence.to), presence.sender.local
        if x is None or not nick or presence.type == "error":
            return
        codes = {child["code"] for child in x.elements() if child.name == "status"}
        if presence.type is None:
            [item] = [child for child in x.elements() if child.name == "item"]
            view = self.views.setdefault(key, {})
            view[nick] = (item["affiliation"], item["role"])
            if "110" in codes:
                self.mine[key] = nick
        elif "110" in codes and "303" not in codes:
            self.views.pop(key, None)
            self.mine.pop(key, None)
        else:
            self.views.get(key, {}).pop(nick, None)
            is_own = self.mine.get(key) == nick
            assert is_own == ("110" in codes), f"110 for others: {presence.to_bytes()!r}"

    def compare(self, live: LiveRoom) -> None:
        """Everybody sees what they are to see of a room."""
        room = live.room
        for person, key in room.sessions.items():
            me = room.occupants[key]
            seen = {
                each.nick: (each.affiliation.name.lower(), each.role.name.lower())
                for each in (*room.visible_to(me), me)
            }
            view = self.views.get((_address(person), live.jid.local))
            assert self.mine.get((_address(person), live.jid.local)) == me.nick
            assert view == seen, f"{person} in {live.jid} sees {view}, not {seen}"

    def compare_outside(self, rooms: dict[str, LiveRoom]) -> None:
        """Nobody believes to be where they are not."""
        inside = {
            (_address(person), local)
            for local, live in rooms.items()
            for person in live.room.sessions
        }
        assert self.views.keys() <= inside, self.views.keys() - inside


def _address(person: Person) -> str:
    return f"{person.account}/{person.session}" if person.session else person.account
