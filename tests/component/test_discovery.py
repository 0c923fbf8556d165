"""XEP-0030's elements."""

from twisted.trial.unittest import SynchronousTestCase

from xmppd.component.discovery import DISCO_INFO, DISCO_ITEMS, Identity, Info, Item, items_answer
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza


def request(ns: str, node: str = "") -> Stanza:
    query = f"<query xmlns='{ns}'{node}/>".encode()
    return Stanza.make("iq", query, to=Jid.parse("example.com"), type="get", id="1")


class DiscoveryTest(SynchronousTestCase):
    def test_info(self) -> None:
        """3.1: category and type are required, name and language may be."""
        identities = Identity("server", "im", "Romeo's & Co", "en"), Identity("pubsub", "pep")
        answer = Info(identities, (DISCO_INFO,)).answer(request(DISCO_INFO))
        self.assertEqual(
            answer.inner.decode(),
            f"<query xmlns='{DISCO_INFO}'>"
            "<identity category='server' type='im' name='Romeo&apos;s &amp; Co' xml:lang='en'/>"
            "<identity category='pubsub' type='pep'/>"
            f"<feature var='{DISCO_INFO}'/></query>",
        )

    def test_items(self) -> None:
        """4.1, 4.2: a JID, perhaps a node and a name; the request's node is mirrored."""
        items = [Item(Jid.parse("a.example.com")), Item(Jid.parse("example.com"), "n", "N")]
        answer = items_answer(request(DISCO_ITEMS, " node='top'"), items)
        self.assertEqual(
            answer.inner.decode(),
            f"<query xmlns='{DISCO_ITEMS}' node='top'><item jid='a.example.com'/>"
            "<item jid='example.com' node='n' name='N'/></query>",
        )
