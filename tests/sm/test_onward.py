"""What managed clients send to others, until those have taken charge of it (session protocol,
3.9)."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from tests.sm.test_session import bodies
from xmppd.extensions.stream_management import StreamManagement
from xmppd.link.custodian import Custodian
from xmppd.link.envelope import Envelope
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza
from xmppd.sm.journal import LATE_SECONDS
from xmppd.sm.onward import ASK_SECONDS

ROOM = "<message to='orchard@rooms.test' type='groupchat'><body>{}</body></message>"
HALL = ROOM.replace("orchard", "hall")
ROOMS = Jid.parse("rooms.test")


class OnwardCase(SynchronousTestCase):
    """`way` is what is on its way to the rooms; the router loses it, or has it come."""

    lossless = False

    def setUp(self) -> None:
        self.house = House([StreamManagement], lossless=self.lossless)
        self.manager = self.house.manager
        self.link = self.house.router.link(["rooms.test"], names=["muc-1"])
        self.link.receiver = self.got
        self.way: list[Any] = []
        self.said: list[str | None] = []
        self.pending: list[Deferred[None]] = []
        self.slow = False
        self.begin()
        self.juliet = self.house.client("juliet")
        self.juliet.enable()

    def begin(self) -> None:
        """A life of the rooms begins."""
        self.custodian = Custodian(ROOMS, self.link.send, self.house.clock, self.take)

    def got(self, item: Any) -> None:
        self.way.append(item)

    def take(self, stanza: Stanza) -> Deferred[None] | None:
        self.said += bodies([stanza])
        if not self.slow:
            return None
        self.pending.append(Deferred())
        return self.pending[-1]

    def say(self, *texts: object, form: str = ROOM) -> None:
        self.juliet.send(*[form.format(text) for text in texts])

    def come(self, *items: Any) -> None:
        """What is on its way comes."""
        for item in items:
            self.custodian.came(item)
        self.house.settle()

    def lose(self) -> list[Envelope]:
        way, self.way = self.way, []
        return way

    @property
    def h(self) -> int:
        managed = self.manager.sessions[self.juliet.session].managed
        assert managed is not None
        return managed.h


class OnwardTest(OnwardCase):
    def test_handled_when_receipted(self) -> None:
        """3.5: message elsewhere: the next custodian has receipted it."""
        self.say(1, 2)
        self.assertEqual((self.h, [each.number for each in self.way]), (0, [1, 2]))
        self.come(*self.lose())
        self.assertEqual((self.h, self.said), (2, ["1", "2"]))

    def test_handled_when_it_is_kept_there(self) -> None:
        self.slow = True
        self.say(1, 2)
        self.come(*self.lose())
        self.assertEqual(self.h, 0)
        self.pending[1].callback(None)
        self.house.settle()
        self.assertEqual(self.h, 0)
        self.pending[0].errback(ValueError())
        self.house.settle()
        self.assertEqual(self.h, 2)

    def test_or_in_the_journal(self) -> None:
        self.say(1)
        self.house.settle(LATE_SECONDS)
        self.assertEqual(self.h, 1)

    def test_after_a_gap_all_comes_again_in_order(self) -> None:
        self.say(1, 2, 3)
        _, two, three = self.lose()
        self.come(two, three)
        self.assertEqual(self.said, [])
        self.come(*self.lose())
        self.assertEqual((self.h, self.said), (3, ["1", "2", "3"]))

    def test_each_once(self) -> None:
        self.slow = True
        self.say(1, 2)
        way = self.lose()
        self.come(*way, *way)
        self.pending[0].callback(None)
        self.come(*way)
        self.assertEqual(self.said, ["1", "2"])

    def test_each_way_by_itself(self) -> None:
        """What has to wait in one room does not hold up another."""
        self.say(1)
        self.lose()
        self.say(2, form=HALL)
        self.come(*self.lose())
        self.assertEqual(self.said, ["2"])

    def test_over_a_new_link(self) -> None:
        """The router was killed with it."""
        self.say(1, 2)
        self.come(self.lose()[0])
        self.manager.relinked()
        self.come(*self.lose())
        self.assertEqual((self.h, self.said), (2, ["1", "2"]))

    def test_killed_with_what_it_had_taken(self) -> None:
        self.slow = True
        self.say(1, 2)
        self.come(*self.lose())
        self.begin()
        self.slow, self.said = False, []
        self.say(3)
        self.come(*self.lose())
        self.come(*self.lose())
        self.assertEqual((self.h, self.said), (3, ["1", "2", "3"]))

    def test_killed_and_nothing_new(self) -> None:
        """One is sent again after a while, and so it shows."""
        self.slow = True
        self.say(1, 2)
        self.come(*self.lose())
        self.begin()
        self.slow, self.said = False, []
        self.house.settle(ASK_SECONDS)
        self.assertEqual(len(self.way), 1)
        self.come(*self.lose())
        self.come(*self.lose())
        self.assertEqual(self.said, ["1", "2"])

    def test_receipt_lost(self) -> None:
        self.say(1)
        self.link.send, send = lambda item: None, self.link.send  # type: ignore[method-assign]
        self.begin()
        self.come(*self.lose())
        self.custodian._send = send
        self.house.settle(ASK_SECONDS)
        self.come(*self.lose())
        self.assertEqual(self.said, ["1"])
        self.house.settle(60)
        self.assertEqual(self.way, [])

    def test_asked_less_and_less_often(self) -> None:
        self.slow = True
        self.say(1)
        self.come(*self.lose())
        asked = 0
        for _ in range(60):
            self.house.settle(ASK_SECONDS)
            asked += len(self.way)
            self.come(*self.lose())
        self.assertLess(asked, 8)

    def test_nobody_there(self) -> None:
        """It comes back to its sender, once, and is handled."""
        self.link.close()
        self.say(1)
        errors = [one for one in self.juliet.taken() if one.type == "error"]
        self.assertEqual([one.sender for one in errors], ["orchard@rooms.test"])
        self.assertIn(b"<service-unavailable", errors[0].inner)
        self.assertEqual(self.h, 1)

    def test_outside(self) -> None:
        """A component that counts nothing: it gets the message itself, and that is all."""
        self.juliet.send(ROOM.replace("rooms.test", "remote.test").format(1))
        self.assertEqual((bodies(self.house.left), self.h), (["1"], 1))

    def test_nothing_is_left(self) -> None:
        self.say(1)
        self.come(*self.lose())
        self.house.settle(2)
        self.assertEqual(self.manager.onward._ways, {})


class LosslessTest(OnwardCase):
    lossless = True

    def test_nothing_is_counted(self) -> None:
        """In one process it is handled by being sent."""
        self.say(1)
        self.assertEqual((self.h, [type(one) for one in self.way]), (1, [Stanza]))
