"""XEP-0424: taking messages back."""

from __future__ import annotations

from twisted.words.xish.domish import Element

from tests.extensions.archive_kit import ArchiveCase, bare_message, message
from tests.sm.kit import Client
from xmppd.extensions.retraction import LOOK_BACK, PAUSE_SECONDS
from xmppd.protocol.namespaces import CLIENT

RETRACT = "urn:xmpp:message-retract:1"


def retraction(of: str, to: str = "juliet@example.com", id: str = "r") -> str:
    return (
        f"<message to='{to}' type='chat' id='{id}'><retract id='{of}' xmlns='{RETRACT}'/>"
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/>"
        "<body>/me retracted a previous message</body><store xmlns='urn:xmpp:hints'/></message>"
    )


def is_tombstone(one: Element) -> bool:
    return next(one.elements(RETRACT, "retracted"), None) is not None


class RetractionTest(ArchiveCase):
    def tombstones(self, client: Client) -> list[Element]:
        self.house.settle(PAUSE_SECONDS)
        return [one for one in self.read(client).messages if is_tombstone(one)]

    def test_tombstones(self) -> None:
        """4: in both archives, in the message's place; 5: the retraction is there, too."""
        self.romeo.send(message("1"), message("2"), message("3"))
        ids = {client: self.read(client).ids for client in (self.romeo, self.juliet)}
        self.romeo.send(retraction("2"))
        for client in (self.romeo, self.juliet):
            found = self.read(client)
            self.assertEqual(found.ids[:3], ids[client])
            [tombstone] = self.tombstones(client)
            self.assertEqual(tombstone.toXml(), found.messages[1].toXml())
            self.assertEqual((tombstone["id"], tombstone["type"]), ("2", "chat"))
            self.assertEqual(tombstone["from"], self.romeo.jid)
            [retracted] = tombstone.elements()
            self.assertEqual(retracted["id"], "r")
            self.assertTrue(retracted["stamp"].startswith("2027-"))
            last = found.messages[3]
            self.assertEqual(next(last.elements(RETRACT, "retract"))["id"], "2")

    def test_by_origin_id(self) -> None:
        origin = "<origin-id xmlns='urn:xmpp:sid:0' id='o1'/>"
        self.romeo.send(message("1", more=origin), retraction("o1"))
        self.assertEqual(len(self.tombstones(self.juliet)), 1)

    def test_only_the_author(self) -> None:
        """5: neither the other party nor a third one; another device of the author may."""
        self.romeo.send(message("1"))
        self.juliet.send(retraction("1", "romeo@example.com/orchard"))
        self.house.from_outside(retraction("1").replace(" to=", " from='romeo@remote.test/x' to="))
        self.assertEqual(self.tombstones(self.juliet), [])
        self.assertEqual(self.tombstones(self.romeo), [])
        self.house.settle(PAUSE_SECONDS)
        self.house.client("romeo", "phone").send(retraction("1"))
        self.assertEqual(len(self.tombstones(self.juliet)), 1)

    def test_only_the_occupant(self) -> None:
        """Private messages of a room: all occupants have the room's bare JID."""
        x = "<x xmlns='http://jabber.org/protocol/muc#user'/>"
        for xml in message("1", more=x), message("2", more=x):
            self.house.from_outside(xml.replace(" to=", " from='r@remote.test/a' to="))
        for wanted, nick in ("1", "b"), ("2", "a"):
            xml = retraction(wanted).replace("<store", x + "<store")
            self.house.from_outside(xml.replace(" to=", f" from='r@remote.test/{nick}' to="))
        self.assertEqual([one["id"] for one in self.tombstones(self.juliet)], ["2"])

    def test_ids_that_are_escaped(self) -> None:
        self.romeo.send(message("a&amp;b"), retraction("a&amp;b"))
        self.assertEqual(len(self.tombstones(self.juliet)), 1)

    def test_what_was_refused(self) -> None:
        """It has not been received."""
        refused = retraction("1", "juliet@example.com/gone").replace("'chat'", "'normal'")
        self.romeo.send(message("1"), refused)
        self.assertEqual(self.tombstones(self.juliet), [])

    def test_what_is_not_kept(self) -> None:
        """5: the retraction must be in the archive, too; XEP-0334 forbids it here."""
        self.romeo.send(message("1"), retraction("1").replace("<store", "<no-store"))
        for client in self.romeo, self.juliet:
            self.assertEqual(self.tombstones(client), [])

    def test_one_after_the_other(self) -> None:
        """Many at once are sought one by one, so that nobody keeps the server busy."""
        self.romeo.send(*[message(str(number)) for number in range(4)])
        self.romeo.send(*[retraction(str(number), id=f"r{number}") for number in range(4)])
        found = []
        for _ in range(4):
            self.house.clock.advance(PAUSE_SECONDS)
            found.append(len([one for one in self.read(self.juliet).messages if is_tombstone(one)]))
        self.assertEqual(found, [2, 3, 4, 4])

    def test_without_id_no_tombstone(self) -> None:
        """4: a tombstone names the retraction."""
        self.romeo.send(message("1"), retraction("1").replace(" id='r'", ""))
        self.assertEqual(self.tombstones(self.juliet), [])

    def test_newest_of_that_id(self) -> None:
        """Where ids are not unique, the newest message that is still there."""
        self.romeo.send(message("1"), message("1"), retraction("1"))
        found = self.read(self.juliet).messages
        self.assertEqual([next(one.elements()).name for one in found[:2]], ["body", "retracted"])

    def test_to_oneself(self) -> None:
        self.romeo.send(message("1", "romeo@example.com"), retraction("1", "romeo@example.com"))
        self.assertEqual(len(self.tombstones(self.romeo)), 1)

    def test_too_long_ago(self) -> None:
        """Sought among so many messages of the conversation and no more; others do not count."""
        self.romeo.send(message("1"))
        for _ in range(LOOK_BACK // 100):
            self.romeo.send(*[bare_message("<body>x</body>") for _ in range(100)])
            self.juliet.send(*[bare_message("<body>y</body>", "a@remote.test")] * 10)
            self.drain(self.juliet)
        self.romeo.send(retraction("1"))
        self.assertEqual(self.tombstones(self.juliet), [])
        first = self.read(self.juliet, page="<max>1</max>").messages[0]
        self.assertEqual(str(next(first.elements(CLIENT, "body"))), "1")

    def test_advertised(self) -> None:
        """2 and 4."""
        [account] = [
            one for one in self.house.host.dispatch.extensions if one.title() == "retraction"
        ]
        self.assertEqual(account.account_features, (RETRACT, f"{RETRACT}#tombstone"))
        self.assertEqual(account.features, (RETRACT,))
