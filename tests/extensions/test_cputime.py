"""The example of ejabberd's developers' guide."""

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.component.requests import condition_of
from xmppd.extensions.cputime import CpuTime

IQ = "<iq type='{}' id='c' to='example.com'><query xmlns='ejabberd:cputime'/></iq>"


class CpuTimeTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.juliet = House([CpuTime]).client()

    def test_get(self) -> None:
        answer = self.juliet.answer(IQ.format("get"))
        query = answer.child("ejabberd:cputime", "query")
        assert query is not None
        [seconds] = query.elements()
        self.assertEqual((answer.type, seconds.name), ("result", "cputime"))
        self.assertRegex(str(seconds), r"^\d+\.\d{3}$")

    def test_set(self) -> None:
        self.assertEqual(condition_of(self.juliet.answer(IQ.format("set"))), "not-allowed")

    def test_off_unless_configured(self) -> None:
        self.assertFalse(CpuTime.default)
