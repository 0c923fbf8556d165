"""XEP-0377: reports that come with the blocking command."""

from tests.extensions.privacy_case import ROMEO, PrivacyCase
from xmppd.extensions.blocking import BLOCKING
from xmppd.extensions.reports import MAX_BYTES, REPORTING, TOLD_AN_HOUR, Reports, listed, reports_of
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza
from xmppd.storage.interfaces import Entry, Page

SPAM = "urn:xmpp:reporting:spam"
ID = "<stanza-id xmlns='urn:xmpp:sid:0' by='juliet@example.com' id='{}'/>"


def report(content: str = "", reason: str = f" reason='{SPAM}'") -> str:
    return f"<report xmlns='{REPORTING}'{reason}>{content}</report>"


class ReportsTest(PrivacyCase):
    def report(self, content: str, jid: str = ROMEO) -> Stanza:
        return self.juliet.answer(
            f"<iq type='set' id='b'><block xmlns='{BLOCKING}'><item jid='{jid}'>{content}</item>"
            "</block></iq>"
        )

    def kept(self) -> list[Entry]:
        host = self.house.host
        assert host is not None
        found: list[Page] = []
        reports_of(host).find(host.owner, limit=100).addCallback(found.append)
        return found[0].entries

    def test_kept(self) -> None:
        """XEP-0377, 3 and 5: who, whom, why, what of, in whose words."""
        text = "<text xml:lang='en'>\n Never came trouble\n to my house. </text>"
        self.report(report(ID.format("1") + ID.format("2") + text + "<third-party/>"))
        self.assertEqual(self.blocklist(), [ROMEO])
        [entry] = self.kept()
        found = listed(entry)
        self.assertTrue(found.pop("time").startswith("20"))
        self.assertEqual(
            found,
            {
                "reporter": "juliet@example.com",
                "jid": ROMEO,
                "reason": "spam",
                "text": "Never came trouble to my house.",
                "stanza_ids": ["1", "2"],
            },
        )

    def test_blocked_in_any_case(self) -> None:
        """XEP-0377, 5: as if no report were present, also where it is not valid."""
        for number, content in enumerate(["", report(reason=""), "<report/>"]):
            self.assertEqual(self.report(content, f"a{number}@b.c").type, "result")
        self.assertEqual(len(self.blocklist()), 3)
        self.assertEqual(self.kept(), [])

    def test_no_report_of_what_is_not_blocked(self) -> None:
        self.assertEqual(self.report(report(), "a@").type, "error")
        self.assertEqual(self.kept(), [])

    def test_long_one(self) -> None:
        self.report(report(f"<text>{'x' * MAX_BYTES}</text>"))
        self.assertEqual(listed(self.kept()[0])["text"], "")

    def test_admins_are_told(self) -> None:
        host = self.house.host
        assert host is not None
        host.admins = frozenset({Jid.parse(ROMEO)})
        for number in range(TOLD_AN_HOUR + 1):
            self.report(report("<text>so much</text>"), f"a{number}@b.c")
        told = self.heard(self.romeo)
        self.assertEqual(told[0], "juliet@example.com blocked and reported a0@b.c (spam): so much")
        self.assertEqual(len(told), TOLD_AN_HOUR)
        self.assertEqual(len(self.kept()), TOLD_AN_HOUR + 1)
        self.house.clock.advance(3600)
        self.report(report(), "b@b.c")
        self.assertEqual(len(self.heard(self.romeo)), 1)

    def test_only_so_many_are_kept(self) -> None:
        assert self.house.host is not None
        for extension in self.house.host.dispatch.extensions:
            if isinstance(extension, Reports):
                extension.reload(Reports.Options(kept=2, tell_admins=False))
        for number in range(3):
            self.report(report(), f"a{number}@b.c")
        self.assertEqual([listed(entry)["jid"] for entry in self.kept()], ["a1@b.c", "a2@b.c"])
