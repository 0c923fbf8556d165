"""A host: accounts in memory, requests of its own, answers to iqs."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from tests.sm.test_presence import ROSTER, subscribe
from xmppd.component.extension import ACCOUNT, HOST, SERIAL, Extension, SessionExtension, iq, on
from xmppd.component.requests import condition_of
from xmppd.component.stages import Life
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.sm.user import User
from xmppd.storage.interfaces import Full, ReadOnly


class SlowRealm:
    """A realm that answers when it is told to."""

    def __init__(self, realm: Any) -> None:
        self._realm = realm
        self.asked: list[tuple[Deferred[None], Any]] = []

    def requestAvatar(self, name: bytes, mind: Any, *interfaces: Any) -> Deferred[Any]:
        waiting: Deferred[None] = Deferred()
        self.asked.append((waiting, name))
        return waiting.addCallback(lambda _: self._realm.requestAvatar(name, mind, *interfaces))

    def answer(self) -> None:
        self.asked.pop(0)[0].callback(None)


class Remembering(Extension):
    """Notes something of accounts before they are there."""

    name = "remembering"

    def setup(self) -> None:
        self.waiting: list[Deferred[None]] = []

    @on(Life.LOADED)
    def load(self, user: User) -> Deferred[None] | None:
        if user.jid.local == "juliet":
            user.notes[Remembering] = "at once"
            return None
        waiting: Deferred[None] = Deferred()
        self.waiting.append(waiting)
        return waiting.addCallback(lambda _: user.notes.__setitem__(Remembering, "later"))


class LoadedTest(SynchronousTestCase):
    """Hooks of Life.LOADED."""

    def setUp(self) -> None:
        self.house = House([Remembering])
        assert self.house.host is not None
        self.host = self.house.host
        [self.extension] = [
            one for one in self.host.dispatch.extensions if isinstance(one, Remembering)
        ]

    def test_at_once(self) -> None:
        self.house.client("juliet")
        self.assertEqual(self.host.users["juliet"].notes, {Remembering: "at once"})

    def test_nothing_is_handled_before(self) -> None:
        found = self.host.user("romeo")
        self.house.settle()
        self.assertNoResult(found)
        self.assertNotIn("romeo", self.host.users)
        self.extension.waiting.pop().callback(None)
        user = self.successResultOf(found)
        assert user is not None
        self.assertEqual(user.notes, {Remembering: "later"})

    def test_failure(self) -> None:
        """The account cannot be loaded now; the next time it is tried again."""
        found = self.host.user("romeo")
        self.house.settle()
        self.extension.waiting.pop().errback(ValueError())
        self.failureResultOf(found, ValueError)
        again = self.host.user("romeo")
        self.house.settle()
        self.extension.waiting.pop().callback(None)
        self.assertIsNotNone(self.successResultOf(again))


class LoadingTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        host = self.house.host
        assert host is not None
        self.host = host
        self.realm = SlowRealm(host.realm)
        host.realm = self.realm

    def test_in_order_and_once(self) -> None:
        """Stanzas for an account that is being loaded are handled in their order."""
        for number in range(3):
            self.house.from_outside(
                f"<message from='a@remote.test' to='romeo@example.com' id='{number}'/>"
            )
        self.house.from_outside("<message from='a@remote.test' to='nobody@example.com' id='x'/>")
        self.assertEqual([name for _, name in self.realm.asked], [b"romeo", b"nobody"])
        self.assertEqual(self.house.left, [])
        self.realm.answer()
        self.realm.answer()
        self.assertEqual([item.id for item in self.house.left], ["0", "1", "2", "x"])

    def test_login_meanwhile(self) -> None:
        """There is never a second copy of an account."""
        found = self.host.user("romeo")
        romeo = self.house.client("romeo")
        user = self.host.users["romeo"]
        self.realm.answer()
        self.assertIs(self.successResultOf(found), user)
        self.assertEqual(list(user.sessions), [romeo.jid.resource])
        self.assertNotIn("romeo", self.host.residents._idle)

    def test_failure(self) -> None:
        """Who asks hears of it; the next one asks anew."""
        found = [self.host.user("romeo"), self.host.user("romeo")]
        self.realm.asked.pop()[0].errback(OSError("no disk"))
        for one in found:
            self.failureResultOf(one, OSError)
        again = self.host.user("romeo")
        self.realm.answer()
        self.assertIsNotNone(self.successResultOf(again))

    def test_nobody(self) -> None:
        found = self.host.user("nobody")
        self.realm.answer()
        self.assertIsNone(self.successResultOf(found))
        self.assertNotIn("nobody", self.host.users)


class AskTest(SynchronousTestCase):
    """S15: an answer counts only from whom was asked."""

    def test_answers(self) -> None:
        house = House()
        host = house.host
        assert host is not None
        to = Jid.parse("a@remote.test/x")
        asked = host.ask(Stanza.make("iq", to=to, sender=host.jid, type="get"))
        [request] = house.left
        answer = "<iq type='result' id='{}' from='{}' to='example.com'/>"
        for sender in "b@remote.test/x", "a@remote.test", "remote.test":
            house.from_outside(answer.format(request.id, sender))
            self.assertNoResult(asked)
        house.from_outside(answer.format("x", to))
        self.assertNoResult(asked)
        house.from_outside(answer.format(request.id, to))
        self.assertEqual(self.successResultOf(asked).sender, to)
        house.from_outside(answer.format(request.id, to))
        self.assertEqual(len(house.left), 1)

    def test_silence(self) -> None:
        house = House()
        host = house.host
        assert host is not None
        to = Jid.parse("a@remote.test/x")
        asked = host.ask(Stanza.make("iq", to=to, sender=host.jid, type="get"), timeout=5)
        house.settle(6)
        self.failureResultOf(asked, StanzaError)
        self.assertEqual(house.clock.getDelayedCalls(), [])


class Handlers(SessionExtension):
    def setup(self) -> None:
        self.sessions: list[Any] = []
        self.waiting: list[Deferred[Any]] = []
        self.moments: list[tuple[str, str]] = []
        self.host.handlers = self

    @iq("get", "u:x", "query", to=HOST | ACCOUNT)
    def get(self, request: Stanza, session: Any) -> Stanza:
        self.sessions.append(session)
        return request.reply()

    @iq("set", "u:x", "query", to=HOST, discipline=SERIAL)
    def slow(self, request: Stanza, session: Any) -> Deferred[Any]:
        self.waiting.append(Deferred())
        return self.waiting[-1].addCallback(lambda _: request.reply())

    @on(Life.OPENED)
    @on(Life.AVAILABLE)
    @on(Life.PRESENCE)
    @on(Life.UNAVAILABLE)
    @on(Life.CLOSED)
    def moment(self, session: Any) -> None:
        self.moments.append((session.jid.resource, "available" if session.presence else "not"))
        raise RuntimeError("a bug in a hook")


class FailedTest(SynchronousTestCase):
    def setUp(self) -> None:
        host = House().host
        assert host is not None
        self.host = host

    def test_fault_of_ours(self) -> None:
        self.host.failed(Failure(TypeError("ours")))
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)

    def test_storage_that_refuses(self) -> None:
        """It has said so itself, once; each stanza that comes adds nothing."""
        with capturedLogs() as events:
            self.host.failed(Failure(Full("a")))
            self.host.failed(Failure(ReadOnly("a")))
        self.assertEqual(events, [])


class HandlersTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House([Handlers])
        self.handlers: Any = self.house.host.handlers  # type: ignore[union-attr]
        self.juliet = self.house.client("juliet")

    def tearDown(self) -> None:
        self.flushLoggedErrors(RuntimeError)

    def test_sessions_of_handlers(self) -> None:
        """Handlers get the sender's session where it is of this host, else None."""
        xml = "<iq {}type='get' id='1' to='{}'><query xmlns='u:x'/></iq>"
        for to in "example.com", "romeo@example.com", "nobody@example.com":
            self.assertEqual(self.juliet.answer(xml.format("", to)).type, "result")
            self.house.from_outside(xml.format("from='juliet@remote.test/balcony' ", to))
        session = self.house.manager.sessions[self.juliet.session]
        self.assertEqual(self.handlers.sessions, [session, None, None, None, None, None])
        self.assertEqual({item.type for item in self.house.left}, {"result"})

    def test_slow_handlers_hold_up_nothing(self) -> None:
        xml = "<iq type='{}' id='{}' to='example.com'><query xmlns='u:x'/></iq>"
        self.juliet.send(xml.format("set", 1), xml.format("set", 2), xml.format("get", 3))
        self.assertEqual([item.id for item in self.juliet.taken()], ["3"])
        self.assertEqual(len(self.handlers.waiting), 1)
        for number in "1", "2":
            self.handlers.waiting.pop().callback(None)
            self.house.settle()
            self.assertEqual([item.id for item in self.juliet.taken()], [number])

    def test_moments(self) -> None:
        """In order, each once; what a hook raises harms nobody."""
        self.juliet.send("<presence/>", "<presence/>", "<presence type='unavailable'/>")
        self.juliet.close()
        self.assertEqual(
            [state for _, state in self.handlers.moments],
            ["not", "available", "available", "available", "not", "not"],
        )


class VisibleTest(SynchronousTestCase):
    def test_contacts_only(self) -> None:
        house = House()
        juliet, romeo = house.client("juliet"), house.client("romeo")
        for client in juliet, romeo:
            client.send(ROSTER, "<presence/>")
        subscribe(house, juliet, romeo)
        host = house.host
        assert host is not None
        request = parse_stanza(b"<iq from='juliet@example.com/x' to='romeo@example.com'/>")
        back = parse_stanza(b"<iq from='romeo@example.com/x' to='juliet@example.com'/>")
        own = parse_stanza(b"<iq from='romeo@example.com/x' to='romeo@example.com'/>")
        nobody = parse_stanza(b"<iq from='romeo@example.com/x' to='nobody@example.com'/>")
        self.assertIs(host.visible(request), host.users["romeo"])
        self.assertIsNone(host.visible(back))
        self.assertIs(host.visible(own), host.users["romeo"])
        self.assertIsNone(host.visible(nobody))


class StopTest(SynchronousTestCase):
    def test_all_are_stopped(self) -> None:
        stopped: list[str] = []

        class First(Extension):
            name = "first"

            def stop(self) -> None:
                stopped.append(self.name)
                raise RuntimeError("it will not")

        class Second(First):
            name = "second"

        house = House([First, Second])
        assert house.host is not None
        house.host.stop()
        self.assertEqual(stopped, ["second", "first"])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)
        self.assertEqual(
            condition_of(
                house.client("juliet").answer("<iq type='get' id='1'><q xmlns='u:y'/></iq>")
            ),
            "service-unavailable",
        )
