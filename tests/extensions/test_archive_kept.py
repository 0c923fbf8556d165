"""What is acknowledged is in the archives."""

from __future__ import annotations

from typing import Any, ClassVar

from twisted.internet.defer import Deferred

from tests.extensions.archive_kit import ArchiveCase, message
from tests.sm.kit import Client
from xmppd.extensions.archive_preferences import ArchivePreferences
from xmppd.extensions.ping import Ping
from xmppd.extensions.stanza_ids import StanzaIds
from xmppd.storage.interfaces import Full

PING = "<iq type='get' id='p' to='example.com'><ping xmlns='urn:xmpp:ping'/></iq>"


class KeptTest(ArchiveCase):
    extensions: ClassVar[list[Any]] = [StanzaIds, ArchivePreferences, Ping]

    def hold(self) -> Deferred[None]:
        """Nothing is kept from now on, until this fires."""
        self.house.settle(1)
        held: Deferred[None] = Deferred()
        self.patch(self.house.backend._driver, "commit", lambda: held)
        return held

    def answers(self, client: Client) -> list[str | None]:
        return [one.type for one in client.taken() if one.name == "iq"]

    def check(self, *stanzas: str) -> None:
        """The answer to what comes after those waits until they are kept; delivery does not."""
        held = self.hold()
        self.romeo.send(*stanzas, PING)
        self.assertEqual(self.answers(self.romeo), [])
        held.callback(None)
        self.house.settle()
        self.assertEqual(self.answers(self.romeo), ["result"])

    def test_one_archive(self) -> None:
        """The row in one's own archive."""
        self.check(message("1", "a@remote.test"))

    def test_both_archives(self) -> None:
        """The row in that of a local recipient, even where there is none in one's own."""
        never = "<iq type='set' id='s'><prefs xmlns='urn:xmpp:mam:2' default='never'/></iq>"
        self.romeo.answer(never)
        self.check(message("1"))
        self.assertEqual([one.id for one in self.juliet.taken()], ["1"])

    def test_first_message_to_somebody(self) -> None:
        """Also where the recipient's preferences had to be read first."""
        self.juliet.close()
        self.house.host.forget("juliet")
        self.check(message("1"))

    def test_delivered_before(self) -> None:
        """Delivery to those who are there waits for no disk."""
        self.hold()
        self.romeo.send(message("1"))
        self.assertEqual([one.id for one in self.juliet.taken()], ["1"])

    def test_nothing_kept_nothing_awaited(self) -> None:
        """What is not archived holds nothing up."""
        self.hold()
        self.romeo.send("<message to='juliet@example.com' type='headline'/>", PING)
        self.assertEqual(self.answers(self.romeo), ["result"])

    def test_lost(self) -> None:
        """What could not be kept is not acknowledged by a result."""
        held = self.hold()
        self.romeo.send(message("1"), PING)
        held.errback(Full("archive"))
        self.house.settle()
        self.assertEqual(self.answers(self.romeo), ["error"])

    def test_a_page_is_kept(self) -> None:
        """A client is not told the end of a page before what is on it is kept."""
        self.hold()
        self.romeo.send(message("1"))
        self.assertEqual([one.name for one in self.ask(self.juliet, "")], ["message"])
