"""XEP-0059, section 2."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.protocol.elements import parsed
from xmppd.protocol.paging import PageRequest, page_xml

RSM = "http://jabber.org/protocol/rsm"


def request(children: str) -> PageRequest:
    return PageRequest.parse(parsed(f"<set xmlns='{RSM}'>{children}</set>"))


class Asking(SynchronousTestCase):
    def test_requests(self) -> None:
        for children, expected in [
            ("", PageRequest()),
            ("<max>10</max>", PageRequest(max=10)),
            ("<max>0</max>", PageRequest(max=0)),
            ("<max> +010\n</max>", PageRequest(max=10)),
            ("<max>10</max><after>a&amp;b</after>", PageRequest(max=10, after="a&b")),
            ("<max>10</max><before>x</before>", PageRequest(max=10, before="x")),
            ("<max>10</max><before/>", PageRequest(max=10, before="")),
            ("<max>10</max><index>371</index>", PageRequest(max=10, index=371)),
            ("<after>a</after><before>b</before>", PageRequest(after="a", before="b")),
            ("<count>5</count><max xmlns='urn:x'>x</max>", PageRequest()),
        ]:
            with self.subTest(children=children):
                self.assertEqual(request(children), expected)

    def test_refused(self) -> None:
        for children in [
            "<max/>",
            "<max>-1</max>",
            "<max>ten</max>",
            "<max>1.5</max>",
            "<max>1_0</max>",
            "<max>\u0661</max>",
            "<max>2147483648</max>",
            f"<max>{'9' * 5000}</max>",
            "<index>-1</index>",
            "<max>1</max><max>2</max>",
            "<after>a</after><after>b</after>",
            "<index>1</index><after>a</after>",
            "<index>1</index><before/>",
        ]:
            with self.subTest(children=children[:40]):
                self.assertRaises(ValueError, request, children)

    def test_another_element(self) -> None:
        for xml in ["<set xmlns='urn:x'/>", f"<query xmlns='{RSM}'/>"]:
            self.assertRaises(ValueError, PageRequest.parse, parsed(xml))

    def test_limit(self) -> None:
        self.assertEqual(PageRequest().limit(default=50, most=100), 50)
        self.assertEqual(PageRequest(max=0).limit(default=50, most=100), 0)
        self.assertEqual(PageRequest(max=70).limit(default=50, most=100), 70)
        self.assertEqual(PageRequest(max=700).limit(default=50, most=100), 100)


class Answering(SynchronousTestCase):
    def test_page(self) -> None:
        self.assertEqual(
            page_xml("stpeter@jabber.org", "peterpan@neverland.lit", 800, 0),
            b"<set xmlns='http://jabber.org/protocol/rsm'>"
            b"<first index='0'>stpeter@jabber.org</first><last>peterpan@neverland.lit</last>"
            b"<count>800</count></set>",
        )

    def test_without_what_costs_too_much(self) -> None:
        self.assertEqual(
            page_xml("a", "b"), f"<set xmlns='{RSM}'><first>a</first><last>b</last></set>".encode()
        )

    def test_empty_page(self) -> None:
        self.assertEqual(
            page_xml(count=790), f"<set xmlns='{RSM}'><count>790</count></set>".encode()
        )

    @settings(deadline=None, max_examples=50)
    @given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1))
    def test_ids_come_back(self, uid: str) -> None:
        page = parsed(page_xml(uid, uid))
        self.assertEqual([str(child) for child in page.elements()], [uid, uid])
