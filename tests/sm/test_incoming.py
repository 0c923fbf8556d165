"""What comes for accounts: hooks of the receiving side, their order and their failures."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.component.extension import Extension, on
from xmppd.component.requests import condition_of
from xmppd.component.stages import DROP, Received
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.stanza import Stanza
from xmppd.sm.incoming import MAX_LINE

A, B = "a@remote.test/1", "b@remote.test/1"


class Hooks(Extension):
    """Does with a message what its body says."""

    def setup(self) -> None:
        self.waiting: list[Deferred[Any]] = []
        self.kept: list[str | None] = []
        self.noted: list[str | None] = []
        self.host.hooks = self

    def wait(self) -> Deferred[Any]:
        waiting: Deferred[Any] = Deferred()
        self.waiting.append(waiting)
        return waiting

    @on(Received.CHECK)
    def check(self, stanza: Stanza, user: Any) -> Any:
        word = stanza.text("", "body") or stanza.text("", "status")
        if word == "raise":
            raise RuntimeError("a bug in a hook")
        if word == "refuse":
            raise StanzaError("not-acceptable")
        if word == "drop":
            return DROP
        return self.wait() if word == "wait" else None

    @on(Received.PICK, "message")
    def pick(self, stanza: Stanza, user: Any, sessions: Any) -> Any:
        if stanza.text("", "body") == "pick fails":
            raise RuntimeError("a bug in a hook")
        return [] if stanza.text("", "body") == "pick none" else None

    @on(Received.NOTE, "message")
    def note(self, stanza: Stanza, user: Any, sessions: Any) -> None:
        self.noted.append(stanza.text("", "body"))
        if stanza.text("", "body") == "note fails":
            raise RuntimeError("a bug in a hook")

    @on(Received.MISSED, "message")
    def missed(self, stanza: Stanza, user: Any) -> Any:
        word = stanza.text("", "body")
        if word == "missed fails":
            raise RuntimeError("a bug in a hook")
        if word == "not mine":
            return None
        self.kept.append(word)
        return self.wait() if word == "wait to keep" else True


class IncomingTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House([Hooks])
        self.hooks: Any = self.house.host.hooks  # type: ignore[union-attr]
        self.romeo = self.house.client("romeo", "orchard")
        self.romeo.send("<presence/>")
        self.romeo.taken()

    def say(self, sender: str, *words: str, to: str = "romeo@example.com") -> None:
        for word in words:
            self.house.from_outside(
                f"<message from='{sender}' to='{to}' id='m'><body>{word}</body></message>"
            )

    def heard(self) -> list[str | None]:
        return [stanza.text("", "body") for stanza in self.romeo.taken()]

    def refusals(self) -> list[tuple[str, str]]:
        left, self.house.left[:] = list(self.house.left), []
        return [(stanza.to, condition_of(stanza)) for stanza in left]

    def test_verdicts(self) -> None:
        self.say(A, "a", "drop", "refuse", "b")
        self.assertEqual(self.heard(), ["a", "b"])
        self.assertEqual(self.refusals(), [(A, "not-acceptable")])

    def test_failures_cost_one_stanza(self) -> None:
        self.say(A, "raise", "pick fails", "note fails", "b")
        self.assertEqual(self.heard(), ["note fails", "b"])
        self.assertEqual(self.refusals(), [(A, "internal-server-error")] * 2)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 3)

    def test_missed(self) -> None:
        self.romeo.send("<presence type='unavailable'/>")
        self.say(A, "kept", "not mine", "missed fails")
        self.assertEqual(self.hooks.kept, ["kept"])
        self.assertEqual(
            self.refusals(), [(A, "service-unavailable"), (A, "internal-server-error")]
        )
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_the_sender_waits_in_order(self) -> None:
        """What one sender sends stays in order; others do not wait."""
        self.say(A, "a", "wait", "b", "wait", "c")
        self.say(B, "other")
        self.assertEqual(self.heard(), ["a", "other"])
        self.hooks.waiting.pop().callback(None)
        self.assertEqual(len(self.hooks.waiting), 1)
        self.say(A, "d")
        self.hooks.waiting.pop().callback(DROP)
        self.house.settle()
        self.assertEqual(self.heard(), ["wait", "b", "c", "d"])

    def test_presence_waits_behind_messages(self) -> None:
        self.say(A, "wait")
        self.house.from_outside(f"<presence from='{A}' to='romeo@example.com'/>")
        self.assertEqual(self.romeo.taken(), [])
        self.hooks.waiting.pop().callback(None)
        self.house.settle()
        self.assertEqual([item.name for item in self.romeo.taken()], ["message", "presence"])

    def test_failed_waiting(self) -> None:
        self.say(A, "wait", "wait", "a")
        self.hooks.waiting.pop(0).errback(StanzaError("not-allowed"))
        self.hooks.waiting.pop(0).errback(RuntimeError("a bug"))
        self.house.settle()
        self.assertEqual(self.heard(), ["a"])
        self.assertEqual(self.refusals(), [(A, "not-allowed"), (A, "internal-server-error")])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_keeping_is_waited_for(self) -> None:
        self.romeo.send("<presence type='unavailable'/>")
        self.say(A, "wait to keep", "second")
        self.say(B, "other")
        self.assertEqual(self.hooks.kept, ["wait to keep", "other"])
        self.hooks.waiting.pop().callback(False)
        self.house.settle()
        self.assertEqual(self.hooks.kept, ["wait to keep", "other", "second"])
        self.assertEqual(self.refusals(), [(A, "service-unavailable")])

    def test_lines_are_bounded(self) -> None:
        self.say(A, "wait", *["x"] * (MAX_LINE + 1))
        self.assertEqual(self.refusals(), [(A, "resource-constraint")])
        self.hooks.waiting.pop().callback(None)
        self.house.settle()
        self.assertEqual(self.hooks.noted, ["wait", *["x"] * MAX_LINE])

    def test_pick_may_pick_nobody(self) -> None:
        self.say(A, "pick none", "a")
        self.assertEqual(self.heard(), ["a"])

    def test_no_account_no_hooks(self) -> None:
        self.say(A, "wait", to="nobody@example.com")
        self.assertEqual(self.hooks.waiting, [])
        self.assertEqual(self.refusals(), [(A, "service-unavailable")])


class UnreadableStoreTest(SynchronousTestCase):
    """What cannot be read now is not the same as what is not there."""

    def test_an_account_that_cannot_be_loaded(self) -> None:
        house = House()
        assert house.host is not None
        failing = house.host.realm
        failing.requestAvatar = _broken  # type: ignore[method-assign]
        for kind in (
            "presence type='probe'",
            "presence type='subscribe'",
            "message",
            "iq type='get' id='1'",
        ):
            name = kind.partition(" ")[0]
            house.from_outside(
                f"<{kind} from='{A}' to='romeo@example.com'><q xmlns='u:x'/></{name}>"
            )
        types = [(item.name, item.type) for item in house.left]
        self.assertEqual(types, [("presence", "error"), ("message", "error"), ("iq", "error")])
        for item in house.left:
            self.assertEqual(condition_of(item), "internal-server-error")
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 4)


def _broken(*_: object) -> Any:
    raise OSError("the disk is on fire")
