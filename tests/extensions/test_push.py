"""XEP-0357: notifications by way of push services."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import Client, House
from xmppd.component.stages import Life
from xmppd.extensions.carbons import Carbons
from xmppd.extensions.disco import Disco
from xmppd.extensions.offline import PAGE, Offline
from xmppd.extensions.push import PUBSUB, PUSH, SUMMARY, Push
from xmppd.extensions.push_registrations import MAX_FORM, PUBLISH_OPTIONS
from xmppd.extensions.stream_management import StreamManagement
from xmppd.protocol.namespaces import CARBONS, STREAM_MANAGEMENT
from xmppd.protocol.stanza import Stanza

SERVICE = "remote.test"
ERROR = "<error type='{}'><{} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
FORM = (
    "<x xmlns='jabber:x:data' type='{}'><field var='FORM_TYPE'><value>{}</value></field>"
    "<field var='secret'><value>eruio &amp; 234</value></field></x>"
)


class Case(SynchronousTestCase):
    options = Push.Options()

    def setUp(self) -> None:
        extensions = [Offline, Disco, Carbons, StreamManagement, (Push, self.options)]
        self.house = House(extensions)
        self.juliet = self.house.client("juliet", "phone")
        self.romeo = self.house.client("romeo", "orchard")

    def enable(self, node: str = "n", content: str = "", jid: str = SERVICE) -> Stanza:
        return self.command("enable", f"jid='{jid}' node='{node}'", content)

    def command(self, name: str, attributes: str, content: str = "") -> Stanza:
        return self.juliet.answer(
            f"<iq type='set' id='e'><{name} xmlns='{PUSH}' {attributes}>{content}</{name}></iq>"
        )

    def say(self, body: str = "hi", client: Client | None = None) -> None:
        (client or self.romeo).send(
            f"<message to='juliet@example.com' type='chat'><body>{body}</body></message>"
        )

    def published(self) -> list[Stanza]:
        """What push services have got since the last time."""
        left, self.house.left[:] = list(self.house.left), []
        return left

    def nodes(self) -> list[str]:
        return [_publish(item)["node"] for item in self.published()]

    def reply(self, to: Stanza, error: str = "") -> None:
        type = "error" if error else "result"
        self.house.from_outside(
            f"<iq type='{type}' id='{to.id}' from='{SERVICE}' to='{to.sender}'>{error}</iq>"
        )


def _publish(item: Stanza) -> Any:
    pubsub: Any = item.child(PUBSUB, "pubsub")
    return pubsub.publish


def _summary(item: Stanza) -> dict[str, str]:
    fields = _publish(item).item.notification.x.elements()
    return {field["var"]: str(field.value) for field in fields}


class EnablingTest(Case):
    def test_advertised(self) -> None:
        """XEP-0357, 4.1: by the account."""
        query = "<query xmlns='http://jabber.org/protocol/disco#info'/>"
        answer = self.juliet.answer(f"<iq type='get' id='d' to='juliet@example.com'>{query}</iq>")
        self.assertIn(f"<feature var='{PUSH}'/>".encode(), answer.inner)

    def test_nodes(self) -> None:
        """XEP-0357, 5 and 6: each by itself, all of a service at once."""
        for node in "abc":
            self.assertEqual(self.enable(node).type, "result")
        self.juliet.close()
        self.say()
        self.assertEqual(self.nodes(), ["a", "b", "c"])
        self.juliet = self.house.client("juliet", "phone")
        self.command("disable", f"jid='{SERVICE}' node='b'")
        self.say()
        self.house.clock.advance(31)  # nobody has answered
        self.say()
        self.assertEqual(set(self.nodes()), {"a", "c"})
        self.command("disable", f"jid='{SERVICE}'")
        self.house.clock.advance(31)
        self.say()
        self.assertEqual(self.nodes(), [])

    def test_wrong(self) -> None:
        """XEP-0357, 5: a JID is needed; what else goes with it are publish options."""
        for attributes, content, condition in [
            ("node='x'", "", b"<bad-request"),
            ("jid='a@'", "", b"<jid-malformed"),
            (f"jid='{SERVICE}'", FORM.format("submit", SUMMARY), b"<bad-request"),
            (f"jid='{SERVICE}'", FORM.format("form", PUBLISH_OPTIONS), b"<bad-request"),
            (f"jid='{SERVICE}'", "<x xmlns='jabber:x:data'/>", b"<bad-request"),
            (
                f"jid='{SERVICE}'",
                FORM.format("submit", PUBLISH_OPTIONS).replace("eruio", "x" * MAX_FORM),
                b"<not-acceptable",
            ),
        ]:
            self.assertIn(condition, self.command("enable", attributes, content).inner)
        self.say()
        self.assertEqual(self.published(), [])

    def test_limit(self) -> None:
        for number in range(self.options.nodes):
            self.enable(str(number))
        self.assertIn(b"<resource-constraint", self.enable("more").inner)
        self.assertEqual(self.enable("0").type, "result")

    def test_kept(self) -> None:
        self.enable(content=FORM.format("submit", PUBLISH_OPTIONS))
        self.juliet.close()
        assert self.house.host is not None
        self.house.host.forget("juliet")
        self.say()
        [item] = self.published()
        self.assertIn(b"eruio &amp; 234", item.inner)


class PublishingTest(Case):
    def test_notification(self) -> None:
        """XEP-0357, 7: what is published, from whom, with which options; no content."""
        self.enable(content=FORM.format("submit", PUBLISH_OPTIONS))
        self.say("secret words")
        [item] = self.published()
        self.assertEqual((item.type, item.to, item.sender), ("set", SERVICE, "example.com"))
        self.assertEqual(_publish(item)["node"], "n")
        notification = _publish(item).item.notification
        self.assertEqual(notification.uri, PUSH)
        self.assertEqual(_summary(item), {"FORM_TYPE": SUMMARY, "message-count": "1"})
        pubsub: Any = item.child(PUBSUB, "pubsub")
        form = pubsub.firstChildElement().parent.elements(PUBSUB, "publish-options")
        [options] = form
        self.assertEqual(options.x["type"], "submit")
        self.assertIn(PUBLISH_OPTIONS, options.toXml())

    def test_not_while_nobody_may_log_in(self) -> None:
        """A disabled account keeps its messages, but no phone is woken for them."""
        self.enable()
        self.juliet.close()
        user = self.house.host.users["juliet"]  # type: ignore[union-attr]
        user.account.disabled = True
        self.say()
        self.assertEqual(self.published(), [])
        user.account.disabled = False
        self.say()
        self.assertEqual(self.nodes(), ["n"])

    def test_not_while_somebody_is_there(self) -> None:
        self.enable()
        self.juliet.send("<presence/>")
        self.say()
        self.assertEqual(self.published(), [])

    def test_count(self) -> None:
        """As many as wait; somebody who comes begins anew. One at a time for each node."""
        self.enable()
        self.say("1")
        [first] = self.published()
        self.say("2")
        self.say("3")
        self.assertEqual(self.published(), [])
        self.reply(first)
        [second] = self.published()
        self.assertEqual(_summary(second)["message-count"], "3")
        self.reply(second)
        self.assertEqual(self.published(), [])
        self.juliet.send("<presence/>", "<presence type='unavailable'/>")
        self.say("4")
        self.assertEqual(_summary(self.published()[0])["message-count"], "1")

    def test_what_does_not_count(self) -> None:
        """What is not worth keeping is not worth a notification."""
        self.enable()
        self.romeo.send(
            "<message to='juliet@example.com' type='chat'>"
            "<composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
            "<message to='juliet@example.com' type='chat'><body>b</body>"
            "<no-store xmlns='urn:xmpp:hints'/></message>",
        )
        self.assertEqual(self.published(), [])

    def test_messages_are_kept_all_the_same(self) -> None:
        self.enable()
        self.say()
        self.juliet.send("<presence/>")
        self.assertIn("message", [item.name for item in self.juliet.taken()])

    def test_requests(self) -> None:
        self.enable()
        self.romeo.send("<presence type='subscribe' to='juliet@example.com'/>")
        self.say()
        self.assertEqual(_summary(self.published()[0])["pending-subscription-count"], "1")


class DetachedTest(Case):
    """Sessions that have lost their streams and wait to be resumed (XEP-0198)."""

    def setUp(self) -> None:
        super().setUp()
        self.laptop = self.house.client("juliet", "laptop")
        for client in self.juliet, self.laptop:
            client.send(f"<iq type='set' id='c'><enable xmlns='{CARBONS}'/></iq>", "<presence/>")
        self.enable("phone")
        self.juliet.pass_on(Stanza.make("enable", ns=STREAM_MANAGEMENT, resume="true"))

    def session(self) -> Any:
        assert self.house.host is not None
        return self.house.host.users["juliet"].sessions["phone"]

    def test_what_its_client_has_enabled(self) -> None:
        """Not what others have; and nothing while it has its stream."""
        self.juliet, phone = self.laptop, self.juliet
        self.enable("laptop")
        self.say()
        self.assertEqual(self.published(), [])
        phone.close("lost")
        self.assertFalse(self.session().attached)
        self.say()
        self.assertEqual(self.nodes(), ["phone"])

    def test_what_was_sent_in_vain(self) -> None:
        """What its client has not acknowledged when the loss of the stream is noticed."""
        self.say("1")
        self.say("2")
        self.romeo.send(f"<presence to='{self.juliet.jid}'/>")
        self.assertEqual(self.published(), [])
        self.juliet.close("lost")
        [first] = self.published()
        self.reply(first)
        [second] = self.published()
        self.assertEqual(_summary(second)["message-count"], "2")

    def test_copies(self) -> None:
        """It gets copies of what other devices get, and is told of them."""
        self.juliet.close("lost")
        message = f"<message to='{self.laptop.jid}' type='chat'>%s</message>"
        self.romeo.send(message % "<composing xmlns='http://jabber.org/protocol/chatstates'/>")
        self.assertEqual(self.published(), [])
        self.romeo.send(message % "<body>b</body>")
        self.assertEqual(self.nodes(), ["phone"])

    def test_no_copies(self) -> None:
        """Nothing is told of what it gets no copy of: a room's messages, what is for one device
        alone, what is refused."""
        self.juliet.close("lost")
        room = (
            f"<message to='{self.laptop.jid}' from='r@{SERVICE}/nick' type='groupchat'>%s</message>"
        )
        self.house.from_outside(room % "<body>b</body>")
        private = "<body>b</body><no-copy xmlns='urn:xmpp:hints'/>"
        self.romeo.send(f"<message to='{self.laptop.jid}' type='chat'>{private}</message>")
        self.romeo.send("<message to='juliet@example.com/gone'><body>b</body></message>")
        self.assertEqual(self.published(), [])

    def test_behind_kept_messages(self) -> None:
        """What waits behind messages that are going out to it counts as well."""
        self.laptop.close()
        self.juliet.send("<presence type='unavailable'/>")
        for number in range(PAGE + 1):
            self.say(str(number))
        for item in self.published():
            self.reply(item)
        self.juliet.send("<presence/>")
        self.juliet.close("lost")
        self.published()
        self.house.settle(60)
        self.say("behind")
        self.assertEqual(self.nodes(), ["phone"])

    def test_disabled_meanwhile(self) -> None:
        self.juliet.close("lost")
        self.juliet = self.laptop
        self.command("disable", f"jid='{SERVICE}'")
        self.say()
        self.assertEqual(self.published(), [])

    def test_count(self) -> None:
        """Begins anew when the session is resumed, and when it ends in vain."""
        self.laptop.close()
        self.juliet.close("lost")
        for expected in "1", "1":
            self.say()
            [item] = self.published()
            self.assertEqual(_summary(item)["message-count"], expected)
            self.reply(item)
            assert self.house.host is not None
            self.house.host.tell(Life.RESUMED, self.session())
        self.house.settle(1000)
        told = self.published()
        self.assertEqual([_summary(item)["message-count"] for item in told], ["1"])
        self.reply(told[0])
        self.assertEqual(_summary(self.published()[0])["message-count"], "2")


class ErrorTest(Case):
    def test_disabled(self) -> None:
        """XEP-0357, 7.1: by an error of the service, that node alone."""
        self.enable("a")
        self.enable("b")
        self.say()
        first, second = self.published()
        self.reply(first, ERROR.format("cancel", "item-not-found"))
        self.reply(second)
        self.say()
        self.assertEqual(self.nodes(), ["b"])
        assert self.house.host is not None
        self.juliet.close()
        self.house.host.forget("juliet")
        self.say()
        self.assertEqual(self.nodes(), ["b"])

    def test_errors_that_may_pass(self) -> None:
        """XEP-0357, 7.1: until there have been too many in a row."""
        self.enable()
        error = ERROR.format("wait", "remote-server-timeout")
        for answers in [error] * 4 + [""] + [error] * 5:
            self.say()
            [item] = self.published()
            self.reply(item, answers)
        self.say()
        self.assertEqual(self.published(), [])

    def test_revoked(self) -> None:
        """XEP-0357, 8: only by the service, and only for this user."""
        self.enable()
        told = (
            "<message from='{}' to='juliet@example.com'><pubsub xmlns='{}' node='n'>"
            "<affiliation jid='{}' affiliation='{}'/></pubsub></message>"
        )
        for sender, jid, affiliation, expected in [
            ("other.test@remote.test", "juliet@example.com", "none", 1),
            (SERVICE, "romeo@example.com", "none", 1),
            (SERVICE, "juliet@example.com", "publish-only", 1),
            (SERVICE, "juliet@example.com", "none", 0),
        ]:
            self.house.from_outside(told.format(sender, PUBSUB, jid, affiliation))
            for item in self.published():  # the news itself waits for its reader too
                self.reply(item)
            self.say()
            published = self.published()
            self.assertEqual(len(published), expected, (sender, jid, affiliation))
            for item in published:
                self.reply(item)


class ContentTest(Case):
    options = Push.Options(sender=True, body=True)

    def test_sender_and_body(self) -> None:
        """XEP-0357, 7: where the configuration says so."""
        self.enable()
        self.say("Wherefore art thou?")
        summary = _summary(self.published()[0])
        self.assertEqual(summary["last-message-sender"], self.romeo.jid)
        self.assertEqual(summary["last-message-body"], "Wherefore art thou?")
