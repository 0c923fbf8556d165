"""The first things people do: chat, subscribe, leave."""

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House

ROSTER = "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>"


class FirstTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.juliet = self.house.client("juliet")
        self.romeo = self.house.client("romeo", "orchard")
        for client in self.juliet, self.romeo:
            client.send(ROSTER, "<presence/>")
            client.taken()

    def test_chat_carries_the_true_sender(self) -> None:
        """RFC 6120, 8.1.2.1: the server stamps the full JID."""
        self.juliet.send("<message to='romeo@example.com' type='chat'><body>hi</body></message>")
        [message] = self.romeo.taken()
        self.assertEqual(message.sender, self.juliet.jid)
        self.assertEqual(message.inner, b"<body>hi</body>")

    def test_subscription_is_followed_by_presence(self) -> None:
        """RFC 6121, 3.1.6: 'subscribed', then the roster push; 3.1.5: then the presence."""
        self.juliet.send("<presence to='romeo@example.com' type='subscribe'/>")
        self.juliet.taken()
        self.romeo.send("<presence to='juliet@example.com' type='subscribed'/>")
        kinds = [(item.name, item.type) for item in self.juliet.taken()]
        self.assertEqual(kinds, [("presence", "subscribed"), ("iq", "set"), ("presence", None)])
        self.romeo.close()
        [farewell] = self.juliet.taken()
        self.assertEqual((farewell.sender, farewell.type), (self.romeo.jid, "unavailable"))
