"""RFC 5802, RFC 7677, RFC 9266 and XEP-0440, from the server's side."""

import hashlib
import hmac
from base64 import b64decode, b64encode

from hypothesis import given, settings
from hypothesis import strategies as st
from scramp import ScramClient, ScramException
from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.mechanisms import MECHANISMS
from xmppd.protocol.sasl import SaslError
from xmppd.protocol.scram import ScramServer, new_nonce
from xmppd.protocol.scram_keys import ScramKeys, fake_keys

HASHES = ("SHA-1", "SHA-256", "SHA-512")
SCRAM = [mechanism for mechanism in MECHANISMS if mechanism.hash is not None]
OFFERED = [mechanism.name for mechanism in MECHANISMS]
WITHOUT_PLUS = [mechanism.name for mechanism in MECHANISMS if not mechanism.plus]
BINDINGS = {"tls-exporter": b"e" * 32, "tls-server-end-point": b"s" * 32}
ITERATIONS = 4096
KEYS = {hash: ScramKeys.from_password("pencil", hash, iterations=ITERATIONS) for hash in HASHES}
USER = b"n,,n=user,r=client"


def server_for(mechanism: str = "SCRAM-SHA-256", plus_offered: bool = False) -> ScramServer:
    offered = OFFERED if plus_offered else WITHOUT_PLUS
    return ScramServer(mechanism, BINDINGS, offered, lambda: "server")


def begun(first: bytes = USER, mechanism: str = "SCRAM-SHA-256") -> tuple[ScramServer, bytes]:
    """A server that has read `first`, and its challenge."""
    server = server_for(mechanism, mechanism.endswith("-PLUS"))
    server.first(first)
    return server, server.challenge(KEYS[server.hash])


def proved(unproved: bytes, first_bare: bytes, challenge: bytes, hash: str = "SHA-256") -> bytes:
    """The final message of a client that knows the password (RFC 5802, section 3)."""
    name = hash.replace("-", "").lower()
    keys = KEYS[hash]
    salted = hashlib.pbkdf2_hmac(name, b"pencil", keys.salt, keys.iterations)
    client_key = hmac.digest(salted, b"Client Key", name)
    signature = hmac.digest(
        hashlib.new(name, client_key).digest(), b",".join((first_bare, challenge, unproved)), name
    )
    proof = bytes(one ^ other for one, other in zip(client_key, signature, strict=True))
    return unproved + b",p=" + b64encode(proof)


def log_in(server: ScramServer, client: ScramClient, keys: ScramKeys) -> bool:
    """Let an independent client talk to `server`; true if each has convinced the other."""
    server.first(client.get_client_first().encode())
    client.set_server_first(server.challenge(keys).decode())
    server.final(client.get_client_final().encode())
    if not server.verify(keys):
        return False
    client.set_server_final(server.success().decode())
    return True


class Vectors(SynchronousTestCase):
    def exchange(self, mechanism: str, salt: str, first: str, challenge: str, final: str) -> bytes:
        hash = mechanism.removeprefix("SCRAM-")
        keys = ScramKeys.from_password("pencil", hash, b64decode(salt), 4096)
        nonce = challenge.split(",")[0].removeprefix("r=" + first.rpartition("r=")[2])
        server = ScramServer(mechanism, {}, [mechanism], lambda: nonce)
        server.first(first.encode())
        self.assertEqual((server.authcid, server.authzid, server.binding), ("user", "", None))
        self.assertEqual(server.challenge(keys), challenge.encode())
        server.final(final.encode())
        self.assertTrue(server.verify(keys))
        return server.success()

    def test_rfc_5802(self) -> None:
        """RFC 5802, section 5."""
        success = self.exchange(
            "SCRAM-SHA-1",
            "QSXCR+Q6sek8bf92",
            "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
            "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        )
        self.assertEqual(success, b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")

    def test_rfc_7677(self) -> None:
        """RFC 7677, section 3."""
        success = self.exchange(
            "SCRAM-SHA-256",
            "W22ZaJ0SNY7soEsUEjb6gQ==",
            "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        )
        self.assertEqual(success, b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


class IndependentClient(SynchronousTestCase):
    """Against the client side of scramp, which knows no tls-exporter and no `a=`."""

    binding = ("tls-server-end-point", BINDINGS["tls-server-end-point"])

    def test_every_mechanism(self) -> None:
        for mechanism in SCRAM:
            assert mechanism.hash
            server = server_for(mechanism.name, mechanism.plus)
            binding = self.binding if mechanism.plus else None
            client = ScramClient([mechanism.name], "user", "pencil", binding)
            self.assertTrue(log_in(server, client, KEYS[mechanism.hash]), mechanism.name)
            self.assertEqual(server.binding, self.binding[0] if mechanism.plus else None)

    def test_wrong_password(self) -> None:
        for hash in HASHES:
            client = ScramClient([f"SCRAM-{hash}"], "user", "pen", None)
            self.assertFalse(log_in(server_for(f"SCRAM-{hash}"), client, KEYS[hash]))

    def test_client_that_was_shown_no_plus(self) -> None:
        """RFC 5802, section 6: `y` is right if the server offered no channel binding."""
        client = ScramClient(["SCRAM-SHA-256"], "user", "pencil", self.binding)
        self.assertTrue(log_in(server_for("SCRAM-SHA-256"), client, KEYS["SHA-256"]))

    def test_stripped_offer(self) -> None:
        client = ScramClient(["SCRAM-SHA-256"], "user", "pencil", self.binding)
        server = server_for("SCRAM-SHA-256", plus_offered=True)
        error = self.assertRaises(SaslError, log_in, server, client, KEYS["SHA-256"])
        self.assertEqual(error.condition, "not-authorized")

    def test_another_channel(self) -> None:
        """RFC 5802, section 6: the data differs when someone sits between."""
        binding = ("tls-server-end-point", b"m" * 32)
        client = ScramClient(["SCRAM-SHA-256-PLUS"], "user", "pencil", binding)
        server = server_for("SCRAM-SHA-256-PLUS", plus_offered=True)
        error = self.assertRaises(SaslError, log_in, server, client, KEYS["SHA-256"])
        self.assertEqual(error.condition, "not-authorized")

    def test_client_notices_a_server_without_the_keys(self) -> None:
        server = server_for()
        client = ScramClient(["SCRAM-SHA-256"], "user", "pencil")
        keys = KEYS["SHA-256"]
        server.first(client.get_client_first().encode())
        client.set_server_first(server.challenge(keys).decode())
        server.final(client.get_client_final().encode())
        other = ScramKeys("SHA-256", keys.salt, keys.iterations, keys.stored_key, b"x" * 32)
        self.assertTrue(server.verify(other))
        self.assertRaises(ScramException, client.set_server_final, server.success().decode())

    def test_names_with_comma_and_equals_sign(self) -> None:
        server = server_for()
        client = ScramClient(["SCRAM-SHA-256"], "a,b=c", "pencil")
        self.assertTrue(log_in(server, client, KEYS["SHA-256"]))
        self.assertEqual(server.authcid, "a,b=c")

    def test_password_is_prepared(self) -> None:
        """RFC 5802, 5.1 and RFC 4013, section 3: the soft hyphen goes, a compatibility form too."""
        keys = ScramKeys.from_password("I\u00adX", "SHA-1", iterations=ITERATIONS)
        client = ScramClient(["SCRAM-SHA-1"], "user", "\u2168")
        self.assertTrue(log_in(server_for("SCRAM-SHA-1"), client, keys))


class FirstMessage(SynchronousTestCase):
    def refused(self, condition: str, mechanism: str, plus_offered: bool, first: bytes) -> None:
        server = server_for(mechanism, plus_offered)
        error = self.assertRaises(SaslError, server.first, first)
        self.assertEqual(error.condition, condition, first)

    def test_whom_it_names(self) -> None:
        server = server_for("SCRAM-SHA-1-PLUS")
        server.first(b"p=tls-exporter,a=juliet@example.com,n=admin,r=abc")
        self.assertEqual((server.authzid, server.authcid), ("juliet@example.com", "admin"))
        self.assertEqual((server.hash, server.binding), ("SHA-1", "tls-exporter"))

    def test_y_while_binding_was_offered(self) -> None:
        """RFC 5802, section 6, and XEP-0440: someone took -PLUS out of the offer."""
        self.refused("not-authorized", "SCRAM-SHA-256", True, b"y,,n=user,r=abc")
        self.refused("not-authorized", "SCRAM-SHA-256-PLUS", True, b"y,,n=user,r=abc")

    def test_y_while_another_hash_was_offered_with_binding(self) -> None:
        server = ScramServer("SCRAM-SHA-1", BINDINGS, ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1"])
        self.assertRaises(SaslError, server.first, b"y,,n=user,r=abc")

    def test_client_without_channel_binding(self) -> None:
        """RFC 5802, section 6: `n` is allowed on a mechanism without -PLUS."""
        server = server_for("SCRAM-SHA-256", plus_offered=True)
        server.first(USER)
        self.assertEqual((server.authcid, server.binding), ("user", None))

    def test_binding_on_a_mechanism_without_it(self) -> None:
        for plus_offered in (True, False):
            first = b"p=tls-exporter,,n=user,r=abc"
            self.refused("not-authorized", "SCRAM-SHA-256", plus_offered, first)

    def test_unknown_type(self) -> None:
        for name in (b"tls-unique", b"TLS-EXPORTER", b"x"):
            first = b"p=" + name + b",,n=user,r=abc"
            self.refused("not-authorized", "SCRAM-SHA-256-PLUS", True, first)

    def test_no_binding_on_a_mechanism_with_it(self) -> None:
        self.refused("not-authorized", "SCRAM-SHA-256-PLUS", True, USER)
        self.refused("not-authorized", "SCRAM-SHA-256-PLUS", False, USER)

    def test_malformed(self) -> None:
        self.refused("malformed-request", "SCRAM-SHA-256", False, b"n,,n=user")
        self.refused("malformed-request", "SCRAM-SHA-256-PLUS", True, b"p=,,n=user,r=abc")

    def test_mechanism_that_is_not_scram(self) -> None:
        for name in ("PLAIN", "SCRAM-MD5"):
            error = self.assertRaises(SaslError, ScramServer, name, {}, [])
            self.assertEqual(error.condition, "invalid-mechanism")


class FinalMessage(SynchronousTestCase):
    def refused(self, condition: str, server: ScramServer, final: bytes) -> None:
        error = self.assertRaises(SaslError, server.final, final)
        self.assertEqual(error.condition, condition, final)
        self.assertFalse(server.verify(KEYS[server.hash]))
        self.assertRaises(SaslError, server.success)

    def test_authzid_is_part_of_what_is_bound(self) -> None:
        header = b"n,a=juliet@example.com,"
        server, challenge = begun(header + b"n=admin,r=client")
        final = b"c=" + b64encode(header) + b",r=clientserver"
        server.final(proved(final, b"n=admin,r=client", challenge))
        self.assertTrue(server.verify(KEYS["SHA-256"]))

    def test_tls_exporter(self) -> None:
        """RFC 9266, section 2."""
        header = b"p=tls-exporter,,"
        server, challenge = begun(header + b"n=user,r=client", "SCRAM-SHA-512-PLUS")
        final = b"c=" + b64encode(header + BINDINGS["tls-exporter"]) + b",r=clientserver"
        server.final(proved(final, b"n=user,r=client", challenge, "SHA-512"))
        self.assertTrue(server.verify(KEYS["SHA-512"]))

    def test_extensions(self) -> None:
        bare = b"n=user,r=client,x=1"
        server, challenge = begun(b"n,," + bare)
        server.final(proved(b"c=biws,r=clientserver,y=2", bare, challenge))
        self.assertTrue(server.verify(KEYS["SHA-256"]))

    def test_other_nonce(self) -> None:
        """RFC 5802, 5.1: the server MUST verify its own nonce; so a replay ends here."""
        for nonce in (b"client", b"server", b"clientserver2", b"clientSERVER"):
            server, challenge = begun()
            self.refused(
                "not-authorized",
                server,
                proved(b"c=biws,r=" + nonce, b"n=user,r=client", challenge),
            )

    def test_other_header(self) -> None:
        for header in (b"y,,", b"n,a=romeo,", b"n,,x", b"n", b"p=tls-exporter,," + b"e" * 32):
            server, challenge = begun()
            final = b"c=" + b64encode(header) + b",r=clientserver"
            self.refused("not-authorized", server, proved(final, b"n=user,r=client", challenge))

    def test_data_of_another_type(self) -> None:
        header = b"p=tls-exporter,,"
        for data in (b"", b"s" * 32, b"e" * 31):
            server, challenge = begun(header + b"n=user,r=client", "SCRAM-SHA-256-PLUS")
            final = b"c=" + b64encode(header + data) + b",r=clientserver"
            self.refused("not-authorized", server, proved(final, b"n=user,r=client", challenge))

    def test_proof_of_wrong_length(self) -> None:
        for length in (1, 20, 31, 33, 64):
            server, _ = begun()
            final = b"c=biws,r=clientserver,p=" + b64encode(b"\0" * length)
            self.refused("not-authorized", server, final)

    def test_mandatory_extension(self) -> None:
        server, challenge = begun()
        final = proved(b"c=biws,r=clientserver,m=1", b"n=user,r=client", challenge)
        self.refused("not-authorized", server, final)

    def test_malformed(self) -> None:
        for final in (b"", b"c=biws,r=clientserver", b"c=biws,r=clientserver,p=!"):
            server, _ = begun()
            self.refused("malformed-request", server, final)

    def test_before_the_challenge(self) -> None:
        server = server_for()
        server.first(USER)
        self.refused("not-authorized", server, b"c=biws,r=client,p=" + b64encode(b"\0" * 32))

    def test_wrong_proof(self) -> None:
        server, _ = begun()
        server.final(b"c=biws,r=clientserver,p=" + b64encode(b"\0" * 32))
        self.assertFalse(server.verify(KEYS["SHA-256"]))
        error = self.assertRaises(SaslError, server.success)
        self.assertEqual(error.condition, "not-authorized")

    def test_keys_changed_meanwhile(self) -> None:
        """A password that was changed between challenge and proof is checked as it is now."""
        server, challenge = begun()
        server.final(proved(b"c=biws,r=clientserver", b"n=user,r=client", challenge))
        self.assertFalse(server.verify(fake_keys(b"key", "user", "SHA-256")))


class Fuzz(SynchronousTestCase):
    pieces = st.sampled_from(b"| |,|=|m=x,|,m=x|\0|\xff|a|=2C|\xc3\xa9|p=".split(b"|"))
    edits = st.lists(st.tuples(st.integers(0, 80), st.integers(0, 3), pieces), max_size=3)

    @staticmethod
    def edited(message: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
        for start, removed, added in edits:
            message = message[:start] + added + message[start + removed :]
        return message

    @given(edits, edits)
    @settings(deadline=None, max_examples=300)
    def test_nothing_but_sasl_errors(
        self,
        first_edits: list[tuple[int, int, bytes]],
        final_edits: list[tuple[int, int, bytes]],
    ) -> None:
        first = self.edited(b"n,a=romeo,n=user,r=client", first_edits)
        server = server_for()
        try:
            server.first(first)
            challenge = server.challenge(KEYS["SHA-256"])
            bare = first[first.index(b",n=") + 1 :]
            nonce = challenge.partition(b",")[0]
            final = proved(b"c=bixhPXJvbWVvLA==," + nonce, bare, challenge)
            server.final(self.edited(final, final_edits))
            if server.verify(KEYS["SHA-256"]):
                self.assertEqual(self.edited(final, final_edits), final)
        except SaslError as error:
            self.assertIn(error.condition, ("malformed-request", "not-authorized"))


class UnknownAccount(SynchronousTestCase):
    """RFC 6120, 6.5.10 and 13.11: refused like a wrong password, at the same point."""

    def test_challenge_of_the_same_shape(self) -> None:
        server, real = begun()
        fake = server.challenge(fake_keys(b"key", "user", "SHA-256", ITERATIONS))
        self.assertEqual(len(fake), len(real))

    def test_exchange_fails_at_the_end(self) -> None:
        for hash in HASHES:
            fake = fake_keys(b"key", "user", hash, ITERATIONS)
            client = ScramClient([f"SCRAM-{hash}"], "user", "pencil", None)
            self.assertFalse(log_in(server_for(f"SCRAM-{hash}"), client, fake))


class Nonces(SynchronousTestCase):
    def test_never_the_same(self) -> None:
        self.assertEqual(len({new_nonce() for _ in range(100)}), 100)

    def test_both_parts_are_in_the_challenge(self) -> None:
        """RFC 5802, 5.1: the client's nonce, then the server's."""
        _, challenge = begun()
        self.assertTrue(challenge.startswith(b"r=clientserver,s="))
