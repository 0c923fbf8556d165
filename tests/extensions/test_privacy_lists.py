"""XEP-0016: privacy lists as clients manage them."""

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
from xmppd.extensions.privacy_changes import MAX_RULES
from xmppd.protocol.privacy import PRIVACY
from xmppd.protocol.stanza import Stanza


class ManagingTest(PrivacyCase):
    def names(self) -> list[tuple[str, str]]:
        payload = self.query("get", "").payload()
        assert payload is not None
        return [(one.name, one["name"]) for one in payload.elements()]

    def refused(self, type: str, content: str, condition: str) -> None:
        answer = self.query(type, content)
        self.assertEqual(answer.type, "error", content)
        self.assertIn(f"<{condition} ".encode(), answer.inner, content)

    def test_names(self) -> None:
        """XEP-0016, 2.3: active and default first."""
        self.assertEqual(self.names(), [])
        self.use(deny() + allow(), "public")
        self.use(allow(), "private", "active")
        self.assertEqual(
            self.names(),
            [("active", "private"), ("default", "public"), ("list", "public"), ("list", "private")],
        )

    def test_get(self) -> None:
        """XEP-0016, 2.3: one list, in the order of its items."""
        self.use(allow(68) + deny(order=3))
        answer = self.query("get", "<list name='mine'/>")
        self.assertEqual(
            answer.inner.decode(),
            f"<query xmlns='{PRIVACY}'><list name='mine'>"
            f"{deny(order=3).replace('></item>', '/>')}{allow(68)}</list></query>",
        )
        self.refused("get", "<list name='The Empty Set'/>", "item-not-found")
        self.refused("get", "<list name='mine'/><list name='mine'/>", "bad-request")
        self.refused("get", "<active name='mine'/>", "bad-request")

    def test_wrong_sets(self) -> None:
        """XEP-0016, 2.1: one child, valid items, a group that there is."""
        self.use(allow())
        for content, condition in [
            ("", "bad-request"),
            ("<active/><default/>", "bad-request"),
            ("<list/>", "bad-request"),
            (f"<list>{allow()}</list>", "bad-request"),
            (f"<list name='x'>{allow(1)}{deny(order=1)}</list>", "bad-request"),
            (f"<list name='x'>{deny('a@')}</list>", "bad-request"),
            (
                "<list name='x'><item type='group' value='g' action='deny' order='1'/></list>",
                "item-not-found",
            ),
            ("<list name='x'/>", "item-not-found"),
            ("<active name='x'/>", "item-not-found"),
            ("<default name='x'/>", "item-not-found"),
            (f"<list name='{'x' * 1024}'>{allow()}</list>", "not-acceptable"),
        ]:
            self.refused("set", content, condition)
        self.assertEqual(self.names(), [("default", "mine"), ("list", "mine")])

    def test_too_many(self) -> None:
        items = "".join(allow(number) for number in range(MAX_RULES + 1))
        self.refused("set", f"<list name='x'>{items}</list>", "resource-constraint")

    def test_pushes(self) -> None:
        """XEP-0016, 2.2, 10: the name, to all sessions, for each change of rules."""
        other = self.come("juliet", "other")
        for content in f"<list name='x'>{allow()}</list>", "<list name='x'/>":
            self.quiet()
            self.query("set", content)
            for client in self.juliet, other:
                expected = f"<query xmlns='{PRIVACY}'><list name='x'/></query>"
                self.assertEqual(pushes(client, PRIVACY), [expected])

    def test_removal(self) -> None:
        """XEP-0016, 2.8: a list that applies to this session alone may go."""
        for how in "default", "active":
            self.use(deny() + allow(), "mine", how)
            self.assertEqual(self.query("set", "<list name='mine'/>").type, "result")
            self.assertEqual(self.names(), [])
            self.quiet()
            self.romeo.send(message("juliet@example.com"))
            self.assertEqual(self.heard(self.juliet), ["b"])

    def test_conflicts(self) -> None:
        """XEP-0016, 2.2, 11: not while another session uses it."""
        other = self.come("juliet", "other")
        self.use(allow(), "second", "active")
        self.use(deny() + allow(), "first", "default")
        for content in "<default/>", "<default name='second'/>", "<list name='first'/>":
            self.refused("set", content, "conflict")
        self.query("set", "<active name='second'/>", other)
        self.refused("set", "<list name='second'/>", "conflict")
        self.assertEqual(self.query("set", "<default name='first'/>").type, "result")
        self.assertEqual(self.query("set", "<default/>").type, "result")
        self.assertEqual(self.query("set", "<list name='first'/>").type, "result")
        other.close()
        self.assertEqual(self.query("set", "<list name='second'/>").type, "result")

    def test_active_only_for_the_session(self) -> None:
        """XEP-0016, 2.2, 1: it ends with the session, and stands instead of the default list."""
        self.use(deny() + allow(), "strict", "active")
        self.juliet.close()
        self.juliet = self.come("juliet", "balcony")
        self.assertEqual(self.names(), [("list", "strict")])
        self.use(allow(), "open", "active")
        self.query("set", "<default name='strict'/>")
        self.quiet()
        self.romeo.send(message(self.juliet.jid))
        self.assertEqual(self.heard(self.juliet), ["b"])
        self.query("set", "<active/>")
        self.romeo.send(message(self.juliet.jid))
        self.assertIn(b"<service-unavailable", self.condition(self.romeo))


class KindsTest(PrivacyCase):
    """XEP-0016, 2.9 to 2.13."""

    def iq(self) -> Stanza:
        return self.romeo.answer(ping(self.juliet.jid).replace("'p'", "'pp'"))

    def test_messages(self) -> None:
        """2.9: incoming ones alone."""
        self.use(deny(kinds="<message/>"))
        self.romeo.send(message("juliet@example.com"))
        self.assertIn(b"<service-unavailable", self.condition(self.romeo))
        self.juliet.send(message(ROMEO))
        self.assertEqual(self.heard(self.romeo), ["b"])
        self.romeo.send("<presence><show>away</show></presence>")
        self.assertEqual(shown(self.juliet.taken()), [(None, self.romeo.jid)])

    def test_presence_in(self) -> None:
        """2.10: no notifications, but subscriptions; and the contact seems to go."""
        self.use(deny(kinds="<presence-in/>"))
        self.query("set", f"<list name='mine'>{allow()}</list>")
        self.assertEqual(shown(self.juliet.taken()), [(None, self.romeo.jid)])
        self.query("set", f"<list name='mine'>{deny(kinds='<presence-in/>')}</list>")
        self.assertEqual(shown(self.juliet.taken()), [("unavailable", ROMEO)])
        self.romeo.send("<presence><show>away</show></presence>")
        self.assertEqual(shown(self.juliet.taken()), [])
        self.romeo.send("<presence type='unsubscribe' to='juliet@example.com'/>")
        self.assertEqual(shown(self.juliet.taken()), [("unsubscribe", ROMEO)])
        self.romeo.send(message("juliet@example.com"))
        self.assertEqual(self.heard(self.juliet), ["b"])

    def test_presence_out(self) -> None:
        """2.11: no notifications, also directed ones and answers to probes."""
        self.query("set", f"<list name='mine'>{deny(kinds='<presence-out/>')}</list>")
        self.quiet()
        self.query("set", "<default name='mine'/>")
        self.assertEqual(shown(self.romeo.taken()), [("unavailable", self.juliet.jid)])
        self.juliet.send("<presence><show>away</show></presence>")
        self.romeo.send("<presence type='probe' to='juliet@example.com'/>")
        self.assertEqual(shown(self.romeo.taken()), [])
        self.juliet.send(f"<presence to='{ROMEO}'/>")
        self.assertIn(b"<not-acceptable", self.condition(self.juliet))
        self.juliet.send(message(ROMEO), f"<presence type='subscribe' to='{ROMEO}'/>")
        self.assertEqual(self.heard(self.romeo), ["b"])

    def test_iq(self) -> None:
        """2.12."""
        self.use(deny(kinds="<iq/>"))
        self.assertIn(b"<service-unavailable", self.iq().inner)
        self.assertEqual(self.juliet.taken(), [])
        self.romeo.send(message("juliet@example.com"))
        self.assertEqual(self.heard(self.juliet), ["b"])

    def test_all_but_contacts(self) -> None:
        """2.14: by subscription, as the roster says now (2.2, 9)."""
        self.use("<item type='subscription' value='none' action='deny' order='1'/>")
        self.house.from_outside(
            f"<message from='a@remote.test' to='{self.juliet.jid}'><body>b</body></message>"
        )
        self.assertIn(b"<service-unavailable", self.house.left.pop().inner)
        self.romeo.send(message("juliet@example.com"))
        self.assertEqual(self.heard(self.juliet), ["b"])
        self.juliet.send(
            "<iq type='set' id='r'><query xmlns='jabber:iq:roster'>"
            f"<item jid='{ROMEO}' subscription='remove'/></query></iq>"
        )
        self.quiet()
        self.romeo.send(message("juliet@example.com"))
        self.assertIn(b"<service-unavailable", self.condition(self.romeo))

    def test_group(self) -> None:
        put = (
            "<iq type='set' id='r'><query xmlns='jabber:iq:roster'>"
            f"<item jid='{ROMEO}'>%s</item></query></iq>"
        )
        self.juliet.send(put % "<group>Enemies</group>")
        self.use("<item type='group' value='Enemies' action='deny' order='1'><message/></item>")
        self.romeo.send(message("juliet@example.com"))
        self.assertIn(b"<service-unavailable", self.condition(self.romeo))
        self.juliet.send(put % "")
        self.quiet()
        self.romeo.send(message("juliet@example.com"))
        self.assertEqual(self.heard(self.juliet), ["b"])
