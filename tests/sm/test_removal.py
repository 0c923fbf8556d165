"""Removing accounts and changing passwords."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import Client, House
from xmppd.accounts.interfaces import NoSuchAccount
from xmppd.component.extension import Extension, on
from xmppd.component.stages import Life
from xmppd.extensions.offline import Offline
from xmppd.protocol.markup import element
from xmppd.sm.passwords import PasswordElsewhere, change_password
from xmppd.sm.removal import remove_account, was_removed
from xmppd.sm.session import Session
from xmppd.storage.codecs import JsonCodec
from xmppd.storage.interfaces import Owner

MESSAGE = "<message to='juliet@example.com' type='chat' id='m'><body>hi</body></message>"


class Diary(Extension):
    """Writes when a session ends, as last activity does."""

    @on(Life.CLOSED)
    def closed(self, session: Session) -> None:
        session.user.account.document("last", JsonCodec()).put(1)


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House([Offline, Diary])
        assert self.house.host is not None
        self.host = self.house.host

    def result(self, deferred: "Deferred[Any]") -> Any:
        self.house.settle()
        return self.successResultOf(deferred)


class RemovalTest(Case):
    def remove(self) -> None:
        self.result(remove_account(self.host, "juliet"))
        self.house.settle()

    def befriend(self, juliet: Client, romeo: Client) -> None:
        for client in juliet, romeo:
            client.send("<presence/>")
        juliet.send("<presence to='romeo@example.com' type='subscribe'/>")
        romeo.send(
            "<presence to='juliet@example.com' type='subscribed'/>",
            "<presence to='juliet@example.com' type='subscribe'/>",
        )
        juliet.send("<presence to='romeo@example.com' type='subscribed'/>")
        romeo.taken()

    def test_nothing_is_left(self) -> None:
        """What sessions write while they end goes too."""
        romeo = self.house.client("romeo")
        romeo.send(MESSAGE)
        juliet = self.house.client("juliet")
        self.remove()
        assert juliet.closed is not None
        self.assertIn(b"not-authorized", juliet.closed.inner)
        owners = self.result(self.house.backend.owners("example.com"))
        self.assertEqual(owners, [Owner("example.com", "romeo")])
        self.assertEqual(self.host.sessions(), [self.host.session_of(romeo.jid)])

    def test_is_as_if_it_had_never_been(self) -> None:
        romeo = self.house.client("romeo")
        self.remove()
        romeo.send(MESSAGE)
        self.assertEqual([item.type for item in romeo.taken()], ["error"])
        self.assertTrue(self.result(was_removed(self.host, "juliet")))
        self.assertFalse(self.result(was_removed(self.host, "romeo")))

    def test_contacts_are_told(self) -> None:
        """RFC 6121, 2.5.2; 3.2.2: unavailable before unsubscribed."""
        juliet, romeo = self.house.client("juliet"), self.house.client("romeo")
        self.befriend(juliet, romeo)
        self.remove()
        told = [item.type for item in romeo.taken() if item.name == "presence"]
        self.assertEqual(told, ["unavailable"])
        romeo.send(
            element(
                "iq", None, {"type": "get", "id": "r"}, b"<query xmlns='jabber:iq:roster'/>"
            ).decode()
        )
        [roster] = romeo.taken()
        self.assertIn(b"subscription='none'", roster.inner)

    def test_requests_that_wait_are_answered(self) -> None:
        self.house.from_outside(
            "<presence from='x@remote.test' to='juliet@example.com' type='subscribe'/>"
        )
        self.remove()
        self.assertEqual([item.type for item in self.house.left], ["unsubscribed"])

    def test_no_such_account(self) -> None:
        self.failureResultOf(remove_account(self.host, "nobody"), NoSuchAccount)


class PasswordTest(Case):
    def test_changed(self) -> None:
        juliet = self.house.client("juliet")
        self.result(change_password(self.host, "juliet", "other"))
        self.assertIsNone(juliet.closed)
        with self.assertRaises(AssertionError):
            self.house.client("juliet", "x")

    def test_kick(self) -> None:
        juliet = self.house.client("juliet")
        self.result(change_password(self.host, "juliet", "other", kick=True))
        assert juliet.closed is not None
        self.assertIn(b"not-authorized", juliet.closed.inner)

    def test_what_cannot_be(self) -> None:
        self.failureResultOf(change_password(self.host, "nobody", "x"), NoSuchAccount)
        self.failureResultOf(change_password(self.host, "juliet", ""), ValueError)
        assert self.host.accounts is not None
        self.result(self.host.accounts.provide("guest"))
        self.failureResultOf(change_password(self.host, "guest", "x"), PasswordElsewhere)
