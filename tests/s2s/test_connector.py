"""Finding a domain's server and connecting, with a resolver, a dial and a clock of the test's."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError, TimeoutError
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.app.config_servers import Static
from xmppd.s2s.connector import Connector
from xmppd.s2s.problem import Problem
from xmppd.s2s.resolver import NoAnswer, NotFound
from xmppd.s2s.targets import Target

HOSTS = {
    "x.test": ["2001:4860::1", "8.8.8.1"],
    "y.test": ["8.8.8.2"],
    "far.test": ["8.8.8.3"],
    "inside.test": ["10.0.0.1"],
    "many.test": [f"8.8.4.{number}" for number in range(9)],
}


class Made(Protocol):
    """A connection, to where, and whether TLS comes first."""

    def __init__(self, direct: bool) -> None:
        self.direct = direct


class ConnectorTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.found: Any = [Target("x.test"), Target("y.test", 5270, True)]
        self.dialed: dict[str, Any] = {}
        self.ended: list[str] = []
        self.come: list[Any] = []

    # A resolver

    def targets(self, domain: str) -> Deferred[list[Target]]:
        if isinstance(self.found, Deferred):
            return self.found
        return fail(self.found) if isinstance(self.found, Exception) else succeed(self.found)

    def addresses(self, host: str) -> Deferred[list[str]]:
        found = HOSTS.get(host)
        return fail(NotFound(f"{host} has no address")) if found is None else succeed(found)

    # A way to connect

    def dial(self, host: str, port: int, make: Callable[[], Any]) -> Deferred[Any]:
        dialed: Deferred[Any] = Deferred(lambda _: self.ended.append(host))
        self.dialed[host] = dialed, make
        return dialed

    def connect(self, host: str) -> None:
        dialed, make = self.dialed[host]
        dialed.callback(make())

    def refuse(self, host: str, problem: Exception | None = None) -> None:
        self.dialed[host][0].errback(problem or ConnectionRefusedError())

    def attempts(self, enough: int = 9, static: dict[str, Static] | None = None) -> Deferred[None]:
        """Take what comes, until there is that much of it."""
        connector = Connector(self.clock, self, self.dial, static or {}, False)

        async def take() -> None:
            async for attempt in connector.attempts("a.test", Made):
                self.come.append(attempt)
                if len(self.come) == enough:
                    break

        return Deferred.fromCoroutine(take())

    def test_both_families_then_the_next_target(self) -> None:
        done = self.attempts(1)
        for dialed in (
            ["2001:4860::1"],
            ["2001:4860::1", "8.8.8.1"],
            [*HOSTS["x.test"], "8.8.8.2"],
        ):
            self.assertEqual([*self.dialed], dialed)
            self.clock.advance(0.25)
        self.connect("8.8.8.2")
        self.successResultOf(done)
        self.assertTrue(self.come[0].direct)
        self.assertEqual(self.ended, HOSTS["x.test"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_one_that_is_of_no_use(self) -> None:
        """Who asks on gets another, and hears what went wrong meanwhile."""
        done = self.attempts()
        self.refuse("2001:4860::1")
        self.connect("8.8.8.1")
        self.refuse("8.8.8.2", TimeoutError())
        self.successResultOf(done)
        refused, connected, late = self.come
        self.assertEqual(refused.condition, "remote-server-not-found")
        self.assertIn("[2001:4860::1]:5269", refused.text)
        self.assertFalse(connected.direct)
        self.assertEqual(late, Problem("remote-server-timeout", "8.8.8.2:5270 does not answer"))

    def test_priorities(self) -> None:
        self.found = [Target("y.test"), Target("far.test", priority=20)]
        self.attempts()
        self.clock.advance(1)
        self.assertEqual([*self.dialed], ["8.8.8.2"])
        self.clock.advance(1)
        self.assertEqual([*self.dialed], ["8.8.8.2", "8.8.8.3"])

    def test_no_such_domain(self) -> None:
        for problem, condition in (
            (NotFound("no"), "remote-server-not-found"),
            (NoAnswer("no"), "remote-server-timeout"),
        ):
            self.come.clear()
            self.found = problem
            self.successResultOf(self.attempts())
            self.assertEqual([each.condition for each in self.come], [condition])

    def test_a_target_without_address(self) -> None:
        """The others count; without any it is the reason."""
        self.found = [Target("none.test"), Target("y.test")]
        self.attempts()
        self.assertEqual([*self.dialed], ["8.8.8.2"])
        self.found = [Target("none.test")]
        self.successResultOf(self.attempts())
        self.assertEqual(self.come[-1].text, "none.test has no address")

    def test_addresses_of_no_public_network(self) -> None:
        self.found = [Target("inside.test")]
        self.successResultOf(self.attempts())
        self.assertEqual(self.dialed, {})
        self.assertIn("public network", self.come[0].text)

    def test_many_addresses(self) -> None:
        """F8: two of each target."""
        self.found = [Target("many.test"), Target("y.test")]
        self.attempts()
        self.clock.pump([0.25] * 9)
        self.assertEqual([*self.dialed], ["8.8.4.0", "8.8.4.1", "8.8.8.2"])

    def test_static(self) -> None:
        self.attempts(static={"a.test": Static("[::1]:5270", "direct")})
        self.assertEqual([*self.dialed], ["::1"])
        self.connect("::1")
        self.assertTrue(self.come[0].direct)

    def test_cancelled_while_connecting(self) -> None:
        done = self.attempts()
        self.clock.advance(0.25)
        done.cancel()
        self.failureResultOf(done)
        self.assertEqual(self.ended, HOSTS["x.test"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_cancelled_while_asking(self) -> None:
        ended: list[bool] = []
        self.found = Deferred(lambda _: ended.append(True))
        done = self.attempts()
        done.cancel()
        self.failureResultOf(done)
        self.assertEqual(ended, [True])
