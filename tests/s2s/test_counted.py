"""Messages that a session manager counts: what tells it that they are done with (session protocol,
3.9)."""

from __future__ import annotations

from typing import Any

from tests.s2s.network import Place
from tests.s2s.test_between import JULIET, ROMEO, Between
from xmppd.link.receipts import Receipts, counted
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

ORIGIN = Jid.parse("sm-1/b")


class CountedTest(Between):
    def setUp(self) -> None:
        super().setUp()
        self.here = self.counting("capulet.test", address="11.0.0.1")
        self.there = self.place("montague.test", address="11.0.0.2")
        self.got = 0

    def counting(self, domain: str, **more: Any) -> Place:
        """A place with a session manager that counts."""
        place = self.place(domain, **more)
        place.edge.take_charge(Jid.parse("s2s-1"))
        self.done: list[int] = []
        self.link = place.router.link(names=["sm-1"])
        self.link.receiver = self.take
        return place

    def take(self, item: Any) -> None:
        for said in item.items:
            receipts = Receipts.parse(said)
            self.done += receipts.done
            self.got = receipts.got

    def send(self, number: int, to: str = ROMEO) -> None:
        """Have it sent, and written; it is under way then."""
        stanza = self.here.message(JULIET, to, str(number))
        before = number - 1 if number - 1 not in self.done else 0
        self.link.send(counted(ORIGIN, stanza, number, before))
        self.network.clock.advance(0)

    def test_acknowledged_by_the_remote(self) -> None:
        self.send(1)
        self.assertEqual(self.done, [])
        self.network.settle()
        self.assertEqual((self.there.heard, self.done), (["1"], [1]))

    def test_not_before(self) -> None:
        """What is under way when the connection breaks goes once more, and is done with then."""
        self.send(1)
        self.network.settle()
        self.send(2)
        self.assertEqual((self.done, self.got), ([1], 2))
        self.network.cut()
        self.network.settle()
        self.assertEqual((self.there.heard, self.done), (["1", "2"], [1, 2]))

    def test_refused(self) -> None:
        """Its sender is told, and that is all."""
        self.send(1, "a@nowhere.test")
        self.network.advance(1)
        self.assertEqual(self.here.heard, ["1: remote-server-not-found"])
        self.assertEqual(self.done, [1])

    def test_comes_twice(self) -> None:
        self.send(1)
        self.send(1)
        self.network.settle()
        self.assertEqual(self.there.heard, ["1"])
        self.assertEqual(self.here.edge._counted, {})

    def test_goes_back_to_no_router(self) -> None:
        """Whoever counts it keeps it, and sends it to our next life: it would come twice."""
        back: list[Stanza] = []
        self.here.edge.stopping.give_back = back.append
        self.network.silent.add("montague.test")
        self.send(1)
        self.here.say(JULIET, ROMEO, "2")
        stopped = self.here.edge.stop()
        self.network.advance(7)
        self.successResultOf(stopped)
        self.assertEqual(([stanza.id for stanza in back], self.done), (["2"], []))
        self.assertEqual(self.here.heard, [])
