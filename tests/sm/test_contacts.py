"""Subscriptions at work: between accounts here, and with accounts elsewhere (RFC 6121, 3)."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import Client, House
from tests.sm.test_presence import ROSTER, befriend_outside
from tests.sm.test_roster import query_of
from xmppd.component.requests import condition_of
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.sm.contacts import MAX_REQUEST_BYTES, MAX_REQUESTS
from xmppd.sm.presence import SUBSCRIPTION

Seen = list[tuple[str, str | None]]
NURSE = "nurse@remote.test"


def seen(stanzas: list[Stanza]) -> Seen:
    """Names and types, in order; for a push what it says of the contact."""
    return [(item.name, "push" if item.type == "set" else item.type) for item in stanzas]


class ContactsTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.juliet = self.client("juliet", "balcony")
        self.romeo = self.client("romeo", "orchard")

    def client(self, name: str, resource: str) -> Client:
        client = self.house.client(name, resource)
        client.send(ROSTER, "<presence/>")
        client.taken()
        return client

    def say(self, client: Client, type: str, to: str) -> None:
        client.send(f"<presence to='{to}' type='{type}'/>")

    def hear(self, type: str, sender: str = NURSE, to: str = "juliet@example.com") -> None:
        self.house.from_outside(f"<presence from='{sender}' to='{to}' type='{type}'/>")

    def left(self) -> list[Stanza]:
        left, self.house.left[:] = list(self.house.left), []
        return left

    def state(self, client: Client) -> dict[str, str]:
        """The client's roster, with what waits."""
        query = query_of(client.answer(ROSTER))
        return {
            item["jid"]: " ".join(
                [
                    item["subscription"],
                    *(key for key in ("ask", "approved") if key in item.attributes),
                ]
            )
            for item in query.elements()
        }


class LocalTest(ContactsTestCase):
    def test_a_whole_friendship(self) -> None:
        """3.1 both ways, 3.3, 3.2: what each side hears, in order."""
        self.say(self.juliet, "subscribe", "romeo@example.com")
        self.assertEqual(self.state(self.juliet), {"romeo@example.com": "none ask"})
        self.assertEqual(self.state(self.romeo), {})
        self.assertEqual(seen(self.juliet.taken()), [("iq", "push")])
        [request] = self.romeo.taken()
        self.assertEqual(
            (request.type, request.sender, request.to),
            ("subscribe", "juliet@example.com", "romeo@example.com"),
        )

        self.say(self.romeo, "subscribed", "juliet@example.com")
        self.assertEqual(seen(self.romeo.taken()), [("iq", "push")])
        heard = self.juliet.taken()
        self.assertEqual(
            seen(heard), [("presence", "subscribed"), ("iq", "push"), ("presence", None)]
        )
        self.assertEqual([heard[0].sender, heard[2].sender], ["romeo@example.com", self.romeo.jid])
        self.assertEqual(self.state(self.juliet), {"romeo@example.com": "to"})
        self.assertEqual(self.state(self.romeo), {"juliet@example.com": "from"})

        self.say(self.romeo, "subscribe", "juliet@example.com")
        self.say(self.juliet, "subscribed", "romeo@example.com")
        self.assertEqual(self.state(self.juliet), {"romeo@example.com": "both"})
        self.assertEqual(self.state(self.romeo), {"juliet@example.com": "both"})
        self.juliet.taken(), self.romeo.taken()

        self.say(self.juliet, "unsubscribe", "romeo@example.com")
        self.assertEqual(seen(self.romeo.taken()), [("presence", "unsubscribe"), ("iq", "push")])
        self.assertEqual(seen(self.juliet.taken()), [("iq", "push"), ("presence", "unavailable")])
        self.assertEqual(self.state(self.juliet), {"romeo@example.com": "from"})

        self.say(self.juliet, "unsubscribed", "romeo@example.com")
        self.assertEqual(
            seen(self.romeo.taken()),
            [("presence", "unavailable"), ("presence", "unsubscribed"), ("iq", "push")],
        )
        self.assertEqual(self.state(self.juliet), {"romeo@example.com": "none"})
        self.assertEqual(self.state(self.romeo), {"juliet@example.com": "none"})

    def test_denial(self) -> None:
        """3.1.4, 3.2."""
        self.say(self.juliet, "subscribe", "romeo@example.com")
        self.say(self.romeo, "unsubscribed", "juliet@example.com")
        self.assertEqual(
            seen(self.juliet.taken()),
            [("iq", "push"), ("presence", "unsubscribed"), ("iq", "push")],
        )
        self.assertEqual(self.state(self.juliet), {"romeo@example.com": "none"})
        self.assertEqual(self.state(self.romeo), {})

    def test_all_interested_resources(self) -> None:
        """2.2: requests go to the available, the rest to the interested ones."""
        interested = self.house.client("romeo", "interested")
        interested.send(ROSTER)
        available = self.house.client("romeo", "available")
        available.send("<presence/>")
        interested.taken(), available.taken(), self.romeo.taken()
        self.say(self.juliet, "subscribe", "romeo@example.com")
        self.assertEqual(seen(available.taken()), [("presence", "subscribe")])
        self.assertEqual(interested.taken(), [])
        self.say(available, "subscribed", "juliet@example.com")
        self.assertEqual(seen(interested.taken()), [("iq", "push")])
        self.assertEqual(available.taken(), [])
        self.say(self.romeo, "subscribe", "juliet@example.com")
        self.say(self.juliet, "subscribed", "romeo@example.com")
        self.assertEqual(
            seen(interested.taken()),
            [("iq", "push"), ("presence", "subscribed"), ("iq", "push")],
        )

    def test_to_oneself(self) -> None:
        """S25: an error, and nothing happens."""
        for to in "to='juliet@example.com'", "to='juliet@example.com/x'", "":
            for type in "subscribe", "subscribed", "unsubscribe", "unsubscribed":
                self.juliet.send(f"<presence {to} type='{type}'/>")
                [answer] = self.juliet.taken()
                self.assertEqual(condition_of(answer), "bad-request")
        self.assertEqual(self.state(self.juliet), {})

    def test_to_a_full_jid(self) -> None:
        """3.1.2: it goes to the bare one."""
        self.say(self.juliet, "subscribe", "romeo@example.com/orchard")
        [request] = self.romeo.taken()
        self.assertEqual((request.to, request.sender), ("romeo@example.com", "juliet@example.com"))
        self.assertEqual(self.state(self.juliet), {"romeo@example.com": "none ask"})


class RemoteTest(ContactsTestCase):
    def test_outbound(self) -> None:
        self.say(self.juliet, "subscribe", NURSE)
        self.hear("subscribed")
        self.assertEqual(
            seen(self.juliet.taken()),
            [("iq", "push"), ("presence", "subscribed"), ("iq", "push")],
        )
        self.assertEqual(self.state(self.juliet), {NURSE: "to"})
        self.hear("unsubscribed")
        self.assertEqual(seen(self.juliet.taken()), [("presence", "unsubscribed"), ("iq", "push")])
        self.assertEqual(self.state(self.juliet), {NURSE: "none"})

    def test_inbound(self) -> None:
        """3.1.5: 'subscribed' first, then the presence of every resource."""
        self.hear("subscribe", NURSE + "/x")
        [request] = self.juliet.taken()
        self.assertEqual(request.sender, NURSE)
        self.client("juliet", "other")
        self.left()
        self.say(self.juliet, "subscribed", NURSE)
        found = self.left()
        self.assertEqual([item.type for item in found], ["subscribed", None, None])
        self.assertEqual({item.to for item in found}, {NURSE})
        self.hear("unsubscribe")
        self.assertEqual([item.type for item in self.left()], ["unavailable", "unavailable"])
        self.assertEqual(self.state(self.juliet), {NURSE: "none"})

    def test_what_nobody_asked_for(self) -> None:
        """3.1.6: an approval without a request changes nothing and is not shown."""
        for type in "subscribed", "unsubscribed", "unsubscribe":
            self.hear(type)
        self.assertEqual(self.juliet.taken(), [])
        self.assertEqual(self.state(self.juliet), {})
        self.assertEqual(self.left(), [])

    def test_a_second_request_is_approved_again(self) -> None:
        """3.1.3: who is subscribed already gets 'subscribed', and nobody is asked."""
        befriend_outside(self.house, self.juliet, NURSE)
        self.left()
        self.hear("subscribe")
        self.assertEqual([item.type for item in self.left()], ["subscribed", None])
        self.assertEqual(self.juliet.taken(), [])

    def test_pre_approval(self) -> None:
        """3.4."""
        self.say(self.juliet, "subscribed", NURSE)
        self.assertEqual(self.left(), [])
        self.assertEqual(self.state(self.juliet), {NURSE: "none approved"})
        self.juliet.taken()
        self.hear("subscribe")
        found = self.left()
        self.assertEqual(
            [(item.type, item.sender) for item in found],
            [("subscribed", "juliet@example.com"), (None, self.juliet.jid)],
        )
        self.assertEqual(seen(self.juliet.taken()), [("iq", "push")])
        self.assertEqual(self.state(self.juliet), {NURSE: "from"})

    def test_pre_approval_is_taken_back(self) -> None:
        self.say(self.juliet, "subscribed", NURSE)
        self.say(self.juliet, "unsubscribed", NURSE)
        self.assertEqual(self.state(self.juliet), {NURSE: "none"})
        self.hear("subscribe")
        self.assertEqual([item.type for item in self.left()], [])

    def test_presence_follows_the_subscription(self) -> None:
        """What the contact sends right after its approval comes after it."""
        self.say(self.juliet, "subscribe", NURSE)
        self.juliet.taken()
        for kind in "type='subscribed'", "":
            self.house.outside.send(
                _parsed(f"<presence from='{NURSE}' to='juliet@example.com' {kind}/>")
            )
        self.house.settle()
        self.assertEqual(
            seen(self.juliet.taken()),
            [("presence", "subscribed"), ("iq", "push"), ("presence", None)],
        )


class RequestsTest(ContactsTestCase):
    """3.1.3: requests that wait."""

    def waiting(self) -> list[str | None]:
        client = self.house.client("juliet", "waiting")
        client.send("<presence/>")
        found = [item.sender for item in client.taken() if item.type == "subscribe"]
        client.close()
        return found

    def test_they_outlive_memory(self) -> None:
        self.hear("subscribe")
        self.juliet.close()
        self.house.host.forget("juliet")  # type: ignore[union-attr]
        self.assertEqual(self.waiting(), [NURSE])

    def test_one_for_each_contact(self) -> None:
        self.hear("subscribe")
        self.hear("subscribe", NURSE + "/again")
        self.assertEqual(seen(self.juliet.taken()), [("presence", "subscribe")])
        self.assertEqual(self.waiting(), [NURSE])

    def test_taken_back(self) -> None:
        self.hear("subscribe")
        self.hear("unsubscribe")
        self.assertEqual(self.waiting(), [])

    def test_answered(self) -> None:
        self.hear("subscribe")
        self.say(self.juliet, "subscribed", NURSE)
        self.assertEqual(self.waiting(), [])

    def test_too_long(self) -> None:
        """A long one is kept without what it said."""
        status = "x" * MAX_REQUEST_BYTES
        self.house.from_outside(
            f"<presence from='{NURSE}' to='juliet@example.com' type='subscribe'>"
            f"<status>{status}</status></presence>"
        )
        self.juliet.taken()
        client = self.house.client("juliet", "x")
        client.send("<presence/>")
        [request] = [item for item in client.taken() if item.type == "subscribe"]
        self.assertEqual((request.inner, request.sender), (b"", NURSE))

    def test_limit(self) -> None:
        """S25: up to the limit, then silence; contacts who ask are still heard later."""
        for number in range(MAX_REQUESTS + 1):
            self.house.outside.send(
                _parsed(
                    f"<presence from='n{number}@remote.test' to='juliet@example.com'"
                    " type='subscribe'/>"
                )
            )
        self.house.settle()
        user = self.house.host.users["juliet"]  # type: ignore[union-attr]
        self.assertEqual(len(user.requests), MAX_REQUESTS)
        self.assertNotIn(f"n{MAX_REQUESTS}@remote.test", user.requests)
        self.assertEqual(self.left(), [])
        self.juliet.taken()
        self.say(self.juliet, "unsubscribed", "n0@remote.test")
        self.hear("subscribe", "late@remote.test")
        self.assertIn("late@remote.test", user.requests)

    def test_removed_with_the_item(self) -> None:
        """2.5: the request does not come back when the contact is removed."""
        self.juliet.send(
            "<iq type='set' id='1'><query xmlns='jabber:iq:roster'>"
            f"<item jid='{NURSE}'/></query></iq>"
        )
        self.hear("subscribe")
        self.juliet.send(
            "<iq type='set' id='2'><query xmlns='jabber:iq:roster'>"
            f"<item jid='{NURSE}' subscription='remove'/></query></iq>"
        )
        self.assertEqual(self.waiting(), [])
        self.assertEqual([item.type for item in self.left()], ["unsubscribed"])


class AgreementTest(SynchronousTestCase):
    """Whatever two accounts here do, their rosters agree, and presence follows them."""

    def setUp(self) -> None:
        self.house = House()

    def roster(self, client: Client, other: str) -> str:
        query = query_of(client.answer(ROSTER))
        items = {item["jid"]: item["subscription"] for item in query.elements()}
        return items.get(other, "none")

    @settings(deadline=None, max_examples=40)
    @given(
        st.lists(
            st.tuples(st.booleans(), st.sampled_from([*sorted(SUBSCRIPTION), "remove", "relogin"])),
            max_size=12,
        )
    )
    def test_rosters_agree(self, steps: list[tuple[bool, str]]) -> None:
        pair = ["juliet@example.com", "romeo@example.com"]
        clients = [self.house.client(name, "x") for name in ("juliet", "romeo")]
        for client in clients:
            client.send(ROSTER, "<presence/>")
        for second, step in steps:
            client, other = clients[second], pair[not second]
            if step == "remove":
                client.send(
                    "<iq type='set' id='x'><query xmlns='jabber:iq:roster'>"
                    f"<item jid='{other}' subscription='remove'/></query></iq>"
                )
            elif step == "relogin":
                client.close()
                self.house.host.forget(client.jid.local)  # type: ignore[union-attr]
                clients[second] = self.house.client(client.jid.local, "x")
                clients[second].send(ROSTER, "<presence/>")
            else:
                client.send(f"<presence to='{other}' type='{step}'/>")
        one, two = clients
        for client in clients:
            client.taken()
        states = self.roster(one, pair[1]), self.roster(two, pair[0])
        self.assertIn(states, [("none", "none"), ("to", "from"), ("from", "to"), ("both", "both")])
        one.send("<presence><status>x</status></presence>")
        self.assertEqual(len(two.taken()), int(states[0] in ("from", "both")))
        for client, other in zip(clients, reversed(pair), strict=True):
            client.send(
                "<iq type='set' id='x'><query xmlns='jabber:iq:roster'>"
                f"<item jid='{other}' subscription='remove'/></query></iq>"
            )
            client.close()


def _parsed(xml: str) -> Stanza:
    return parse_stanza(xml.encode())
