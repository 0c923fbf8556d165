"""What managed clients send to accounts here, on its way by the router (session protocol, 3.9)."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.extensions.test_stream_management import FULL
from tests.sm.kit import House
from tests.sm.test_session import bodies
from xmppd.extensions.stream_management import StreamManagement
from xmppd.link.envelope import Envelope
from xmppd.protocol.jid import Jid
from xmppd.sm.custody import ASK_SECONDS

ROMEO = Jid.parse("romeo@example.com/x")


class CustodyTest(SynchronousTestCase):
    """`way` is what is on its way; the router loses it, or has it come."""

    def setUp(self) -> None:
        self.house = House([StreamManagement], lossless=False)
        self.manager = self.house.manager
        self.way: list[Envelope] = []
        send = self.manager.send

        def sent(item: Any) -> None:
            if isinstance(item, Envelope) and item.number and not (item.epoch or item.type):
                self.way.append(item)
            else:
                send(item)

        self.manager.send = sent
        self.juliet, self.romeo = self.house.client("juliet"), self.house.client("romeo", "x")
        self.juliet.enable()

    def say(self, *texts: object) -> None:
        self.juliet.send(*[FULL.format(text) for text in texts])

    def come(self, *envelopes: Envelope) -> None:
        for envelope in envelopes:
            self.manager.receive(envelope)
        self.house.settle()

    def lose(self) -> list[Envelope]:
        way, self.way = self.way, []
        return way

    @property
    def read(self) -> list[str | None]:
        return bodies(self.romeo.received)

    def test_numbered_and_in_order(self) -> None:
        self.say(1, 2)
        self.assertEqual([(each.number, each.to) for each in self.way], [(1, ROMEO), (2, ROMEO)])
        self.assertEqual({each.sender for each in self.way}, {self.manager.address})
        self.come(*self.way)
        self.assertEqual(self.read, ["1", "2"])

    def test_each_once(self) -> None:
        self.say(1, 2)
        self.come(*self.way, *self.way)
        self.assertEqual(self.read, ["1", "2"])

    def test_after_a_gap_all_comes_again(self) -> None:
        self.say(1, 2, 3)
        _, two, _ = self.lose()
        self.come(two)
        self.assertEqual((self.read, len(self.way)), ([], 3))
        self.come(*self.lose())
        self.assertEqual(self.read, ["1", "2", "3"])

    def test_over_a_new_link(self) -> None:
        self.say(1, 2)
        self.come(self.lose()[0])
        self.manager.relinked()
        self.come(*self.lose())
        self.assertEqual(self.read, ["1", "2"])

    def test_after_a_while(self) -> None:
        """Nothing tells that it is lost."""
        self.say(1)
        self.lose()
        self.house.settle(ASK_SECONDS)
        self.come(*self.lose())
        self.assertEqual(self.read, ["1"])
        self.house.settle(ASK_SECONDS)
        self.assertEqual(self.way, [])

    def test_another_boots(self) -> None:
        """Whoever sent it has told nobody that it is handled."""
        self.say(1)
        [one] = self.lose()
        self.come(Envelope(one.to, Jid.parse("sm-1/a"), one.items, 0, 1))
        self.assertEqual(self.read, [])

    def test_only_messages_to_accounts_here(self) -> None:
        self.juliet.send(
            "<message to='a@remote.test'><body>x</body></message>",
            "<presence to='romeo@example.com'/>",
        )
        self.assertEqual((self.way, len(self.house.left)), ([], 1))
