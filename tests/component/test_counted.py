"""Messages to a component that a session manager counts (session protocol, 3.9)."""

from collections.abc import Awaitable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.component.component import Component
from xmppd.link.envelope import Envelope
from xmppd.link.receipts import Receipts, counted
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza

ORIGIN = Jid.parse("sm-1/b")


class Slow(Component):
    """Is done with messages when a test says so."""

    def __init__(self, clock: Clock) -> None:
        super().__init__("slow.test", clock)
        self.waiting: list[Deferred[None]] = []
        self.errors: list[Stanza] = []

    def message(self, message: Stanza) -> Awaitable[object] | None:
        self.waiting.append(Deferred())
        return self.waiting[-1]

    def bounced(self, error: Stanza) -> None:
        self.errors.append(error)


class CountedTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.slow = Slow(self.clock)
        self.sent: list[Any] = []
        self.slow.attach(self)  # type: ignore[arg-type]

    lossless = False
    receiver: Any = None

    def send(self, item: Any) -> None:
        self.sent.append(item)

    def come(self, number: int, type: str = "chat") -> None:
        stanza = parse_stanza(f"<message from='a@b.test/c' to='slow.test' type='{type}'/>".encode())
        self.receiver(counted(ORIGIN, stanza, number, 0))
        self.clock.advance(0)

    def done(self) -> list[int]:
        """What it has said to be done with."""
        sent, self.sent = self.sent, []
        said = [one for one in sent if isinstance(one, Envelope)]
        for envelope in said:
            self.assertEqual((envelope.to, envelope.sender), (ORIGIN, self.slow.jid))
        return [number for one in said for number in Receipts.parse(one.items[0]).done]

    def test_when_it_is_handled(self) -> None:
        self.come(1)
        self.assertEqual(self.done(), [])
        self.slow.waiting[0].callback(None)
        self.clock.advance(0)
        self.assertEqual(self.done(), [1])

    def test_also_when_that_fails(self) -> None:
        """Its sender is told (RFC 6120, 8.3.1)."""
        self.come(1)
        self.slow.waiting[0].errback(ZeroDivisionError())
        self.clock.advance(0)
        [error] = [one for one in self.sent if isinstance(one, Stanza)]
        self.assertEqual((error.type, error.to), ("error", "a@b.test/c"))
        self.assertEqual(self.done(), [1])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_errors(self) -> None:
        self.come(1, "error")
        self.assertEqual((len(self.slow.errors), self.done()), (1, [1]))
