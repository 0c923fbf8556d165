"""XEP-0313, sections 3.2, 3.3, 3.1.5 and 4: what an archive answers."""

from twisted.trial.unittest import SynchronousTestCase

from tests.protocol.elements import parsed
from xmppd.component.archive import Query, parse_query
from xmppd.component.archive_answers import fin, form, metadata, results
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.storage.interfaces import Entry, Page

ARCHIVE, READER = Jid.parse("juliet@capulet.lit"), Jid.parse("juliet@capulet.lit/chamber")
BODY = (
    b"<message from='romeo@montague.lit/orchard' type='chat'><body>Call me &lt;3</body></message>"
)


def entry(id: str, time: int = 0, body: bytes = BODY) -> Entry:
    return Entry(id, time, "romeo@montague.lit", "orchard", 0, body)


def page(*entries: Entry, more: bool = False) -> Page:
    return Page(list(entries), more)


def sent(query: Query, page: Page) -> list[Stanza]:
    return list(results(query, page, ARCHIVE, READER))


class Results(SynchronousTestCase):
    def test_a_result(self) -> None:
        """3.2: id, queryid, the time of receipt, the message as it was received."""
        [made] = sent(Query(queryid="f'27"), page(entry("A", 1_278_803_305_000_000)))
        self.assertEqual((made.to, made.sender, made.type), (READER, ARCHIVE, None))
        self.assertEqual(
            made.inner,
            b"<result xmlns='urn:xmpp:mam:2' queryid='f&apos;27' id='A'>"
            b"<forwarded xmlns='urn:xmpp:forward:0'>"
            b"<delay xmlns='urn:xmpp:delay' stamp='2010-07-10T23:08:25Z'/>"
            b"<message xmlns='jabber:client' from='romeo@montague.lit/orchard' type='chat'>"
            b"<body>Call me &lt;3</body></message></forwarded></result>",
        )

    def test_it_is_what_a_parser_reads(self) -> None:
        [made] = sent(Query(), page(entry("A")))
        read = parse_stanza(made.to_bytes())
        self.assertEqual(read.children, made.children)
        result = read.child("urn:xmpp:mam:2", "result")
        assert result is not None
        self.assertIsNone(result.getAttribute("queryid"))
        [message] = result.forwarded.elements("jabber:client", "message")
        self.assertEqual(str(message.body), "Call me <3")

    def test_nothing_left_of_a_message(self) -> None:
        """2.2: the message may be left out of the forwarded element."""
        [made] = sent(Query(), page(entry("A", body=b"")))
        self.assertTrue(made.inner.endswith(b"stamp='1970-01-01T00:00:00Z'/></forwarded></result>"))

    def test_order(self) -> None:
        """3.3.4: flipping changes the order of what is sent, and nothing else."""
        both = page(entry("A"), entry("B"))
        for flipped, order in ((False, [b"'A'", b"'B'"]), (True, [b"'B'", b"'A'"])):
            made = sent(Query(flipped=flipped), both)
            self.assertTrue(all(id in each.inner for id, each in zip(order, made, strict=True)))
        self.assertIn(b"<first>A</first><last>B</last>", fin(both))


class Ends(SynchronousTestCase):
    def test_complete(self) -> None:
        """3.3.2."""
        self.assertEqual(parsed(fin(page(entry("A"))))["complete"], "true")
        self.assertFalse(parsed(fin(page(entry("A"), more=True))).hasAttribute("complete"))

    def test_nothing_found(self) -> None:
        """XEP-0059, 2.2: then there is neither first nor last."""
        self.assertEqual(
            fin(page()),
            b"<fin xmlns='urn:xmpp:mam:2' complete='true'>"
            b"<set xmlns='http://jabber.org/protocol/rsm'/></fin>",
        )

    def test_count(self) -> None:
        self.assertIn(b"<count>800</count>", fin(page(more=True), 800))


class About(SynchronousTestCase):
    def test_metadata(self) -> None:
        """4."""
        self.assertEqual(
            metadata((entry("A", 0), entry("B", 1_500_000))),
            b"<metadata xmlns='urn:xmpp:mam:2'>"
            b"<start id='A' timestamp='1970-01-01T00:00:00Z'/>"
            b"<end id='B' timestamp='1970-01-01T00:00:01.500000Z'/></metadata>",
        )
        self.assertEqual(metadata(None), b"<metadata xmlns='urn:xmpp:mam:2'/>")

    def test_form(self) -> None:
        """3.1.5: all fields that must be there, ids open to any value, none required."""
        x = parsed(form()).x
        types = {each["var"]: each["type"] for each in x.elements()}
        self.assertEqual(
            types,
            {
                "FORM_TYPE": "hidden",
                "with": "jid-single",
                "start": "text-single",
                "end": "text-single",
                "before-id": "text-single",
                "after-id": "text-single",
                "ids": "list-multi",
            },
        )
        [ids] = [each for each in x.elements() if each["var"] == "ids"]
        self.assertEqual(ids.validate["datatype"], "xs:string")
        self.assertEqual([each.name for each in ids.validate.elements()], ["open"])
        self.assertIn(b"include-groupchat", form(groupchat=True))

    def test_what_the_form_offers_is_understood(self) -> None:
        submitted = form(groupchat=True).replace(b"type='form'", b"type='submit'")
        self.assertEqual(parse_query(parsed(submitted), groupchat=True), Query())
