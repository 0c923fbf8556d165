from collections.abc import Generator
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from xmppd.component.stages import DROP, Hook, deferred, walk
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.stanza import Stanza

STANZA, OTHER, THIRD = (Stanza.make("message", id=id) for id in "123")


class Awaited:
    """Something to await that is neither Deferred nor coroutine."""

    def __init__(self, inner: Deferred[Any]) -> None:
        self.inner = inner

    def __await__(self) -> Generator[Any, Any, Any]:
        return self.inner.__await__()


class WalkTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.seen: list[tuple[str, Stanza, object]] = []

    def hook(self, name: str, result: object) -> Hook:
        def called(stanza: Stanza, subject: object) -> object:
            self.seen.append((name, stanza, subject))
            if isinstance(result, Exception):
                raise result
            return result

        return called

    def walk(self, *results: object) -> Any:
        """Walk along hooks with these results."""
        hooks = tuple(self.hook(str(number), result) for number, result in enumerate(results))
        return walk(hooks, STANZA, self)

    def stanzas(self) -> list[Stanza]:
        """What each hook has seen."""
        return [stanza for _, stanza, _ in self.seen]

    def test_unchanged(self) -> None:
        self.assertIs(self.walk(), STANZA)
        self.assertIs(self.walk(None, None), STANZA)
        self.assertEqual(self.seen, [("0", STANZA, self), ("1", STANZA, self)])

    def test_changed(self) -> None:
        self.assertIs(self.walk(None, OTHER, None, THIRD), THIRD)
        self.assertEqual(self.stanzas(), [STANZA, STANZA, OTHER, OTHER])

    def test_drop(self) -> None:
        self.assertIs(self.walk(OTHER, DROP, None), DROP)
        self.assertEqual(len(self.seen), 2)

    def test_refused(self) -> None:
        self.assertRaises(StanzaError, self.walk, StanzaError("forbidden"), None)
        self.assertEqual(len(self.seen), 1)

    def test_nonsense(self) -> None:
        self.assertRaises(TypeError, self.walk, True)

    def test_awaited(self) -> None:
        """What is awaited decides as if it had come at once; later hooks wait."""
        for result, expected in ((None, OTHER), (THIRD, THIRD), (DROP, DROP)):
            for kind in (lambda it: it, self.coroutine, Awaited):
                self.seen.clear()
                waiting: Deferred[Any] = Deferred()
                verdict = self.walk(OTHER, kind(waiting), None)
                self.assertNoResult(verdict)
                self.assertEqual(len(self.seen), 2)
                waiting.callback(result)
                self.assertIs(self.successResultOf(verdict), expected)
                self.assertEqual(len(self.seen), 2 if result is DROP else 3)

    async def coroutine(self, waiting: Deferred[Any]) -> Any:
        return await waiting

    def test_awaited_twice(self) -> None:
        first: Deferred[Any] = Deferred()
        second: Deferred[Any] = Deferred()
        verdict = self.walk(first, second, None)
        first.callback(OTHER)
        self.assertNoResult(verdict)
        second.callback(None)
        self.assertIs(self.successResultOf(verdict), OTHER)
        self.assertEqual(self.stanzas(), [STANZA, OTHER, OTHER])

    def test_awaited_failure(self) -> None:
        verdict = self.walk(fail(StanzaError("forbidden")), None)
        self.assertEqual(self.failureResultOf(verdict, StanzaError).value.condition, "forbidden")
        verdict = self.walk(succeed(None), StanzaError("forbidden"))
        self.failureResultOf(verdict, StanzaError)

    def test_awaited_nonsense(self) -> None:
        self.failureResultOf(self.walk(succeed(True)), TypeError)


class DeferredTests(SynchronousTestCase):
    def test_deferred(self) -> None:
        waiting = succeed(1)
        self.assertIs(deferred(waiting), waiting)
        self.successResultOf(waiting)

    def test_nonsense(self) -> None:
        for value in (None, True, 1, STANZA):
            self.assertRaises(TypeError, deferred, value)
