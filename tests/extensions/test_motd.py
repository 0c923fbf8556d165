"""XEP-0133, 4.24 to 4.26: the message of the day."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.extensions.motd import Motd
from xmppd.protocol.namespaces import CONTENT


class MotdTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House([Motd])
        assert self.house.host is not None
        [_, self.motd] = self.house.host.dispatch.extensions
        assert isinstance(self.motd, Motd)

    def do(self, doing: Any) -> Any:
        done = Deferred.fromCoroutine(doing)
        self.house.settle()
        return self.successResultOf(done)

    def come(self, name: str = "juliet", resource: str = "balcony") -> Any:
        client = self.house.client(name, resource)
        client.send("<presence/>")
        self.house.settle()
        return client

    def told(self, client: Any) -> list[str | None]:
        messages = [stanza for stanza in client.taken() if stanza.name == "message"]
        self.assertTrue(all(message.sender == "example.com" for message in messages))
        return [message.text(CONTENT, "body") for message in messages]

    def test_told_to_those_who_are_here(self) -> None:
        juliet = self.come()
        self.house.client("romeo", "away")
        self.assertEqual(self.do(self.motd.set("Good morrow")), 1)
        self.assertEqual(self.told(juliet), ["Good morrow"])

    def test_told_once_at_login(self) -> None:
        self.do(self.motd.set("Good morrow"))
        juliet = self.come()
        self.assertEqual(self.told(juliet), ["Good morrow"])
        self.assertEqual(self.told(self.come("juliet", "chamber")), [])
        juliet.send("<presence type='unavailable'/>", "<presence/>")
        self.assertEqual(self.told(juliet), [])

    def test_another_one(self) -> None:
        self.do(self.motd.set("Good morrow"))
        juliet = self.come()
        self.do(self.motd.set("Good even"))
        self.assertEqual(self.told(juliet), ["Good morrow", "Good even"])

    def test_edited(self) -> None:
        """Those who know it are not told again."""
        self.do(self.motd.set("God morrow"))
        juliet = self.come()
        self.assertTrue(self.do(self.motd.edit("Good morrow")))
        self.assertEqual(self.told(juliet), ["God morrow"])
        self.assertEqual(self.told(self.come("romeo")), ["Good morrow"])

    def test_deleted(self) -> None:
        self.assertFalse(self.do(self.motd.delete()))
        self.assertFalse(self.do(self.motd.edit("?")))
        self.do(self.motd.set("Good morrow"))
        self.assertTrue(self.do(self.motd.delete()))
        self.assertIsNone(self.motd.text)
        self.assertEqual(self.told(self.come()), [])

    def test_kept(self) -> None:
        """It lasts as long as the stores."""
        self.do(self.motd.set("Good morrow"))
        assert self.house.host is not None
        later = Motd(self.house.host, None)
        self.house.settle()
        self.assertEqual(later.text, "Good morrow")
