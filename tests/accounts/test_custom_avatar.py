"""Avatars, checkers and contacts of others in our session manager."""

import base64
from typing import Any

from twisted.cred.checkers import FilePasswordDB, InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import Portal
from twisted.internet.defer import Deferred
from twisted.python.filepath import FilePath
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from docs.examples.custom_contacts import Team, TeamContacts, TeamRealm
from tests.sm.kit import House
from tests.sm.test_roster import GET, items_of, setting
from xmppd.accounts.interfaces import IAccount, IContactList, NoSuchAccount
from xmppd.accounts.realm import StoredKeysChecker, StoredRealm
from xmppd.component.requests import condition_of
from xmppd.component.session import StreamFacts, verb
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import SASL
from xmppd.sm.exchange import mechanisms_of

JULIET, ROMEO = Jid.parse("juliet@example.com"), Jid.parse("romeo@example.com")


def change_portal(house: House, portal: Portal) -> None:
    """Give the host another portal, as an assembly of one's own would."""
    assert house.host is not None
    house.host.portal = portal
    house.host.realm = portal.realm
    house.host.mechanisms = mechanisms_of(portal)
    for name in list(house.host.users):
        house.host.forget(name)


class CustomContactsTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.team = Team()
        self.team.add(JULIET, "Juliet")
        self.team.add(ROMEO, "Romeo")
        accounts = self.house.host.accounts  # type: ignore[union-attr]
        assert accounts is not None
        realm = TeamRealm(StoredRealm(accounts, self.house.backend), self.team)
        change_portal(self.house, Portal(realm, [StoredKeysChecker(accounts)]))
        self.juliet = self.house.client("juliet")

    def test_interface(self) -> None:
        verifyObject(IContactList, TeamContacts(self.team, JULIET))

    def test_the_team_is_the_roster(self) -> None:
        self.assertEqual(items_of(self.juliet.answer(GET)), {ROMEO: "both"})

    def test_presence_follows_it(self) -> None:
        romeo = self.house.client("romeo")
        romeo.send("<presence/>")
        romeo.taken()
        self.juliet.send("<presence/>")
        self.assertEqual([item.sender for item in romeo.taken()], [self.juliet.jid])
        self.assertIn(romeo.jid, [item.sender for item in self.juliet.taken()])

    def test_clients_cannot_edit_it(self) -> None:
        answer = self.juliet.answer(setting("<item jid='nurse@remote.test'/>"))
        self.assertEqual(condition_of(answer), "not-allowed")
        answer = self.juliet.answer(setting(f"<item jid='{ROMEO}' subscription='remove'/>"))
        self.assertEqual(condition_of(answer), "not-allowed")
        self.juliet.send(f"<presence to='{ROMEO}' type='unsubscribed'/>")
        self.assertEqual(items_of(self.juliet.answer(GET)), {ROMEO: "both"})

    def test_changes_are_pushed(self) -> None:
        self.juliet.answer(GET)
        nurse = Jid.parse("nurse@example.com")
        self.team.add(nurse, "Nurse")
        self.house.settle()
        [push] = self.juliet.taken()
        self.assertEqual((push.type, items_of(push)), ("set", {nurse: "both"}))

    def test_watching_ends_with_the_account_in_memory(self) -> None:
        watchers = len(self.team.watchers)
        self.juliet.close()
        self.house.host.forget("juliet")  # type: ignore[union-attr]
        self.assertEqual(len(self.team.watchers), watchers - 1)


class FilePasswordTest(SynchronousTestCase):
    """Twisted's own checker: it knows `juliet`, not `juliet@example.com`."""

    def setUp(self) -> None:
        self.house = House(accounts=())
        path = FilePath(self.mktemp())
        path.setContent(b"juliet:secret\nNurse With Space:secret\n")
        accounts = self.house.host.accounts  # type: ignore[union-attr]
        assert accounts is not None
        self.accounts = accounts
        realm = StoredRealm(accounts, self.house.backend)
        change_portal(self.house, Portal(realm, [FilePasswordDB(path.path)]))

    def test_mechanisms(self) -> None:
        """It keeps no SCRAM keys."""
        self.assertEqual(self.house.host.mechanisms, ("PLAIN",))  # type: ignore[union-attr]

    def test_first_login_makes_the_account(self) -> None:
        self.assertIsNone(self.successResultOf(self.accounts.record("juliet")))
        juliet = self.house.client("juliet")
        self.assertEqual(juliet.jid, "juliet@example.com/balcony")
        record = self.successResultOf(self.accounts.record("juliet"))
        assert record is not None
        self.assertTrue(record.external)
        self.assertEqual(juliet.answer(setting("<item jid='a@b.test'/>")).type, "result")

    def test_others_are_refused(self) -> None:
        with self.assertRaisesRegex(AssertionError, "not-authorized"):
            self.house.client("romeo")
        self.assertEqual(self.successResultOf(self.accounts.names()), [])

    def test_a_name_that_is_no_address(self) -> None:
        """A checker may know names that no JID can have: they cannot log in."""
        facts = StreamFacts("example.com", mechanisms=("PLAIN",)).to_xml()
        secret = base64.b64encode(b"\0Nurse With Space\0secret").decode()
        auth = element("auth", SASL, {"mechanism": "PLAIN"}, secret)
        request = verb("authenticate", facts, auth, host="example.com")
        step = self.house.ask("example.com", Jid.parse("c2s-1/e.1"), request).items[0]
        self.assertIn(b"<not-authorized/>", step.inner)
        self.assertEqual(self.successResultOf(self.accounts.names()), [])

    def test_nobody_is_made_by_what_is_sent_to_them(self) -> None:
        self.house.from_outside("<message from='a@remote.test' to='juliet@example.com'/>")
        self.assertEqual(self.successResultOf(self.accounts.names()), [])

    def test_disabled(self) -> None:
        self.house.client("juliet").close()
        self.accounts.disable("juliet")
        self.house.settle()
        with self.assertRaises(AssertionError):
            self.house.client("juliet")


class AvatarTest(SynchronousTestCase):
    """cred's contract: an avatar is logged out when it is used no more."""

    def setUp(self) -> None:
        self.house = House()
        self.out: list[str] = []
        host = self.house.host
        assert host is not None and host.accounts is not None
        inner = StoredRealm(host.accounts, self.house.backend)

        class Realm:
            def requestAvatar(_, avatarId: Any, mind: Any, *kinds: Any) -> Deferred[Any]:
                def counted(avatar: Any) -> Any:
                    return avatar[0], avatar[1], lambda: self.out.append(avatar[1].jid)

                return inner.requestAvatar(avatarId, mind, *kinds).addCallback(counted)

        change_portal(self.house, Portal(Realm(), [StoredKeysChecker(host.accounts)]))
        self.host = host

    def test_each_is_logged_out(self) -> None:
        first = self.house.client("juliet", "a")
        self.assertEqual(self.out, [])
        second = self.house.client("juliet", "b")
        self.assertEqual(self.out, [JULIET])  # the first one serves both
        first.close(), second.close()
        self.host.forget("juliet")
        self.assertEqual(self.out, [JULIET, JULIET])

    def test_disabled(self) -> None:
        assert self.host.accounts is not None
        self.host.accounts.disable("juliet")
        self.house.settle()
        with self.assertRaises(AssertionError):
            self.house.client("juliet")
        self.assertEqual(self.out, [JULIET])

    def test_a_checker_whose_realm_does_not_know(self) -> None:
        """Refused like a wrong password, not as a fault."""

        class Realm:
            def requestAvatar(self, avatarId: Any, mind: Any, *kinds: Any) -> Any:
                raise NoSuchAccount(avatarId)

        checker = InMemoryUsernamePasswordDatabaseDontUse(juliet=b"secret")
        change_portal(self.house, Portal(Realm(), [checker]))
        with self.assertRaisesRegex(AssertionError, "not-authorized"):
            self.house.client("juliet")

    def test_only_accounts(self) -> None:
        realm = StoredRealm(self.host.accounts, self.house.backend)  # type: ignore[arg-type]
        with self.assertRaises(NotImplementedError):
            realm.requestAvatar(b"juliet", None, IContactList)
        _, account, _ = self.successResultOf(realm.requestAvatar(b"juliet", None, IAccount))
        verifyObject(IAccount, account)
        verifyObject(IContactList, account.contacts)
        self.failureResultOf(realm.requestAvatar(b"nobody", None, IAccount), NoSuchAccount)
