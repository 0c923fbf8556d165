"""The roster: get, set, remove, pushes, versions (RFC 6121, 2)."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from twisted.words.xish.domish import Element

from tests.sm.kit import Client, House
from tests.sm.test_presence import befriend_outside, subscribe
from xmppd.accounts.contacts import Contact
from xmppd.accounts.interfaces import ReadOnlyContacts
from xmppd.component.requests import error_of
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza
from xmppd.sm.contacts import MAX_CONTACTS

NS = "jabber:iq:roster"
GET = f"<iq type='get' id='g'><query xmlns='{NS}'/></iq>"


def setting(items: str, to: str = "") -> str:
    return f"<iq type='set' id='s' {to}><query xmlns='{NS}'>{items}</query></iq>"


def query_of(stanza: Stanza) -> Element:
    query = stanza.payload()
    assert query is not None
    return query


def items_of(stanza: Stanza) -> dict[str, str]:
    """Contacts and subscriptions in a result or a push."""
    return {item["jid"]: item["subscription"] for item in query_of(stanza).elements()}


def pushes(client: Client) -> list[dict[str, str]]:
    return [items_of(item) for item in client.taken() if item.name == "iq" and item.type == "set"]


class RosterTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.juliet = self.house.client("juliet")

    def add(self, *jids: str) -> None:
        for jid in jids:
            self.juliet.send(setting(f"<item jid='{jid}'/>"))

    def error(self, xml: str, client: Client | None = None) -> tuple[str, str]:
        answer = (client or self.juliet).answer(xml)
        self.assertEqual(answer.type, "error")
        found = error_of(answer)
        return found.type, found.condition

    def version(self) -> str:
        got = self.juliet.answer(f"<iq type='get' id='v'><query xmlns='{NS}' ver=''/></iq>")
        version: str = query_of(got)["ver"]
        return version


class EditingTest(RosterTestCase):
    def test_empty(self) -> None:
        """2.1.4: a result with a query, even if there is nothing in it."""
        answer = self.juliet.answer(GET)
        self.assertEqual((answer.type, answer.to), ("result", self.juliet.jid))
        self.assertEqual(items_of(answer), {})

    def test_set_and_get(self) -> None:
        """2.1.5 and 2.3: name and groups are the client's, the rest is ours."""
        item = "<item jid='nurse@remote.test' name='Nurse' subscription='both' ask='subscribe'>"
        answer = self.juliet.answer(setting(f"{item}<group>Servants</group></item>"))
        self.assertEqual((answer.type, answer.inner), ("result", b""))
        [found] = query_of(self.juliet.answer(GET)).elements()
        self.assertEqual((found["name"], found["subscription"]), ("Nurse", "none"))
        self.assertFalse(found.hasAttribute("ask"))
        self.assertEqual([str(group) for group in found.elements()], ["Servants"])

    def test_pushes_go_to_interested_resources(self) -> None:
        """2.1.6 and 2.2: those that have asked for the roster, the one that set it too."""
        interested = self.house.client("juliet", "interested")
        available = self.house.client("juliet", "available")
        interested.answer(GET)
        available.send("<presence/>")
        available.taken()
        self.juliet.answer(GET)
        self.add("nurse@remote.test")
        for client in self.juliet, interested:
            [push] = [item for item in client.taken() if item.type == "set"]
            self.assertEqual(items_of(push), {"nurse@remote.test": "none"})
            self.assertEqual(push.to, client.jid)
            self.assertIn(push.sender, (None, "juliet@example.com"))
            self.assertTrue(push.id)
        self.assertEqual(available.taken(), [])

    def test_bad_sets(self) -> None:
        """S23; 2.3.3."""
        item = "<item jid='a@b.test'>{}</item>"
        long = "x" * 2000
        for items, condition in (
            ("", "bad-request"),
            ("<item jid='a@b.test'/><item jid='c@d.test'/>", "bad-request"),
            (item.format("<group>A</group><group>A</group>"), "bad-request"),
            ("<item/>", "bad-request"),
            ("<item jid='@'/>", "bad-request"),
            (item.format("<group/>"), "not-acceptable"),
            (item.format(f"<group>{long}</group>"), "not-acceptable"),
            (f"<item jid='a@b.test' name='{long}'/>", "not-acceptable"),
            ("<item jid='a@b.test' subscription='remove'/>", "item-not-found"),
        ):
            self.assertEqual(self.error(setting(items))[1], condition, items[:60])
        self.assertEqual(items_of(self.juliet.answer(GET)), {})

    def test_other_accounts(self) -> None:
        """S23, S26: forbidden alike, whether the account exists or not."""
        for to in "romeo@example.com", "nobody@example.com":
            for xml in (
                setting("<item jid='a@b.test'/>", f"to='{to}'"),
                GET.replace("<iq ", f"<iq to='{to}' "),
            ):
                self.assertEqual(self.error(xml), ("auth", "forbidden"))
        romeo = self.house.client("romeo")
        self.assertEqual(items_of(romeo.answer(GET)), {})

    def test_explicit_own_address(self) -> None:
        answer = self.juliet.answer(setting("<item jid='a@b.test'/>", "to='juliet@example.com'"))
        self.assertEqual(answer.type, "result")

    def test_limit(self) -> None:
        user = self.house.host.users["juliet"]  # type: ignore[union-attr]
        for number in range(MAX_CONTACTS):
            jid = Jid.of(f"c{number}", "remote.test")
            user.contacts[jid] = Contact(jid)
        self.assertEqual(
            self.error(setting("<item jid='more@remote.test'/>")), ("wait", "resource-constraint")
        )
        answer = self.juliet.answer(setting("<item jid='c1@remote.test' name='x'/>"))
        self.assertEqual(answer.type, "result")
        self.juliet.send("<presence to='more@remote.test' type='subscribe' id='p'/>")
        [refusal] = self.juliet.taken()
        self.assertEqual(
            (refusal.name, error_of(refusal).condition), ("presence", "resource-constraint")
        )
        self.assertEqual(self.house.left, [])

    def test_it_survives(self) -> None:
        """The roster is read again from the store."""
        self.add("nurse@remote.test")
        self.juliet.close()
        self.house.host.forget("juliet")  # type: ignore[union-attr]
        again = self.house.client("juliet")
        self.assertEqual(items_of(again.answer(GET)), {"nurse@remote.test": "none"})


class RemovalTest(RosterTestCase):
    """2.5."""

    def remove(self, jid: str) -> Stanza:
        return self.juliet.answer(setting(f"<item jid='{jid}' subscription='remove'/>"))

    def test_push(self) -> None:
        self.add("nurse@remote.test")
        self.juliet.taken()
        self.juliet.answer(GET)
        self.assertEqual(self.remove("nurse@remote.test").type, "result")
        self.assertEqual(pushes(self.juliet), [{"nurse@remote.test": "remove"}])
        self.assertEqual(self.house.left, [])

    def test_subscriptions_end(self) -> None:
        """2.5.2: both ways; the contact sees us go before it loses sight of us."""
        befriend_outside(self.house, self.juliet, "nurse@remote.test")
        self.juliet.send("<presence/>")
        self.house.left.clear()
        self.remove("nurse@remote.test")
        found = [(item.sender, item.type) for item in self.house.left]
        self.assertEqual(
            sorted(found),
            sorted(
                [
                    ("juliet@example.com", "unsubscribe"),
                    (self.juliet.jid, "unavailable"),
                    ("juliet@example.com", "unsubscribed"),
                ]
            ),
        )
        self.assertLess(
            found.index((self.juliet.jid, "unavailable")),
            found.index(("juliet@example.com", "unsubscribed")),
        )

    def test_both_ends_are_local(self) -> None:
        romeo = self.house.client("romeo")
        subscribe(self.house, self.juliet, romeo)
        subscribe(self.house, romeo, self.juliet)
        romeo.answer(GET)
        self.remove("romeo@example.com")
        self.assertEqual(items_of(self.juliet.answer(GET)), {})
        self.assertEqual(items_of(romeo.answer(GET)), {"juliet@example.com": "none"})
        self.juliet.taken(), romeo.taken()
        self.juliet.send("<presence/>")
        self.assertEqual(romeo.taken(), [])


class SeenTest(RosterTestCase):
    """Who is told that a session has gone, while the end of a subscription is being kept."""

    jid = "nurse@remote.test"

    def gone(self, *stanzas: str, outside: str = "") -> list[str | None]:
        """What the contact gets of a session that ends before the storage has answered."""
        befriend_outside(self.house, self.juliet, self.jid)
        self.juliet.send("<presence/>")
        self.house.left.clear()
        commit, commits = self.house.backend._driver.commit, [Deferred[None]()]
        self.house.backend._driver.commit = lambda: commits[0]
        if outside:
            self.house.from_outside(outside)
        other = self.house.client("juliet", "other")
        other.send(*stanzas)
        self.juliet.close()
        self.house.backend._driver.commit = commit
        commits[0].callback(None)
        self.house.settle(1)
        return [item.type for item in self.house.left if item.sender == self.juliet.jid]

    def test_removed(self) -> None:
        """RFC 6121, 2.5.2 and 3.2.2."""
        item = f"<item jid='{self.jid}' subscription='remove'/>"
        self.assertEqual(self.gone(setting(item)), ["unavailable"])

    def test_cancelled(self) -> None:
        """3.2.2."""
        got = self.gone(f"<presence to='{self.jid}' type='unsubscribed'/>")
        self.assertEqual(got, ["unavailable"])

    def test_unsubscribed(self) -> None:
        """3.3.3."""
        end = f"<presence from='{self.jid}' to='juliet@example.com' type='unsubscribe'/>"
        self.assertEqual(self.gone(outside=end), ["unavailable"])


class VersionTest(RosterTestCase):
    """2.6; XEP-0237."""

    def ask(self, version: str) -> tuple[Stanza, list[Stanza]]:
        """The answer, and the pushes that follow it."""
        self.juliet.taken()
        self.juliet.send(f"<iq type='get' id='v'><query xmlns='{NS}' ver='{version}'/></iq>")
        answer, *rest = self.juliet.taken()
        self.assertEqual((answer.id, answer.type), ("v", "result"))
        return answer, rest

    def test_no_version_asked(self) -> None:
        self.assertFalse(query_of(self.juliet.answer(GET)).hasAttribute("ver"))

    def test_nothing_new(self) -> None:
        self.add("a@b.test")
        answer, rest = self.ask(self.version())
        self.assertEqual((answer.inner, rest), (b"", []))

    def test_interim_pushes(self) -> None:
        """2.6.3: an empty result, then what changed; only the last push brings the new version,
        so that a client that is cut off halfway asks again from where it was."""
        self.add("a@b.test", "b@b.test")
        known = self.version()
        self.add("c@b.test", "d@b.test")
        self.juliet.send(setting("<item jid='a@b.test' subscription='remove'/>"))
        newest = self.version()
        answer, rest = self.ask(known)
        self.assertEqual(answer.inner, b"")
        changes: dict[str, str] = {}
        for push in rest:
            changes |= items_of(push)
        self.assertEqual(changes, {"c@b.test": "none", "d@b.test": "none", "a@b.test": "remove"})
        versions = [query_of(push)["ver"] for push in rest]
        self.assertEqual(versions, [known, known, newest])
        again, none = self.ask(newest)
        self.assertEqual((again.inner, none), (b"", []))

    def test_unknown_versions(self) -> None:
        """2.6.2: the whole roster."""
        self.add("a@b.test")
        newest = self.version()
        for version in "", "1", "nonsense", "-5", "9" * 18, "9" * 400, "\u0663":
            answer, rest = self.ask(version)
            self.assertEqual(items_of(answer), {"a@b.test": "none"}, version[:20])
            self.assertEqual((query_of(answer)["ver"], rest), (newest, []))

    def test_as_it_is_when_the_version_is_known(self) -> None:
        """A change that comes between the two has been pushed already."""
        self.add("a@b.test")
        contacts = self.house.host.users["juliet"].account.contacts  # type: ignore[union-attr]
        asked: Deferred[str] = Deferred()
        self.patch(contacts, "version", lambda: asked)
        self.juliet.taken()
        self.juliet.send(f"<iq type='get' id='v'><query xmlns='{NS}' ver=''/></iq>")
        self.add("b@b.test")
        asked.callback("2")
        self.house.settle()
        [answer] = [one for one in self.juliet.taken() if one.id == "v"]
        self.assertEqual(items_of(answer), {"a@b.test": "none", "b@b.test": "none"})

    def test_not_before_it_is_kept(self) -> None:
        """A version that a crash takes back would be used twice."""
        commits: list[Deferred[None]] = []

        def commit() -> Deferred[None]:
            commits.append(Deferred())
            return commits[-1]

        self.house.backend._driver.commit = commit
        other = self.house.client("juliet", "other")
        self.juliet.send(setting("<item jid='a@b.test'/>"))
        for version in "", "0":
            other.send(f"<iq type='get' id='v'><query xmlns='{NS}' ver='{version}'/></iq>")
            self.house.settle(1)
            self.assertEqual(other.taken(), [])
        while commits:
            commits.pop().callback(None)
            self.house.settle(1)
        self.assertEqual([one.id for one in other.taken() if one.id == "v"], ["v", "v"])

    def test_pushes_carry_versions(self) -> None:
        seen = [self.version()]
        self.add("a@b.test")
        befriend_outside(self.house, self.juliet, "a@b.test")
        self.add("c@b.test")
        for item in self.juliet.taken():
            if item.type == "set":
                seen.append(query_of(item)["ver"])
        self.assertEqual(self.version(), seen[-1])
        self.assertEqual(len(set(seen)), len(seen))


class FailingTest(RosterTestCase):
    def test_read_only(self) -> None:
        """A list that is somebody else's to edit: not-allowed, and nothing changes."""
        account = self.house.host.users["juliet"].account  # type: ignore[union-attr]
        account.contacts = _ReadOnly()
        befriend_outside(self.house, self.juliet, "a@remote.test")
        xml = setting("<item jid='b@remote.test'/>")
        self.assertEqual(self.error(xml), ("cancel", "not-allowed"))
        self.assertEqual(items_of(self.juliet.answer(GET)), {})


class _ReadOnly:
    def change(self, contact: Contact, removed: bool) -> Deferred[Any]:
        raise ReadOnlyContacts
