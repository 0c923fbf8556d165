"""How often a certificate is examined that many keys refer to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import crypto
from twisted.logger import LogEvent, globalLogPublisher

from tests.s2s.authority import Authority
from tests.s2s.raw import TlsClient, error_in, listed
from tests.s2s.test_hostile import Hostile
from xmppd.s2s.certified import REMEMBERED_SECONDS
from xmppd.tls.trust import Examined, Trust

NAMES = [x509.DNSName("remote.test"), x509.DNSName("*.remote.test")]


class Counting(Trust):
    """`examined` counts."""

    def __init__(self, authorities: Path | None) -> None:
        super().__init__(authorities)
        self.examined = 0

    def examine(self, shown: Sequence[x509.Certificate]) -> Examined:
        self.examined += 1
        return super().examine(shown)


class CertifiedTest(Hostile):
    def setUp(self) -> None:
        super().setUp()
        self.trust = self.place.edge.trust = Counting(self.authority.file)

    def test_many_keys(self) -> None:
        """Once for the stream, whatever is asked about."""
        raw = self.secured(self.authority.sign(NAMES))
        for number in range(20):
            said = raw.result("key", f"d{number}.remote.test")
            self.assertIn("type='valid'", said)
        self.assertEqual(self.trust.examined, 1)

    def test_a_certificate_that_is_not_believed(self) -> None:
        """Neither is that examined again."""
        self.network.silent.update(f"d{number}.remote.test" for number in range(5))
        raw = self.secured(Authority(self.folder / "other").sign(NAMES))
        for number in range(5):
            raw.result("key", f"d{number}.remote.test")
        self.assertEqual(self.trust.examined, 1)
        self.assertEqual(self.place.got, [])

    def test_after_some_time(self) -> None:
        """A certificate may have expired by then."""
        raw = self.secured(self.authority.sign(NAMES))
        raw.result("key")
        self.network.advance(REMEMBERED_SECONDS)
        self.assertIn("type='valid'", raw.result("key", "a.remote.test"))
        self.assertEqual(self.trust.examined, 2)

    def test_other_authorities(self) -> None:
        """What was believed before counts for nothing (RFC 6120, 4.9.3.16)."""
        raw = self.secured(self.authority.sign(NAMES))
        self.assertIn("type='valid'", raw.result("key"))
        self.place.reconfigure(None)
        self.assertEqual(error_in(raw.heard), "reset")

    def test_not_before_tls(self) -> None:
        """What is asked before is not remembered."""
        raw = self.raw()
        raw.open()
        self.assertEqual(error_in(raw.result()), "policy-violation")
        raw.secure(self.authority.sign(NAMES))
        raw.open()
        self.assertIn("type='valid'", raw.result("key"))


class Chained(TlsClient):
    """Shows one more certificate."""

    def __init__(self, more: Any) -> None:
        super().__init__()
        self._context.add_extra_chain_cert(more)


class UnreadableTest(Hostile):
    """Certificates that TLS takes, and that cannot be read for their names: none of theirs."""

    def setUp(self) -> None:
        super().setUp()
        self.failures: list[LogEvent] = []
        globalLogPublisher.addObserver(self._observe)
        self.addCleanup(globalLogPublisher.removeObserver, self._observe)

    def _observe(self, event: LogEvent) -> None:
        if "log_failure" in event:
            self.failures.append(event)

    def of_version(self, number: int) -> Any:
        """A certificate for remote.test of a version of X.509 that there is not."""
        certificate, key = self.authority.sign(NAMES)
        der = certificate.public_bytes(Encoding.DER)
        begin, version = bytes.fromhex("a0030201"), bytes([number])
        changed = der.replace(begin + b"\2", begin + version, 1)
        return crypto.load_certificate(crypto.FILETYPE_ASN1, changed), key

    def test_of_a_server_that_comes(self) -> None:
        """It is offered dialback."""
        raw = self.secured(self.of_version(1))
        self.assertIn("dialback", raw.heard)
        self.assertEqual((listed(raw.heard), self.failures), ([], []))

    def test_beside_one_that_can_be_read(self) -> None:
        """What else is shown takes nothing from it."""
        client = Chained(self.of_version(3)[0])
        raw = self.raw()
        raw.open()
        raw.secure(self.authority.sign(NAMES), client)
        self.assertEqual(listed(raw.open()), ["EXTERNAL"])
        self.assertEqual(self.failures, [])
