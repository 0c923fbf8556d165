from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.link.claim import Claim
from xmppd.link.router import Router
from xmppd.link.routes import RouteTaken
from xmppd.link.trunk import Trunk


class ClaimTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.router = Router()
        self.trunk, self.other = [
            Trunk(name, Clock(), self.router.bounce) for name in ("one", "other")
        ]

    def test_what_is_there_is_not_wanted_again(self) -> None:
        claim = Claim(self.trunk, ("a.test", "*.a.test"), ("sm-1",), True)
        self.assertEqual(claim.unmet(self.router), claim)
        claim.attach(self.router, trusted=True)
        self.assertEqual(claim.unmet(self.router), Claim(self.trunk))
        more = Claim(self.trunk, ("a.test", "b.test"))
        self.assertEqual(more.unmet(self.router), Claim(self.trunk, ("b.test",)))

    def test_what_is_another_s(self) -> None:
        Claim(self.other, ("a.test",), ("sm-1",), True).attach(self.router, trusted=True)
        for claim in (
            Claim(self.trunk, ("a.test",)),
            Claim(self.trunk, names=("sm-1",)),
            Claim(self.trunk, default=True),
        ):
            self.assertRaises(RouteTaken, claim.unmet(self.router).check, self.router)
            self.assertRaises(RouteTaken, claim.attach, self.router, True)
        Claim(self.trunk, ("b.test",), ("sm-2",)).check(self.router)
