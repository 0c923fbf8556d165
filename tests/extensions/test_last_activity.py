"""XEP-0012."""

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.component.requests import condition_of
from xmppd.extensions.last_activity import MAX_STATUS, LastActivity
from xmppd.protocol.stanza import Stanza

QUERY = "<iq type='get' id='l' {}><query xmlns='jabber:iq:last'/></iq>"


class LastActivityTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House([LastActivity], accounts=["juliet", "romeo", "nurse"])
        self.juliet = self.house.client("juliet")
        self.romeo = self.house.client("romeo", "orchard")
        for client in self.juliet, self.romeo:
            client.send("<presence/>")
        self.juliet.send("<presence to='romeo@example.com' type='subscribe'/>")
        self.romeo.send("<presence to='juliet@example.com' type='subscribed'/>")
        for client in self.juliet, self.romeo:
            client.taken()

    def ask(self, to: str) -> Stanza:
        return self.juliet.answer(QUERY.format(f"to='{to}'"))

    def told(self, answer: Stanza) -> tuple[str, str]:
        self.assertEqual(answer.type, "result")
        query = answer.child("jabber:iq:last", "query")
        assert query is not None
        return query["seconds"], str(query)

    def test_host(self) -> None:
        """5: seconds since the server was started, and no text."""
        self.house.settle(120)
        self.assertEqual(self.told(self.ask("example.com")), ("120", ""))

    def test_own_account(self) -> None:
        """3: somebody is connected: 0 and nothing else."""
        for to in "", "to='juliet@example.com'":
            self.assertEqual(self.told(self.juliet.answer(QUERY.format(to))), ("0", ""))

    def test_contact_is_connected(self) -> None:
        self.assertEqual(self.told(self.ask("romeo@example.com")), ("0", ""))

    def test_contact_has_left(self) -> None:
        """3: seconds since the logout, with the status of the last unavailable presence."""
        self.romeo.send(
            "<presence type='unavailable'><status>Heading &lt;Home></status></presence>"
        )
        self.romeo.close()
        self.house.settle(903)
        self.assertEqual(self.told(self.ask("romeo@example.com")), ("903", "Heading <Home>"))

    def test_lost_connection_leaves_no_status(self) -> None:
        """What was said at an earlier absence does not count."""
        self.romeo.send(
            "<presence type='unavailable'><status>Lunch</status></presence>", "<presence/>"
        )
        self.romeo.close("lost")
        self.house.settle(5)
        self.assertEqual(self.told(self.ask("romeo@example.com")), ("5", ""))

    def test_long_status_is_cut(self) -> None:
        self.romeo.send(f"<presence type='unavailable'><status>{'x' * 5000}</status></presence>")
        self.romeo.close()
        self.assertEqual(self.told(self.ask("romeo@example.com")), ("0", "x" * MAX_STATUS))

    def test_strangers_are_forbidden(self) -> None:
        """3: all alike, existing or not."""
        self.house.client("nurse", "kitchen")
        for name in "nurse", "nobody":
            answer = self.ask(f"{name}@example.com")
            self.assertEqual(condition_of(answer), "forbidden")
            self.assertEqual(answer.sender, f"{name}@example.com")

    def test_strangers_do_not_reach_clients(self) -> None:
        """4, 8: nor can they tell a resource that is there from one that is not."""
        nurse = self.house.client("nurse", "kitchen")
        for jid in "nurse@example.com/kitchen", "nurse@example.com/gone", "nobody@example.com/x":
            answer = self.ask(jid)
            self.assertEqual(condition_of(answer), "service-unavailable")
            self.assertEqual(answer.sender, jid)
        self.assertEqual(nurse.taken(), [])

    def test_subscription_is_not_mutual(self) -> None:
        """Juliet may see Romeo; that does not let him see her."""
        answer = self.romeo.answer(QUERY.format("to='juliet@example.com'"))
        self.assertEqual(condition_of(answer), "forbidden")

    def test_contacts_request_reaches_the_client(self) -> None:
        """4: an idle time is the client's to tell."""
        self.juliet.send(QUERY.format("to='romeo@example.com/orchard'"))
        [request] = self.romeo.taken()
        self.assertTrue(request.has("jabber:iq:last", "query"))

    def test_answers_pass(self) -> None:
        """A client's answer to a stranger who asked it is not held up."""
        self.romeo.send(
            "<iq type='result' id='x' to='juliet@example.com/balcony'>"
            "<query xmlns='jabber:iq:last' seconds='1'/></iq>"
        )
        self.assertEqual([item.id for item in self.juliet.taken()], ["x"])

    def test_never_seen(self) -> None:
        """An account that nobody has ever logged in to."""
        house = House([LastActivity])
        juliet = house.client("juliet")
        host = house.host
        assert host is not None
        found = []
        host.with_user("romeo", found.append)
        house.settle()
        [romeo] = found
        romeo.entitles = lambda jid: True
        answer = juliet.answer(QUERY.format("to='romeo@example.com'"))
        self.assertEqual(condition_of(answer), "item-not-found")
