"""XEP-0280: copies for the user's other devices."""

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import Client, House
from xmppd.extensions.carbons import RULES, Carbons
from xmppd.extensions.disco import Disco
from xmppd.extensions.offline import PAGE, Offline
from xmppd.protocol.namespaces import CARBONS, CLIENT, CONTENT, FORWARD
from xmppd.protocol.stanza import Stanza

ROOM = "<x xmlns='http://jabber.org/protocol/muc'/>"
USER = "<x xmlns='http://jabber.org/protocol/muc#user'/>"
INVITE = "<x xmlns='http://jabber.org/protocol/muc#user'><invite to='a@b.test'/></x>"
DIRECT = "<x xmlns='jabber:x:conference' jid='r@conf.remote.test'/>"
RECEIPT = "<received xmlns='urn:xmpp:receipts' id='1'/>"
MARKER = "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>"
STATE = "<composing xmlns='http://jabber.org/protocol/chatstates'/>"
BODY = "<body>b</body>"


def message(
    content: str = BODY, type: str = "chat", to: str = "romeo@example.com", **more: str
) -> str:
    given = "".join(f" {name}='{value}'" for name, value in more.items())
    return f"<message to='{to}' type='{type}'{given}>{content}</message>"


def copies(client: Client, name: str = "received") -> list[Stanza]:
    return [item for item in client.taken() if item.has(CARBONS, name)]


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House([Carbons, Disco, Offline])
        self.phone = self.enabled("phone")
        self.laptop = self.enabled("laptop")
        self.romeo = self.house.client("romeo", "orchard")
        self.romeo.send("<presence/>")
        self.phone.taken()

    def enabled(self, resource: str, priority: int = 0) -> Client:
        client = self.house.client("juliet", resource)
        answer = client.answer(f"<iq type='set' id='e'><enable xmlns='{CARBONS}'/></iq>")
        self.assertEqual((answer.type, answer.sender), ("result", "juliet@example.com"))
        client.send(f"<presence><priority>{priority}</priority></presence>")
        client.taken()
        return client


class EnablingTest(Case):
    def test_advertised(self) -> None:
        """XEP-0280, 3 and 6.2."""
        query = "<query xmlns='http://jabber.org/protocol/disco#info'/>"
        answer = self.phone.answer(f"<iq type='get' id='d' to='example.com'>{query}</iq>")
        for feature in CARBONS, RULES:
            self.assertIn(f"<feature var='{feature}'/>".encode(), answer.inner)

    def test_again_and_again(self) -> None:
        """XEP-0280, 10.1: no error."""
        for name in "enable", "disable", "disable", "enable", "enable":
            answer = self.phone.answer(f"<iq type='set' id='e'><{name} xmlns='{CARBONS}'/></iq>")
            self.assertEqual(answer.type, "result")
        self.laptop.send(message())
        self.assertEqual(len(copies(self.phone, "sent")), 1)

    def test_disabled(self) -> None:
        self.phone.send(f"<iq type='set' id='e'><disable xmlns='{CARBONS}'/></iq>")
        self.laptop.send(message())
        self.assertEqual(copies(self.phone, "sent"), [])

    def test_for_others(self) -> None:
        """XEP-0280, 4.1 and 5.1."""
        for to in "romeo@example.com", "nobody@example.com":
            answer = self.phone.answer(
                f"<iq type='set' id='e' to='{to}'><enable xmlns='{CARBONS}'/></iq>"
            )
            self.assertIn(b"<not-allowed", answer.inner)

    def test_offline_devices_get_none(self) -> None:
        self.phone.send("<presence type='unavailable'/>")
        self.laptop.send(message())
        self.assertEqual(copies(self.phone, "sent"), [])


class SentTest(Case):
    def test_wrapped(self) -> None:
        """XEP-0280, 8: addresses, type, content."""
        self.laptop.send(message(id="m"))
        [copy] = copies(self.phone, "sent")
        self.assertEqual(
            (copy.sender, copy.to, copy.type), ("juliet@example.com", self.phone.jid, "chat")
        )
        sent = copy.child(CARBONS, "sent")
        assert sent is not None
        [forwarded] = sent.elements()
        self.assertEqual((forwarded.uri, forwarded.name), (FORWARD, "forwarded"))
        [original] = forwarded.elements()
        self.assertEqual((original.uri, original.name), (CLIENT, "message"))
        self.assertEqual(
            (original["from"], original["to"], original["id"]),
            (self.laptop.jid, "romeo@example.com", "m"),
        )
        self.assertEqual(str(original.body), "b")
        self.assertEqual(copies(self.laptop, "sent"), [])

    def test_also_of_those_that_have_none(self) -> None:
        """XEP-0280, 8: irrespective of whether the sending client has enabled it."""
        self.house.client("juliet", "old").send(message())
        self.assertEqual(len(copies(self.phone, "sent")), 1)

    def test_to_oneself(self) -> None:
        """Each device has it once: as the message or as a copy of what was received."""
        tablet = self.enabled("tablet", -1)
        self.laptop.send(message(to="juliet@example.com"))
        self.assertEqual(len([m for m in self.phone.taken() if m.name == "message"]), 1)
        self.assertEqual(len([m for m in self.laptop.taken() if m.name == "message"]), 1)
        self.assertEqual(len(tablet.taken()), 1)
        self.laptop.send(message(to=self.phone.jid))
        self.assertEqual(len(self.phone.taken()), 1)
        self.assertEqual(self.laptop.taken(), [])


class EligibleTest(Case):
    def test_by_content(self) -> None:
        """XEP-0280, 6.1."""
        for content, type, copied in [
            (BODY, "chat", True),
            (STATE, "chat", True),
            (BODY, "normal", True),
            ("<subject>s</subject>", "normal", False),
            (RECEIPT, "normal", True),
            (MARKER, "normal", True),
            (STATE, "normal", True),
            (DIRECT, "normal", True),
            (INVITE, "normal", True),
            (USER, "normal", False),
            (BODY, "headline", False),
            (BODY, "groupchat", False),
            (INVITE, "groupchat", False),
            (BODY, "error", False),
        ]:
            with self.subTest(content=content, type=type):
                self.laptop.send(message(content, type, "a@remote.test"))
                self.assertEqual(len(copies(self.phone, "sent")), copied)

    def test_private(self) -> None:
        """XEP-0280, 9: neither side copies, and nothing is taken out."""
        private = f"<private xmlns='{CARBONS}'/><no-copy xmlns='urn:xmpp:hints'/>"
        for hint in private, private[: private.index("<no")], private[private.index("<no") :]:
            self.laptop.send(message(BODY + hint))
            self.assertEqual(copies(self.phone, "sent"), [])
            [got] = [item for item in self.romeo.taken() if item.name == "message"]
            self.assertEqual(got.inner.decode(), BODY + hint)
            self.romeo.send(message(BODY + hint, to=self.laptop.jid))
            self.assertEqual(copies(self.phone), [])

    def test_errors_of_what_was_copied(self) -> None:
        """XEP-0280, 6.1."""
        self.laptop.send(message(id="1", to="a@remote.test"))
        self.laptop.send(message(id="2", to="a@remote.test", type="headline"))
        self.phone.taken()
        for id, sender, copied in ("2", "a", 0), ("1", "b", 0), ("1", "a", 1):
            self.house.from_outside(
                f"<message from='{sender}@remote.test' to='{self.laptop.jid}' type='error' "
                f"id='{id}'><error type='cancel'/></message>"
            )
            self.assertEqual(len(copies(self.phone)), copied, (id, sender))


class ReceivedTest(Case):
    def test_to_one_device(self) -> None:
        """XEP-0280, 7."""
        self.romeo.send(message(to=self.laptop.jid, id="m"))
        [copy] = copies(self.phone)
        self.assertEqual((copy.sender, copy.to), ("juliet@example.com", self.phone.jid))
        self.assertIn(f"from='{self.romeo.jid}'".encode(), copy.inner)
        [got] = self.laptop.taken()
        self.assertEqual(got.text(CONTENT, "body"), "b")

    def test_to_all(self) -> None:
        """XEP-0280, 7: no copy where the message itself has come."""
        self.romeo.send(message(to="juliet@example.com"))
        for client in self.phone, self.laptop:
            self.assertFalse(any(item.has(CARBONS, "received") for item in client.received))
            self.assertEqual(len(client.taken()), 1)

    def test_low_priority(self) -> None:
        tablet = self.enabled("tablet", -1)
        self.romeo.send(message(to="juliet@example.com"))
        self.assertEqual(len(copies(tablet)), 1)

    def test_what_was_refused(self) -> None:
        self.romeo.send(message(to="juliet@example.com/gone", type="normal"))
        self.assertEqual(copies(self.phone), [])

    def test_forged(self) -> None:
        """XEP-0280, 7 and 12: only our own copies reach a client."""
        forged = f"<received xmlns='{CARBONS}'><forwarded xmlns='{FORWARD}'/></received>"
        self.romeo.send(message(BODY + forged, to="juliet@example.com"))
        [got] = self.phone.taken()
        self.assertEqual(got.inner.decode(), BODY)

    def test_what_waits_behind_kept_messages(self) -> None:
        """Each device has it once: no copy for one that gets the message itself, if later."""
        for client in self.phone, self.laptop:
            client.send("<presence type='unavailable'/>")
        for number in range(PAGE + 1):
            self.romeo.send(message(to="juliet@example.com", id=str(number)))
        self.phone.send("<presence/>")
        self.phone.taken()
        self.romeo.send(message(to="juliet@example.com", id="late"))
        self.assertEqual(self.phone.taken(), [])
        self.laptop.send("<presence><priority>-1</priority></presence>")
        self.laptop.taken()
        self.romeo.send(message(to="juliet@example.com", id="later"))
        self.assertEqual(len(copies(self.laptop)), 1)
        self.phone.report()
        ids = [item.id for item in self.phone.taken() if item.name == "message"]
        self.assertEqual(ids, [str(PAGE), "late", "later"])

    def test_undelivered_copies_vanish(self) -> None:
        """XEP-0280, 10.3: they neither bounce nor are they kept."""
        self.romeo.send(message(to=self.laptop.jid))
        self.phone.close("lost")
        self.laptop._got = 0
        self.laptop.close("lost")
        got = [item for item in self.enabled("new").received if item.name == "message"]
        self.assertFalse(any(item.has(CARBONS, "received") for item in got))
        self.assertFalse([item for item in self.romeo.taken() if item.type == "error"])

    def test_who_has_a_copy_does_not_get_it_again(self) -> None:
        """RFC 6121, 8.5.3: as if it came now; but the phone has it."""
        for phone_has_it in True, False:
            tablet = self.house.client("juliet", f"tablet{phone_has_it}")
            self.romeo.send(message(to=tablet.jid, id="once"))
            if phone_has_it:
                self.phone.report()
            tablet._got = 0
            tablet.close("lost")
            got = [item.id for item in self.phone.taken() if item.name == "message"]
            self.assertEqual(got, [None] if phone_has_it else [None, "once"])
            self.laptop.taken()


class RoomTest(Case):
    room = "r@remote.test"

    def join(self, client: Client, nick: str = "j", type: str = "") -> None:
        kind = f" type='{type}'" if type else ""
        client.send(f"<presence to='{self.room}/{nick}'{kind}>{ROOM}</presence>")

    def say(self, content: str = BODY, nick: str = "/r", type: str = "chat") -> int:
        """Have the room send something to the laptop; how many copies the phone gets."""
        self.house.from_outside(
            f"<message from='{self.room}{nick}' to='{self.laptop.jid}' type='{type}' id='i'>"
            f"{content}</message>"
        )
        return len(copies(self.phone))

    def sent(self) -> int:
        self.laptop.send(message(BODY, to=f"{self.room}/r", id="i"))
        return len(copies(self.phone, "sent"))

    def test_private_messages_of_occupants(self) -> None:
        """XEP-0280, 6.1: the room has copied them itself, told by either sign."""
        self.assertEqual(self.say(BODY + USER), 0)
        self.assertEqual(self.say(), 1)
        self.join(self.laptop)
        self.assertEqual(self.say(), 0)

    def test_invitations(self) -> None:
        """XEP-0280, 6.1: mediated ones come from the room itself."""
        self.assertEqual(self.say(INVITE, "", "normal"), 1)
        self.assertEqual(self.say(DIRECT, "", "normal"), 1)

    def test_private_messages_to_occupants(self) -> None:
        """XEP-0280, 6.1: for the devices that share the nick."""
        self.assertEqual(self.sent(), 1)
        self.join(self.laptop)
        self.assertEqual(self.sent(), 0)
        self.join(self.phone, "other")
        self.assertEqual(self.sent(), 0)
        self.join(self.phone)
        self.assertEqual(self.sent(), 1)
        self.join(self.phone, type="unavailable")
        self.assertEqual(self.sent(), 0)

    def test_gone_offline(self) -> None:
        self.join(self.laptop)
        self.laptop.send("<presence type='unavailable'/>", "<presence/>")
        self.assertEqual(self.say(), 1)

    def test_errors_of_the_room(self) -> None:
        self.join(self.laptop)
        self.join(self.phone)
        self.assertEqual(self.sent(), 1)
        self.assertEqual(self.say("<error type='cancel'/>", type="error"), 1)
