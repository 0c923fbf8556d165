"""SIGHUP: another certificate and other limits, without a client losing its stream."""

import signal
import time
from collections.abc import Callable

from tests.scenarios.raw import PATIENCE, RawClient, logged_in, told
from tests.scenarios.server import ScenarioTestCase, Server

STREAM_ERRORS = "{urn:ietf:params:xml:ns:xmpp-streams}"
BEFORE = "c2s.limits.stanza_bytes = 50000"
AFTER = "c2s.limits.stanza_bytes = 20000"


class ReloadTest(ScenarioTestCase):
    def hang_up(self, server: Server, text: str) -> None:
        """Have each process read its configuration, and wait until all say so."""
        times = server.logged().count(text) + len(self.layout)
        server.signal(signal.SIGHUP)
        self.until(lambda: server.logged().count(text) >= times)

    def until(self, check: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not check():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def shown(self, server: Server) -> int:
        """The serial number of the certificate that a new client sees."""
        with RawClient(server.starttls).open().start_tls() as client:
            return client.encrypted.certificate().serial_number

    def test_certificate(self) -> None:
        server = self.server("juliet", settings=BEFORE)
        server.certify()
        old = self.shown(server)
        with logged_in(server.plain, "juliet") as client:
            server.certify()
            self.hang_up(server, "reloaded")
            # files are looked at once a second
            self.until(lambda: self.shown(server) != old)
            self.assertEqual(client.ping().get("type"), "result")

    def test_limits(self) -> None:
        server = self.server("juliet", settings=BEFORE)
        with logged_in(server.plain, "juliet") as staying:
            self.assertEqual(self.send_long(staying), "accepted")
            server.configure(AFTER)
            told_of = server.control("reload").splitlines()
            self.assertEqual(len(told_of), len(self.layout), told_of)
            with logged_in(server.plain, "juliet") as coming:
                self.assertIn(">20000<", told(coming.features))
                self.assertEqual(self.send_long(coming), "policy-violation")
            self.assertEqual(staying.ping().get("type"), "result")
        self.assert_keeps_limits(server)

    def assert_keeps_limits(self, server: Server) -> None:
        """A file that cannot be used changes nothing, and the log says why."""
        server.configure("c2s.limits.stanza_bites = 30000")
        self.hang_up(server, "not reloaded")
        self.assertIn("stanza_bites: unknown key", server.logged())
        with logged_in(server.plain, "juliet") as client:
            self.assertIn(">20000<", told(client.features))

    def send_long(self, client: RawClient) -> str:
        """What becomes of a stanza of 30,000 bytes."""
        client.send(f"<message to='nobody@xmpp.test' type='error'>{'x' * 30_000}</message>")
        client.send("<iq id='after' type='get'><ping xmlns='urn:xmpp:ping'/></iq>")
        answer = client.read()
        if answer.get("id") == "after":
            return "accepted"
        return answer[0].tag.removeprefix(STREAM_ERRORS)
