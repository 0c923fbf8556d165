"""Which stanzas cannot have left."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.stanza import Stanza
from xmppd.s2s.session import Sent
from xmppd.s2s.unsent import Unsent

PAIR: Any = None


def sent(id: str) -> Sent:
    return Sent(Stanza.make("message", id=id), PAIR)


class UnsentTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.unsent = Unsent()

    def turn(self, before: int, after: int, *ids: str) -> None:
        for id in ids:
            self.unsent.add(sent(id))
        self.unsent.flushed(before, after)

    def check(self, left: int, *ids: str) -> None:
        self.assertEqual([each.stanza.id for each in self.unsent.take(left)], list(ids))
        self.assertEqual(self.unsent.take(left), [])

    def test_all_taken_at_once(self) -> None:
        self.turn(0, 0, "a")
        self.check(0)

    def test_not_written_yet(self) -> None:
        self.unsent.add(sent("a"))
        self.check(0, "a")

    def test_the_first_in_the_buffer_may_have_left_in_part(self) -> None:
        self.turn(0, 50, "a")
        self.check(50)

    def test_behind_it(self) -> None:
        self.turn(0, 50, "a")
        self.turn(50, 150, "b", "c")
        self.turn(150, 160, "d")
        self.check(110, "b", "c", "d")

    def test_a_turn_that_has_left_in_part(self) -> None:
        self.turn(0, 50, "a")
        self.turn(50, 150, "b")
        self.turn(150, 160, "c")
        self.check(109, "c")

    def test_other_bytes_count_too(self) -> None:
        self.turn(0, 50)
        self.turn(30, 130, "a")
        self.turn(90, 100, "b")
        self.check(10, "b")

    def test_the_buffer_was_empty_in_between(self) -> None:
        self.turn(0, 50, "a")
        self.turn(50, 150, "b")
        self.turn(0, 20, "c")
        self.check(20)
