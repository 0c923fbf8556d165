"""XEP-0077: in-band registration."""

from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import Client, House
from xmppd.component.session import StreamFacts, verb
from xmppd.extensions.registration import Registration
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.sm.host import Visitor

OPEN = Registration.Options(open=True, per_address=3, seconds=60)


def query(*fields: str, type: str = "set", to: str = "") -> str:
    address = f" to='{to}'" if to else ""
    content = "".join(fields)
    return (
        f"<iq type='{type}' id='1'{address}><query xmlns='jabber:iq:register'>{content}"
        "</query></iq>"
    )


def wanted(name: str, password: str = "secret") -> str:
    return f"<username>{name}</username><password>{password}</password>"


def form(**values: str) -> str:
    fields = "".join(
        f"<field var='{var}'><value>{value}</value></field>" for var, value in values.items()
    )
    return f"<x xmlns='jabber:x:data' type='submit'>{fields}</x>"


class Case(SynchronousTestCase):
    options = OPEN

    def setUp(self) -> None:
        self.house = House([(Registration, self.options)])

    def visit(self, xml: str, peer: str = "192.0.2.1") -> Stanza:
        """Ask as a client that has not logged in."""
        assert self.house.host is not None
        visitor = Visitor(Jid.parse("c2s-1/e.77"), StreamFacts("example.com", peer=peer))
        answer = self.house.host.answer_before(parse_stanza(xml.encode()), visitor)
        if isinstance(answer, Stanza):
            return answer
        self.house.settle()
        return self.successResultOf(answer)

    def conditions(self, *answers: Stanza) -> list[str]:
        found = []
        for answer in answers:
            error = answer.child("", "error")
            assert error is not None, answer.inner
            found.append(error.firstChildElement().name)
        return found


class StrangerTest(Case):
    def test_told_what_is_needed(self) -> None:
        """3.1; 4: a form besides the plain fields, with a FORM_TYPE."""
        answer = self.visit(query(type="get"))
        found = answer.payload()
        assert found is not None
        names = [child.name for child in found.elements()]
        self.assertEqual(names, ["instructions", "username", "password", "x"])
        self.assertIn("<value>jabber:iq:register</value>", found.x.toXml())

    def test_registers_and_logs_in(self) -> None:
        self.assertEqual(self.visit(query(wanted("Bill"))).type, "result")
        self.assertEqual(self.house.client("bill").jid.local, "bill")

    def test_by_form(self) -> None:
        self.assertEqual(self.visit(query(form(username="bill", password="secret"))).type, "result")
        self.house.client("bill")

    def test_conflict(self) -> None:
        """3.1; and nobody inherits what others think of a name."""
        juliet = self.house.client("juliet")
        answers = [self.visit(query(wanted("juliet")))]
        juliet.answer(query("<remove/>"))
        answers.append(self.visit(query(wanted("juliet"))))
        self.assertEqual(self.conditions(*answers), ["conflict"] * 2)

    def test_not_acceptable(self) -> None:
        """3.1: something lacks; a name or password that cannot be."""
        for content in (
            "<username>bill</username>",
            wanted("bill", ""),
            wanted("bi ll"),
            wanted("bill@example.com"),
            wanted("bill", "\u00ad"),
            form(username="bill"),
            form(username="bill", password="secret", FORM_TYPE="other"),
        ):
            [condition] = self.conditions(self.visit(query(content), content))
            self.assertEqual(condition, "not-acceptable", content)

    def test_a_form_that_is_none(self) -> None:
        broken = "<x xmlns='jabber:x:data' type='other'/>"
        self.assertEqual(self.conditions(self.visit(query(broken))), ["bad-request"])

    def test_cannot_remove(self) -> None:
        """3.2: nobody knows who asks."""
        self.assertEqual(self.conditions(self.visit(query("<remove/>"))), ["unexpected-request"])

    def test_so_many_of_one_address(self) -> None:
        """3.1.1: not-acceptable; an IPv6 network counts as one."""
        for network in "192.0.2.1", "2001:db8::{}":
            answers = [
                self.visit(query(wanted(f"{network[0]}{number}")), network.format(number))
                for number in range(4)
            ]
            self.assertEqual([answer.type for answer in answers], ["result"] * 3 + ["error"])
            self.assertEqual(self.conditions(answers[3]), ["not-acceptable"])
        self.assertEqual(self.visit(query(wanted("x")), "192.0.2.2").type, "result")
        self.house.settle(61)
        self.assertEqual(self.visit(query(wanted("y"))).type, "result")

    def test_without_limits(self) -> None:
        """Where the server lifts its limits, this one too."""
        assert self.house.host is not None
        self.house.host.is_limited = False
        answers = [self.visit(query(wanted(f"a{number}"))) for number in range(9)]
        self.assertEqual({answer.type for answer in answers}, {"result"})

    def test_in_the_log(self) -> None:
        with capturedLogs() as events:
            self.visit(query(wanted("Bill", "very secret")))
        self.assertEqual(
            [formatEvent(event) for event in events],
            ["bill@example.com registered from 192.0.2.1"],
        )
        self.assertNotIn("very secret", repr(events))

    def test_offered(self) -> None:
        """8: the stream feature."""
        facts = self.house.ask("example.com", Jid.parse("c2s-1/e"), verb("hello")).items[0]
        self.assertIn(b"<register xmlns='http://jabber.org/features/iq-register'/>", facts.inner)


class ClosedTest(Case):
    options = Registration.Options()

    def test_service_unavailable(self) -> None:
        """3.1."""
        answers = self.visit(query(type="get")), self.visit(query(wanted("bill")))
        self.assertEqual(self.conditions(*answers), ["service-unavailable"] * 2)

    def test_not_offered(self) -> None:
        facts = self.house.ask("example.com", Jid.parse("c2s-1/e"), verb("hello")).items[0]
        self.assertNotIn(b"iq-register'", facts.inner)

    def test_accounts_can_change_their_password(self) -> None:
        juliet = self.house.client("juliet")
        self.assertEqual(juliet.answer(query(wanted("juliet", "new"))).type, "result")


class AccountTest(Case):
    def setUp(self) -> None:
        super().setUp()
        self.juliet = self.house.client("juliet")

    def can_log_in(self) -> bool:
        """With the password `secret`."""
        try:
            Client(self.house, "juliet", "test")
        except AssertionError:
            return False
        return True

    def test_is_registered(self) -> None:
        """3.1."""
        for to in "", "example.com", "juliet@example.com":
            found = self.juliet.answer(query(type="get", to=to)).payload()
            assert found is not None
            self.assertEqual(
                [child.name for child in found.elements()], ["registered", "username", "password"]
            )
            self.assertEqual(str(found.username), "juliet")

    def test_new_password(self) -> None:
        """3.3."""
        for to in "example.com", "":
            change = query(wanted("juliet", "new"), to=to)
            self.assertEqual(self.juliet.answer(change).inner, b"")
        self.assertFalse(self.can_log_in())
        self.assertIsNone(self.juliet.closed)
        back = query(form(username="juliet@example.com", password="secret"))
        self.assertEqual(self.juliet.answer(back).type, "result")
        self.assertTrue(self.can_log_in())

    def test_no_empty_password(self) -> None:
        """3.3: the old one stays."""
        answers = [
            self.juliet.answer(query(fields))
            for fields in (
                wanted("juliet", ""),
                "<password>new</password>",
                "",
                wanted("juliet", "\u00ad"),
            )
        ]
        self.assertEqual(self.conditions(*answers), ["bad-request"] * 4)
        self.assertTrue(self.can_log_in())

    def test_not_of_another(self) -> None:
        """3.2, 3.3: by name or by address."""
        for asked in (
            query(wanted("romeo")),
            query(wanted("ro meo")),
            query(wanted("romeo"), to="romeo@example.com"),
            query("<remove/>", to="romeo@example.com"),
            query(type="get", to="romeo@example.com"),
            query(type="get", to="nobody@example.com"),
        ):
            self.assertEqual(self.conditions(self.juliet.answer(asked)), ["forbidden"], asked)

    def test_remove(self) -> None:
        """3.2: the answer, then not-authorized for all sessions; the account is gone."""
        other = self.house.client("juliet", "garden")
        answer = self.juliet.answer(query("<remove/>"))
        self.assertEqual((answer.type, answer.inner), ("result", b""))
        for client in self.juliet, other:
            assert client.closed is not None
            self.assertIn(b"not-authorized", client.closed.inner)
        self.assertFalse(self.can_log_in())

    def test_remove_and_nothing_else(self) -> None:
        answer = self.juliet.answer(query("<remove/>", wanted("juliet")))
        self.assertEqual(self.conditions(answer), ["bad-request"])
        self.assertTrue(self.can_log_in())

    def test_strangers_of_other_servers(self) -> None:
        for type in "get", "set":
            self.house.from_outside(
                query(wanted("x"), type=type, to="example.com").replace(
                    "<iq", "<iq from='x@remote.test/r'"
                )
            )
        self.assertEqual(self.conditions(*self.house.left), ["service-unavailable"] * 2)
