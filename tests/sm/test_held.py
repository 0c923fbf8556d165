"""Answers that wait until what their sessions wrote before is kept."""

from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.stanza import Stanza
from xmppd.sm.held import Held


@attrs.define(eq=False)
class Waiting:
    """A session as far as that goes."""

    ticket: int
    got: list[Stanza] = attrs.field(factory=list)

    def deliver(self, stanza: Stanza) -> None:
        self.got.append(stanza)


class HeldTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.held = Held()
        self.one: Any = Waiting(1)
        self.two: Any = Waiting(2)
        for session in self.one, self.two:
            self.held.add(session, Stanza.make("iq", type="result", id="i"))

    def test_as_batches_are_kept(self) -> None:
        self.held.deliver(1)
        self.assertEqual([len(each.got) for each in (self.one, self.two)], [1, 0])
        self.held.deliver(2)
        self.assertEqual((self.two.got[0].type, len(self.held)), ("result", 0))

    def test_lost(self) -> None:
        """Nobody is told that something is kept which is not."""
        self.held.lose(1)
        self.held.deliver(2)
        self.assertEqual([each.got[0].type for each in (self.one, self.two)], ["error", "result"])
        self.assertIn(b"<resource-constraint", self.one.got[0].inner)

    def test_given_up(self) -> None:
        self.held.give_up()
        self.assertIn(b"<internal-server-error", self.two.got[0].inner)
        self.assertEqual(len(self.held), 0)
