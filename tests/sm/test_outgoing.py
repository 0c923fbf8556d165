"""What clients send: `from`, language, iq rules, errors, and hooks that take their time."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.component.extension import OWN_ACCOUNT, Extension, iq, on
from xmppd.component.requests import condition_of, error_of
from xmppd.component.stages import DROP, Sent
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza

CHAT = "<message to='romeo@example.com/orchard' type='chat'{}><body>{}</body></message>"


def bodies(stanzas: list[Stanza]) -> list[str | None]:
    return [stanza.text("", "body") for stanza in stanzas]


class OutgoingTestCase(SynchronousTestCase):
    extensions: tuple[Any, ...] = ()

    def setUp(self) -> None:
        self.house = House(self.extensions)
        self.juliet = self.house.client("juliet")
        self.romeo = self.house.client("romeo", "orchard")


class FromTest(OutgoingTestCase):
    """RFC 6120, 8.1.2.1; hostile inputs S1 and S2."""

    def test_own_address_in_any_form(self) -> None:
        own = (
            "",
            " from='juliet@example.com/balcony'",
            " from='juliet@example.com'",
            " from='JULIET@EXAMPLE.COM'",
        )
        for said in own:
            self.juliet.send(CHAT.format(said, "hi"))
            [message] = self.romeo.taken()
            self.assertEqual(message.attrs["from"], "juliet@example.com/balcony", said)

    def test_other_addresses_end_the_stream(self) -> None:
        for said in (
            "romeo@example.com",
            "juliet@example.com/other",
            "example.com",
            "",
            "juliet@remote.test",
            "not a@jid@at all/",
        ):
            client = self.house.client("juliet", "x")
            client.send(CHAT.format(f" from='{said}'", "hi"), CHAT.format("", "after"))
            assert client.closed is not None, said
            self.assertIn(b"<invalid-from ", client.closed.inner)
            self.assertEqual(self.romeo.taken(), [])
            client.close("error")
        self.assertIsNone(self.juliet.closed)

    def test_presence_and_iq_too(self) -> None:
        for stanza in (
            "<presence from='romeo@example.com'/>",
            "<iq type='result' id='1' from='romeo@example.com'/>",
        ):
            client = self.house.client("juliet", "x")
            client.send(stanza)
            self.assertIsNotNone(client.closed)

    def test_subscriptions_come_from_the_bare_jid(self) -> None:
        """RFC 6121, 3.1.2."""
        self.juliet.send("<presence to='romeo@remote.test/x' type='subscribe'/>")
        [request] = self.house.left
        self.assertEqual((request.to, request.sender), ("romeo@remote.test", "juliet@example.com"))


class LanguageTest(SynchronousTestCase):
    """RFC 6120, 4.7.4: the stream's language holds where a stanza has none."""

    def test_language(self) -> None:
        house = House()
        juliet = house.client("juliet", lang="de")
        romeo = house.client("romeo", "orchard")
        juliet.send(CHAT.format("", "a"), CHAT.format(" xml:lang='fr'", "b"))
        romeo.send("<message to='juliet@example.com/balcony'><body>c</body></message>")
        self.assertEqual([item.lang for item in romeo.taken()], ["de", "fr"])
        self.assertEqual([item.lang for item in juliet.taken()], [None])


class IqTest(OutgoingTestCase):
    def error(self, xml: str) -> tuple[str, str]:
        [answer] = self._answers(xml)
        self.assertEqual(answer.type, "error")
        found = error_of(answer)
        return found.type, found.condition

    def _answers(self, xml: str) -> list[Stanza]:
        self.juliet.send(xml)
        return self.juliet.taken()

    def test_malformed(self) -> None:
        """S13; RFC 6120, 8.2.3."""
        for xml in (
            "<iq type='get'><query xmlns='u:x'/></iq>",
            "<iq id='1'><query xmlns='u:x'/></iq>",
            "<iq id='1' type='foo'><query xmlns='u:x'/></iq>",
            "<iq id='1' type='get'/>",
            "<iq id='1' type='set'><a xmlns='u:x'/><b xmlns='u:x'/></iq>",
            "<iq id='1' type='get' to='romeo@example.com/orchard'/>",
        ):
            self.assertEqual(self.error(xml), ("modify", "bad-request"), xml)
        self.assertEqual(self.romeo.taken(), [])

    def test_unknown_payload(self) -> None:
        """S12 and 8.2.3: whoever it was for, it is answered."""
        for to in (
            "",
            "to='juliet@example.com'",
            "to='example.com'",
            "to='romeo@example.com'",
            "to='nobody@example.com'",
            "to='nobody@example.com/x'",
            "to='romeo@example.com/gone'",
        ):
            for type in "get", "set":
                xml = f"<iq {to} type='{type}' id='1'><query xmlns='u:x'/></iq>"
                self.assertEqual(self.error(xml), ("cancel", "service-unavailable"), xml)

    def test_answer_comes_from_whom_it_was_sent_to(self) -> None:
        """10.3.3: without `to` that is one's own account."""
        for to, sender in (("", "juliet@example.com"), ("to='example.com'", "example.com")):
            [answer] = self._answers(f"<iq {to} type='get' id='1'><query xmlns='u:x'/></iq>")
            self.assertEqual((answer.id, answer.sender, answer.to), ("1", sender, self.juliet.jid))

    def test_strange_answers_vanish(self) -> None:
        """S14: no answer to an answer, no error to an error."""
        for to in (
            "",
            "to='example.com'",
            "to='romeo@example.com'",
            "to='nobody@example.com'",
            "to='romeo@example.com/gone'",
            "to='x@example.com/y'",
        ):
            for type in "result", "error":
                self.assertEqual(self._answers(f"<iq {to} type='{type}' id='1'/>"), [], to)
        self.assertEqual(self._answers("<iq type='result'/>"), [])
        self.assertEqual(self._answers("<message type='error' to='a&#64;@b'/>"), [])
        self.assertEqual(self.romeo.taken(), [])

    def test_answers_reach_clients(self) -> None:
        self.juliet.send("<iq to='romeo@example.com/orchard' type='result' id='7'/>")
        [answer] = self.romeo.taken()
        self.assertEqual((answer.id, answer.sender), ("7", self.juliet.jid))

    def test_roster_pushes_are_not_passed_on(self) -> None:
        """S24; RFC 6121, 2.1.6."""
        query = "<query xmlns='jabber:iq:roster'><item jid='evil@example.com'/></query>"
        xml = f"<iq to='romeo@example.com/orchard' type='set' id='1'>{query}</iq>"
        self.assertEqual(self.error(xml), ("cancel", "service-unavailable"))
        self.house.from_outside(xml.replace("<iq ", "<iq from='evil@remote.test/x' "))
        self.assertEqual(condition_of(self.house.left.pop()), "service-unavailable")
        self.assertEqual(self.romeo.taken(), [])

    def test_bad_address(self) -> None:
        """S11: jid-malformed, by our domain; the stream lives."""
        for xml in (
            "<message to='' id='1'/>",
            "<presence to='@b' id='1'/>",
            "<iq to='a@' id='1' type='get'><q xmlns='u:x'/></iq>",
        ):
            [answer] = self._answers(xml)
            self.assertEqual((answer.type, answer.id, answer.sender), ("error", "1", "example.com"))
            self.assertEqual(error_of(answer).condition, "jid-malformed")
        self.assertEqual(self._answers("<message to='@b' type='error' id='1'/>"), [])


class Hooks(Extension):
    """Does with a message what its body says."""

    def setup(self) -> None:
        self.waiting: list[Deferred[Any]] = []
        self.noted: list[str | None] = []
        self.host.hooks = self

    @on(Sent.CHECK)
    def check(self, stanza: Stanza, session: Any) -> Any:
        word = stanza.text("", "body") or stanza.text("", "status")
        if word == "raise":
            raise RuntimeError("a bug in a hook")
        if word == "refuse":
            raise StanzaError("not-acceptable")
        if word == "drop":
            return DROP
        if word == "wait":
            waiting: Deferred[Any] = Deferred()
            self.waiting.append(waiting)
            return waiting
        return stanza.adding(b"<marked/>") if word == "mark" else None

    @on(Sent.NOTE, "message")
    def note(self, stanza: Stanza, session: Any) -> None:
        self.noted.append(stanza.text("", "body"))
        if stanza.text("", "body") == "note fails":
            raise RuntimeError("a bug in another hook")

    @iq("get", "u:broken", "query", to=OWN_ACCOUNT)
    def broken(self, request: Stanza) -> Stanza:
        raise RuntimeError("a bug in a handler")


class HookTest(OutgoingTestCase):
    extensions = (Hooks,)

    @property
    def hooks(self) -> Any:
        return self.house.host.hooks  # type: ignore[union-attr]

    def say(self, *words: str) -> None:
        self.juliet.send(*[CHAT.format("", word) for word in words])

    def test_verdicts(self) -> None:
        self.say("a", "drop", "refuse", "mark")
        self.assertEqual(bodies(self.romeo.taken()), ["a", "mark"])
        [answer] = self.juliet.taken()
        self.assertEqual(condition_of(answer), "not-acceptable")
        self.assertEqual(self.hooks.noted, ["a", "mark"])

    def test_a_hook_that_raises_costs_one_stanza(self) -> None:
        self.say("a", "raise", "b")
        self.assertEqual(bodies(self.romeo.taken()), ["a", "b"])
        [answer] = self.juliet.taken()
        self.assertEqual(condition_of(answer), "internal-server-error")
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_a_note_that_raises_costs_nothing(self) -> None:
        self.say("note fails", "b")
        self.assertEqual(bodies(self.romeo.taken()), ["note fails", "b"])
        self.assertEqual(self.juliet.taken(), [])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_a_handler_that_raises(self) -> None:
        answer = self.juliet.answer("<iq type='get' id='1'><query xmlns='u:broken'/></iq>")
        self.assertEqual(condition_of(answer), "internal-server-error")
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_awaited_hooks_hold_their_sender_only(self) -> None:
        self.say("a", "wait", "b")
        self.say("wait", "c")
        other = self.house.client("juliet", "other")
        other.send(CHAT.format("", "other"))
        self.assertEqual(bodies(self.romeo.taken()), ["a", "other"])
        self.hooks.waiting.pop(0).callback(None)
        self.house.settle()
        self.assertEqual(bodies(self.romeo.taken()), ["wait", "b"])
        self.hooks.waiting.pop(0).callback(DROP)
        self.house.settle()
        self.say("d")
        self.assertEqual(bodies(self.romeo.taken()), ["c", "d"])

    def test_awaited_hooks_that_fail(self) -> None:
        self.say("wait", "wait", "a")
        self.hooks.waiting.pop(0).errback(StanzaError("not-allowed"))
        self.hooks.waiting.pop(0).errback(RuntimeError("a bug"))
        self.house.settle()
        conditions = [condition_of(answer) for answer in self.juliet.taken()]
        self.assertEqual(conditions, ["not-allowed", "internal-server-error"])
        self.assertEqual(bodies(self.romeo.taken()), ["a"])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_a_close_waits_too(self) -> None:
        """What was sent before `</stream>` is delivered (RFC 6120, 4.4)."""
        self.romeo.send("<presence/>")
        self.say("wait", "b")
        self.juliet.close()
        self.hooks.waiting.pop().callback(None)
        self.house.settle()
        self.assertEqual(bodies(self.romeo.taken()[1:]), ["wait", "b"])
        self.assertEqual(self.house.manager.sessions.keys(), {self.romeo.session})

    def test_presence_that_waited_too_long(self) -> None:
        """Nobody sees a session that has ended."""
        other = self.house.client("juliet", "other")
        other.send("<presence/>")
        self.juliet.send("<presence><status>wait</status></presence>")
        self.house.client("juliet", "balcony")  # takes the resource
        other.taken()
        self.hooks.waiting.pop().callback(None)
        self.house.settle()
        self.assertEqual(other.taken(), [])

    def test_many_wait(self) -> None:
        """The stack does not grow with what waits."""
        self.say("wait", *["x"] * 2000)
        self.hooks.waiting.pop().callback(None)
        self.house.settle()
        self.assertEqual(len(self.hooks.noted), 2001)

    def test_changed_stanza_is_the_one_passed_on(self) -> None:
        self.say("mark")
        [message] = self.romeo.taken()
        self.assertTrue(parse_stanza(message.to_bytes()).has("", "marked"))


class SubscriptionOrderTest(OutgoingTestCase):
    def test_messages_do_not_overtake_subscriptions(self) -> None:
        """RFC 6120, 10.1: one sender's stanzas to one recipient stay in order."""
        self.juliet.send(
            "<presence to='nurse@remote.test' type='subscribe'/>",
            "<message to='nurse@remote.test'/>",
        )
        self.assertEqual([item.name for item in self.house.left], ["presence", "message"])
