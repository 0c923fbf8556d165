"""Logging in: SASL where the accounts are, tickets, binding (session protocol, 3.1 to 3.4)."""

import base64
from typing import Any

from scramp import ScramClient
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from twisted.words.xish.domish import Element

from tests.sm.kit import House
from xmppd.component.session import StreamFacts, client_element, verb
from xmppd.link.envelope import Envelope
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import SASL
from xmppd.protocol.stanza import Stanza
from xmppd.sm.attempts import MAX_ATTEMPTS
from xmppd.sm.login import EXCHANGE_SECONDS, TICKET_SECONDS

SCRAM = "SCRAM-SHA-256"
ALL = ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN")


def encoded(message: str | bytes) -> str:
    data = message if isinstance(message, bytes) else message.encode()
    return base64.b64encode(data).decode() or "="


def plain(name: str, password: str = "secret", authzid: str = "") -> str:
    return encoded(f"{authzid}\0{name}\0{password}")


class LoginTestCase(SynchronousTestCase):
    offered: tuple[str, ...] = ALL

    def setUp(self) -> None:
        self.house = House()
        self.stream = Jid.parse("c2s-1/e.1")
        self.bindings = {"tls-exporter": b"0123456789abcdef"}

    def step(
        self,
        content: bytes,
        to: str = "juliet@example.com",
        host: str = "example.com",
        offered: tuple[str, ...] | None = None,
    ) -> Stanza:
        facts = StreamFacts(
            host,
            peer="192.0.2.7",
            bindings=self.bindings,
            tls="TLSv1.3",
            cipher="X",
            mechanisms=self.offered if offered is None else offered,
        )
        request = verb("authenticate", facts.to_xml(), content, host=host)
        answer = self.house.ask(to, self.stream, request)
        self.assertEqual(answer.type, "", answer.items[0].inner)
        return answer.items[0]

    def auth(self, mechanism: str, text: str, **more: Any) -> Stanza:
        return self.step(element("auth", SASL, {"mechanism": mechanism}, text), **more)

    def respond(self, at: str, text: str) -> Stanza:
        request = verb("authenticate", element("response", SASL, None, text))
        answer = self.house.ask(at, self.stream, request)
        return answer.items[0]

    def failure(self, step: Stanza) -> str:
        self.assertEqual(step.attrs["state"], "failed")
        self.assertNotIn("ticket", step.attrs)
        found = client_element(step)
        assert found is not None
        self.assertEqual((found.ns, found.name), (SASL, "failure"))
        return found.children[0][1]

    def content(self, step: Stanza) -> str:
        """The SASL message in a step, decoded."""
        found = client_element(step)
        assert found is not None
        return base64.b64decode(str(found.element())).decode()

    def scram(
        self,
        name: str = "juliet",
        password: str = "secret",
        mechanism: str = SCRAM,
        spoil: Any = str,
    ) -> Stanza:
        client = ScramClient([mechanism], name, password)
        step = self.auth(mechanism, encoded(client.get_client_first()))
        if step.attrs["state"] != "more":
            return step
        client.set_server_first(self.content(step))
        step = self.respond(step.attrs["at"], encoded(spoil(client.get_client_final())))
        if step.attrs["state"] == "done":
            client.set_server_final(self.content(step))
        return step

    def gone(self) -> None:
        """The stream ends before it is bound; what it did is forgotten."""
        self.house.edge.send(Envelope(Jid.parse("example.com"), self.stream, (verb("gone"),)))
        self.house.settle()

    def opened(
        self,
        ticket: str,
        to: str = "juliet@example.com",
        stream: Jid | None = None,
        **asked: str | None,
    ) -> Envelope:
        request = verb("open", ticket=ticket, **asked)
        return self.house.ask(to, stream or self.stream, request)

    def condition(self, answer: Envelope) -> str:
        self.assertEqual(answer.type, "error")
        error = answer.items[0].child("", "error") or answer.items[0].payload()
        assert isinstance(error, Element)
        first = error.firstChildElement() if error.name == "error" else error
        return str(first.name)


class HelloTest(LoginTestCase):
    def test_hello(self) -> None:
        answer = self.house.ask("example.com", self.stream, verb("hello", version="0"))
        facts = answer.items[0].attrs
        scram = {f"SCRAM-SHA-{size}{plus}" for size in (1, 256, 512) for plus in ("", "-PLUS")}
        self.assertEqual(set(facts["mechanisms"].split()), scram | {"PLAIN"})

    def test_not_ours(self) -> None:
        answer = self.house.ask("sm-1", self.stream, verb("hello"))
        self.assertEqual(answer.type, "error")

    def test_unknown_verb(self) -> None:
        answer = self.house.ask("example.com", self.stream, verb("dance"))
        self.assertEqual(answer.type, "error")

    def test_broken_verbs(self) -> None:
        for item in (
            verb("authenticate"),
            verb("authenticate", element("auth", SASL)),
            verb("authenticate", element("auth", SASL), host="example.com"),
            verb("authenticate", element("auth", SASL), host="nosuch.test"),
            verb("before"),
            verb("open"),
        ):
            self.assertEqual(self.house.ask("example.com", self.stream, item).type, "error")


class SaslTest(LoginTestCase):
    def test_plain(self) -> None:
        for name in "juliet", "juliet@example.com", "JULIET":
            step = self.auth("PLAIN", plain(name))
            self.assertEqual(step.attrs["state"], "done", name)
            self.assertEqual(step.attrs["account"], "juliet@example.com")

    def test_scram(self) -> None:
        for mechanism in "SCRAM-SHA-1", "SCRAM-SHA-256":
            step = self.scram(mechanism=mechanism)
            self.assertEqual(step.attrs["state"], "done")
            self.assertEqual(step.attrs["account"], "juliet@example.com")

    def test_invalid_mechanism(self) -> None:
        """A2."""
        for mechanism in "DIGEST-MD5", "", "EXTERNAL", "SCRAM-SHA-512", "plain":
            self.assertEqual(self.failure(self.auth(mechanism, "=")), "invalid-mechanism")
        step = self.auth("X-OWN", "=", offered=("X-OWN",))
        self.assertEqual(self.failure(step), "invalid-mechanism")

    def test_incorrect_encoding(self) -> None:
        """A3."""
        good = plain("juliet")
        for text in (
            good[:4] + " " + good[4:],
            good + "\n",
            good[:4] + "=" + good[4:],
            good.rstrip("=") + "A" * 3,
            "!" + good,
            "YQ",
        ):
            for mechanism in "PLAIN", SCRAM:
                self.assertEqual(self.failure(self.auth(mechanism, text)), "incorrect-encoding")
                self.gone()

    def test_malformed(self) -> None:
        """A4."""
        for text in (
            "=",
            "",
            encoded("juliet"),
            encoded("a\0b\0c\0d"),
            encoded("\0\0secret"),
            encoded("\0juliet\0"),
            plain("juliet", "x" * 8192),
            encoded(b"\0\xff\0x"),
        ):
            self.assertEqual(self.failure(self.auth("PLAIN", text)), "malformed-request", text[:9])
            self.gone()
        for first in "n,,r=abc", "n,,n=juliet", "n=juliet,r=abc", "x,,n=juliet,r=a", "":
            self.assertEqual(self.failure(self.auth(SCRAM, encoded(first))), "malformed-request")
            self.gone()

    def test_authzid(self) -> None:
        """A5."""
        own = plain("juliet", authzid="juliet@example.com")
        self.assertEqual(self.auth("PLAIN", own).attrs["state"], "done")
        capital = plain("juliet", authzid="JULIET@example.com")
        self.assertEqual(self.auth("PLAIN", capital).attrs["state"], "done")
        for other in "romeo@example.com", "juliet@remote.test", "juliet", "@@", "example.com":
            step = self.auth("PLAIN", plain("juliet", authzid=other))
            self.assertEqual(self.failure(step), "invalid-authzid")
            self.gone()
        step = self.auth(SCRAM, encoded("n,a=romeo@example.com,n=juliet,r=abc"))
        self.assertEqual(self.failure(step), "invalid-authzid")
        step = self.auth(SCRAM, encoded("n,a=juliet@example.com,n=juliet,r=abc"))
        self.assertEqual(step.attrs["state"], "more")

    def test_abort_and_strays(self) -> None:
        """A6."""
        self.assertEqual(self.failure(self.step(element("abort", SASL))), "aborted")
        stray = self.step(element("response", SASL, None, "YQ=="))
        self.assertEqual(self.failure(stray), "malformed-request")
        for again, condition in (
            (element("auth", SASL, {"mechanism": SCRAM}, "YQ=="), "malformed-request"),
            (element("abort", SASL), "aborted"),
        ):
            step = self.auth(SCRAM, encoded("n,,n=juliet,r=abc"))
            at = step.attrs["at"]
            answer = self.house.ask(at, self.stream, verb("authenticate", again))
            self.assertEqual(self.failure(answer.items[0]), condition)
            after = self.house.ask(at, self.stream, verb("authenticate", again))
            self.assertEqual(after.type, "error")

    def test_channel_binding(self) -> None:
        """A7."""
        for mechanism, first in (
            (SCRAM, "y,,n=juliet,r=abc"),
            (SCRAM, "p=tls-exporter,,n=juliet,r=abc"),
            (SCRAM + "-PLUS", "p=tls-unique,,n=juliet,r=abc"),
            (SCRAM + "-PLUS", "n,,n=juliet,r=abc"),
        ):
            step = self.auth(mechanism, encoded(first))
            self.assertEqual(self.failure(step), "not-authorized", first)
        step = self.auth(SCRAM, encoded("y,,n=juliet,r=abc"), offered=(SCRAM, "PLAIN"))
        self.assertEqual(step.attrs["state"], "more")

    def test_final_message(self) -> None:
        """A8."""
        for spoil in (
            lambda text: text.replace("r=", "r=x"),
            lambda text: text.replace("c=biws", "c=eSws"),
            lambda text: text[:-8] + "AAAA" + text[-4:],
            lambda text: text.rsplit("p=", 1)[0] + "p=YQ==",
        ):
            self.assertEqual(self.failure(self.scram(spoil=spoil)), "not-authorized")
        self.gone()
        for spoil in (
            lambda text: "m=x," + text,
            lambda text: text.replace(",p=", ",r=x,p="),
            lambda text: "nonsense",
        ):
            self.assertEqual(self.failure(self.scram(spoil=spoil)), "malformed-request")

    def test_wrong_passwords(self) -> None:
        """A9; for unknown and disabled accounts alike."""
        accounts = self.house.host.accounts  # type: ignore[union-attr]
        assert accounts is not None
        accounts.disable("romeo")
        self.house.settle()
        for name, password in (
            ("juliet", "wrong"),
            ("nobody", "secret"),
            ("romeo", "secret"),
            ("a/b", "secret"),
            ("\u00df@x", "secret"),
            ("juliet@b.test", "x"),
        ):
            for step in self.auth("PLAIN", plain(name, password)), self.scram(name, password):
                self.assertEqual(self.failure(step), "not-authorized", name)
            self.gone()
        accounts.disable("romeo", False)
        self.house.settle()
        self.assertEqual(self.auth("PLAIN", plain("romeo")).attrs["state"], "done")

    def test_refusals_are_in_the_log(self) -> None:
        """A line a stream, for those who watch over addresses; nobody writes lines of his own."""
        names = "juliet", "nobody", "x\nlogin refused: y", "z" * 1000
        with capturedLogs() as events:
            for name in names:
                self.auth("PLAIN", plain(name, "wrong"))
                self.auth("PLAIN", plain("romeo", "wrong"))
                self.gone()
            self.auth("PLAIN", "=")
            self.auth("PLAIN", plain("juliet"))
        self.assertEqual(
            [formatEvent(event) for event in events],
            [
                f"login refused: {name} at example.com from 192.0.2.7"
                for name in ("'juliet'", "'nobody'", "'x\\nlogin refused: y'", f"'{'z' * 200}'")
            ],
        )

    def test_disabled_accounts_are_not_told_apart(self) -> None:
        accounts = self.house.host.accounts  # type: ignore[union-attr]
        assert accounts is not None
        accounts.disable("romeo")
        self.house.settle()
        steps = [
            self.auth("PLAIN", plain(name, word))
            for name, word in (("romeo", "secret"), ("nobody", "secret"), ("juliet", "no"))
        ]
        self.assertEqual(len({step.inner for step in steps}), 1)

    def salt(self, name: str) -> tuple[str, str]:
        step = self.auth(SCRAM, encoded(f"n,,n={name},r=abc"))
        fields = dict(part.split("=", 1) for part in self.content(step).split(","))
        return fields["s"], fields["i"]

    def test_challenges_tell_nothing(self) -> None:
        """A9: always the same salt for one name, known or not, however it is spelt."""
        for name in "juliet", "nobody", "Nobody", "nobody@example.com":
            self.assertEqual(self.salt(name), self.salt(name))
        self.assertEqual(self.salt("nobody"), self.salt("NOBODY@EXAMPLE.COM"))
        self.assertNotEqual(self.salt("nobody")[0], self.salt("somebody")[0])
        self.assertEqual(len(self.salt("nobody")[0]), len(self.salt("juliet")[0]))
        self.assertEqual(self.salt("nobody")[1], self.salt("juliet")[1])

    def test_fake_salts_survive_restarts(self) -> None:
        """A9: another session manager on the same store gives the same."""
        first = self.salt("nobody")
        self.house.manager.hosts.clear()  # made anew, as after a restart
        self.assertEqual(self.salt("nobody"), first)

    def test_attempts(self) -> None:
        """A10: the last one is marked; a success in between forgives."""
        lasts = [
            self.auth("PLAIN", plain("juliet", "no")).attrs.get("last") for _ in range(MAX_ATTEMPTS)
        ]
        self.assertEqual(lasts, [None] * (MAX_ATTEMPTS - 1) + ["true"])
        self.auth("PLAIN", plain("juliet", "no"))
        self.auth("PLAIN", plain("juliet"))
        lasts = [
            self.auth("PLAIN", plain("juliet", "no")).attrs.get("last") for _ in range(MAX_ATTEMPTS)
        ]
        self.assertEqual(lasts.index("true"), MAX_ATTEMPTS - 1)

    def test_exchanges_belong_to_a_stream(self) -> None:
        step = self.auth(SCRAM, encoded("n,,n=juliet,r=abc"))
        mine, self.stream = self.stream, Jid.parse("c2s-1/e.2")
        response = verb("authenticate", element("response", SASL, None, "YQ=="))
        answer = self.house.ask(step.attrs["at"], self.stream, response)
        self.assertEqual(answer.type, "error")
        answer = self.house.ask(step.attrs["at"], mine, response)
        self.assertEqual(self.failure(answer.items[0]), "malformed-request")

    def test_exchanges_expire(self) -> None:
        step = self.auth(SCRAM, encoded("n,,n=juliet,r=abc"))
        self.house.settle(EXCHANGE_SECONDS + 1)
        response = verb("authenticate", element("response", SASL, None, "YQ=="))
        answer = self.house.ask(step.attrs["at"], self.stream, response)
        self.assertEqual(answer.type, "error")


class TicketTest(LoginTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.ticket = self.auth("PLAIN", plain("juliet")).attrs["ticket"]

    def refused(self, **changed: Any) -> None:
        answer = self.opened(**{"ticket": self.ticket} | changed)
        self.assertEqual(self.condition(answer), "not-authorized")

    def test_good_once(self) -> None:
        opened = self.opened(self.ticket, resource="x").items[0]
        self.assertEqual(opened.attrs["jid"], "juliet@example.com/x")
        self.refused(resource="y")

    def test_bound_to_stream_and_account(self) -> None:
        """L5."""
        self.refused(stream=Jid.parse("c2s-1/e.2"))
        self.refused(to="romeo@example.com")
        last = "0" if self.ticket[-1] != "0" else "1"
        self.refused(ticket=self.ticket[:-1] + last)
        self.refused(ticket="")
        self.refused(ticket="\u00e9")
        self.assertEqual(self.opened(self.ticket).type, "")

    def test_expiry(self) -> None:
        self.house.settle(TICKET_SECONDS + 1)
        self.refused()

    def test_gone(self) -> None:
        """A stream that ended takes its ticket with it."""
        self.gone()
        self.refused()
        self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_newest_counts(self) -> None:
        newer = self.auth("PLAIN", plain("juliet")).attrs["ticket"]
        self.refused()
        self.assertEqual(self.opened(newer).type, "")

    def test_an_error_does_not_use_it_up(self) -> None:
        answer = self.opened(self.ticket, resource="\x07")
        self.assertEqual(self.condition(answer), "bad-request")
        self.assertEqual(self.opened(self.ticket).type, "")

    def test_an_account_that_left_memory(self) -> None:
        """Between login and binding an idle account may leave memory: that is not seen."""
        self.house.host.forget("juliet")  # type: ignore[union-attr]
        opened = self.opened(self.ticket, resource="x").items[0]
        [session] = self.house.manager.sessions.values()
        self.assertEqual(session.address, opened.attrs["session"])
        self.assertIs(session.user, self.house.host.users["juliet"])  # type: ignore[union-attr]

    def test_an_account_that_is_gone(self) -> None:
        host = self.house.host
        assert host is not None and host.accounts is not None
        host.accounts.remove("juliet")
        host.forget("juliet")
        self.house.settle()
        self.refused()

    def test_language_of_the_new_stream(self) -> None:
        """RFC 6120, 4.7.4: a stream that is begun anew may have another one."""
        self.opened(self.ticket, **{"xml:lang": "cs"})
        [session] = self.house.manager.sessions.values()
        self.assertEqual(session.lang, "cs")


class BindingTest(LoginTestCase):
    """RFC 6120, 7; A14 and A16."""

    def bind(self, resource: str | None = None, stream: str = "1", **asked: str) -> Envelope:
        self.stream = Jid.parse(f"c2s-1/e.{stream}")
        ticket = self.auth("PLAIN", plain("juliet")).attrs["ticket"]
        return self.opened(ticket, resource=resource, **asked)

    def jid(self, answer: Envelope) -> Jid:
        return Jid.parse(answer.items[0].attrs["jid"])

    def test_server_made(self) -> None:
        """7.6: not to be guessed, never twice the same."""
        found = {self.jid(self.bind(resource)).resource for resource in (None, "", None)}
        self.assertEqual(len(found), 3)
        self.assertGreaterEqual(min(map(len, found)), 8)

    def test_prepared(self) -> None:
        self.assertEqual(self.jid(self.bind("a b")), "juliet@example.com/a b")
        for bad in "x" * 1024, "\x07", "\ufffe":
            self.assertEqual(self.condition(self.bind(bad)), "bad-request")

    def test_replace(self) -> None:
        """7.7.2.2: the default; the older stream gets a conflict, and its presence goes."""
        old = self.house.client("juliet", "x")
        other = self.house.client("juliet", "other")
        old.send("<presence/>")
        other.send("<presence/>")
        other.taken()
        self.assertEqual(self.jid(self.bind("x", "77")), old.jid)
        assert old.closed is not None
        self.assertIn(b"<conflict ", old.closed.inner)
        self.assertEqual([item.type for item in other.taken()], ["unavailable"])
        old.close()
        self.assertEqual(len(self.house.manager.sessions), 2)

    def test_reject(self) -> None:
        old = self.house.client("juliet", "x")
        self.assertEqual(self.condition(self.bind("x", "77", conflict="reject")), "conflict")
        self.assertIsNone(old.closed)

    def test_rename(self) -> None:
        old = self.house.client("juliet", "x")
        renamed = self.jid(self.bind("x", "77", conflict="rename"))
        self.assertNotEqual(renamed, old.jid)
        self.assertIsNone(old.closed)

    def test_policy_of_the_host(self) -> None:
        self.house.client("juliet", "x")
        self.house.host.resource_conflict = "reject"  # type: ignore[union-attr]
        self.assertEqual(self.condition(self.bind("x", "77")), "conflict")
        self.assertEqual(self.jid(self.bind("y", "78")).resource, "y")
