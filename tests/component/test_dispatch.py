from typing import Any, ClassVar

from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from xmppd.component.dispatch import Dispatch, answer_to, ordered
from xmppd.component.extension import (
    ACCOUNT,
    HOST,
    OWN_ACCOUNT,
    SERIAL,
    Extension,
    Parallel,
    SessionExtension,
    Target,
    iq,
    on,
)
from xmppd.component.stages import Hook, Life, Received, Sent
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

STANZA = Stanza.make("message")
ROMEO, HERE = Jid("romeo@example.net/x"), Jid("example.com")


def request(type: str = "get", ns: str = "u", name: str = "q") -> Stanza:
    payload = f"<{name} xmlns='{ns}'/>".encode()
    return Stanza.make("iq", payload, type=type, id="1", to=HERE, sender=ROMEO)


class Named(Extension):
    """An extension of a name given by the test."""

    def __init__(self, name: str = "", after: tuple[str, ...] = ()) -> None:
        self.given = name
        self.after = after  # type: ignore[misc]

    def title(self) -> str:  # type: ignore[override]
        return self.given


class OrderTests(SynchronousTestCase):
    def order(self, *extensions: tuple[str, tuple[str, ...]]) -> str:
        made = [Named(name, after) for name, after in extensions]
        return "".join(extension.title() for extension in ordered(made))

    def test_as_given(self) -> None:
        self.assertEqual(self.order(("c", ()), ("a", ()), ("b", ())), "cab")
        self.assertEqual(self.order(), "")

    def test_after(self) -> None:
        self.assertEqual(self.order(("a", ("c",)), ("b", ()), ("c", ())), "bca")
        self.assertEqual(self.order(("a", ("b",)), ("b", ("c",)), ("c", ())), "cba")

    def test_after_what_is_not_there(self) -> None:
        self.assertEqual(self.order(("a", ("x",)), ("b", ())), "ab")

    def test_circle(self) -> None:
        for circle in ([("a", ("a",))], [("a", ("b",)), ("b", ("c",)), ("c", ("a",))]):
            error = self.assertRaises(ValueError, self.order, *circle)
            self.assertIn("wait for each other", str(error))

    def test_needs(self) -> None:
        """What an extension cannot run without must be there, in whatever order."""
        needing, needed = Named("a"), Named("b")
        needing.needs = ("b",)  # type: ignore[misc]
        self.assertEqual(ordered([needing, needed]), [needing, needed])
        error = self.assertRaises(ValueError, ordered, [needing])
        self.assertEqual(str(error), "a needs b: enable that, or disable a")

    def test_same_name(self) -> None:
        self.assertRaises(ValueError, self.order, ("a", ()), ("a", ()))


class First(Extension):
    name = "first"

    @on(Sent.NOTE, "message")
    def second_hook(self, stanza: Stanza, session: object) -> None:
        pass

    @on(Sent.NOTE)
    @on(Received.MARK, "presence")
    def first_hook(self, stanza: Stanza, session: object) -> None:
        pass

    @on(Life.OPENED)
    def opened(self, session: object) -> None:
        pass

    @iq("get", "u", "q", to=HOST | ACCOUNT)
    @iq("set", "u", "q", to=OWN_ACCOUNT)
    def handle(self, request: Stanza) -> Stanza:
        return request.reply(b"<first/>")


class Heir(First):
    """Inherits what it does not replace."""

    name = "heir"

    def handle(self, request: Stanza) -> Stanza:
        return request.reply(b"<heir/>")


class Particular(Extension):
    """Hooks for some messages only."""

    @on(Received.MISSED, "message", ("u", "q"))
    def query(self, stanza: Stanza, user: object) -> None:
        pass

    @on(Received.MISSED, noted=str)
    def noted(self, stanza: Stanza, user: object) -> None:
        pass


class Second(SessionExtension):
    name = "second"
    after: ClassVar[tuple[str, ...]] = ("first",)

    @on(Sent.CHECK, "message")
    @on(Sent.MARK, "message")
    @on(Sent.NOTE, "message")
    def hook(self, stanza: Stanza, session: object) -> None:
        pass

    @iq("get", "u", "session", to=OWN_ACCOUNT)
    def handle(self, request: Stanza, session: str) -> Stanza:
        return request.reply(session.encode())


class DispatchTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.second, self.first = Second(None, None), First(None, None)
        self.dispatch = Dispatch([self.second, self.first])

    def handled(self, target: Target, iq: Stanza) -> Any:
        handler = self.dispatch.handler(target, iq)
        return None if handler is None else handler(iq, "session").inner

    def test_handlers(self) -> None:
        for target, type, found in (
            (HOST, "get", b"<first/>"),
            (ACCOUNT, "get", b"<first/>"),
            (OWN_ACCOUNT, "get", None),
            (OWN_ACCOUNT, "set", b"<first/>"),
            (HOST, "set", None),
            (HOST, "result", None),
        ):
            self.assertEqual(self.handled(target, request(type)), found)
        self.assertIsNone(self.handled(HOST, request(ns="v")))
        self.assertIsNone(self.handled(HOST, request(name="r")))
        self.assertIsNone(self.handled(HOST, Stanza.make("iq", type="get")))

    def test_session(self) -> None:
        """Only a session extension is given it."""
        self.assertEqual(self.handled(OWN_ACCOUNT, request(name="session")), b"session")

    def test_two_handlers(self) -> None:
        error = self.assertRaises(ValueError, Dispatch, [self.first, HeirWithHandler(None, None)])
        self.assertIn("{u}q", str(error))

    def test_inherited(self) -> None:
        """What a subclass replaces without declaring it anew is not registered."""
        dispatch = Dispatch([Heir(None, None)])
        self.assertIsNone(dispatch.handler(HOST, request()))
        self.assertEqual(len(dispatch.hooks(Sent.NOTE, "message")), 2)

    def test_hooks(self) -> None:
        """By `after` between extensions, as in the source within one."""
        self.assertEqual(
            self.dispatch.hooks(Sent.NOTE, "message"),
            (self.first.second_hook, self.first.first_hook, self.second.hook),
        )
        for kind in ("presence", "iq", None):
            self.assertEqual(self.dispatch.hooks(Sent.NOTE, kind), (self.first.first_hook,))
        self.assertEqual(self.dispatch.hooks(Life.OPENED), (self.first.opened,))
        self.assertEqual(self.dispatch.hooks(Received.PICK, "message"), ())

    def test_check_and_mark(self) -> None:
        found, hook = self.dispatch, self.second.hook
        self.assertEqual(found.sent["message"].of(STANZA, {}), (hook, hook))
        self.assertEqual(found.sent["iq"].of(STANZA, {}), ())
        self.assertEqual(found.received["presence"].of(STANZA, {}), (self.first.first_hook,))

    def test_conditions(self) -> None:
        """Each stage has its own, and `hooks` heeds none."""
        particular = Particular(None, None)
        found = Dispatch([particular])
        having = Stanza.make("message", b"<q xmlns='u'/>")
        conditions: list[tuple[Stanza, dict[type, object], tuple[Hook, ...]]] = [
            (STANZA, {}, ()),
            (having, {}, (particular.query,)),
            (STANZA, {str: ""}, (particular.noted,)),
        ]
        for stanza, notes, hooks in conditions:
            self.assertEqual(found.received_missed["message"].of(stanza, notes), hooks)
            self.assertEqual(found.received_note["message"].of(stanza, notes), ())
        both = particular.query, particular.noted
        self.assertEqual(found.hooks(Received.MISSED, "message"), both)


class HeirWithHandler(First):
    name = "other"

    @iq("get", "u", "q", to=HOST)
    def another(self, request: Stanza) -> Stanza:
        return request.reply()

    def handle(self, request: Stanza) -> Stanza:
        return request.reply()


class Slow(Extension):
    """Answers when told to."""

    name = "slow"

    def setup(self) -> None:
        self.working: list[Deferred[Stanza]] = []

    def work(self, request: Stanza) -> Deferred[Stanza]:
        self.working.append(Deferred())
        return self.working[-1]

    @iq("get", "u", "inline", to=HOST)
    def inline(self, request: Stanza) -> Deferred[Stanza]:
        return self.work(request)

    @iq("get", "u", "another", to=HOST, discipline=SERIAL)
    @iq("get", "u", "serial", to=HOST, discipline=SERIAL)
    async def serial(self, request: Stanza) -> Stanza:
        return await self.work(request)

    @iq("get", "u", "parallel", to=HOST, discipline=Parallel(2))
    def parallel(self, request: Stanza) -> Deferred[Stanza]:
        return self.work(request)


class DisciplineTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.slow = Slow(None, None)
        self.dispatch = Dispatch([self.slow])

    def ask(self, name: str, number: int) -> list[Any]:
        asked = request(name=name)
        handler = self.dispatch.handler(HOST, asked)
        assert handler is not None
        return [answer_to(asked, handler, None, self.failed) for _ in range(number)]

    def failed(self) -> None:
        raise AssertionError("a handler failed")

    def test_inline(self) -> None:
        self.ask("inline", 5)
        self.assertEqual(len(self.slow.working), 5)

    def test_serial(self) -> None:
        answers = self.ask("serial", 3)
        for number in range(3):
            self.assertEqual(len(self.slow.working), number + 1)
            answer = request().reply()
            self.slow.working[number].callback(answer)
            self.assertIs(self.successResultOf(answers[number]), answer)

    def test_one_method_for_several_requests(self) -> None:
        """It is the method that does one after the other, whatever it is asked by."""
        self.ask("serial", 1)
        self.ask("another", 1)
        self.assertEqual(len(self.slow.working), 1)

    def test_serial_goes_on_after_an_error(self) -> None:
        answers = self.ask("serial", 2)
        self.slow.working[0].errback(StanzaError("conflict"))
        self.assertEqual(self.successResultOf(answers[0]).type, "error")
        self.assertEqual(len(self.slow.working), 2)

    def test_parallel(self) -> None:
        self.ask("parallel", 5)
        self.assertEqual(len(self.slow.working), 2)
        self.slow.working[1].callback(request().reply())
        self.assertEqual(len(self.slow.working), 3)


class AnswerTests(SynchronousTestCase):
    """Whatever a handler does, its request is answered, once."""

    def setUp(self) -> None:
        self.failures = 0

    def failed(self) -> None:
        self.failures += 1

    def answer(self, result: object) -> Stanza:
        def handler(request: Stanza, session: object) -> object:
            if isinstance(result, Exception):
                raise result
            return result

        answer = answer_to(request(), handler, None, self.failed)
        return self.successResultOf(answer) if isinstance(answer, Deferred) else answer

    def check(self, result: object, condition: str, failures: int) -> None:
        self.failures = 0
        answer = self.answer(result)
        self.assertEqual((answer.type, answer.to, answer.id), ("error", ROMEO, "1"))
        self.assertIn(condition.encode(), answer.inner)
        self.assertEqual(self.failures, failures)

    def test_answer(self) -> None:
        reply = request().reply()
        self.assertIs(self.answer(reply), reply)
        self.assertIs(self.answer(succeed(reply)), reply)
        self.assertIs(self.answer(self.coroutine(reply)), reply)

    async def coroutine(self, result: object) -> object:
        if isinstance(result, Exception):
            raise result
        return result

    def test_errors(self) -> None:
        for error, condition, failures in (
            (StanzaError("conflict"), "conflict", 0),
            (RuntimeError(), "internal-server-error", 1),
        ):
            self.check(error, condition, failures)
            self.check(fail(error), condition, failures)
            self.check(self.coroutine(error), condition, failures)

    def test_no_answer(self) -> None:
        for nothing in (None, True, succeed(None), self.coroutine("x")):
            self.check(nothing, "internal-server-error", 1)

    def test_failure_can_be_logged(self) -> None:
        """`failed` is called while the exception is at hand."""
        for result in (RuntimeError("x"), fail(RuntimeError("x"))):
            seen: list[str] = []

            def failed(seen: list[str] = seen) -> None:
                try:
                    raise
                except RuntimeError as error:
                    seen.append(str(error))

            def handler(request: Stanza, session: object, result: Any = result) -> object:
                if isinstance(result, Exception):
                    raise result
                return result

            answer_to(request(), handler, None, failed)
            self.assertEqual(seen, ["x"])
