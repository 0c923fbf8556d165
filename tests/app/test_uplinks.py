"""Two routers, linked as jabberd14's processes were: a route one way, the default the other."""

from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.trial.unittest import TestCase

from tests.link.kit import SECRET
from tests.scenarios.ports import free_port
from xmppd.app.config import load
from xmppd.app.roles import RouterRole
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza


class TwoRoutersTest(TestCase):
    """`inner.test` is served by one router; all that is not goes up to the other."""

    def role(self, name: str, tables: str) -> RouterRole:
        """A router of that configuration, running."""
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "secret").write_text(SECRET)
        (folder / "secret").chmod(0o600)
        (folder / "xmppd.toml").write_text(f'domains = ["{name}"]\n{tables}')
        role = RouterRole(load(folder / "xmppd.toml"), reactor)
        role.startService()
        self.addCleanup(role.stopService)
        return role

    def link(self, role: RouterRole, domain: str) -> tuple[list[Stanza], "Deferred[Stanza]"]:
        """A component in a router's process; what it gets, and the first of it."""
        got: list[Stanza] = []
        first: Deferred[Stanza] = Deferred()

        def receive(item: Stanza) -> None:
            got.append(item)
            if len(got) == 1:
                first.callback(item)

        link = role.router.link([domain])
        link.receiver = receive  # type: ignore[assignment]
        return got, first

    @inlineCallbacks
    def talk(self, inner: RouterRole, outer: RouterRole):  # type: ignore[no-untyped-def]
        """A message each way."""
        _, at_inner = self.link(inner, "inner.test")
        _, at_outer = self.link(outer, "far.test")
        up = Stanza.make("message", to=Jid.parse("far.test"), sender=Jid.parse("inner.test"))
        inner.router.route(up)
        received = yield at_outer
        self.assertEqual(received.sender, "inner.test")
        outer.router.route(received.reply())
        answer = yield at_inner
        self.assertEqual(answer.sender, "far.test")

    def listens(self, port: int, what: str) -> str:
        """A place for the other router."""
        return (
            f'[[router.listen]]\nendpoint = "tcp:{port}:interface=127.0.0.1"\n'
            f'secret_file = "secret"\nqueue = {{absent_seconds = 10}}\n{what}\n'
        )

    def dials(self, port: int, name: str, what: str) -> str:
        """A link to the other router."""
        return (
            f'[[router.connect]]\nname = "{name}"\nendpoint = "tcp:127.0.0.1:{port}"\n'
            f'secret_file = "secret"\nqueue = {{absent_seconds = 10}}\n{what}\n'
        )

    def test_inner_dials(self):  # type: ignore[no-untyped-def]
        port = free_port()
        outer = self.role("outer.test", self.listens(port, 'routes = ["inner.test"]'))
        inner = self.role("own.test", self.dials(port, "inner.test", "default = true"))
        return self.talk(inner, outer)

    def test_outer_dials(self):  # type: ignore[no-untyped-def]
        port = free_port()
        inner = self.role("own.test", self.listens(port, 'routes = ["up.test"]\ndefault = true'))
        outer = self.role("outer.test", self.dials(port, "up.test", 'routes = ["inner.test"]'))
        return self.talk(inner, outer)
