"""A server with rooms, and shorthands for what clients do there."""

from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from xmppd.muc import names
from xmppd.muc.keeping import RoomStore
from xmppd.muc.service import Rooms
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import STANZA_ERRORS
from xmppd.protocol.stanza import Stanza
from xmppd.testing.client import Client
from xmppd.testing.server import TestServer
from xmppd.testing.settings import DOMAINS

SERVICE = "rooms.example.com"
ROOM = f"cave@{SERVICE}"
X = f"<x xmlns='{names.MUC}'/>"
PEOPLE = ("crone", "hag", "wizard", "macbeth")


def codes(stanza: Stanza) -> list[int]:
    """The status codes of a stanza, in order."""
    x = stanza.child(names.MUC_USER, "x")
    found = [] if x is None else [child for child in x.elements() if child.name == "status"]
    return sorted(int(child["code"]) for child in found)


def item(stanza: Stanza) -> dict[str, str]:
    """The attributes of a stanza's item."""
    x = stanza.child(names.MUC_USER, "x")
    assert x is not None
    [found] = [child for child in x.elements() if child.name == "item"]
    return {str(key): str(value) for key, value in found.attributes.items()}


def error(stanza: Stanza) -> tuple[str, str]:
    """Type and condition of an error."""
    found = stanza.child("", "error")
    assert found is not None, stanza.to_bytes()
    [condition] = [c.name for c in found.elements() if c.uri == STANZA_ERRORS and c.name != "text"]
    return found["type"], condition


def form(kind: str, form_type: str, values: dict[str, Any]) -> str:
    """A submitted data form."""
    fields = [element("field", None, {"var": "FORM_TYPE"}, element("value", None, None, form_type))]
    for var, value in values.items():
        many = value if isinstance(value, list) else [value]
        fields.append(
            element(
                "field",
                None,
                {"var": var},
                *[element("value", None, None, str(each)) for each in many],
            )
        )
    return element("x", "jabber:x:data", {"type": kind}, *fields).decode()


class RoomsTestCase(SynchronousTestCase):
    """Four people and a service; `crone` owns what she makes.

    `settings` are those of `[muc]`, `others` those beside it.
    """

    settings: dict[str, Any] = {}  # noqa: RUF012
    others: dict[str, Any] = {}  # noqa: RUF012
    domains = DOMAINS

    def setUp(self) -> None:
        accounts = dict.fromkeys(PEOPLE, "secret")
        config = {"muc": {"domain": SERVICE, **self.settings}, "admins": ["wizard@example.com"]}
        config |= self.others
        self.server = self.make_server(accounts, config)
        self.addCleanup(self.server.stop)
        self.rooms = self.server.service.rooms
        self.crone = self.server.client("crone", "desktop")
        self.hag = self.server.client("hag", "pda")
        self.wizard = self.server.client("wizard", "tower")
        self.macbeth = self.server.client("macbeth", "castle")
        self.forget()

    def make_server(self, accounts: dict[str, str], config: dict[str, Any]) -> TestServer:
        """Start the server."""
        return TestServer(self.domains, accounts, config)

    def forget(self) -> None:
        """Let nobody have received anything."""
        for client in (self.crone, self.hag, self.wizard, self.macbeth):
            client.received()

    def enter(self, client: Client, nick: str, x: str = X, room: str = ROOM) -> list[Stanza]:
        """Enter a room; gives what the client then received."""
        client.received()
        client.send(f"<presence to='{room}/{nick}'>{x}</presence>")
        return client.received()

    def make(self, values: dict[str, Any] | None = None, *others: tuple[Client, str]) -> None:
        """Have the crone make and configure a room, and others enter it."""
        self.enter(self.crone, "crone")
        self.configure(values or {})
        for client, nick in others:
            self.enter(client, nick)
        self.forget()

    def configure(self, values: dict[str, Any], client: Client | None = None) -> Stanza:
        """Submit the room's configuration form."""
        named = {
            f"muc#roomconfig_{key}" if key.isalpha() else key: value
            for key, value in values.items()
        }
        submitted = form("submit", names.ROOM_CONFIG, named)
        return self.owner(submitted, client)

    def owner(self, content: str, client: Client | None = None, type: str = "set") -> Stanza:
        """Send a request of muc#owner; gives the answer."""
        return (client or self.crone).ask(
            f"<iq type='{type}' id='owner' to='{ROOM}'>"
            f"<query xmlns='{names.MUC_OWNER}'>{content}</query></iq>"
        )

    def admin(self, content: str, client: Client | None = None, type: str = "set") -> Stanza:
        """Send a request of muc#admin; gives the answer."""
        return (client or self.crone).ask(
            f"<iq type='{type}' id='admin' to='{ROOM}'>"
            f"<query xmlns='{names.MUC_ADMIN}'>{content}</query></iq>"
        )

    def say(self, client: Client, text: str, more: str = "", type: str = "groupchat") -> None:
        """Say something in the room."""
        client.send(
            f"<message to='{ROOM}' type='{type}' id='said'><body>{text}</body>{more}</message>"
        )

    def die(self) -> None:
        """Have another process serve the rooms, one that knows only what is stored."""
        service = self.server.service
        for rounds in self.rooms._rounds:
            rounds.stop()
        store = RoomStore(service.room_stores.of(SERVICE), SERVICE)
        self.rooms = Rooms(SERVICE, self.server.clock, store, self.rooms.settings)
        self.rooms.attach(service.rooms._link)
        self.forget()
        self.server.result(Deferred.fromCoroutine(self.rooms.open()))
        self.rooms.start()
        self.addCleanup(self.rooms.shut_down)

    def bodies(self, stanzas: Iterable[Stanza]) -> list[str | None]:
        """What messages among those say."""
        return [each.text("", "body") for each in stanzas if each.has("", "body")]

    def only(self, client: Client) -> Stanza:
        """The one stanza that a client has received."""
        found = client.received()
        self.assertEqual(len(found), 1, [each.to_bytes() for each in found])
        return found[0]
