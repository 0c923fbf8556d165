"""XEP-0049: private XML storage."""

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.extensions.private_storage import PrivateStorage
from xmppd.protocol.stanza import Stanza

PREFS = "<exodus xmlns='exodus:prefs'><defaultnick>Hamlet</defaultnick></exodus>"


class PrivateStorageTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House([(PrivateStorage, PrivateStorage.Options(elements=2))])
        self.juliet = self.house.client("juliet")

    def ask(self, type: str, *content: str, to: str = "") -> Stanza:
        address = f" to='{to}'" if to else ""
        query = f"<query xmlns='jabber:iq:private'>{''.join(content)}</query>"
        return self.juliet.answer(f"<iq type='{type}' id='1'{address}>{query}</iq>")

    def got(self, asked: str) -> str:
        answer = self.ask("get", asked)
        self.assertEqual(answer.type, "result")
        query = answer.payload()
        assert query is not None
        return str(query.firstChildElement().toXml())

    def test_what_was_stored_comes_back(self) -> None:
        stored = self.ask("set", PREFS)
        self.assertEqual((stored.type, stored.inner), ("result", b""))
        self.assertEqual(self.got("<exodus xmlns='exodus:prefs'/>"), PREFS)
        self.assertEqual(self.ask("get", PREFS, to="juliet@example.com").type, "result")

    def test_prefixes_of_the_stanza_are_kept(self) -> None:
        answer = self.juliet.answer(
            "<iq type='set' id='p' xmlns:p='p:p'><query xmlns='jabber:iq:private'>"
            "<p:a p:b='c'><p:d/></p:a></query></iq>"
        )
        self.assertEqual(answer.type, "result")
        found = self.ask("get", "<a xmlns='p:p'/>").payload()
        assert found is not None
        a = found.firstChildElement()
        self.assertEqual((a.uri, a.name, a[("p:p", "b")]), ("p:p", "a", "c"))
        self.assertEqual(a.firstChildElement().uri, "p:p")

    def test_nothing_stored_gives_the_question_back(self) -> None:
        self.assertEqual(
            self.got("<exodus xmlns='exodus:prefs'/>"), "<exodus xmlns='exodus:prefs'/>"
        )

    def test_an_empty_element_takes_the_old_one_away(self) -> None:
        self.ask("set", PREFS)
        self.ask("set", "<exodus xmlns='exodus:prefs'/>")
        self.assertEqual(
            self.got("<exodus xmlns='exodus:prefs'/>"), "<exodus xmlns='exodus:prefs'/>"
        )

    def test_several_at_once(self) -> None:
        self.assertEqual(self.ask("set", PREFS, "<b xmlns='b:b'>2</b>").type, "result")
        self.assertEqual(self.got("<b xmlns='b:b'/>"), "<b xmlns='b:b'>2</b>")

    def test_not_acceptable(self) -> None:
        """2.3: an element with a namespace is needed; a get is for one."""
        twice = "<b xmlns='b:b'/>"
        for type, content in [
            ("get", ""),
            ("set", ""),
            ("set", "<exodus/>"),
            ("set", twice + twice),
            ("get", PREFS + twice),
        ]:
            self.assertIn(b"not-acceptable", self.ask(type, content).inner, (type, content))

    def test_nobody_elses(self) -> None:
        """2.3: forbidden, and alike for accounts that do not exist."""
        for to in "romeo@example.com", "nobody@example.com":
            for type in "get", "set":
                self.assertIn(b"<error type='auth'><forbidden", self.ask(type, PREFS, to=to).inner)

    def test_only_so_many(self) -> None:
        self.ask("set", PREFS, "<b xmlns='b:b'>2</b>")
        self.assertIn(b"resource-constraint", self.ask("set", "<c xmlns='c:c'>3</c>").inner)
        self.assertEqual(self.ask("set", "<b xmlns='b:b'>3</b>").type, "result")
