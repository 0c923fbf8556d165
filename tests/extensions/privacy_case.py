"""Two people of one house who see each other, and privacy lists between them."""

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import Client, House
from xmppd.extensions.blocking import BLOCKING, Blocking
from xmppd.extensions.carbons import Carbons
from xmppd.extensions.disco import Disco
from xmppd.extensions.offline import Offline
from xmppd.extensions.privacy import Privacy
from xmppd.extensions.privacy_lists import PrivacyLists
from xmppd.extensions.reports import Reports
from xmppd.protocol.namespaces import CARBONS, CONTENT
from xmppd.protocol.privacy import PRIVACY
from xmppd.protocol.stanza import Stanza

ROMEO, JULIET = "romeo@example.com", "juliet@example.com"
EXTENSIONS = (Privacy, PrivacyLists, Blocking, Reports, Carbons, Offline, Disco)


def allow(order: int = 100) -> str:
    return f"<item action='allow' order='{order}'/>"


def deny(jid: str = ROMEO, kinds: str = "", order: int = 1) -> str:
    return f"<item type='jid' value='{jid}' action='deny' order='{order}'>{kinds}</item>"


def message(to: str, body: str = "b", type: str = "chat") -> str:
    return f"<message to='{to}' type='{type}' id='m'><body>{body}</body></message>"


def shown(items: list[Stanza]) -> list[tuple[str | None, str]]:
    """Type and sender of presence."""
    return [(item.type, str(item.sender)) for item in items if item.name == "presence"]


class PrivacyCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(EXTENSIONS)
        self.juliet = self.come("juliet", "balcony")
        self.romeo = self.come("romeo", "orchard")
        self.befriend(self.juliet, self.romeo)
        self.befriend(self.romeo, self.juliet)
        self.quiet()

    def come(self, name: str, resource: str, presence: str = "<presence/>") -> Client:
        client = self.house.client(name, resource)
        client.send("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>", presence)
        return client

    def befriend(self, asking: Client, asked: Client) -> None:
        asking.send(f"<presence type='subscribe' to='{asked.jid.bare}'/>")
        asked.send(f"<presence type='subscribed' to='{asking.jid.bare}'/>")

    def quiet(self) -> None:
        for client in self.house.streams.values():
            client.taken()

    def block(self, *jids: str, name: str = "block", client: Client | None = None) -> Stanza:
        items = "".join(f"<item jid='{jid}'/>" for jid in jids)
        command = f"<iq type='set' id='b'><{name} xmlns='{BLOCKING}'>{items}</{name}></iq>"
        return (client or self.juliet).answer(command)

    def blocklist(self, client: Client | None = None) -> list[str]:
        command = f"<iq type='get' id='l'><blocklist xmlns='{BLOCKING}'/></iq>"
        payload = (client or self.juliet).answer(command).payload()
        assert payload is not None and payload.name == "blocklist"
        return [item["jid"] for item in payload.elements()]

    def query(self, type: str, content: str, client: Client | None = None) -> Stanza:
        iq = f"<iq type='{type}' id='q'><query xmlns='{PRIVACY}'>{content}</query></iq>"
        return (client or self.juliet).answer(iq)

    def use(self, items: str, name: str = "mine", how: str = "default") -> None:
        """Have juliet make a list and use it."""
        made = f"<list name='{name}'>{items}</list>"
        for content in made, f"<{how} name='{name}'/>":
            answer = self.query("set", content)
            self.assertEqual(answer.type, "result", answer.inner)
        self.quiet()

    def enable_carbons(self, client: Client) -> None:
        client.send(f"<iq type='set' id='c'><enable xmlns='{CARBONS}'/></iq>")

    def heard(self, client: Client) -> list[str | None]:
        """The bodies of messages that have come."""
        return [
            item.text(CONTENT, "body")
            for item in client.taken()
            if item.name == "message" and item.type != "error"
        ]

    def condition(self, client: Client) -> bytes:
        """What the errors that have come hold."""
        return b"".join(item.inner for item in client.taken() if item.type == "error")

    def restart(self) -> None:
        """Have the accounts read from the store again."""
        host = self.house.host
        assert host is not None
        for client in list(self.house.streams.values()):
            client.close()
        for name in "juliet", "romeo":
            host.forget(name)
        self.quiet()


def pushes(client: Client, ns: str) -> list[str]:
    """What has been pushed: the payloads' bytes."""
    return [
        item.inner.decode()
        for item in client.taken()
        if item.type == "set" and item.children[0][0] == ns
    ]


def ping(to: str) -> str:
    return f"<iq type='get' id='p' to='{to}'><ping xmlns='urn:xmpp:ping'/></iq>"
