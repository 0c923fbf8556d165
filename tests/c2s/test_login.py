"""SASL between client and session manager (RFC 6120, 6; session protocol, 3.2)."""

from base64 import b64encode

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.c2s.fake_manager import (
    ACCOUNT,
    AUTH,
    BIND,
    HEADER,
    HOST,
    House,
    refusal,
    step,
)
from xmppd.app.config_clients import Limits
from xmppd.c2s.login import account_in, sasl_failure
from xmppd.component.session import StreamFacts, verb
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import SASL
from xmppd.protocol.stanza import Stanza

CHALLENGE = element("challenge", SASL, None, "cj1h")
RESPONSE = element("response", SASL, None, "Yz1i")
ABORT = element("abort", SASL)
FAILURE = element(
    "failure", SASL, None, element("not-authorized"), element("text", None, None, "x")
)


def auth(mechanism: str, message: bytes | None) -> bytes:
    text = b"" if message is None else b64encode(message) or b"="
    return element("auth", SASL, {"mechanism": mechanism}, text)


SCRAM = auth("SCRAM-SHA-1", b"n,,n=juliet,r=abc")


class LoginCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.answers = self.house.manager.answers
        self.client = self.house.client()
        self.client.send(HEADER)


class ExchangeTest(LoginCase):
    def test_first_message(self) -> None:
        """The client's element goes up verbatim, with what the edge knows of the stream."""
        self.client.send(AUTH)
        (asked,) = self.house.manager.requests("authenticate")
        item = asked.items[0]
        self.assertEqual((asked.to, asked.sender), (ACCOUNT, "c2s-1/x.1"))
        self.assertEqual((item.attrs["host"], item.attrs["rev"]), ("example.com", "1"))
        (carried,) = self.house.manager.carried("authenticate")
        assert carried is not None
        self.assertEqual(carried.to_bytes(), AUTH)
        facts = StreamFacts.parse(HOST, item.element())
        self.assertEqual(
            facts,
            StreamFacts(
                HOST,
                peer="192.0.2.7",
                port="50122",
                lang="de",
                mechanisms=("SCRAM-SHA-1", "PLAIN"),
            ),
        )

    def test_several_steps(self) -> None:
        """What follows goes to the address of the exchange; what comes is written verbatim."""
        self.answers["authenticate"] = step(CHALLENGE, state="more", at="sm-1/b.x9")
        self.assertEqual(self.client.send(SCRAM), CHALLENGE)
        self.answers["authenticate"] = lambda asked: asked.answer(self.house.manager.done())
        self.assertEqual(self.client.send(RESPONSE), element("success", SASL))
        _, second = self.house.manager.requests("authenticate")
        self.assertEqual(second.to, "sm-1/b.x9")
        self.assertEqual(second.items[0].to_bytes(), verb("authenticate", RESPONSE).to_bytes())

    def test_without_initial_response(self) -> None:
        """RFC 6120, 6.4.2: an empty challenge; the verb begins with the first message."""
        self.assertEqual(self.client.send(auth("PLAIN", None)), element("challenge", SASL))
        self.assertEqual(self.house.manager.requests("authenticate"), [])
        response = AUTH.replace(b"<auth", b"<response").replace(b"</auth", b"</response")
        self.assertIn(b"<success", self.client.send(response.replace(b" mechanism='PLAIN'", b"")))
        (asked,) = self.house.manager.requests("authenticate")
        (carried,) = self.house.manager.carried("authenticate")
        assert carried is not None
        self.assertEqual((asked.to, carried.to_bytes()), (ACCOUNT, AUTH))

    def test_failure_is_written_as_it_comes(self) -> None:
        """RFC 6120, 6.4.5: the stream stays, and the client may try again."""
        self.answers["authenticate"] = step(FAILURE, state="failed")
        self.assertEqual(self.client.send(SCRAM + SCRAM), FAILURE * 2)
        self.assertFalse(self.client.disconnecting)

    def test_failure_may_be_delayed(self) -> None:
        self.answers["authenticate"] = step(FAILURE, state="failed", delay="2.5")
        self.assertEqual(self.client.send(SCRAM), b"")
        self.assertEqual(self.client.producerState, "paused")
        self.house.pass_seconds(2)
        self.assertEqual(self.client.said(), b"")
        self.house.pass_seconds(1)
        self.assertEqual(self.client.said(), FAILURE)
        self.assertEqual(self.client.producerState, "producing")

    def test_client_goes_while_a_failure_is_delayed(self) -> None:
        self.answers["authenticate"] = step(FAILURE, state="failed", delay="2.5")
        self.client.send(SCRAM)
        self.client.connection.connectionLost(None)  # type: ignore[arg-type]
        self.house.pass_seconds(5)
        self.assertEqual(self.client.said(), b"")
        self.assertEqual(len(self.house.manager.requests("gone")), 1)

    def test_last_failure(self) -> None:
        self.answers["authenticate"] = step(FAILURE, state="failed", last="true")
        said = self.client.send(SCRAM)
        self.assertTrue(said.startswith(FAILURE + b"<stream:error><policy-violation"), said)
        self.assertTrue(self.client.disconnecting)

    def test_fifth_failure(self) -> None:
        """RFC 6120, 6.4.5: the number of retries is bounded, whoever refuses."""
        for _ in range(4):
            self.client.send(ABORT)
        self.assertFalse(self.client.disconnecting)
        self.assertIn(b"<policy-violation", self.client.send(ABORT))
        self.assertTrue(self.client.disconnecting)

    def test_new_revision_is_asked_for(self) -> None:
        self.answers["authenticate"] = step(FAILURE, state="failed", rev="2")
        self.client.send(SCRAM)
        self.house.client().send(HEADER)
        self.assertEqual(len(self.house.manager.requests("hello")), 2)


class RefusedByTheEdgeTest(LoginCase):
    def refused(self, data: bytes, condition: str) -> None:
        self.assertEqual(self.client.send(data), sasl_failure(condition))  # type: ignore[arg-type]
        self.assertFalse(self.client.disconnecting)

    def test_mechanism_that_is_not_offered(self) -> None:
        """RFC 6120, 6.5.7."""
        for name in ("DIGEST-MD5", "", "SCRAM-SHA-1-PLUS"):
            self.client = self.house.client()
            self.client.send(HEADER)
            self.refused(auth(name, b"n,,n=juliet,r=abc"), "invalid-mechanism")
        self.assertEqual(self.house.manager.requests("authenticate"), [])

    def test_abort_of_nothing(self) -> None:
        self.refused(ABORT, "aborted")

    def test_response_to_nothing(self) -> None:
        """RFC 6120, 6.5.8."""
        self.refused(RESPONSE, "malformed-request")

    def test_second_auth_in_an_exchange(self) -> None:
        self.answers["authenticate"] = step(CHALLENGE, state="more", at="sm-1/b.x9")
        self.client.send(SCRAM)
        self.refused(SCRAM, "malformed-request")

    def test_abort_goes_to_the_exchange(self) -> None:
        self.answers["authenticate"] = step(CHALLENGE, state="more", at="sm-1/b.x9")
        self.client.send(SCRAM)
        self.answers["authenticate"] = step(sasl_failure("aborted"), state="failed")
        self.refused(ABORT, "aborted")
        self.assertEqual(self.house.manager.requests("authenticate")[1].to, "sm-1/b.x9")

    def test_no_session_manager(self) -> None:
        """RFC 6120, 6.5.11: refused, bounced or answered with what nobody understands."""
        for answer in (refusal(), refusal(b"<error/>"), step(b"", state="x")):
            self.answers["authenticate"] = answer
            self.refused(SCRAM, "temporary-auth-failure")

    def test_silence(self) -> None:
        self.answers["authenticate"] = lambda asked: None
        self.assertEqual(self.client.send(SCRAM), b"")
        self.house.pass_seconds(21)
        self.assertEqual(self.client.said(), sasl_failure("temporary-auth-failure"))
        self.answers["authenticate"] = lambda asked: asked.answer(self.house.manager.done())
        self.assertIn(b"<success", self.client.send(SCRAM))

    def test_stanza_within_an_exchange(self) -> None:
        """RFC 6120, 4.9.3.12; an iq that would be welcome before it, too."""
        self.answers["authenticate"] = step(CHALLENGE, state="more", at="sm-1/b.x9")
        self.client.send(SCRAM)
        register = b"<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>"
        self.assertIn(b"<not-authorized", self.client.send(register))
        self.assertTrue(self.client.disconnecting)

    def test_attempts_of_an_address(self) -> None:
        house = House(Limits(login_attempts_per_address=2))
        house.manager.answers["authenticate"] = step(FAILURE, state="failed")
        client = house.client()
        client.send(HEADER)
        self.assertEqual(client.send(SCRAM, SCRAM), FAILURE * 2)
        other = house.client()
        other.send(HEADER)
        self.assertEqual(other.send(SCRAM), sasl_failure("temporary-auth-failure"))
        house.pass_seconds(59)
        other = house.client()
        other.send(HEADER)
        self.assertEqual(other.send(SCRAM), FAILURE)


class AccountTest(SynchronousTestCase):
    def named(self, mechanism: str, message: bytes) -> str:
        return account_in(mechanism, Stanza(SASL, "auth", {}, b64encode(message)), HOST)

    def test_accounts(self) -> None:
        """Session protocol, 2: the authorization identity, else the name."""
        self.assertEqual(self.named("PLAIN", b"\0Juliet\0secret"), ACCOUNT)
        self.assertEqual(self.named("PLAIN", b"juliet@example.com\0nurse\0secret"), ACCOUNT)
        self.assertEqual(self.named("SCRAM-SHA-1", b"n,,n=juliet,r=x"), ACCOUNT)
        self.assertEqual(self.named("SCRAM-SHA-1", b"y,a=juliet@example.com,n=x,r=x"), ACCOUNT)

    def test_what_names_no_account_of_the_host_goes_to_the_host(self) -> None:
        for message in (b"", b"\0\0", b"\xff\0x\0y", b"\0@\0x", b"\0romeo@example.net\0x"):
            self.assertEqual(self.named("PLAIN", message), HOST)
        self.assertEqual(account_in("PLAIN", Stanza(SASL, "auth", {}, b"!"), HOST), HOST)

    def test_text_is_read_as_xml(self) -> None:
        first = Stanza(SASL, "auth", {}, b"<![CDATA[AGp1bGlldABzZWNyZXQ]]>&#61;")
        self.assertEqual(account_in("PLAIN", first, HOST), ACCOUNT)

    @given(st.sampled_from(["PLAIN", "SCRAM-SHA-1"]), st.binary(max_size=60))
    @settings(deadline=None, max_examples=100)
    def test_any_message_names_something_of_the_host(self, mechanism: str, data: bytes) -> None:
        named = account_in(mechanism, Stanza(SASL, "auth", {}, b64encode(data)), HOST)
        self.assertEqual((named.domain, named.resource), (HOST, ""))


class GoneTest(LoginCase):
    def test_the_session_manager_is_told_of_streams_that_came_to_nothing(self) -> None:
        self.answers["authenticate"] = step(FAILURE, state="failed")
        self.client.send(SCRAM, b"</stream:stream>")
        (gone,) = self.house.manager.requests("gone")
        self.assertEqual((gone.to, gone.sender), (HOST, "c2s-1/x.1"))

    def test_not_of_those_it_knows_nothing_of(self) -> None:
        self.client.send(b"</stream:stream>")
        self.assertEqual(self.house.manager.requests("gone"), [])

    def test_not_of_those_that_were_bound(self) -> None:
        self.client.send(AUTH, HEADER, BIND, b"</stream:stream>")
        self.assertEqual(self.house.manager.requests("gone"), [])
