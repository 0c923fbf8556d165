"""How much of archives one account is given at a time."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.muc.pace import Pace
from xmppd.muc.readers import MOST_WAITING, PAUSE, REST, Readers
from xmppd.protocol.errors import StanzaError

BURST = 50


class ReadersTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.readers = Readers(Pace(5, 1, BURST), self.clock)

    def ask(self, account: str = "hag@example.com") -> Deferred[None]:
        return Deferred.fromCoroutine(self.readers.admit(account))

    def ask_much(self) -> None:
        while self.ask().called:
            pass

    def test_many_at_once_then_slowly(self) -> None:
        for _ in range(BURST):
            self.successResultOf(self.ask())
        self.ask_much()
        waiting = self.ask()
        self.assertNoResult(waiting)
        self.clock.pump([PAUSE] * 10)
        self.successResultOf(waiting)

    def test_others_do_not_wait(self) -> None:
        self.ask_much()
        self.successResultOf(self.ask("crone@example.com"))

    def test_too_many_wait(self) -> None:
        self.ask_much()
        waiting = [self.ask() for _ in range(MOST_WAITING - 1)]
        refused = self.failureResultOf(self.ask(), StanzaError).value
        self.assertEqual((refused.type, refused.condition), ("wait", "resource-constraint"))
        self.clock.pump([PAUSE] * 100)
        for each in waiting:
            self.successResultOf(each)
        self.successResultOf(self.ask())

    def test_no_limit(self) -> None:
        self.readers = Readers(Pace(0, 1, BURST), self.clock)
        for _ in range(10 * BURST):
            self.successResultOf(self.ask())


class SearchingTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.readers = Readers(Pace(5, 1, BURST), self.clock)

    def search(self, account: str = "hag@example.com") -> tuple[Deferred[None], Deferred[None]]:
        """Begin to search; gives what fires at the end, and what to fire for that."""
        go: Deferred[None] = Deferred()

        async def search() -> None:
            async with self.readers.searching(account):
                await go

        return Deferred.fromCoroutine(search()), go

    def test_one_after_the_other(self) -> None:
        searches = [self.search() for _ in range(MOST_WAITING + 1)]
        refused = self.failureResultOf(self.search()[0], StanzaError).value
        self.assertEqual((refused.type, refused.condition), ("wait", "resource-constraint"))
        other, go = self.search("crone@example.com")
        go.callback(None)
        self.successResultOf(other)
        for over, go in searches:
            self.assertNoResult(over)
            go.callback(None)
            self.successResultOf(over)
        again, go = self.search()
        go.callback(None)
        self.successResultOf(again)

    def test_all_together(self) -> None:
        """However many search, there is no more than a part of one in so much time."""
        waiting = [Deferred.fromCoroutine(self.readers.pause()) for _ in range(3)]
        for number in range(3):
            self.assertEqual([each.called for each in waiting], [n < number for n in range(3)])
            self.clock.advance(REST)
        for each in waiting:
            self.successResultOf(each)
