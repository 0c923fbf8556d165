"""Verbs: what administrators can have done, and in which words it is refused."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.app.assemble import assemble
from xmppd.app.config import load
from xmppd.app.config_endpoint import everywhere
from xmppd.app.config_model import Config
from xmppd.app.config_servers import Federation
from xmppd.app.ctl.server import read_again, waiting_for_restart
from xmppd.app.ctl.text import readable
from xmppd.app.ctl.verb import Refused
from xmppd.app.ctl.verbs import VERBS, perform
from xmppd.protocol.namespaces import STREAM_ERRORS
from xmppd.tls.self_made import write_self_made


class Served:
    """What verbs need of a server, over a session manager in memory."""

    def __init__(self, house: House, config: Config) -> None:
        self.config = config
        self.reactor = house.clock
        self.since = house.clock.seconds()
        self.stores = house.backend
        self.manager = house.manager


class VerbTestCase(SynchronousTestCase):
    domains = ("example.com", "example.org")

    def setUp(self) -> None:
        self.house = House(domains=self.domains)
        self.config = Config(domains=self.domains)
        self.server: Any = Served(self.house, self.config)

    def do(self, verb: str, /, **args: Any) -> Any:
        """Carry out a verb; its result has to be JSON."""
        done = perform(self.server, verb, args)
        self.house.settle(1)
        return json.loads(json.dumps(self.successResultOf(done)))

    def refusal(self, verb: str, /, **args: Any) -> str:
        done = perform(self.server, verb, args)
        self.house.settle(1)
        line = str(self.failureResultOf(done, Refused).value)
        self.assertNotIn("\n", line)
        return line

    def condition(self, client: Any) -> str:
        """The stream error that a client's stream was closed with (RFC 6120, 4.9.3)."""
        self.assertIsNotNone(client.closed, "the stream is open")
        error = next(client.closed.element().elements())
        return next(child.name for child in error.elements() if child.uri == STREAM_ERRORS)


class TableTest(VerbTestCase):
    def test_unknown_verb(self) -> None:
        self.assertEqual(self.refusal("addusr"), 'no such verb: "addusr" (did you mean adduser?)')

    def test_arguments_are_checked(self) -> None:
        self.assertIn("password is missing", self.refusal("adduser", jid="nurse"))
        self.assertIn('takes no "name"', self.refusal("adduser", name="nurse"))
        self.assertEqual(self.refusal("kick", jid=7), "jid: must be text")
        self.assertIn("must be a list", self.refusal("adduser_batch", accounts=[["a"]]))

    def test_password_of_wrong_type_is_not_quoted(self) -> None:
        self.assertNotIn("123456", self.refusal("adduser", jid="nurse", password=123456))

    def test_verbs_describe_themselves(self) -> None:
        for name, verb in VERBS.items():
            self.assertEqual(name, verb.name)
            self.assertTrue(verb.doc.endswith("."))
            self.assertIn(verb.who, ("admin", "owner"))

    @given(st.text(max_size=40))
    @settings(deadline=None, max_examples=50)
    def test_any_text_for_a_jid_is_answered_in_one_line(self, text: str) -> None:
        done = perform(self.server, "kick", {"jid": text})
        self.assertNotIn("\n", str(self.failureResultOf(done, Refused).value))


class LogTest(VerbTestCase):
    """What an administrator has changed is a line in the log."""

    def logged(self, verb: str, **args: Any) -> list[str]:
        with capturedLogs() as events:
            perform(self.server, verb, args).addErrback(lambda failure: failure.trap(Refused))
            self.house.settle(1)
        self.assertNotIn("secret", repr(events))
        return [formatEvent(event) for event in events]

    def test_changes(self) -> None:
        self.assertEqual(
            self.logged("adduser", jid="nurse@example.com", password="secret"),
            ["administration: adduser nurse@example.com"],
        )
        self.assertEqual(
            self.logged("announce", text="secret", domain="example.com"),
            ["administration: announce example.com"],
        )

    def test_nothing_changed(self) -> None:
        self.assertEqual(self.logged("users"), [])
        self.assertEqual(self.logged("adduser", jid="juliet@example.com", password="secret"), [])


class AddUserTest(VerbTestCase):
    def test_add(self) -> None:
        self.assertEqual(
            self.do("adduser", jid="Nurse@Example.COM", password="secret"),
            {"jid": "nurse@example.com"},
        )
        self.house.client("nurse")

    def test_without_domain_it_is_the_first(self) -> None:
        self.assertEqual(self.do("adduser", jid="nurse", password="x")["jid"], "nurse@example.com")

    def test_refused(self) -> None:
        for jid, reason in (
            ("juliet@example.com", "juliet@example.com exists already"),
            ("a@elsewhere.test", '"elsewhere.test" is not served here'),
            ("example.com", "example.com is a domain (write NAME@example.com)"),
            ("a@example.com/b", "has a resource (write a@example.com)"),
            ("a b@example.com", "bad localpart"),
        ):
            self.assertIn(reason, self.refusal("adduser", jid=jid, password="x"))

    def test_empty_password(self) -> None:
        self.assertIn("password", self.refusal("adduser", jid="nurse", password=""))
        self.assertIn("no account", self.refusal("deluser", jid="nurse"))

    def test_foreign_accounts(self) -> None:
        host: Any = self.house.host
        host.accounts = None
        self.assertEqual(
            self.refusal("adduser", jid="a@example.com", password="x"),
            "the accounts of example.com are kept elsewhere",
        )

    def test_batch_adds_what_can_be_added(self) -> None:
        pairs = [["nurse", "1"], ["juliet", "2"], ["@", "3"], ["tybalt@example.org", "4"]]
        result = self.do("adduser_batch", accounts=[*pairs, ["nurse", "5"]])
        self.assertEqual(result["added"], 2)
        self.assertEqual([each["number"] for each in result["refused"]], [2, 3, 5])
        self.assertEqual(result["refused"][2]["error"], "nurse@example.com exists already")
        self.assertEqual(
            [user["jid"] for user in self.do("users")],
            [
                "juliet@example.com",
                "nurse@example.com",
                "romeo@example.com",
                "tybalt@example.org",
            ],
        )


class PasswdTest(VerbTestCase):
    def test_sessions_are_to_authenticate_again(self) -> None:
        """RFC 6120, 4.9.3.16: what secured the stream is no longer valid."""
        client = self.house.client("juliet")
        self.assertEqual(
            self.do("passwd", jid="juliet", password="new"),
            {"jid": "juliet@example.com", "sessions_ended": 1},
        )
        self.assertEqual(self.condition(client), "reset")
        self.assertRaises(AssertionError, self.house.client, "juliet")

    def test_refused(self) -> None:
        self.assertIn("no account", self.refusal("passwd", jid="nobody", password="x"))
        self.assertIn("password", self.refusal("passwd", jid="juliet", password=""))

    def test_password_kept_elsewhere(self) -> None:
        host: Any = self.house.host
        host.accounts.provide("guest")
        self.assertEqual(
            self.refusal("passwd", jid="guest", password="x"),
            "the password of guest@example.com is kept elsewhere",
        )


class DelUserTest(VerbTestCase):
    def test_sessions_end(self) -> None:
        """XEP-0077, 3.2: with not-authorized."""
        client = self.house.client("juliet")
        self.assertEqual(
            self.do("deluser", jid="juliet"), {"jid": "juliet@example.com", "sessions_ended": 1}
        )
        self.assertEqual(self.condition(client), "not-authorized")
        self.assertEqual([user["jid"] for user in self.do("users")], ["romeo@example.com"])

    def test_unknown(self) -> None:
        self.assertEqual(
            self.refusal("deluser", jid="nobody"), "there is no account nobody@example.com"
        )


class UsersTest(VerbTestCase):
    def test_of_a_domain(self) -> None:
        self.house.client("juliet")
        self.assertEqual(
            self.do("users", domain="example.com"),
            [
                {"jid": "juliet@example.com", "sessions": 1},
                {"jid": "romeo@example.com", "sessions": 0},
            ],
        )
        self.assertEqual(self.do("users", domain="example.org"), [])
        self.assertIn("not served", self.refusal("users", domain="elsewhere.test"))

    def test_more_than_a_page(self) -> None:
        house = House(domains=self.domains, accounts=())
        host: Any = house.host
        for number in range(501):
            host.accounts.provide(f"u{number}")
        self.house, self.server = house, Served(house, self.config)
        self.assertEqual(len(self.do("users")), 501)

    def test_by_state(self) -> None:
        self.house.client("juliet")
        self.do("disable", jid="romeo")
        for state, jid in ("online", "juliet@example.com"), ("disabled", "romeo@example.com"):
            self.assertEqual([each["jid"] for each in self.do("users", state=state)], [jid])
        self.assertEqual(len(self.do("users", most=1)), 1)
        self.assertIn("online", self.refusal("users", state="onlne"))

    def test_user(self) -> None:
        self.house.client("juliet")
        told = self.do("user", jid="juliet")
        self.assertEqual((told["disabled"], told["contacts"], len(told["sessions"])), (False, 0, 1))
        self.assertIn("no account", self.refusal("user", jid="nobody"))
        self.assertEqual(self.do("roster", jid="juliet"), [])


class DisableTest(VerbTestCase):
    def test_sessions_end(self) -> None:
        client = self.house.client("juliet")
        self.assertEqual(self.do("disable", jid="juliet")["sessions_ended"], 1)
        self.assertEqual(self.condition(client), "not-authorized")
        self.assertTrue(self.do("user", jid="juliet")["disabled"])
        self.do("enable", jid="juliet")
        self.house.client("juliet")

    def test_unknown(self) -> None:
        for verb in "disable", "enable":
            self.assertIn("no account", self.refusal(verb, jid="nobody"))


class AnnounceTest(VerbTestCase):
    def test_to_those_who_are_online(self) -> None:
        juliet = self.house.client("juliet")
        self.assertEqual(self.do("announce", text="Hark"), {"sessions": 0})
        juliet.send("<presence/>")
        self.assertEqual(self.do("announce", text="Hark", domain="example.com"), {"sessions": 1})
        self.assertEqual(self.do("announce", text="Hark", domain="example.org"), {"sessions": 0})
        self.assertIn("nothing to say", self.refusal("announce", text=" "))

    def test_no_message_of_the_day(self) -> None:
        """The extension is not loaded here."""
        self.assertIn("switched off", self.refusal("motd_set", text="Hark"))


class SessionsTest(VerbTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.juliet = self.house.client("juliet", peer="192.0.2.1", tls="TLSv1.3", cipher="AES")
        self.romeo = self.house.client("romeo", "orchard")
        self.juliet.send("<presence><priority>5</priority></presence>")

    def found(self, **args: Any) -> list[str]:
        return sorted(each["jid"] for each in self.do("sessions", **args))

    def test_everybody(self) -> None:
        romeo, juliet = self.romeo.jid, self.juliet.jid
        self.assertEqual(self.found(), [juliet, romeo])
        self.assertEqual(self.found(jid="example.com"), [juliet, romeo])
        self.assertEqual(self.found(jid="example.org"), [])
        self.assertEqual(self.found(jid="romeo"), [romeo])
        self.assertEqual(self.found(jid=romeo), [romeo])
        self.assertEqual(self.found(jid="romeo/balcony"), [])

    def test_what_is_told(self) -> None:
        [session] = self.do("sessions", jid="juliet")
        self.assertEqual(session["address"], "192.0.2.1")
        self.assertEqual(session["priority"], 5)
        self.assertEqual((session["tls"], session["cipher"]), ("TLSv1.3", "AES"))
        self.assertTrue(session["since"].startswith("2027-01-15T08:00:00"), session["since"])
        [session] = self.do("sessions", jid="romeo")
        self.assertEqual((session["priority"], session["tls"]), (None, None))

    def test_kick_an_account(self) -> None:
        other = self.house.client("juliet", "chamber")
        self.assertEqual(self.do("kick", jid="juliet")["sessions_ended"], 2)
        self.assertEqual(self.condition(self.juliet), "policy-violation")
        self.assertEqual(self.condition(other), "policy-violation")
        self.assertIsNone(self.romeo.closed)

    def test_kick_one_session(self) -> None:
        other = self.house.client("juliet", "chamber")
        self.assertEqual(self.do("kick", jid="juliet@example.com/chamber")["sessions_ended"], 1)
        self.assertIsNotNone(other.closed)
        self.assertIsNone(self.juliet.closed)

    def test_nobody_to_kick(self) -> None:
        for jid in ("juliet/attic", "nobody", "nobody@example.org"):
            self.assertIn("has no session", self.refusal("kick", jid=jid))
        self.assertIn("is a domain", self.refusal("kick", jid="example.com"))


class StatusTest(VerbTestCase):
    def test_status(self) -> None:
        self.house.client("juliet")
        status = self.do("status")
        self.assertEqual(status["pid"], os.getpid())
        self.assertEqual(status["sessions"], 1)
        self.assertEqual(
            status["domains"],
            [
                {"domain": "example.com", "sessions": 1},
                {"domain": "example.org", "sessions": 0},
            ],
        )
        self.assertEqual(status["storage"], ["sqlite"])
        self.assertNotIn("listening", status, "no clients come to this process")

    def test_status_of_a_whole_server(self) -> None:
        config = Config(domains=self.domains, s2s=Federation(enabled=True))
        server = assemble(config, self.house.clock, listen=False)
        status = self.successResultOf(perform(server, "status", {}))
        self.assertEqual((status["streams"], status["sessions"]), (0, 0))
        self.assertIn({"endpoint": everywhere(5222)[-1], "tls": "starttls"}, status["listening"])
        self.assertEqual(status["links"], {"up": 3, "down": 0})
        self.assertEqual(status["server_streams"], 0)
        self.assertEqual(status["unproved"], {"open": 0, "ended_for_newer": 0})
        lines = readable("status", status).splitlines()
        self.assertIn("links          3 up, 0 down", lines)
        self.assertIn("other servers  0 connections, 0 that have proved nothing", lines)


class FileTestCase(SynchronousTestCase):
    """A server of a configuration file; it does not run."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.file = self.folder / "xmppd.toml"

    def write(self, text: str) -> None:
        self.file.write_text('domains = ["example.com"]\nstorage.use = "memory"\n' + text, "utf-8")

    def assembled(self, text: str, **command_line: Any) -> Any:
        self.write(text)
        house = House()
        return assemble(load(self.file, **command_line), house.clock, listen=False)

    def do(self, server: Any, verb: str, **args: Any) -> Any:
        return self.successResultOf(perform(server, verb, args))


class ReloadTest(FileTestCase):
    def test_limits_are_taken(self) -> None:
        server = self.assembled("")
        self.write("[c2s.limits]\nlogin_seconds = 7")
        self.assertEqual(self.do(server, "reload"), {"restart": [], "warnings": []})
        self.assertEqual(server.edge.limits.login_seconds, 7)

    def test_other_servers(self) -> None:
        """All of `[s2s]` but where others come in, and the secret of keys."""
        server = self.assembled("[s2s]\nenabled = true")
        resolver = server.federation.edge.connector.resolver
        self.write(
            '[s2s]\nenabled = true\n[s2s.policy]\ndefault = "certificate"\n'
            "[s2s.limits]\nidle_seconds = 7"
        )
        self.assertEqual(self.do(server, "reload"), {"restart": [], "warnings": []})
        edge = server.federation.edge
        self.assertEqual(edge.settings.policy_of("b.test"), "certificate")
        self.assertEqual(edge.settings.limits.idle_seconds, 7)
        self.assertIs(edge.connector.resolver, resolver, "with what it knows")
        self.write('[s2s]\nenabled = true\ndns = ["192.0.2.53:53"]')
        self.do(server, "reload")
        self.assertIsNot(edge.connector.resolver, resolver)
        self.write("[s2s]\nenabled = false")
        self.assertEqual(self.do(server, "reload")["restart"], ["s2s.enabled"])

    def test_authorities_that_cannot_be_read(self) -> None:
        server = self.assembled("[s2s]\nenabled = true")
        before = server.config
        self.write('[s2s]\nenabled = true\ntrust = "nowhere.pem"\n[c2s.limits]\nlogin_seconds = 7')
        failure = self.failureResultOf(perform(server, "reload", {}), Refused)
        self.assertIn("nowhere.pem", str(failure.value))
        self.assertIs(server.config, before)
        self.assertNotEqual(server.edge.limits.login_seconds, 7)

    def test_wrong_configuration_changes_nothing(self) -> None:
        server = self.assembled("")
        before = server.config
        self.write("[c2s.limits]\nlogin_seconds = 0")
        failure = self.failureResultOf(perform(server, "reload", {}), Refused)
        self.assertIn("c2s.limits.login_seconds: must be 1 or more", str(failure.value))
        self.assertIs(server.config, before)

    def test_unknown_extension_is_refused(self) -> None:
        server = self.assembled("")
        self.write("[extensions.nothing]")
        failure = self.failureResultOf(perform(server, "reload", {}), Refused)
        self.assertIn("extensions.nothing: no such extension", str(failure.value))

    def test_what_needs_a_restart_is_told(self) -> None:
        old, new = (
            load(self.file)
            for text in (
                "",
                'resource_conflict = "reject"\n[[c2s.listen]]\nendpoint = "tcp:6000"\n'
                "[extensions.ping]\nenabled = false\n[router]\naddress = 'tcp:127.0.0.1:5347'",
            )
            if self.write(text) is None
        )
        self.assertEqual(waiting_for_restart(old, old), [])
        self.assertEqual(
            waiting_for_restart(old, new),
            ["resource_conflict", "router", "c2s.listen", "extensions.ping.enabled"],
        )

    def test_command_line_stays(self) -> None:
        self.write("")
        config = load(
            self.file, domains=["example.org"], c2s=["tcp:6000"], data="here", muc="rooms.example"
        )
        again = read_again(config)
        self.assertEqual(again, config)
        self.assertEqual(read_again(again), config)


class CheckTest(FileTestCase):
    def test_config(self) -> None:
        server = self.assembled("")
        self.assertEqual(self.do(server, "check_config"), {"problems": [], "warnings": []})
        self.write("[extensions.nothing]")
        [problem] = self.do(server, "check_config")["problems"]
        self.assertIn("extensions.nothing: no such extension", problem)

    def test_certificates(self) -> None:
        server = self.assembled('[tls]\ncertificates = "tls"')
        result = self.do(server, "check_certs")
        self.assertEqual(result["problems"], [])
        self.assertIn("no certificate yet", result["warnings"][0])
        (self.folder / "tls").mkdir()
        (self.folder / "tls" / "example.com.pem").write_text("nothing")
        [problem] = self.do(server, "check_certs")["problems"]
        self.assertIn("example.com.pem: holds no certificate", problem)

    def test_certificate_for_another_name(self) -> None:
        server = self.assembled('[tls]\ncertificates = "tls"')
        file = self.folder / "tls" / "example.com.pem"
        write_self_made(file, "example.org", datetime.now(UTC))
        [problem] = self.do(server, "check_certs")["problems"]
        self.assertIn("example.com.pem: is for example.org", problem)


class BackupTest(FileTestCase):
    def test_refused(self) -> None:
        server = self.assembled("")
        failure = self.failureResultOf(perform(server, "backup", {"file": "here"}), Refused)
        self.assertIn("write the whole path", str(failure.value))
        path = str(self.folder / "nowhere" / "copy")
        failure = self.failureResultOf(perform(server, "backup", {"file": path}), Refused)
        self.assertIn("nowhere: no such directory", str(failure.value))
        path = str(self.folder / "copy")
        failure = self.failureResultOf(perform(server, "backup", {"file": path}), Refused)
        self.assertIn("nothing to be backed up", str(failure.value))
