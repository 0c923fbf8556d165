"""XEP-0313, section 3, as questions to a log."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.protocol.elements import parsed
from xmppd.accounts.bound import OwnLog
from xmppd.component.archive import MOST, MOST_IDS, PAGE, PAGE_BYTES, Query, parse_query
from xmppd.protocol.errors import StanzaError
from xmppd.storage.interfaces import Owner, Where
from xmppd.storage.memory import MemoryStore

FORM_TYPE = "<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:mam:2</value></field>"


def form(fields: str, type: str = "submit") -> str:
    return f"<x xmlns='jabber:x:data' type='{type}'>{FORM_TYPE}{fields}</x>"


def field(var: str, *values: str) -> str:
    return f"<field var='{var}'>{''.join(f'<value>{value}</value>' for value in values)}</field>"


def rsm(children: str) -> str:
    return f"<set xmlns='http://jabber.org/protocol/rsm'>{children}</set>"


def asked(content: str, attributes: str = "", **options: Any) -> Query:
    return parse_query(
        parsed(f"<query xmlns='urn:xmpp:mam:2'{attributes}>{content}</query>"), **options
    )


class Asking(SynchronousTestCase):
    def refused(self, content: str, attributes: str = "", **options: Any) -> str:
        problem = self.assertRaises(StanzaError, asked, content, attributes, **options)
        return str(problem.condition)

    def test_nothing_asked(self) -> None:
        """3.1: by default all messages match."""
        self.assertEqual(asked(""), Query())

    def test_filters(self) -> None:
        """3.1.1 to 3.1.3."""
        for fields, where in [
            (field("with", "juliet@capulet.lit"), Where(peer="juliet@capulet.lit")),
            (
                field("with", "Juliet@capulet.lit/Balcony"),
                Where(peer="juliet@capulet.lit", resource="Balcony"),
            ),
            (field("start", "1970-01-01T00:00:01Z"), Where(start=1_000_000)),
            (field("end", "1970-01-01T01:00:02+01:00"), Where(end=2_000_000)),
            (field("after-id", "A") + field("before-id", "B"), Where(after="A", before="B")),
            (field("ids", "A", "B", "A"), Where(ids=("A", "B"))),
            (field("with", "") + field("start") + field("ids"), Where()),
        ]:
            with self.subTest(fields=fields):
                self.assertEqual(asked(form(fields)), Query(where))

    def test_pages(self) -> None:
        """3.3: result sets; a server may limit them."""
        for content, query in [
            (rsm("<max>10</max>"), Query(limit=10)),
            (rsm("<max>100000</max>"), Query(limit=MOST)),
            (rsm("<after>A</after>"), Query(after="A")),
            (rsm("<before>B</before>"), Query(before="B", newest=True)),
            (rsm("<max>10</max><before/>"), Query(limit=10, newest=True)),
            ("<flip-page/>", Query(flipped=True)),
        ]:
            with self.subTest(content=content):
                self.assertEqual(asked(content), query)

    def test_query_id(self) -> None:
        self.assertEqual(asked("", " queryid='f27'").queryid, "f27")

    def test_long_query_id(self) -> None:
        """It comes back with each result."""
        self.assertEqual(self.refused("", f" queryid='{'x' * 1024}'"), "policy-violation")
        self.assertEqual(len(asked("", f" queryid='{'x' * 1023}'").queryid or ""), 1023)

    def test_malformed(self) -> None:
        for content in [
            form("", "form"),
            form("", "cancel"),
            "<x xmlns='jabber:x:data' type='submit'/>",
            "<x xmlns='jabber:x:data' type='submit'>"
            "<field var='FORM_TYPE'><value>urn:x</value></field></x>",
            form(field("with", "a@b@c")),
            form(field("with", "a@b", "c@d")),
            form(field("start", "yesterday")),
            form(field("end", "2010-13-07T00:00:00Z")),
            form(field("after-id", "a", "b")),
            form(field("start", "2010-08-07T00:00:00Z") * 2),
            rsm("<max>x</max>"),
            rsm("<max>1</max><max>1</max>"),
            rsm("<index>1</index><after>A</after>"),
        ]:
            with self.subTest(content=content):
                self.assertEqual(self.refused(content), "bad-request")

    def test_not_implemented(self) -> None:
        """3.1.5: unknown fields; XEP-0059, 2.6: pages by index; XEP-0442: nodes."""
        unknown = form(field("{http://example.com/}free-text-search", "love"))
        self.assertEqual(self.refused(unknown), "feature-not-implemented")
        self.assertEqual(self.refused(rsm("<index>3</index>")), "feature-not-implemented")
        self.assertEqual(self.refused("", " node='princely'"), "feature-not-implemented")

    def test_too_many_ids(self) -> None:
        ids = [str(number) for number in range(MOST_IDS + 1)]
        self.assertEqual(self.refused(form(field("ids", *ids))), "policy-violation")
        self.assertEqual(len(asked(form(field("ids", *ids[1:]))).filters.ids), MOST_IDS)

    def test_groupchat(self) -> None:
        """3.1.4: where it is not advertised the form is rejected."""
        said = form(field("include-groupchat", "true"))
        self.assertEqual(self.refused(said), "feature-not-implemented")
        self.assertIs(asked(said, groupchat=True).groupchat, True)
        self.assertIsNone(asked("", groupchat=True).groupchat)

    @settings(max_examples=50, deadline=None)
    @given(st.text(alphabet=st.characters(exclude_categories=("C",)), max_size=40))
    def test_any_value_is_read_or_refused(self, text: str) -> None:
        for var in ("with", "start", "end", "after-id", "ids"):
            value = text.replace("&", "&amp;").replace("<", "&lt;")
            try:
                asked(form(field(var, value)))
            except StanzaError as problem:
                self.assertEqual(problem.condition, "bad-request")


class Reading(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        store = MemoryStore(self.clock)
        self.log = OwnLog(store.log("archive"), Owner("example.com", "juliet"))
        self.ids = []
        for number in range(6):
            self.clock.advance(1)
            self.ids.append(self.log.append(b"<message/>", peer="ab"[number % 2]))

    def page(self, query: Query) -> tuple[list[int], bool]:
        page = self.successResultOf(Deferred.fromCoroutine(query.read(self.log)))
        return [self.ids.index(entry.id) for entry in page.entries], page.more

    def missing(self, query: Query) -> None:
        problem = self.failureResultOf(Deferred.fromCoroutine(query.read(self.log)), StanzaError)
        self.assertEqual(problem.value.condition, "item-not-found")

    def count(self, query: Query) -> int | None:
        found: int | None = self.successResultOf(Deferred.fromCoroutine(query.count(self.log)))
        return found

    def test_all(self) -> None:
        self.assertEqual(self.page(Query()), ([0, 1, 2, 3, 4, 5], False))

    def test_paging(self) -> None:
        """3.3.2 and 3.3.3: forwards, backwards, the last page."""
        ids = self.ids
        self.assertEqual(self.page(Query(limit=2)), ([0, 1], True))
        self.assertEqual(self.page(Query(limit=2, after=ids[3])), ([4, 5], False))
        self.assertEqual(self.page(Query(limit=2, newest=True)), ([4, 5], True))
        self.assertEqual(self.page(Query(limit=2, before=ids[2], newest=True)), ([0, 1], False))

    def test_the_narrower_bound_holds(self) -> None:
        """Pages of what is limited by ids (3.1.3)."""
        ids = self.ids
        limited = Where(after=ids[0], before=ids[5])
        self.assertEqual(self.page(Query(limited, after=ids[2])), ([3, 4], False))
        self.assertEqual(self.page(Query(limited, before=ids[2], newest=True)), ([1], False))
        self.assertEqual(self.page(Query(Where(after=ids[3]), after=ids[1])), ([4, 5], False))
        self.assertEqual(self.page(Query(limited, after=ids[0])), ([1, 2, 3, 4], False))

    def test_whatever_is_named_must_be_there(self) -> None:
        """3.1.3 and 3.3.2; also a bound that a narrower one makes idle."""
        gone = self.log.new_id()
        for query in [
            Query(after=gone),
            Query(before="nonsense"),
            Query(Where(after=gone)),
            Query(Where(before=gone)),
            Query(Where(ids=(self.ids[0], gone))),
            Query(Where(after="0"), after=self.ids[2]),
            Query(Where(before=gone), before=self.ids[2]),
        ]:
            with self.subTest(query=query):
                self.missing(query)

    def test_long_messages(self) -> None:
        """3.3.1: a server may limit pages; what is left out comes with the next one."""
        large = b"<message>%b</message>" % (b"x" * (PAGE_BYTES // 2))
        self.ids += [self.log.append(large) for _ in range(3)]
        self.assertEqual(self.page(Query(after=self.ids[4])), ([5, 6], True))
        self.assertEqual(self.page(Query(after=self.ids[6])), ([7], True))
        self.assertEqual(self.page(Query(newest=True)), ([8], True))
        self.assertEqual(
            self.page(Query(before=self.ids[7], newest=True))[0], [0, 1, 2, 3, 4, 5, 6]
        )

    def test_counting(self) -> None:
        """XEP-0059, 2.7: only where nothing else is asked for, and of the whole set."""
        self.assertIsNone(self.count(Query()))
        self.assertEqual(self.page(Query(limit=0)), ([], True))
        self.assertEqual(self.count(Query(limit=0)), 6)
        self.assertEqual(self.count(Query(Where(peer="a"), limit=0, after=self.ids[3])), 3)
        self.assertEqual(PAGE, Query().limit)
