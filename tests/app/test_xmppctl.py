"""`xmppctl`: what it asks for, what it prints, how it exits."""

import json
import os
import re
import socket
import stat
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from click.testing import CliRunner, Result
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.python.filepath import FilePath
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase

from xmppd.app.admin import AdminSocket, socket_path
from xmppd.app.assemble import assemble
from xmppd.app.config import load
from xmppd.app.config_key import ConfigError, StoreName
from xmppd.app.config_model import Config, Storage
from xmppd.app.ctl.client import NotRunning, ask
from xmppd.app.ctl.control import Control
from xmppd.app.ctl.direct import _value, carry_out
from xmppd.app.ctl.init import records, template
from xmppd.app.ctl.status_text import duration
from xmppd.app.ctl.text import readable
from xmppd.app.ctl.verb import Refused, Verb
from xmppd.app.ctl.verbs import VERBS
from xmppd.app.xmppctl import BATCH, main
from xmppd.link.router import Router
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534


class Place:
    """Stands for a server: notes what it is asked, and gives what it was told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.results: dict[str, Any] = {}
        self.parts: list[Any] = []

    def do(self, verb: Verb, args: dict[str, Any], tell: Any = None) -> Any:
        self.asked.append((verb.name, verb.checked(args)))
        for part in self.parts if tell is not None else ():
            tell(part)
        result = self.results[verb.name]
        if isinstance(result, Exception):
            raise result
        return result


class CommandTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = Place()

    def run_it(self, *words: str, stdin: str | bytes = "", code: int = 0) -> Result:
        result = CliRunner().invoke(main, words, input=stdin, obj=Control(self.server.do))
        self.assertEqual(result.exit_code, code, result.output)
        return result

    def test_password_from_stdin(self) -> None:
        self.server.results["adduser"] = {"jid": "juliet@example.com"}
        for option in ([], ["--password-stdin"]):
            result = self.run_it("adduser", "juliet", *option, stdin=" two words \nmore\n")
            self.assertEqual(result.stdout, "juliet@example.com: added\n")
            self.assertEqual(
                self.server.asked.pop(), ("adduser", {"jid": "juliet", "password": " two words "})
            )

    def test_password_must_be_utf_8(self) -> None:
        result = self.run_it("adduser", "juliet", stdin=b"\xff\n", code=1)
        self.assertEqual(result.stderr, "Error: the password is not UTF-8\n")

    def test_json_before_or_after_the_verb(self) -> None:
        self.server.results["users"] = users = [{"jid": "a@example.com", "sessions": 0}]
        for words in (["--json", "users"], ["users", "--json"]):
            self.assertEqual(json.loads(self.run_it(*words).stdout), users)

    def test_what_was_not_given_is_not_sent(self) -> None:
        self.server.results |= {"users": [], "sessions": []}
        self.run_it("users")
        self.run_it("users", "example.org")
        self.run_it("sessions", "juliet")
        self.assertEqual(
            self.server.asked,
            [("users", {}), ("users", {"domain": "example.org"}), ("sessions", {"jid": "juliet"})],
        )

    def test_refused_is_one_line_and_1(self) -> None:
        self.server.results["deluser"] = Refused("there is no account x\u202e@example.com")
        result = self.run_it("deluser", "x", code=1)
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr, "Error: there is no account x\\u202e@example.com\n")

    def test_usage_is_2(self) -> None:
        self.run_it("adduser", code=2)
        self.run_it("adduser", "a", "--batch", "-", code=2)
        self.run_it("dance", code=2)
        self.run_it("kick", code=2)

    def test_batch(self) -> None:
        self.server.results["adduser_batch"] = {
            "added": 1,
            "refused": [{"number": 2, "jid": "b@example.com", "error": "b exists already"}],
        }
        lines = "a@example.com secret word\n# who else\nb@example.com\tx\r\n\n"
        result = self.run_it("adduser", "--batch", "-", stdin=lines, code=1)
        [(_, args)] = self.server.asked
        self.assertEqual(
            args["accounts"], [("a@example.com", "secret word"), ("b@example.com", "x")]
        )
        self.assertEqual(result.stdout, "1 added\n")
        self.assertEqual(result.stderr, "line 3: b exists already\n")

    def test_long_batch_goes_in_parts(self) -> None:
        self.server.results["adduser_batch"] = {"added": 1, "refused": []}
        lines = "".join(f"u{number} x\n" for number in range(BATCH + 1))
        result = self.run_it("adduser", "--batch", "-", "--json", stdin=lines)
        self.assertEqual([len(args["accounts"]) for _, args in self.server.asked], [BATCH, 1])
        self.assertEqual(json.loads(result.stdout), {"added": 2, "refused": []})

    def test_batch_without_password(self) -> None:
        self.server.results["adduser_batch"] = {"added": 0, "refused": []}
        self.run_it("adduser", "--batch", "-", stdin="juliet\n")
        self.assertEqual(self.server.asked[0][1]["accounts"], [("juliet", "")])

    def test_backup_is_asked_for_by_its_whole_path(self) -> None:
        self.server.results["backup"] = {"file": "x"}
        self.run_it("backup", "here")
        self.assertEqual(self.server.asked, [("backup", {"file": os.path.abspath("here")})])

    def test_router(self) -> None:
        route = {"table": "exact", "match": "a.test", "link": "a", "state": "up"}
        explained = {
            **route,
            "from": "b.test",
            "to": "a.test",
            "waits_seconds": None,
            "condition": None,
            "spoken_by": "b.test",
            "instance": None,
            "remote": None,
        }
        bound = {"link": "a", "domain": "c.test"}
        self.server.results |= {
            "link_list": [],
            "route_list": [route],
            "route_explain": explained,
            "bind": bound,
            "unbind": bound,
        }
        for words, line, args in (
            (("link", "list"), "LINK  STATE  TRUSTED  WAITING  PEER  ROUTES", {}),
            (("route", "list"), "exact  a.test  a     up", {}),
            (
                ("route", "explain", "b.test", "a.test"),
                "b.test -> a.test: exact route a.test to link a (up)",
                {"sender": "b.test", "to": "a.test"},
            ),
            (("bind", "a", "c.test"), "c.test: routed to a", bound),
            (("unbind", "a", "c.test"), "c.test: routed to a no more", bound),
        ):
            self.assertEqual(self.run_it(*words).stdout.splitlines()[-1], line)
            self.assertEqual(self.server.asked.pop()[1], args)

    def test_watch(self) -> None:
        """Parts are printed as they come; as JSON, an object a line."""
        self.server.results["watch_stanzas"] = {"stanzas": 0, "limit": "seconds"}
        self.server.parts = [{"watching": "a.test"}]
        words = ("watch", "stanzas", "a.test", "--seconds", "9")
        self.assertEqual(self.run_it(*words).stdout, "watching a.test\n0 stanzas\n")
        lines = self.run_it("--json", *words, "--bodies").stdout.splitlines()
        self.assertEqual([len(json.loads(line)) for line in lines], [1, 2])
        self.assertEqual(
            [args for _, args in self.server.asked],
            [{"jid": "a.test", "seconds": 9}, {"jid": "a.test", "seconds": 9, "bodies": True}],
        )

    def test_problems_found_are_1(self) -> None:
        found: dict[str, Any] = {"problems": [], "warnings": ["w"], "certificates": []}
        self.server.results["check_certs"] = found
        self.assertEqual(self.run_it("check", "certs").stdout, "warning: w\n")
        found["problems"] = ["example.com: expired"]
        result = self.run_it("check", "certs", "--json", code=1)
        self.assertEqual(json.loads(result.stdout), found)
        self.assertEqual(result.stderr, "example.com: expired\n")

    def test_every_verb_has_a_command(self) -> None:
        for verb in VERBS.values():
            command: Any = main
            for word in verb.command.split():
                command = getattr(command, "commands", {}).get(word)
            if verb.name == "adduser_batch":
                self.assertIsNone(command)
            else:
                self.assertEqual(command.help, verb.doc)


class TextTest(SynchronousTestCase):
    def test_sessions_in_columns(self) -> None:
        session = {"jid": "a@b/c", "address": "::1", "since": "now", "priority": None, "tls": None}
        self.assertEqual(
            readable("sessions", [session]).splitlines(),
            ["JID    ADDRESS  SINCE  PRIORITY  TLS", "a@b/c  ::1      now    -         -"],
        )
        self.assertEqual(readable("users", []), "")

    def test_sessions_ended(self) -> None:
        for count, text in ((0, ""), (1, " (1 session ended)"), (2, " (2 sessions ended)")):
            result = {"jid": "a@b", "sessions_ended": count}
            self.assertEqual(readable("passwd", result), f"a@b: password changed{text}")

    def test_duration(self) -> None:
        self.assertEqual(duration(3661), "01:01:01")
        self.assertEqual(duration(90_061), "1 d 01:01:01")


class InitTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.file = self.folder / "xmppd.toml"

    def init(self, *words: str) -> Result:
        return CliRunner().invoke(main, ["--config", str(self.file), "init", *words])

    def test_the_file_means_the_defaults(self) -> None:
        self.assertEqual(self.init("Example.com", "example.org").exit_code, 0)
        config = load(self.file)
        defaults = Config(domains=config.domains, data=self.folder / "data")
        self.assertEqual(config, defaults)
        self.assertEqual(config.domains, ("example.com", "example.org"))

    def test_every_key_can_be_uncommented(self) -> None:
        text = template(["example.com"], "data")
        self.file.write_text(re.sub(r"^#(?! )", "", text, flags=re.MULTILINE), "utf-8")
        defaults = Config(domains=load(self.file).domains, data=self.folder / "data")
        self.assertEqual(load(self.file), defaults)

    def test_data_directory_is_private(self) -> None:
        self.init("example.com")
        self.assertEqual(stat.S_IMODE((self.folder / "data").stat().st_mode), 0o700)

    def test_nothing_is_overwritten(self) -> None:
        self.file.write_text("mine")
        result = self.init("example.com")
        self.assertEqual(result.exit_code, 1)
        self.assertEqual(result.stderr, f"Error: {self.file}: exists, and stays as it is\n")
        self.assertEqual(self.file.read_text(), "mine")
        self.assertFalse((self.folder / "data").exists())

    def test_wrong_domain(self) -> None:
        result = self.init("a b")
        self.assertEqual(result.exit_code, 1)
        self.assertFalse(self.file.exists())

    def test_records(self) -> None:
        """RFC 6120, 3.2.1 and XEP-0368; names as DNS writes them."""
        self.assertEqual(
            list(records(["bücher.example"])),
            [
                "_xmpp-client._tcp.xn--bcher-kva.example. 3600 IN SRV 0 5 5222 "
                "xn--bcher-kva.example.",
                "_xmpps-client._tcp.xn--bcher-kva.example. 3600 IN SRV 0 5 5223 "
                "xn--bcher-kva.example.",
                "_xmpp-server._tcp.xn--bcher-kva.example. 3600 IN SRV 0 5 5269 "
                "xn--bcher-kva.example.",
                "_xmpps-server._tcp.xn--bcher-kva.example. 3600 IN SRV 0 5 5270 "
                "xn--bcher-kva.example.",
            ],
        )
        self.assertEqual(list(records(["localhost", "192.0.2.1", "[::1]"])), [])


class ClientTest(SynchronousTestCase):
    """Asking without a server that answers."""

    def setUp(self) -> None:
        self.folder = Path(mkdtemp())
        self.addCleanup(FilePath(str(self.folder)).remove)
        self.path = self.folder / "s.sock"

    def test_nobody_there(self) -> None:
        self.assertRaises(NotRunning, ask, self.path, VERBS["status"], {})
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(self.path))
        self.assertRaises(NotRunning, ask, self.path, VERBS["status"], {})

    def test_somebody_silent(self) -> None:
        hasty = Verb("status", "Hasty.", VERBS["status"].call, seconds=0.01)
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(str(self.path))
            silent.listen()
            error = self.assertRaises(Refused, ask, self.path, hasty, {})
        self.assertEqual(str(error), f"the server at {self.path} does not answer")

    def test_too_long(self) -> None:
        args = {"file": "x" * (1 << 20)}
        self.assertIn(
            "longer than", str(self.assertRaises(Refused, ask, self.path, VERBS["backup"], args))
        )


Printed = tuple[str, str, int]
"""Standard output, standard error, exit code."""


class Ended(ProcessProtocol):
    """Collects what a process prints, and how it exits."""

    def __init__(self, stdin: bytes) -> None:
        self.done: Deferred[Printed] = Deferred()
        self._stdin = stdin
        self._out = self._err = b""

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(self._stdin)
        self.transport.closeStdin()

    def outReceived(self, data: bytes) -> None:
        self._out += data

    def errReceived(self, data: bytes) -> None:
        self._err += data

    def processEnded(self, reason: Any) -> None:
        self.done.callback((self._out.decode(), self._err.decode(), reason.value.exitCode))


class DirectTest(SynchronousTestCase):
    """What needs no process to be refused."""

    def test_only_a_running_server(self) -> None:
        config = Config(data=Path("nowhere").absolute())
        error = self.assertRaises(Refused, carry_out, config, VERBS["status"], {})
        self.assertEqual(str(error), f"no server is running on {config.data}")
        self.assertFalse(config.data.exists())

    def test_nothing_is_there(self) -> None:
        """A name that was typed wrong makes no directory, and no backup of nothing."""
        config = Config(data=Path("nowhere").absolute())
        for name in ("users", "backup", "passwd"):
            error = self.assertRaises(Refused, carry_out, config, VERBS[name], {})
            self.assertTrue(str(error).startswith(f"{config.data}: no such directory"), error)
        self.assertFalse(config.data.exists())

    def test_memory_is_gone(self) -> None:
        config = Config(storage=Storage(use=StoreName("memory")))
        error = self.assertRaises(Refused, carry_out, config, VERBS["users"], {})
        self.assertIn("memory, which only a running server has", str(error))

    def test_failure_of_ours_is_one_line(self) -> None:
        failure = Failure(TypeError("one\ntwo"))
        self.assertEqual(
            str(self.assertRaises(Refused, _value, [failure])),
            "this failed, and should not: TypeError: one",
        )
        self.assertRaises(ConfigError, _value, [Failure(ConfigError("wrong"))])
        self.assertRaises(Refused, _value, [])

    def test_wrong_configuration(self) -> None:
        file = Path(self.mktemp())
        file.write_text('domain = "example.com"')
        result = CliRunner().invoke(main, ["--config", str(file), "users"])
        self.assertEqual(result.exit_code, 1)
        self.assertEqual(
            result.stderr, f"Error: {file}: domain: unknown key (did you mean domains?)\n"
        )


class ProcessTestCase(TestCase):
    """The real program, with a configuration file and a data directory beside it."""

    def setUp(self) -> None:
        self.folder = Path(mkdtemp()).resolve()
        self.addCleanup(FilePath(str(self.folder)).remove)
        self.file = self.folder / "xmppd.toml"
        self.data = self.folder / "data"
        self.write("sqlite")

    def write(self, storage: str) -> None:
        self.file.write_text(f'domains = ["example.com"]\nstorage.use = "{storage}"\n')

    def run_python(self, *words: str, stdin: str = "", **more: Any) -> "Deferred[Printed]":
        ended = Ended(stdin.encode())
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        spawn: Any = reactor
        command = [sys.executable, *words]
        spawn.spawnProcess(ended, sys.executable, command, environ, str(self.folder), **more)
        return ended.done

    async def xmppctl(self, *words: str, stdin: str = "") -> str:
        """Run it; return what it prints when all is well."""
        program = ("-m", "xmppd.app.xmppctl", "--config", str(self.file))
        out, err, code = await self.run_python(*program, *words, stdin=stdin)
        self.assertEqual((err, code), ("", 0))
        return out

    async def refusal(self, *words: str, stdin: str = "") -> str:
        """Run it; return the one line with which it refuses."""
        program = ("-m", "xmppd.app.xmppctl", "--config", str(self.file))
        out, err, code = await self.run_python(*program, *words, stdin=stdin)
        self.assertEqual((out, code, err.count("\n")), ("", 1, 1), err)
        return err

    def start(self) -> "Deferred[Any]":
        """Run a server in this process."""
        self.data.mkdir()
        self.server = server = assemble(load(self.file), reactor, listen=False)
        AdminSocket(server, socket_path(server.config)).setServiceParent(server)
        server.startService()
        self.addCleanup(server.stopService)
        assert server.opened is not None
        return server.opened


class Other:
    """What the process of one role is to its socket."""

    def __init__(self, config: Config, **has: Any) -> None:
        self.config = config
        self.reactor = reactor
        self.opened = None
        vars(self).update(has)

    def read_again(self) -> Config:
        return self.config

    def reload(self, config: Config) -> None:
        """Nothing to do."""


class NothingRunsTest(ProcessTestCase):
    async def test_sqlite(self) -> None:
        await self.xmppctl("adduser", "juliet", stdin="secret\n")
        self.assertEqual(stat.S_IMODE(self.data.stat().st_mode), 0o700)
        self.assertEqual(await self.xmppctl("users"), "juliet@example.com\n")
        await self.xmppctl("backup", "copy")
        self.assertEqual(stat.S_IMODE((self.folder / "copy").stat().st_mode), 0o600)

    async def test_directory(self) -> None:
        self.write("directory")
        await self.xmppctl("adduser", "juliet", stdin="secret\n")
        await self.xmppctl("deluser", "juliet")
        self.assertEqual(await self.xmppctl("users"), "")

    async def test_check_config_touches_nothing(self) -> None:
        self.assertEqual(await self.xmppctl("check", "config"), "nothing wrong\n")
        self.assertFalse(self.data.exists())

    async def test_root_acts_as_the_owner(self) -> None:
        """What is made belongs to whom the data directory belongs to."""
        if os.geteuid() != 0:
            raise SkipTest("only root can become another")
        self.folder.chmod(0o755)
        _, _, code = await self.run_python("-c", "import sqlalchemy", uid=NOBODY, gid=NOBODY)
        if code:
            raise SkipTest("nobody else may run this Python")
        self.data.mkdir(mode=0o700)
        os.chown(self.data, NOBODY, NOBODY)
        await self.xmppctl("adduser", "juliet", stdin="secret\n")
        self.assertEqual({path.stat().st_uid for path in self.data.rglob("*")}, {NOBODY})


class ServerRunsTest(ProcessTestCase):
    async def test_verbs(self) -> None:
        await self.start()
        await self.xmppctl("adduser", "juliet", stdin="secret\n")
        self.assertIn("exists already", await self.refusal("adduser", "juliet", stdin="x"))
        status = json.loads(await self.xmppctl("status", "--json"))
        self.assertEqual(status["pid"], os.getpid())

    async def test_watch(self) -> None:
        await self.start()
        printed = Deferred.fromCoroutine(
            self.xmppctl("watch", "stanzas", "example.com", "--stanzas", "1")
        )
        while self.server.router.watch is None:
            await deferLater(reactor, 0.01)  # type: ignore[arg-type]
        self.server.router.route(Stanza.make("message", to=Jid("example.com"), id="m1"))
        first, second, last = (await printed).splitlines()
        self.assertEqual((first, last), ("watching example.com", "1 stanzas"))
        self.assertIn("message - id=m1", second)

    async def test_in_a_process_of_its_own(self) -> None:
        """The process that can do it is found by its role; a wrong one says who can."""
        self.data.mkdir()
        config = load(self.file)
        for name, has in (("sm-1", {"manager": 1}), ("router", {"router": Router(), "links": ()})):
            role = Other(config, **has)
            admin = AdminSocket(role, socket_path(config, name))
            admin.startService()
            self.addCleanup(admin.stopService)
        self.assertEqual(await self.xmppctl("route", "list"), "TABLE  MATCH  LINK  STATE\n")
        refusal = await self.refusal("--instance", "sm-1", "link", "list")
        self.assertIn("ask the router (--instance router)", refusal)
        refusal = await self.refusal("--instance", "router", "users")
        self.assertIn("ask the process that keeps the accounts (--instance sm-1)", refusal)
        for words, missed in (
            (("--instance", "x", "status"), "status: x"),
            (("s2s", "list"), "s2s list: s2s-1"),
            (("muc", "list"), "muc list: muc-1"),
        ):
            told = f"Error: {missed} does not run here (what does: router, sm-1)\n"
            self.assertEqual(await self.refusal(*words), told)

    async def test_reload(self) -> None:
        """In every process that runs, whatever its name; or in one."""
        self.assertIn("no server is running", await self.refusal("reload"))
        self.data.mkdir()
        config = load(self.file)
        for name in ("c2s-2", "router"):
            admin = AdminSocket(Other(config), socket_path(config, name))
            admin.startService()
            self.addCleanup(admin.stopService)
        both = [f"{name}: the configuration is in force" for name in ("router", "c2s-2")]
        self.assertEqual((await self.xmppctl("reload")).splitlines(), both)
        one = await self.xmppctl("--instance", "c2s-2", "reload", "--json")
        self.assertEqual(json.loads(one), {"process": "c2s-2", "restart": [], "warnings": []})

    async def test_socket_is_gone(self) -> None:
        """The store is held by somebody whom we cannot ask."""
        await self.start()
        socket_path(load(self.file)).unlink()
        refusal = await self.refusal("users")
        self.assertIn(f"process {os.getpid()} has {self.data} open, but does not answer", refusal)
