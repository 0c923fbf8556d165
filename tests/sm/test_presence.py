"""Presence: initial, updates, unavailable, directed, probes (RFC 6121, 4)."""

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import Client, House
from xmppd.component.requests import condition_of
from xmppd.protocol.stanza import Stanza
from xmppd.sm.session import MAX_DIRECTED

ROSTER = "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>"


def told(stanzas: list[Stanza]) -> list[tuple[str | None, str | None]]:
    return [(stanza.sender, stanza.type) for stanza in stanzas]


def subscribe(house: House, watcher: Client, watched: Client) -> None:
    """Let one account see the other's presence."""
    watcher.send(f"<presence to='{watched.jid.bare}' type='subscribe'/>")
    watched.send(f"<presence to='{watcher.jid.bare}' type='subscribed'/>")
    watcher.taken()
    watched.taken()


def befriend_outside(house: House, client: Client, jid: str, sees: bool = True) -> None:
    """Both subscriptions with an account at remote.test; `sees`: it also sees us."""
    client.send(f"<presence to='{jid}' type='subscribe'/>")
    house.from_outside(f"<presence from='{jid}' to='{client.jid.bare}' type='subscribed'/>")
    if sees:
        house.from_outside(f"<presence from='{jid}' to='{client.jid.bare}' type='subscribe'/>")
        client.send(f"<presence to='{jid}' type='subscribed'/>")
    client.taken()
    house.left.clear()


class PresenceTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.juliet = self.house.client("juliet")

    def left(self) -> list[Stanza]:
        left, self.house.left[:] = list(self.house.left), []
        return left


class InitialTest(PresenceTestCase):
    """4.2."""

    def test_probes_and_broadcast(self) -> None:
        """To those subscribed to us; a probe to those we are subscribed to; both at first only."""
        befriend_outside(self.house, self.juliet, "both@remote.test")
        befriend_outside(self.house, self.juliet, "to@remote.test", sees=False)
        self.juliet.send("<presence><show>away</show></presence>")
        found = [(item.to, item.type) for item in self.left()]
        self.assertEqual(
            sorted(found, key=str),
            [
                ("both@remote.test", "probe"),
                ("both@remote.test", None),
                ("to@remote.test", "probe"),
            ],
        )
        self.juliet.send("<presence/>")
        [update] = self.left()
        self.assertEqual((update.to, update.type), ("both@remote.test", None))

    def test_content_is_passed_on_whole(self) -> None:
        """4.2.2: with the full JID, and to each contact."""
        befriend_outside(self.house, self.juliet, "both@remote.test")
        inner = "<show>dnd</show><status xml:lang='cs'>tvar</status><x xmlns='u:x'>&amp;</x>"
        self.juliet.send(f"<presence id='p'>{inner}</presence>")
        found = self.left()[0]
        self.assertEqual((found.inner, found.id), (inner.encode(), "p"))
        self.assertEqual(found.sender, self.juliet.jid)

    def test_own_resources(self) -> None:
        """4.2.2: each hears of the other, the new one of itself too."""
        other = self.house.client("juliet", "other")
        connected = self.house.client("juliet", "connected")
        self.juliet.send("<presence><priority>3</priority></presence>")
        self.assertEqual(told(self.juliet.taken()), [(self.juliet.jid, None)])
        other.send("<presence/>")
        self.assertEqual(told(self.juliet.taken()), [(other.jid, None)])
        self.assertEqual(sorted(told(other.taken())), [(self.juliet.jid, None), (other.jid, None)])
        self.assertEqual(connected.taken(), [])

    def test_local_contacts_tell_at_once(self) -> None:
        """4.3.2: probes are answered with the last presence of each resource."""
        romeo = self.house.client("romeo", "a")
        subscribe(self.house, self.juliet, romeo)
        romeo.send("<presence><status>here</status></presence>")
        second = self.house.client("romeo", "b")
        second.send("<presence/>")
        self.juliet.send("<presence/>")
        found = {item.sender: item.inner for item in self.juliet.taken()}
        self.assertEqual(found[romeo.jid], b"<status>here</status>")
        self.assertEqual(set(found), {romeo.jid, second.jid, self.juliet.jid})

    def test_requests_wait_for_each_new_resource(self) -> None:
        """3.1.3: until they are answered, again at every login, with all that they said."""
        self.juliet.close()
        self.house.from_outside(
            "<presence from='a@remote.test/x' to='juliet@example.com' type='subscribe'>"
            "<status>please</status></presence>"
        )
        self.assertEqual(self.left(), [])
        for number in range(2):
            client = self.house.client("juliet", f"r{number}")
            client.send("<presence/>")
            [request] = [item for item in client.taken() if item.type == "subscribe"]
            self.assertEqual(request.sender, "a@remote.test")
            self.assertEqual(request.inner, b"<status>please</status>")
            client.close()
        client = self.house.client("juliet", "x")
        client.send("<presence to='a@remote.test' type='unsubscribed'/>", "<presence/>")
        self.assertEqual([item.type for item in client.taken()], [None])


class UnavailableTest(PresenceTestCase):
    """4.5."""

    def setUp(self) -> None:
        super().setUp()
        befriend_outside(self.house, self.juliet, "both@remote.test")
        befriend_outside(self.house, self.juliet, "to@remote.test", sees=False)
        self.other = self.house.client("juliet", "other")
        for client in self.juliet, self.other:
            client.send("<presence/>")
        for client in self.juliet, self.other:
            client.taken()
        self.left()

    def test_by_word(self) -> None:
        """4.5.2: in full to the contacts, to all resources and to the one that said it."""
        self.juliet.send("<presence type='unavailable'><status>bye</status></presence>")
        [farewell] = self.left()
        self.assertEqual(
            (farewell.to, farewell.inner), ("both@remote.test", b"<status>bye</status>")
        )
        for client in self.juliet, self.other:
            self.assertEqual(told(client.taken()), [(self.juliet.jid, "unavailable")])
        self.juliet.send("<presence type='unavailable'/>")
        self.assertEqual(self.left(), [])
        self.juliet.close()
        self.assertEqual(self.left(), [])

    def test_by_end(self) -> None:
        """4.5.2: the server says it for a session that ends, however it does."""
        for how in "clean", "lost", "error":
            client = self.house.client("juliet", how)
            client.send("<presence/>")
            self.left()
            self.other.taken()
            client.close(how)
            self.assertEqual(told(self.left()), [(client.jid, "unavailable")], how)
            self.assertEqual(told(self.other.taken()), [(client.jid, "unavailable")])

    def test_connected_session_says_nothing(self) -> None:
        self.house.client("juliet", "quiet").close()
        self.assertEqual(self.left(), [])
        self.assertEqual(self.other.taken(), [])

    def test_back_again(self) -> None:
        """4.2.1: the next presence is initial again."""
        self.juliet.send("<presence type='unavailable'/>", "<presence/>")
        self.assertIn("probe", [item.type for item in self.left()])


class DirectedTest(PresenceTestCase):
    """4.6."""

    def test_unavailable_follows_once(self) -> None:
        """4.6.3: to all who were sent presence and get no broadcast, at the end."""
        befriend_outside(self.house, self.juliet, "both@remote.test")
        self.juliet.send(
            "<presence/>",
            "<presence to='room@remote.test/nick'/>",
            "<presence to='room@remote.test/nick'><show>away</show></presence>",
            "<presence to='left@remote.test'/>",
            "<presence to='left@remote.test' type='unavailable'/>",
            "<presence to='both@remote.test'/>",
        )
        self.left()
        self.juliet.send("<presence><show>dnd</show></presence>")
        self.assertEqual([item.to for item in self.left()], ["both@remote.test"])
        self.juliet.close("lost")
        found = self.left()
        self.assertEqual(
            sorted(item.to or "" for item in found), ["both@remote.test", "room@remote.test/nick"]
        )
        self.assertEqual({item.type for item in found}, {"unavailable"})

    def test_by_word_too(self) -> None:
        self.juliet.send("<presence/>", "<presence to='room@remote.test/nick'/>")
        self.left()
        self.juliet.send("<presence type='unavailable'><status>bye</status></presence>")
        [farewell] = self.left()
        self.assertEqual(
            (farewell.to, farewell.inner), ("room@remote.test/nick", b"<status>bye</status>")
        )
        self.juliet.close()
        self.assertEqual(self.left(), [])

    def test_without_initial_presence(self) -> None:
        """A session need not be available to join a room; contacts hear of it only once."""
        befriend_outside(self.house, self.juliet, "both@remote.test")
        self.juliet.send(
            "<presence to='room@remote.test/nick'/>",
            "<presence to='both@remote.test'/>",
            "<presence/>",
        )
        self.left()
        self.juliet.close()
        self.assertEqual(
            sorted(item.to or "" for item in self.left()),
            ["both@remote.test", "room@remote.test/nick"],
        )

    def test_limit(self) -> None:
        """S30: a limit, and an error above it."""
        text = "<presence to='r{0}@remote.test/x' id='{0}'/>"
        self.juliet.send(*[text.format(number) for number in range(MAX_DIRECTED)])
        self.juliet.send(text.format("more"), text.format(0))
        self.assertEqual(len(self.left()), MAX_DIRECTED + 1)
        [answer] = self.juliet.taken()
        self.assertEqual((answer.id, condition_of(answer)), ("more", "resource-constraint"))
        self.juliet.close()
        self.assertEqual(len(self.left()), MAX_DIRECTED)

    def test_to_full_jid(self) -> None:
        """8.5.3: the resource gets it if it is connected, else nobody does."""
        romeo, other = self.house.client("romeo", "a"), self.house.client("romeo", "b")
        other.send("<presence/>")
        other.taken()
        for type in "", "type='unavailable'":
            self.juliet.send(
                f"<presence to='romeo@example.com/a' {type}/>",
                f"<presence to='romeo@example.com/gone' {type}/>",
            )
            self.assertEqual(len(romeo.taken()), 1)
        self.assertEqual(other.taken(), [])
        self.assertEqual(self.juliet.taken(), [])

    def test_to_bare_jid(self) -> None:
        """8.5.2.1.2: to all available resources, whatever their priority."""
        romeo, other = self.house.client("romeo", "a"), self.house.client("romeo", "b")
        away = self.house.client("romeo", "c")
        romeo.send("<presence><priority>-1</priority></presence>")
        other.send("<presence/>")
        romeo.taken(), other.taken()
        self.juliet.send("<presence to='romeo@example.com'/>")
        self.assertEqual([len(one.taken()) for one in (romeo, other, away)], [1, 1, 0])


class ProbeTest(PresenceTestCase):
    """4.3.2."""

    def probe(self, to: str, sender: str = "a@remote.test/x") -> list[Stanza]:
        self.left()
        self.house.from_outside(f"<presence from='{sender}' to='{to}' type='probe'/>")
        return self.left()

    def test_strangers_learn_nothing(self) -> None:
        """Existing and missing accounts answer with the same bytes but for addresses (S26)."""
        self.juliet.send("<presence/>")
        answers = []
        for name in "juliet", "romeo", "nobody":
            [answer] = self.probe(f"{name}@example.com")
            answers.append(answer.to_bytes().replace(name.encode(), b"NAME"))
        self.assertEqual(len(set(answers)), 1)
        self.assertEqual(
            answers[0],
            b"<presence type='unsubscribed' from='NAME@example.com' to='a@remote.test/x'/>",
        )
        [answer] = self.probe("juliet@example.com/balcony")
        self.assertEqual(told([answer]), [("juliet@example.com", "unsubscribed")])

    def test_contacts(self) -> None:
        befriend_outside(self.house, self.juliet, "a@remote.test")
        self.assertEqual(
            told(self.probe("juliet@example.com")), [("juliet@example.com", "unavailable")]
        )
        self.juliet.send("<presence><status>here</status></presence>")
        [answer] = self.probe("juliet@example.com")
        self.assertEqual(
            (answer.sender, answer.to, answer.inner),
            (self.juliet.jid, "a@remote.test/x", b"<status>here</status>"),
        )
        [answer] = self.probe("juliet@example.com/balcony")
        self.assertEqual(answer.sender, self.juliet.jid)

    def test_a_resource_that_is_gone(self) -> None:
        """What is said of one resource must not be taken for all."""
        befriend_outside(self.house, self.juliet, "a@remote.test")
        self.juliet.send("<presence/>")
        self.assertEqual(
            told(self.probe("juliet@example.com/gone")),
            [("juliet@example.com/gone", "unavailable")],
        )

    def test_one_way_only(self) -> None:
        """To see somebody does not mean to be seen."""
        befriend_outside(self.house, self.juliet, "a@remote.test", sees=False)
        self.assertEqual(
            told(self.probe("juliet@example.com")), [("juliet@example.com", "unsubscribed")]
        )

    def test_offline_accounts_know_their_contacts(self) -> None:
        befriend_outside(self.house, self.juliet, "a@remote.test")
        self.juliet.close()
        assert self.house.host is not None
        self.house.host.forget("juliet")
        self.assertEqual(
            told(self.probe("juliet@example.com")), [("juliet@example.com", "unavailable")]
        )


class SyntaxTest(PresenceTestCase):
    """4.7; S16 and S17."""

    def test_bad_presence(self) -> None:
        befriend_outside(self.house, self.juliet, "both@remote.test")
        for bad in (
            "<presence><priority>{}</priority></presence>",
            "<presence to='both@remote.test'><priority>{}</priority></presence>",
        ):
            for priority in "200", "x", "-129", "", "1.5", "128", "1_0", "\u0663", "9" * 5000:
                self.juliet.send(bad.format(priority))
                [answer] = self.juliet.taken()
                self.assertEqual(condition_of(answer), "bad-request", priority)
        for type in "foo", "", "Unavailable", "probe":
            self.juliet.send(f"<presence type='{type}'/>")
            [answer] = self.juliet.taken()
            self.assertEqual(condition_of(answer), "bad-request", type)
        self.assertEqual(self.left(), [])

    def test_odd_but_right(self) -> None:
        befriend_outside(self.house, self.juliet, "both@remote.test")
        for good in (
            "<show>foo</show>",
            "<priority>-128</priority>",
            "<priority>127</priority>",
            "<priority> 5 </priority>",
            "<priority>+5</priority>",
        ):
            self.juliet.send(f"<presence>{good}</presence>")
            self.assertEqual(self.left()[0].inner, good.encode())

    def test_errors_are_never_answered(self) -> None:
        self.juliet.send("<presence type='error'/>")
        self.juliet.send("<presence type='error' to='nobody@example.com'/>")
        self.house.from_outside(
            "<presence from='a@remote.test' to='nobody@example.com' type='error'/>"
        )
        self.assertEqual(self.juliet.taken() + self.left(), [])

    def test_to_a_missing_account(self) -> None:
        """S18: silence."""
        for type in "", "type='unavailable'", "type='subscribe'", "type='unsubscribe'":
            self.juliet.send(f"<presence to='nobody@example.com' {type}/>")
            self.house.from_outside(
                f"<presence from='a@remote.test' to='nobody@example.com' {type}/>"
            )
        self.assertEqual(self.juliet.taken() + self.left(), [])
