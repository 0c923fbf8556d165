from twisted.trial.unittest import SynchronousTestCase

from xmppd.link.rules import covers


class CoversTests(SynchronousTestCase):
    def test_covers(self) -> None:
        for routes, domain, expected in (
            (("a.b",), "a.b", True),
            (("a.b",), "x.a.b", False),
            (("*.b",), "a.b", True),
            (("*.b",), "x.a.b", True),
            (("*.b",), "b", False),
            (("*.b",), "*.b", True),
            (("*.b",), "*.a.b", False),
            (("*.b",), "*", False),
            ((), "b", False),
        ):
            self.assertEqual(covers(routes, domain), expected, (routes, domain))
