"""Verbs on reports."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from xmppd.app.ctl.text import readable
from xmppd.app.ctl.verb import Refused
from xmppd.app.ctl.verbs import perform
from xmppd.testing.server import TestServer

BLOCK = (
    "<iq type='set' id='{0}'><block xmlns='urn:xmpp:blocking'><item jid='{0}@spam.test'>"
    "<report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:spam'><text>again</text>"
    "</report></item></block></iq>"
)


class ReportVerbsTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = TestServer(accounts={"juliet": "secret"})
        self.addCleanup(self.server.stop)

    def do(self, **args: Any) -> Any:
        return self.server.result(perform(self.server.service, "report_list", args))

    def test_list(self) -> None:
        self.assertEqual(self.do(), [])
        juliet = self.server.client("juliet")
        for name in "a", "b", "c":
            juliet.ask(BLOCK.format(name))
        self.assertEqual([each["jid"] for each in self.do()], [f"{n}@spam.test" for n in "abc"])
        found = self.do(domain="example.com", most=1)
        self.assertEqual([each["jid"] for each in found], ["c@spam.test"])
        heads, line = readable("report_list", found).splitlines()
        self.assertIn("REPORTER", heads)
        self.assertTrue(line.endswith("juliet@example.com  c@spam.test  spam    again"), line)

    def test_no_such_domain(self) -> None:
        self.assertRaises(Refused, self.do, domain="b.test")
