"""The admin socket: over a real UNIX socket."""

import json
import os
import socket
import stat
from io import StringIO
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint, connectProtocol
from twisted.internet.task import deferLater
from twisted.internet.testing import StringTransport
from twisted.logger import globalLogPublisher, textFileLogObserver
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.filepath import FilePath
from twisted.trial.unittest import SynchronousTestCase, TestCase

from xmppd.app.admin import (
    MAX_LINE,
    MAX_PATH,
    AdminProtocol,
    AdminSocket,
    SocketTaken,
    make_room,
    peer_uid,
    socket_path,
)
from xmppd.app.assemble import assemble
from xmppd.app.config_key import Domain, StoreName
from xmppd.app.config_model import Config, Storage
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza


def folder_for(test: SynchronousTestCase) -> Path:
    """A directory with a short path: sockets want one."""
    folder = Path(mkdtemp())
    test.addCleanup(FilePath(str(folder)).remove)
    return folder


class Asker(LineOnlyReceiver):
    """Sends lines and collects what comes back."""

    delimiter = b"\n"
    MAX_LENGTH = MAX_LINE

    def __init__(self) -> None:
        self.lines: list[Any] = []
        self.ended: Deferred[None] = Deferred()
        self._waiting: list[Deferred[Any]] = []

    def ask(self, line: bytes) -> "Deferred[Any]":
        answered: Deferred[Any] = Deferred()
        self._waiting.append(answered)
        assert self.transport is not None
        self.transport.write(line + b"\n")
        return answered

    def lineReceived(self, line: bytes) -> None:
        self.lines.append(json.loads(line))
        if self._waiting:
            self._waiting.pop(0).callback(self.lines[-1])

    def connectionLost(self, reason: object = None) -> None:
        self.ended.callback(None)


class AdminSocketTest(TestCase):
    """Twisted's real reactor; nothing here waits for time to pass."""

    def setUp(self) -> None:
        self.folder = folder_for(self)
        storage = Storage(use=StoreName("memory"))
        config = Config(domains=(Domain("example.com"),), data=self.folder, storage=storage)
        self.server = assemble(config, reactor, listen=False)
        self.path = socket_path(config)
        self.admin = AdminSocket(self.server, self.path)
        self.admin.setServiceParent(self.server)
        self.server.startService()
        self.addCleanup(self.server.stopService)

    async def connect(self) -> Asker:
        endpoint = UNIXClientEndpoint(reactor, str(self.path))
        asker: Asker = await connectProtocol(endpoint, Asker())

        def close() -> Deferred[None]:
            assert asker.transport is not None
            asker.transport.loseConnection()
            return asker.ended

        self.addCleanup(close)
        return asker

    async def ask(self, verb: str, **args: Any) -> Any:
        asker = await self.connect()
        return await asker.ask(json.dumps({"verb": verb, "args": args}).encode())

    def test_only_the_owner_can_open_it(self) -> None:
        self.assertEqual(self.path, self.folder.resolve() / "xmpp-im.sock")
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)

    async def test_verbs(self) -> None:
        self.assertEqual(
            await self.ask("adduser", jid="juliet", password="secret"),
            {"result": {"jid": "juliet@example.com"}},
        )
        self.assertEqual(
            await self.ask("users"), {"result": [{"jid": "juliet@example.com", "sessions": 0}]}
        )
        self.assertEqual(
            await self.ask("adduser", jid="juliet", password="secret"),
            {"error": "juliet@example.com exists already"},
        )

    async def test_requests_are_answered_in_order(self) -> None:
        asker = await self.connect()
        first = asker.ask(b'{"verb": "adduser", "args": {"jid": "a", "password": "x"}}')
        second = asker.ask(b'{"verb": "users"}')
        self.assertIn("result", await first)
        self.assertEqual(len((await second)["result"]), 1)

    async def test_parts(self) -> None:
        """They come before the result; what is asked meanwhile waits."""
        asker = await self.connect()
        args = {"jid": "example.com", "stanzas": 1}
        first = asker.ask(json.dumps({"verb": "watch_stanzas", "args": args}).encode())
        second = asker.ask(b"never mind")
        third = asker.ask(b'{"verb": "users"}')
        self.assertEqual(await first, {"part": {"watching": "example.com"}})
        self.server.router.route(Stanza.make("message", to=Jid("example.com")))
        self.assertEqual((await second)["part"]["name"], "message")
        self.assertEqual(await third, {"result": {"stanzas": 1, "limit": "stanzas"}})
        self.assertIsNone(self.server.router.watch)

    async def test_parts_end_with_the_connection(self) -> None:
        asker = await self.connect()
        await asker.ask(b'{"verb": "watch_stanzas", "args": {"jid": "example.com"}}')
        self.assertIsNotNone(self.server.router.watch)
        assert asker.transport is not None
        asker.transport.loseConnection()
        await asker.ended
        while self.admin.connections:
            await deferLater(reactor, 0)  # type: ignore[arg-type]
        self.assertIsNone(self.server.router.watch)

    async def test_what_is_no_request(self) -> None:
        asker = await self.connect()
        for line in (b"", b"users", b"[]", b"\xff", b'{"verb": 1}', b'{"verb": "users", "x": 1}'):
            answer = await asker.ask(line)
            self.assertEqual(list(answer), ["error"], line)
        self.assertIn("result", await asker.ask(b'{"verb": "users"}'))

    async def test_line_without_end(self) -> None:
        asker = await self.connect()
        await asker.ask(b" " * (MAX_LINE + 1))
        self.assertEqual(
            asker.lines, [{"error": f"a request may not be longer than {MAX_LINE} bytes"}]
        )
        await asker.ended

    async def test_failing_verb_leaves_no_password_in_the_log(self) -> None:
        log = StringIO()
        observer = textFileLogObserver(log)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        manager: Any = self.server.manager
        manager.host = None  # so that the verb fails by our own fault
        answer = await self.ask("adduser", jid="juliet", password="correct horse")
        self.assertEqual(answer, {"error": "the server failed at this (its log says how)"})
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)
        self.assertIn("adduser", log.getvalue())
        self.assertNotIn("correct horse", log.getvalue())

    async def test_stop(self) -> None:
        asker = await self.connect()
        await asker.ask(b'{"verb": "users"}')
        await self.admin.stopService()
        await asker.ended
        self.assertFalse(self.path.exists())

    def test_peer_is_known_by_the_system(self) -> None:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.path))
            self.assertIn(peer_uid(connection), (os.geteuid(), None))

    def test_running_server_keeps_its_place(self) -> None:
        error = self.assertRaises(SocketTaken, make_room, self.path)
        self.assertIn("another server answers there", str(error))
        self.assertTrue(self.path.exists())


class TrustTest(SynchronousTestCase):
    def test_owner_and_root_alone(self) -> None:
        server: Any = None
        admin = AdminSocket(server, Path("unused"))
        self.assertTrue(admin.trusts(os.geteuid()))
        self.assertTrue(admin.trusts(0))
        self.assertFalse(admin.trusts(os.geteuid() + 1))

    def test_others_are_told_and_turned_away(self) -> None:
        server: Any = None
        protocol = AdminProtocol(AdminSocket(server, Path("unused")))
        transport = StringTransport()
        protocol.transport = transport
        protocol.end("uid 7 may not administer this server")
        self.assertIn("uid 7", json.loads(transport.value())["error"])
        self.assertTrue(transport.disconnecting)


class PlaceTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = folder_for(self)

    def test_in_the_data_directory(self) -> None:
        config = Config(data=self.folder)
        self.assertEqual(socket_path(config), self.folder.resolve() / "xmpp-im.sock")
        self.assertEqual(socket_path(config, "c2s-1").name, "c2s-1.sock")

    def test_deep_directory(self) -> None:
        """A socket's path has an end; everybody must come to the same shorter one."""
        deep = self.folder / ("d" * 60) / ("e" * 60)
        path = socket_path(Config(data=deep))
        self.assertLessEqual(len(os.fsencode(path)), MAX_PATH)
        deep.mkdir(parents=True)
        (self.folder / "short").symlink_to(deep)
        self.assertEqual(socket_path(Config(data=deep)), path)
        self.assertEqual(socket_path(Config(data=self.folder / "short")), path)
        self.assertNotEqual(socket_path(Config(data=deep), "c2s-1"), path)
        self.assertNotEqual(socket_path(Config(data=deep / "other")), path)
        self.assertEqual(path.parent, Path("/tmp"))

    @given(st.integers(1, 200))
    @settings(deadline=None, max_examples=40)
    def test_any_depth_fits(self, length: int) -> None:
        deep = Path("/nowhere") / ("d" * length)
        with socket.socket(socket.AF_UNIX) as probe:
            self.assertRaises(FileNotFoundError, probe.connect, str(socket_path(Config(data=deep))))

    def test_stale_socket_goes(self) -> None:
        path = self.folder / "stale.sock"
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(path))
        make_room(path)
        self.assertFalse(path.exists())
        make_room(path)

    def test_other_files_stay(self) -> None:
        path = self.folder / "file"
        path.write_text("precious")
        self.assertIn("is no socket", str(self.assertRaises(SocketTaken, make_room, path)))
        self.assertEqual(path.read_text(), "precious")
