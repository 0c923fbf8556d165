"""XEP-0191: the blocking command."""

from tests.extensions.privacy_case import (
    ROMEO,
    PrivacyCase,
    allow,
    deny,
    message,
    ping,
    pushes,
    shown,
)
from xmppd.extensions.blocking import BLOCKING
from xmppd.protocol.markup import element
from xmppd.protocol.privacy import PRIVACY


class CommandTest(PrivacyCase):
    def test_advertised(self) -> None:
        """XEP-0191, 3.1; XEP-0016, 3; XEP-0377, 2."""
        query = "<query xmlns='http://jabber.org/protocol/disco#info'/>"
        answer = self.juliet.answer(f"<iq type='get' id='d' to='example.com'>{query}</iq>")
        for feature in BLOCKING, PRIVACY, "urn:xmpp:reporting:1":
            self.assertIn(f"<feature var='{feature}'/>".encode(), answer.inner)

    def test_list(self) -> None:
        """XEP-0191, 3.2, 3.3, 3.4, 3.5."""
        self.assertEqual(self.blocklist(), [])
        self.assertEqual(self.block(ROMEO, "Shakespeare.lit").inner, b"")
        self.assertEqual(self.blocklist(), [ROMEO, "shakespeare.lit"])
        self.block(ROMEO, name="unblock")
        self.assertEqual(self.blocklist(), ["shakespeare.lit"])
        self.block("a@b.c")
        self.assertEqual(self.block(name="unblock").type, "result")
        self.assertEqual(self.blocklist(), [])

    def test_wrong(self) -> None:
        """XEP-0191, 3.3: bad-request without items."""
        self.assertIn(b"<bad-request", self.block().inner)
        self.assertIn(b"<jid-malformed", self.block("a@").inner)
        self.assertIn(b"<jid-malformed", self.block("").inner)

    def test_pushes(self) -> None:
        """XEP-0191, 3.3 to 3.5: to those who have asked for the list, and to them alone."""
        other, third = self.come("juliet", "other"), self.come("juliet", "third")
        self.blocklist()
        self.blocklist(other)
        self.quiet()
        for name, *jids in ("block", ROMEO), ("unblock", ROMEO), ("block", ROMEO), ("unblock",):
            self.block(*jids, name=name)
            items = [element("item", None, {"jid": jid}) for jid in jids]
            expected = element(name, BLOCKING, None, *items).decode()
            for client in self.juliet, other:
                self.assertEqual(pushes(client, BLOCKING), [expected])
            self.assertEqual(pushes(third, BLOCKING), [])

    def test_kept(self) -> None:
        self.block(ROMEO)
        self.restart()
        self.romeo = self.come("romeo", "orchard")
        self.romeo.taken()
        self.romeo.send(message("juliet@example.com"))
        self.assertIn(b"<service-unavailable", self.condition(self.romeo))
        self.juliet = self.come("juliet", "balcony")
        self.assertEqual(self.heard(self.juliet), [])
        self.assertEqual(self.blocklist(), [ROMEO])

    def test_not_for_others(self) -> None:
        answer = self.juliet.answer(
            f"<iq type='get' id='l' to='{ROMEO}'><blocklist xmlns='{BLOCKING}'/></iq>"
        )
        self.assertIn(b"<service-unavailable", answer.inner)


class BlockedTest(PrivacyCase):
    def setUp(self) -> None:
        super().setUp()
        self.block(ROMEO)

    def test_appears_offline(self) -> None:
        """XEP-0191, 3.3: unavailable, then nothing; XEP-0016, 2.10."""
        self.assertEqual(shown(self.romeo.taken()), [("unavailable", str(self.juliet.jid))])
        self.assertEqual(shown(self.juliet.taken()), [("unavailable", ROMEO)])
        self.juliet.send("<presence><show>away</show></presence>")
        self.romeo.send("<presence><show>dnd</show></presence>")
        self.romeo.send("<presence type='probe' to='juliet@example.com'/>")
        self.romeo.send("<presence type='subscribe' to='juliet@example.com'/>")
        self.assertEqual(shown(self.romeo.taken()), [(None, str(self.romeo.jid))])
        self.assertEqual(shown(self.juliet.taken()), [(None, str(self.juliet.jid))])
        self.juliet.close()
        self.assertEqual(shown(self.romeo.taken()), [])

    def test_logs_in_later(self) -> None:
        """Neither side sees the other come, nor are there probes."""
        self.restart()
        self.romeo = self.come("romeo", "orchard")
        self.juliet = self.come("juliet", "balcony")
        self.assertEqual(shown(self.romeo.taken()), [(None, str(self.romeo.jid))])
        self.assertEqual(shown(self.juliet.taken()), [(None, str(self.juliet.jid))])

    def test_what_comes(self) -> None:
        """XEP-0191, 3.3: messages and requests are answered, answers vanish."""
        self.quiet()
        for to in "juliet@example.com", str(self.juliet.jid):
            self.romeo.send(message(to))
            self.assertIn(b"<service-unavailable", self.condition(self.romeo))
            self.romeo.send(ping(to))
            self.assertIn(b"<service-unavailable", self.condition(self.romeo))
            self.romeo.send(f"<iq type='result' id='1' to='{to}'/>")
            self.romeo.send(f"<message type='error' to='{to}'/>")
            self.assertEqual(self.romeo.taken(), [])
        self.assertEqual(self.juliet.taken(), [])

    def test_occupant_of_a_room(self) -> None:
        """What they say is not seen, and the room does not hear that the user has gone."""
        occupant = "cave@remote.test/hag"
        self.juliet.send("<presence to='cave@remote.test/juliet'/>")
        self.block(occupant)
        self.quiet()
        before = len(self.house.left)
        for type, answers in ("groupchat", 0), ("chat", 1):
            said = message(str(self.juliet.jid), type=type).replace("to=", f"from='{occupant}' to=")
            self.house.from_outside(said)
            self.assertEqual(len(self.house.left) - before, answers)
        self.assertEqual(self.juliet.taken(), [])

    def test_what_is_sent(self) -> None:
        """XEP-0191, 3.3: not-acceptable with the condition of its own, and nothing is routed."""
        self.quiet()
        for xml in (
            message(ROMEO),
            ping(ROMEO),
            f"<presence to='{ROMEO}'/>",
            f"<presence to='{ROMEO}' type='subscribe'/>",
        ):
            self.juliet.send(xml)
            [error] = self.juliet.taken()
            self.assertEqual(
                (error.type, error.sender, error.to), ("error", ROMEO, self.juliet.jid)
            )
            self.assertIn(b"<error type='cancel'><not-acceptable", error.inner)
            self.assertIn(b"<blocked xmlns='urn:xmpp:blocking:errors'/>", error.inner)
        self.assertEqual(self.romeo.taken(), [])

    def test_offline_messages(self) -> None:
        """Nothing of a blocked sender is kept."""
        self.juliet.close()
        self.romeo.send(message("juliet@example.com"))
        self.assertIn(b"<service-unavailable", self.condition(self.romeo))
        self.assertEqual(self.heard(self.come("juliet", "x")), [])

    def test_messages_that_wait_already(self) -> None:
        """XEP-0191, 3.3: nothing is delivered once their sender is blocked; nothing is lost."""
        self.block(ROMEO, name="unblock")
        self.juliet.close()
        self.romeo.send(message("juliet@example.com", "too late"))
        self.juliet = self.house.client("juliet", "balcony")
        self.block(ROMEO)
        self.juliet.send("<presence/>")
        self.assertEqual(self.heard(self.juliet), [])
        self.block(ROMEO, name="unblock")
        self.restart()
        self.assertEqual(self.heard(self.come("juliet", "later")), ["too late"])

    def test_unblock(self) -> None:
        """XEP-0191, 3.4: the current presence, and stanzas pass again."""
        self.quiet()
        self.block(ROMEO, name="unblock")
        self.assertEqual(shown(self.romeo.taken()), [(None, str(self.juliet.jid))])
        self.assertEqual(shown(self.juliet.taken()), [(None, str(self.romeo.jid))])
        self.romeo.send(message("juliet@example.com"))
        self.assertEqual(self.heard(self.juliet), ["b"])

    def test_strangers_see_nothing(self) -> None:
        """XEP-0191, 3.3: presence only to those who may have it."""
        self.block("a@remote.test")
        self.block("a@remote.test", name="unblock")
        self.assertEqual(self.house.left, [])

    def test_directed_presence(self) -> None:
        self.juliet.send("<presence to='a@remote.test/x'/>")
        self.house.left.clear()
        self.block("remote.test")
        self.assertEqual([item.type for item in self.house.left], ["unavailable"])
        self.juliet.close()
        self.assertEqual(len(self.house.left), 1)

    def test_request_that_waits(self) -> None:
        """XEP-0191, 3.3: not delivered again while its sender is blocked."""
        ask = "<presence type='subscribe' from='a@remote.test' to='juliet@example.com'/>"
        self.house.from_outside(ask)
        self.assertIn(("subscribe", "a@remote.test"), shown(self.juliet.taken()))
        self.block("remote.test")
        again = self.come("juliet", "again")
        self.assertNotIn(("subscribe", "a@remote.test"), shown(again.taken()))
        self.block("remote.test", name="unblock")
        again.send("<presence type='unavailable'/>", "<presence/>")
        self.assertIn(("subscribe", "a@remote.test"), shown(again.taken()))

    def test_one_resource(self) -> None:
        self.block(ROMEO, name="unblock")
        self.quiet()
        self.block(str(self.romeo.jid))
        self.assertEqual(shown(self.romeo.taken()), [("unavailable", str(self.juliet.jid))])
        self.romeo.send(message("juliet@example.com"))
        other = self.come("romeo", "other")
        other.send(message("juliet@example.com", "other"))
        self.assertEqual(self.heard(self.juliet), ["other"])

    def test_never_oneself_nor_the_server(self) -> None:
        """XEP-0191, 5; a domain blocks all of its users but not the host."""
        other = self.come("juliet", "other")
        self.block("juliet@example.com", "example.com")
        self.quiet()
        other.send(message("juliet@example.com/balcony"))
        self.assertEqual(self.heard(self.juliet), ["b"])
        answer = self.juliet.answer(
            "<iq type='get' id='d' to='example.com'>"
            "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
        )
        self.assertEqual(answer.type, "result")


class WithPrivacyListsTest(PrivacyCase):
    """XEP-0191, 5: one store for both."""

    def test_old_client_sets_and_new_one_reads(self) -> None:
        self.use(deny() + deny("a@b.c", "<message/>", 2) + allow())
        self.assertEqual(self.blocklist(), [ROMEO])
        self.romeo.send(message("juliet@example.com"))
        self.assertIn(b"<service-unavailable", self.condition(self.romeo))

    def test_new_client_sets_and_old_one_reads(self) -> None:
        self.block(ROMEO)
        names = self.query("get", "").payload()
        assert names is not None
        [default] = names.elements(PRIVACY, "default")
        answer = self.query("get", f"<list name='{default['name']}'/>")
        self.assertIn(deny().replace("></item>", "/>"), answer.inner.decode())

    def test_new_client_goes_first_in_the_list_of_an_old_one(self) -> None:
        self.use(f"<item type='jid' value='{ROMEO}' action='allow' order='0'/>")
        self.block(ROMEO)
        self.romeo.send(message("juliet@example.com"))
        self.assertIn(b"<service-unavailable", self.condition(self.romeo))
        self.block(ROMEO, name="unblock")
        self.romeo.send(message("juliet@example.com"))
        self.assertEqual(self.heard(self.juliet), ["b"])

    def test_each_is_told_of_the_other(self) -> None:
        """XEP-0016, 2.2, 10; XEP-0191, 5, 2 and 4."""
        self.blocklist()
        self.use(deny() + allow())
        self.query("set", f"<list name='mine'>{deny('a@b.c')}{allow()}</list>")
        self.assertEqual(
            pushes(self.juliet, BLOCKING),
            [
                f"<unblock xmlns='{BLOCKING}'><item jid='{ROMEO}'/></unblock>",
                f"<block xmlns='{BLOCKING}'><item jid='a@b.c'/></block>",
            ],
        )
        other = self.come("juliet", "other")
        other.taken()
        self.block(ROMEO)
        self.assertEqual(
            pushes(other, PRIVACY), [f"<query xmlns='{PRIVACY}'><list name='mine'/></query>"]
        )

    def test_another_active_list(self) -> None:
        """XEP-0191, 5, 5: what is active instead of the default list lets them through."""
        self.block(ROMEO)
        self.use(allow(), "open", "active")
        self.romeo.send(message(str(self.juliet.jid)))
        self.assertEqual(self.heard(self.juliet), ["b"])
        self.assertEqual(self.blocklist(), [ROMEO])
