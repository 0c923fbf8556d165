"""Pages of those entries only that pass a test, whatever lies between them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.accounts.bound import OwnLog
from xmppd.muc.elements import x_xml
from xmppd.muc.search import STEP, Search, said_as, said_from
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.storage.interfaces import EntryId, NoSuchEntry, Owner, Page, Where
from xmppd.storage.memory import MemoryStore

CAVE = Owner("rooms.example.com", "cave")


class SearchTestCase(SynchronousTestCase):
    """The log of a room; in `pauses` are those of a search that somebody has to end."""

    def setUp(self) -> None:
        store = MemoryStore(Clock())
        self.successResultOf(store.open())
        self.log = store.log("archive")
        self.archive = OwnLog(self.log, CAVE)
        self.pauses: list[Deferred[None]] = []

    def say(self, nick: str, number: int = 1, body: bytes = b"") -> list[EntryId]:
        return [self.log.append(CAVE, body, resource=nick) for _ in range(number)]

    def search(self, nick: str = "hag") -> Search:
        """A search that pauses for no time."""
        return Search(self.archive, said_as(nick), lambda: succeed(None))

    def slow(self, nick: str = "hag") -> Search:
        return Search(self.archive, said_as(nick), self.wait)

    def wait(self) -> Deferred[None]:
        self.pauses.append(Deferred())
        return self.pauses[-1]

    def ids(self, page: Page) -> list[EntryId]:
        return [entry.id for entry in page.entries]


class FindTest(SearchTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.hags: list[EntryId] = []
        for crone, hag in ((1, 3), (STEP, 1), (5, STEP), (2 * STEP + 1, 2)):
            self.say("crone", crone)
            self.hags += self.say("hag", hag)

    @settings(max_examples=40, deadline=None)
    @given(st.integers(1, 2 * STEP), st.booleans())
    def test_whole_walks(self, limit: int, newest: bool) -> None:
        """XEP-0059, 2.2 and 2.3: pages in either direction meet everything once, in order."""
        found: list[EntryId] = []
        where, more = Where(), True
        while more:
            page = self.successResultOf(self.search().find(where, limit=limit, newest=newest))
            ids = self.ids(page)
            self.assertEqual(len(ids), limit if page.more else len(ids))
            found = ids + found if newest else found + ids
            where = Where(before=ids[0]) if newest else Where(after=ids[-1])
            more = page.more
        self.assertEqual(found, self.hags)

    @settings(max_examples=40, deadline=None)
    @given(st.data())
    def test_bounds(self, data: st.DataObject) -> None:
        """XEP-0313, 3.1.3: between two messages, whoever said those."""
        all_ids = self.ids(self.successResultOf(self.archive.find(limit=10_000)))
        first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(all_ids) - 1)] * 2)))
        where = Where(after=all_ids[first], before=all_ids[last])
        newest = data.draw(st.booleans())
        page = self.successResultOf(self.search().find(where, limit=10_000, newest=newest))
        between = [id for id in self.hags if all_ids[first] < id < all_ids[last]]
        self.assertEqual((self.ids(page), page.more), (between, False))
        self.assertEqual(self.successResultOf(self.search().count(where)), len(between))

    def test_named(self) -> None:
        [other] = self.say("crone")
        page = self.successResultOf(
            self.search().find(Where(ids=(self.hags[1], other, self.hags[0])), limit=5)
        )
        self.assertEqual(self.ids(page), self.hags[:2])
        gone = self.search().find(Where(ids=("gone",)), limit=5)
        self.failureResultOf(gone, NoSuchEntry)

    def test_no_entries_asked_for(self) -> None:
        self.assertEqual(self.successResultOf(self.search().find(limit=0)), Page([], True))
        self.assertEqual(self.successResultOf(self.search("wizard").find(limit=0)), Page([], False))

    def test_too_many_to_count(self) -> None:
        number = len(self.hags)
        self.assertEqual(self.successResultOf(self.search().count(stop=number)), number)
        self.assertIsNone(self.successResultOf(self.search().count(stop=number - 1)))


class PauseTest(SearchTestCase):
    def test_others_have_their_turn(self) -> None:
        """No more than a step at once, and no further than needed."""
        first = self.say("hag")
        self.say("crone", 2 * STEP)
        last = self.say("hag")
        whole = self.slow().find(limit=2)
        for _ in range(2):
            self.assertNoResult(whole)
            self.pauses.pop().callback(None)
        self.assertEqual(self.successResultOf(whole), self.expect(first + last))
        newest = self.slow().find(limit=1, newest=True)
        for _ in range(2):  # whether there is more is known at the other end
            self.pauses.pop().callback(None)
        self.assertEqual(self.ids(self.successResultOf(newest)), last)

    def expect(self, ids: list[EntryId]) -> Page:
        return self.successResultOf(self.archive.find(Where(ids=tuple(ids)), limit=2))

    def test_what_goes_meanwhile(self) -> None:
        """Retention may take away what a search has come to."""
        self.say("crone", STEP + 1)
        hag = self.say("hag")
        found = self.slow().find(Where(after=self.oldest()), limit=2)
        self.assertNoResult(found)
        self.log.trim(CAVE, keep=1)
        self.pauses.pop().callback(None)
        self.assertEqual(self.ids(self.successResultOf(found)), hag)

    def oldest(self) -> EntryId:
        edges = self.successResultOf(self.archive.edges())
        assert edges is not None
        return edges[0].id


class SaidFromTest(SearchTestCase):
    def test_whose(self) -> None:
        """By what the room says at the end, and nothing that its author says."""
        jid = Jid("hag@example.com/it's \N{BLACK HEART SUIT} & <more>")
        said = "<message><body> jid='x@example.com/x'</body>{}</message>".format
        for body, expected in (
            (said(item(jid)), True),
            (said(item(jid) + item("x@example.com/x")), False),
            (said(item("hag@example.com/it")), False),
            (said(element("y", None, {"jid": jid}).decode()), False),
            ("", False),
        ):
            [id] = self.say("hag", body=body.encode())
            page = self.successResultOf(self.archive.find(Where(ids=(id,)), limit=1))
            self.assertIs(said_from(jid)(page.entries[0]), expected, body)


def item(jid: str) -> str:
    """What a room says of an author."""
    return x_xml(element("item", None, {"affiliation": "none", "jid": jid})).decode()
