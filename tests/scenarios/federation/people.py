"""What two people do whose accounts are on different servers."""

from collections.abc import Callable
from itertools import count
from xml.etree.ElementTree import Element

from tests.scenarios.raw import CLIENT, SASL, RawClient, told

DISCO_INFO = "http://jabber.org/protocol/disco#info"
DISCO_ITEMS = "http://jabber.org/protocol/disco#items"
PING = "urn:xmpp:ping"
ROSTER = "jabber:iq:roster"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
VCARD = "vcard-temp"

BURST = 20
"""How many messages go out at once, to see that they come in order."""


class Person(RawClient):
    """A user of some server."""

    def __init__(self, port: int, name: str, domain: str) -> None:
        super().__init__(port, domain)
        self.bare = f"{name}@{domain}"
        self._ids = count()
        answer = self.open().plain(name)
        assert answer.tag == f"{{{SASL}}}success", told(answer)
        self.bind()
        self.result("", f"<query xmlns='{ROSTER}'/>")  # who has not asked hears of no answers

    def ask(self, to: str, payload: str, type: str = "get") -> str:
        """Send a request; return its id."""
        id = f"ask{next(self._ids)}"
        target = f" to='{to}'" if to else ""
        self.send(f"<iq type='{type}' id='{id}'{target}>{payload}</iq>")
        return id

    def answer(self, id: str) -> Element:
        """Return the answer to a request."""
        return self.read_until(lambda each: each.get("id") == id and each.tag == f"{{{CLIENT}}}iq")

    def result(self, to: str, payload: str, type: str = "get") -> Element:
        """Send a request; return the result."""
        answer = self.answer(self.ask(to, payload, type))
        assert answer.get("type") == "result", told(answer)
        assert answer.get("from") == to or not to, told(answer)
        return answer

    def presence(self, kind: str | None, sender: str, status: str | None = None) -> Element:
        """Return the next presence of a type from somebody, with a status if one is given."""

        def is_wanted(each: Element) -> bool:
            found = each.findtext(f"{{{CLIENT}}}status")
            wanted = each.get("type") == kind and each.get("from") == sender
            return wanted and status in (None, found)

        return self._next("presence", is_wanted)

    def message(self, sender: str) -> Element:
        """Return the next message of somebody."""
        return self._next("message", lambda each: each.get("from") == sender)

    def _next(self, name: str, check: Callable[[Element], bool]) -> Element:
        def is_wanted(each: Element) -> bool:
            assert each.get("type") != "error" or each.tag == f"{{{CLIENT}}}iq", told(each)
            return each.tag == f"{{{CLIENT}}}{name}" and check(each)

        return self.read_until(is_wanted)

    def subscription_of(self, contact: str) -> str | None:
        """The state of somebody in the roster."""
        items = self.result("", f"<query xmlns='{ROSTER}'/>").iter(f"{{{ROSTER}}}item")
        return {item.get("jid"): item.get("subscription") for item in items}.get(contact)


Scene = Callable[[Person, Person], None]


def subscribe(a: Person, b: Person) -> None:
    """One asks for the other's presence and gets it (RFC 6121, 3.1)."""
    a.send(f"<presence type='subscribe' to='{b.bare}'/>")
    b.presence("subscribe", a.bare)
    b.send(f"<presence type='subscribed' to='{a.bare}'/>")
    a.presence("subscribed", b.bare)
    a.presence(None, b.jid)
    assert a.subscription_of(b.bare) in ("to", "both"), b.bare
    assert b.subscription_of(a.bare) in ("from", "both"), a.bare


def share_presence(a: Person, b: Person) -> None:
    """One goes away, leaves and comes back; then it hears how the other is (RFC 6121, 4)."""
    a.send("<presence><show>away</show><status>at lunch</status></presence>")
    shown = b.presence(None, a.jid, "at lunch").findtext(f"{{{CLIENT}}}show")
    assert shown == "away", shown
    a.send("<presence type='unavailable'/>")
    b.presence("unavailable", a.jid)
    b.send("<presence><status>alone</status></presence>")
    b.answer(b.ask(a.domain, f"<ping xmlns='{PING}'/>"))  # it has got there by now
    a.send("<presence><status>back</status></presence>")
    a.presence(None, b.jid, "alone")
    b.presence(None, a.jid, "back")


def chat(a: Person, b: Person) -> None:
    """Messages come whole and in order, to the account and to the client (RFC 6121, 5)."""
    body = "«H\u00e9llo» &amp; \u2764 \U0001f600"
    a.send(f"<message type='chat' id='m' to='{b.jid}'><body>{body}</body><x xmlns='y'/></message>")
    came = b.message(a.jid)
    assert came.findtext(f"{{{CLIENT}}}body") == body.replace("&amp;", "&"), told(came)
    assert (came.get("id"), came.get("to"), came.get("type")) == ("m", b.jid, "chat"), told(came)
    assert came.find("{y}x") is not None, told(came)
    for number in range(BURST):
        to = (b.bare, b.jid)[number % 2]
        a.send(f"<message type='chat' to='{to}'><body>{number}</body></message>")
    numbers = [b.message(a.jid).findtext(f"{{{CLIENT}}}body") for _ in range(BURST)]
    assert numbers == [str(number) for number in range(BURST)], numbers


def say(sender: Person, to: Person, number: int) -> None:
    """Send a message with a number."""
    sender.send(f"<message type='chat' to='{to.jid}'><body>{number}</body></message>")


def hear(person: Person, sender: Person, count: int) -> list[int]:
    """The numbers of the next messages."""
    came = [person.message(sender.jid) for _ in range(count)]
    return [int(each.findtext(f"{{{CLIENT}}}body") or "-1") for each in came]


def discover(a: Person, b: Person) -> None:
    """Servers and clients say what they are (XEP-0030, 3.1 and 4.1)."""
    info = f"<query xmlns='{DISCO_INFO}'/>"
    found = a.result(b.domain, info).find(f"{{{DISCO_INFO}}}query/{{{DISCO_INFO}}}identity")
    assert found is not None
    assert (found.get("category"), found.get("type")) == ("server", "im"), told(found)
    a.result(b.domain, f"<query xmlns='{DISCO_ITEMS}'/>")
    id = a.ask(b.jid, info)
    asked = b.read_until(lambda each: each.get("from") == a.jid and each.get("type") == "get")
    payload = f"<query xmlns='{DISCO_INFO}'><identity category='client' type='bot'/></query>"
    b.send(f"<iq type='result' id='{asked.get('id')}' to='{a.jid}'>{payload}</iq>")
    answer = a.answer(id)
    assert answer.get("type") == "result", told(answer)
    assert answer.get("from") == b.jid, told(answer)
    assert 'type="bot"' in told(answer), told(answer)


def read_vcard(a: Person, b: Person) -> None:
    """One shows a vCard, the other reads it (XEP-0054, 3.3)."""
    name = f"The one of {b.domain}"
    b.result("", f"<vCard xmlns='{VCARD}'><FN>{name}</FN></vCard>", "set")
    card = a.result(b.bare, f"<vCard xmlns='{VCARD}'/>")
    assert card.findtext(f"{{{VCARD}}}vCard/{{{VCARD}}}FN") == name, told(card)


def be_refused(a: Person, b: Person) -> None:
    """Who is not there is not there (RFC 6121, 8.5.1)."""
    answer = a.answer(a.ask(f"nobody@{b.domain}/none", f"<ping xmlns='{PING}'/>"))
    assert answer.get("type") == "error", told(answer)
    assert answer.find(f"{{{CLIENT}}}error/{{{STANZAS}}}service-unavailable") is not None


SCENES: tuple[Scene, ...] = (subscribe, share_presence, chat, discover, read_vcard, be_refused)


def play(a: Person, b: Person) -> None:
    """Go through all scenes, both ways; say in which one something was wrong."""
    for person in (a, b):
        person.send("<presence/>")
    for scene in SCENES:
        for one, other in ((a, b), (b, a)):
            try:
                scene(one, other)
            except Exception as problem:
                told = f"{scene.__name__}, {one.domain} to {other.domain}: {problem!r}"
                raise AssertionError(told) from problem
