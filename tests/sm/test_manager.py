"""The session manager: acknowledged means kept, several hosts, and nothing left behind."""

import gc
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import Client, House
from tests.sm.test_presence import ROSTER
from xmppd.accounts.interfaces import IAccount
from xmppd.component.extension import OWN_ACCOUNT, SessionExtension, iq
from xmppd.component.requests import condition_of
from xmppd.component.session import verb
from xmppd.link.envelope import Envelope
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.sm.exchange import Exchange
from xmppd.sm.login import Ticket, Waiting
from xmppd.sm.residents import MAX_IDLE
from xmppd.sm.session import Session
from xmppd.storage.codecs import JsonCodec
from xmppd.storage.interfaces import Unavailable

PING = "<iq type='get' id='{}'><query xmlns='u:notes'/></iq>"
SET = "<iq type='set' id='{}'><query xmlns='u:notes'/></iq>"
ADD = (
    "<iq type='set' id='{0}'><query xmlns='jabber:iq:roster'><item jid='{0}@remote.test'/>"
    "</query></iq>"
)


class Notes(SessionExtension):
    """Writes and does not wait for it: who answers must."""

    @iq("set", "u:notes", "query", to=OWN_ACCOUNT)
    def write(self, request: Stanza, session: Any) -> Stanza:
        document = session.user.account.document("notes", JsonCodec())
        document.put(request.id).addErrback(lambda _: None)
        return request.reply()

    @iq("get", "u:notes", "query", to=OWN_ACCOUNT)
    def read(self, request: Stanza, session: Any) -> Stanza:
        return request.reply()


class KeptTest(SynchronousTestCase):
    """P1: what is answered has been kept."""

    def setUp(self) -> None:
        self.house = House([Notes])
        self.juliet = self.house.client("juliet")
        self.juliet.send(ROSTER)
        self.juliet.taken()
        self.commits: list[Deferred[None]] = []
        self.house.backend._driver.commit = self.commit

    def commit(self) -> Deferred[None]:
        self.commits.append(Deferred())
        return self.commits[-1]

    def kept(self) -> None:
        self.commits.pop(0).callback(None)
        self.house.settle()

    def lost(self) -> None:
        self.commits.pop(0).errback(Unavailable(detail="no disk"))
        self.house.settle()

    def ids(self) -> list[str | None]:
        return [item.id for item in self.juliet.taken() if item.type in ("result", "error")]

    def test_roster_set(self) -> None:
        """Neither the result nor the push is said before it is kept."""
        self.juliet.send(ADD.format("a"))
        self.assertEqual(self.juliet.taken(), [])
        self.kept()
        self.assertEqual([item.type for item in self.juliet.taken()], ["set", "result"])

    def test_writes_that_nobody_waits_for(self) -> None:
        self.juliet.send(SET.format("1"))
        self.assertEqual(self.ids(), [])
        self.juliet.send(PING.format("2"))
        self.assertEqual(self.ids(), [])
        self.kept()
        self.assertEqual(self.ids(), ["1", "2"])

    def test_others_do_not_wait(self) -> None:
        other = self.house.client("romeo")
        self.juliet.send(SET.format("1"))
        self.assertEqual(other.answer(PING.format("2")).type, "result")
        self.assertEqual(self.ids(), [])

    def test_several_batches(self) -> None:
        self.juliet.send(SET.format("1"))
        self.juliet.send(SET.format("2"))
        self.assertEqual(len(self.commits), 2)
        self.kept()
        self.assertEqual(self.ids(), ["1"])
        self.kept()
        self.assertEqual(self.ids(), ["2"])

    def test_a_lost_batch(self) -> None:
        """An error instead of the result, and the memory holds what the store does."""
        self.juliet.send(SET.format("1"), ADD.format("a"), PING.format("3"))
        self.lost()
        answers = {item.id: item for item in self.juliet.taken()}
        self.assertEqual([answers[id].type for id in ("1", "a")], ["error", "error"])
        for answer in answers["1"], answers["a"]:
            self.assertEqual(condition_of(answer), "resource-constraint")
        self.assertEqual(self.house.host.users["juliet"].contacts, {})  # type: ignore[union-attr]
        self.flushLoggedErrors(Unavailable)
        self.juliet.send(SET.format("4"))
        self.kept()
        self.assertEqual(self.ids(), ["4"])

    def test_a_contact_that_was_lost_twice(self) -> None:
        """Clients add a contact and subscribe at once: both are undone."""
        self.juliet.send(ADD.format("a"), "<presence to='a@remote.test' type='subscribe'/>")
        self.lost()
        user = self.house.host.users["juliet"]  # type: ignore[union-attr]
        self.assertEqual((user.contacts, user.unkept), ({}, {}))
        self.juliet.send(ADD.format("a"))
        self.kept()
        self.juliet.send("<presence to='a@remote.test' type='subscribe'/>")
        self.lost()
        [contact] = user.contacts.values()
        self.assertFalse(contact.asked)
        self.assertEqual(user.unkept, {})
        self.flushLoggedErrors(Unavailable)

    def test_a_lost_subscription(self) -> None:
        """The client hears of it, and the contact does not."""
        self.juliet.send("<presence to='nurse@remote.test' type='subscribe' id='p'/>")
        self.lost()
        self.assertEqual(self.house.left, [])
        [answer] = self.juliet.taken()
        self.assertEqual((answer.name, answer.id, answer.type), ("presence", "p", "error"))
        self.assertEqual(condition_of(answer), "resource-constraint")
        self.flushLoggedErrors(Unavailable)

    def test_subscriptions_are_kept_before_they_are_sent(self) -> None:
        self.juliet.send(
            "<presence to='nurse@remote.test' type='subscribe'/>",
            "<message to='nurse@remote.test'/>",
        )
        self.assertEqual(self.house.left, [])
        self.kept()
        self.assertEqual([item.name for item in self.house.left], ["presence", "message"])

    def test_a_session_that_ended_meanwhile(self) -> None:
        self.juliet.send(SET.format("1"))
        self.juliet.close()
        self.kept()
        self.assertEqual(self.house.manager.sessions, {})
        self.assertEqual(self.juliet.taken(), [])


class HostsTest(SynchronousTestCase):
    def test_two_hosts(self) -> None:
        """Accounts of one name at two hosts have nothing in common."""
        house = House(domains=["example.com", "example.org"])
        org = house.manager.host("example.org")
        assert org is not None and org.accounts is not None
        org.accounts.create("juliet", "secret")
        house.settle()
        com = house.client("juliet")
        other = house.client("juliet", host="example.org")
        self.assertEqual(other.jid, "juliet@example.org/balcony")
        com.send(ROSTER, "<presence/>", ADD.format("a"))
        other.send(ROSTER, "<presence/>")
        com.taken()
        self.assertEqual(
            [item.sender for item in other.taken()],
            ["juliet@example.org", "juliet@example.org/balcony"],
        )
        self.assertEqual(set(org.users), {"juliet"})
        self.assertEqual(org.users["juliet"].contacts, {})
        com.send(
            "<message to='juliet@example.org' type='chat'><body>hi</body></message>",
            "<presence to='juliet@example.org' type='probe'/>",
            "<iq to='juliet@example.org' id='1' type='get'><query xmlns='jabber:iq:roster'/></iq>",
        )
        [message] = other.taken()
        self.assertEqual(message.sender, com.jid)
        self.assertEqual(
            [condition_of(item) if item.type == "error" else item.type for item in com.taken()],
            ["forbidden"],
        )

    def test_accounts_are_of_their_host(self) -> None:
        house = House(domains=["example.com", "example.org"])
        with self.assertRaises(AssertionError):
            house.client("romeo", host="example.org")

    def test_a_thousand_hosts(self) -> None:
        """Each is made when somebody asks for it."""
        domains = [f"h{number}.test" for number in range(1000)]
        house = House(domains=["example.com", *domains])
        self.assertEqual(set(house.manager.hosts), {"example.com"})
        house.from_outside("<message from='a@remote.test' to='x@h7.test' id='1'/>")
        self.assertEqual(set(house.manager.hosts), {"example.com", "h7.test"})
        for domain in domains:
            house.ask(domain, Jid.parse("c2s-1/e.1"), verb("hello"))
        self.assertEqual(len(house.manager.hosts), 1001)

    def test_a_domain_that_is_not_ours(self) -> None:
        house = House()
        house.outside.send(Envelope(Jid.parse("sm-1/b.x1"), Jid.parse("a@remote.test"), ()))
        self.assertIsNone(house.manager.host("nosuch.test"))
        self.assertEqual(set(house.manager.hosts), {"example.com"})


class LeakTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        assert self.house.host is not None
        # A checker that asks no questions: thousands of logins, no hashing.
        self.house.host.portal.login = self.login  # type: ignore[method-assign]

    def login(self, credentials: Any, mind: Any, *interfaces: Any) -> Deferred[Any]:
        assert self.house.host is not None
        avatar = self.house.host.realm.requestAvatar(credentials.username, None, IAccount)
        return succeed(None).addCallback(lambda _: avatar)

    def visit(self) -> None:
        juliet = self.house.client("juliet")
        juliet.send(
            ROSTER,
            "<presence/>",
            "<presence to='romeo@example.com/x'/>",
            "<message to='romeo@example.com' type='headline'/>",
            PING.format("1"),
        )
        juliet.close()
        self.forget(juliet)

    def forget(self, client: Client) -> None:
        """What the kit itself remembers."""
        del self.house.streams[client.stream]
        self.house.answers.clear()
        self.house.left.clear()

    def counts(self) -> dict[str, int]:
        manager, host = self.house.manager, self.house.host
        assert host is not None
        logins = manager.logins
        return {
            "sessions": len(manager.sessions),
            "legs": len(manager.legs),
            "held": len(manager.held),
            "peers": len(manager.edges._peers),
            "tickets": len(logins._tickets),
            "exchanges": len(logins._exchanges),
            "failures": len(logins._attempts._failures),
            "timers": len(self.house.clock.getDelayedCalls()),
            "loading": len(host.residents._loading),
        }

    def test_logins_leave_nothing(self) -> None:
        for _ in range(300):
            self.visit()
        self.house.settle(1)
        self.assertEqual(set(self.counts().values()), {0}, self.counts())
        user = self.house.host.users["juliet"]  # type: ignore[union-attr]
        self.assertEqual((user.sessions, user.lines), ({}, {}))

    def test_no_cycles(self) -> None:
        """What a visit made is freed without the garbage collector."""
        self.visit()
        gc.collect()
        before = self.living()
        gc.disable()
        try:
            for _ in range(5):
                self.visit()
            self.house.settle(1)
            after = self.living()
        finally:
            gc.enable()
        self.assertLessEqual(after, before)

    def living(self) -> int:
        kinds = Session, Exchange, Ticket, Waiting, Deferred
        return sum(isinstance(one, kinds) for one in gc.get_objects())

    def test_no_cycles_in_traffic(self) -> None:
        juliet, romeo = self.house.client("juliet"), self.house.client("romeo", "x")
        romeo.send("<presence/>")
        stanzas = [
            "<message to='romeo@example.com/x' type='chat'><body>x</body></message>",
            "<message to='romeo@example.com' type='groupchat'/>",
            PING.format("1"),
            "<presence to='romeo@example.com/x'/>",
        ]
        parsed = [parse_stanza(text.encode()) for text in stanzas]
        juliet.pass_on(*parsed)
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                juliet.pass_on(*parsed)
                juliet.taken(), romeo.taken()
            found = gc.collect()
        finally:
            gc.enable()
        self.assertEqual(found, 0)

    def test_idle_accounts_leave_memory(self) -> None:
        host = self.house.host
        assert host is not None and host.accounts is not None
        romeo = self.house.client("romeo")
        for number in range(MAX_IDLE + 5):
            host.accounts.provide(f"u{number}")
        self.house.settle()
        for number in range(MAX_IDLE + 5):
            host.user(f"u{number}")
        self.assertEqual(len(host.users), MAX_IDLE + 1)
        self.assertIn("romeo", host.users)
        self.assertNotIn("u0", host.users)
        self.assertEqual(romeo.answer(PING.format("1")).type, "error")

    def test_no_account_leaves_memory_while_something_is_under_way(self) -> None:
        """What is done for it then would be unknown to its next sessions."""
        host = self.house.host
        assert host is not None and host.accounts is not None
        for number in range(MAX_IDLE + 5):
            host.accounts.provide(f"u{number}")
        self.house.settle()
        driver, commits = self.house.backend._driver, [Deferred[None]()]
        commit, driver.commit = driver.commit, lambda: commits[0]
        asked = "<presence from='a@remote.test' to='u0@example.com' type='subscribe'/>"
        self.house.from_outside(asked)
        busy = host.users["u0"]
        for number in range(1, MAX_IDLE + 5):
            host.user(f"u{number}")
        self.assertIs(host.users.get("u0"), busy)
        self.assertEqual(len(host.users), MAX_IDLE)
        driver.commit = commit
        commits[0].callback(None)
        self.house.settle(1)
        self.assertFalse(busy.is_busy)
