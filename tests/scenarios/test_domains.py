"""Several domains in one server, each a world of its own."""

import sys
import time

from tests.scenarios.raw import RawClient, logged_in, told
from tests.scenarios.server import ScenarioTestCase, Server, listens

ONE, OTHER = "one.test", "other.test"
MANY = 1_000


class DomainsTest(ScenarioTestCase):
    def setUp(self) -> None:
        self.host: Server = self.server(domains=(ONE, OTHER))
        for domain in (ONE, OTHER):
            self.host.add_accounts("juliet", domain=domain)
        self.host.add_accounts("romeo", domain=OTHER)

    def test_accounts(self) -> None:
        self.check_passwords()
        self.check_data()
        self.check_private_storage()

    def test_traffic(self) -> None:
        self.check_presence()
        self.check_messages()
        self.check_certificates()

    def client(self, user: str, domain: str) -> RawClient:
        client = logged_in(self.host.plain, user, domain)
        self.addCleanup(client.__exit__)
        return client

    def check_passwords(self) -> None:
        """An account exists at its own domain, and its password is good there alone."""
        for text in ("romeo", f"romeo@{OTHER}"):
            with RawClient(self.host.plain, ONE).open() as client:
                answer = client.plain(text, "secret of romeo")
                self.assertIn("not-authorized", told(answer))

    def check_data(self) -> None:
        """Those of the same name have contacts and data of their own, and see nobody else's."""
        here, there = self.client("juliet", ONE), self.client("juliet", OTHER)
        notes = "<notes xmlns='urn:example:notes'>{}</notes>"
        ask = "<iq id='{}' type='{}'><query xmlns='jabber:iq:private'>{}</query></iq>"
        here.send(ask.format("keep", "set", notes.format("mine")))
        here.send(
            "<iq id='add' type='set'><query xmlns='jabber:iq:roster'>"
            f"<item jid='romeo@{OTHER}'/></query></iq>"
        )
        here.ping()
        there.send(ask.format("notes", "get", notes.format("")))
        there.send("<iq id='roster' type='get'><query xmlns='jabber:iq:roster'/></iq>")
        self.assertNotIn("mine", told(there.read_until(lambda each: each.get("id") == "notes")))
        roster = there.read_until(lambda each: each.get("id") == "roster")
        self.assertNotIn("romeo", told(roster))

    def check_private_storage(self) -> None:
        """XEP-0049, 2.3: not even the same name at another domain gets at it."""
        there = self.client("juliet", OTHER)
        there.send(
            f"<iq id='x' type='get' to='juliet@{ONE}'><query xmlns='jabber:iq:private'>"
            "<notes xmlns='urn:example:notes'/></query></iq>"
        )
        self.assertEqual(there.read().get("type"), "error")

    def check_presence(self) -> None:
        """Nobody learns who is there, by asking or by waiting."""
        there = self.client("romeo", OTHER)
        there.send("<presence/>")
        here = self.client("juliet", ONE)
        here.send("<presence/>")
        here.ping()
        there.send(f"<presence type='probe' to='juliet@{ONE}'/>")
        there.send(f"<iq id='d' type='get' to='{ONE}'>"
                   "<query xmlns='http://jabber.org/protocol/disco#items'/></iq>")  # fmt: skip
        seen = []
        while (element := there.read()).get("id") != "d":
            seen.append(element)
        available = [each for each in seen if each.get("type") is None]
        self.assertEqual([each for each in available if ONE in each.get("from", "")], [])
        self.assertNotIn("juliet", told(element))

    def check_messages(self) -> None:
        """A message crosses over, with the sender's own domain on it."""
        here, there = self.client("juliet", ONE), self.client("juliet", OTHER)
        there.send("<presence/>")
        there.ping()
        here.send(f"<message to='juliet@{OTHER}' type='chat'><body>Is it you?</body></message>")
        message = there.read_until(lambda each: each.tag.endswith("message"))
        self.assertEqual(message.get("from"), here.jid)

    def check_certificates(self) -> None:
        """Each stream gets the certificate of the domain it names."""
        for domain in (ONE, OTHER):
            for client in (
                RawClient(self.host.starttls, domain).open().start_tls(),
                RawClient(self.host.direct, domain).encrypt().open(),
            ):
                with client:
                    names = client.encrypted.certificate().extensions
                    self.assertIn(domain, str(names))


class ManyDomainsTest(ScenarioTestCase):
    def test_thousand(self) -> None:
        """They cost little before somebody comes; how little is reported."""
        names = [f"host{number}.test" for number in range(MANY)]
        started = time.monotonic()
        server = self.server(domains=names)
        seconds = time.monotonic() - started
        self.assertTrue(listens(server.starttls))
        with RawClient(server.starttls, names[-1]).open().start_tls() as client:
            self.assertIn("SCRAM-SHA-256", client.mechanisms)
            self.assertIn(names[-1], str(client.encrypted.certificate().extensions))
        made = list((server.data / "certificates").rglob("*.pem"))
        self.assertEqual([path.stem for path in made], [names[-1]])
        sys.stdout.write(f"[{MANY} domains: {seconds:.1f} s to start] ")
