"""Streams that go both ways (XEP-0288): between two servers of ours, and with hostile ones."""

from __future__ import annotations

from tests.s2s.network import Place
from tests.s2s.raw import HEADER, Raw, error_in
from tests.s2s.test_between import JULIET, ROMEO, Between
from tests.s2s.test_hostile import MESSAGE, REMOTE, Hostile
from xmppd.protocol.namespaces import BIDI, BIDI_FEATURE, DIALBACK_FEATURE
from xmppd.s2s.dialback import Keys
from xmppd.s2s.targets import Target

OFFER = f"<bidi xmlns='{BIDI_FEATURE}'/>"
REQUEST = f"<bidi xmlns='{BIDI}'/>"


class BothWaysTest(Between):
    def meet(self, **more: object) -> tuple[Place, Place]:
        """Have both sides speak, ours first."""
        here = self.place("capulet.test", address="11.0.0.1", **more)
        there = self.place("montague.test", address="11.0.0.2", **more)
        here.say(JULIET, ROMEO, "1")
        there.say(ROMEO, JULIET, "2")
        here.say(JULIET, ROMEO, "3")
        self.assertEqual((here.heard, there.heard), (["2"], ["1", "3"]))
        return here, there

    def test_certificates(self) -> None:
        for tls in ("starttls", "direct"):
            self.network.dialed.clear()
            here, there = self.meet(tls=tls)
            self.assertEqual(self.network.dialed, [("11.0.0.2", 5269)])
            (pair,) = there.edge.pairs.values()
            self.assertEqual((pair.stream, pair.ways), (None, there.edge.incoming))
            here.stop()
            there.stop()

    def test_dialback(self) -> None:
        """The key is verified on another connection, which carries no stanzas."""
        here, there = self.meet(certified=False)
        self.assertEqual(self.network.dialed, [("11.0.0.2", 5269), ("11.0.0.1", 5269)])
        for one in (here, there):
            (pair,) = one.edge.pairs.values()
            self.assertEqual(len(pair.ways), 1)
        self.network.advance(40)
        self.assertEqual(len(there.edge.incoming), 1)
        self.assertEqual(here.edge.incoming, [])

    def test_both_at_once(self) -> None:
        """Two streams then; each side's stanzas keep their order."""
        here = self.place("capulet.test", address="11.0.0.1")
        there = self.place("montague.test", address="11.0.0.2")
        for number in range(5):
            for place, sender, to in ((here, JULIET, ROMEO), (there, ROMEO, JULIET)):
                place.component.send(place.message(sender, to, str(number)))
        self.network.settle()
        self.assertEqual((here.heard, there.heard), (["0", "1", "2", "3", "4"],) * 2)

    def test_turned_off(self) -> None:
        """By either side."""
        for number, (one, two) in enumerate(((True, False), (False, True))):
            here = self.place("capulet.test", address="11.0.0.1", bidi=one)
            there = self.place("montague.test", address="11.0.0.2", bidi=two)
            here.say(JULIET, ROMEO, "1")
            there.say(ROMEO, JULIET, "2")
            self.assertEqual((here.heard, there.heard), (["2"], ["1"]))
            self.assertEqual(len(self.network.dialed), 2 * number + 2)
            here.stop()
            there.stop()

    def test_after_its_end(self) -> None:
        """The side that did not open it opens one itself."""
        here, there = self.meet()
        here.edge.close("montague.test")
        self.network.settle()
        there.say(ROMEO, JULIET, "4")
        self.assertEqual(here.heard, ["2", "4"])
        self.assertEqual(self.network.dialed[1:], [("11.0.0.1", 5269)])

    def test_stanzas_that_cross_a_closing_tag(self) -> None:
        """RFC 6120, 4.4: what was under way when we closed still counts."""
        here, there = self.meet()
        there.component.send(there.message(ROMEO, JULIET, "4"))
        here.edge.close("montague.test")
        self.network.settle()
        self.assertEqual(here.heard, ["2", "4"])

    def test_a_conference_of_theirs(self) -> None:
        """2.2: each pair of domains is proved by itself."""
        here = self.place("capulet.test", address="11.0.0.1")
        there = self.place("montague.test", "rooms.test", address="11.0.0.2")
        here.say(JULIET, ROMEO, "1")
        there.say("hall@rooms.test", JULIET, "2")
        here.say(JULIET, "hall@rooms.test", "3")
        self.assertEqual((here.heard, there.heard), (["2"], ["1", "3"]))
        self.assertEqual(len(self.network.dialed), 2)


class ComingTest(Hostile):
    """Servers that open a stream and ask for both ways."""

    def speak(self) -> None:
        self.place.say("juliet@capulet.test", "romeo@remote.test", "1")

    def test_offered(self) -> None:
        """2.1: before and after TLS; with nothing left to authenticate no more."""
        raw = self.raw()
        self.assertIn(OFFER, raw.open())
        raw.secure(self.authority.sign(REMOTE))
        self.assertIn(OFFER, raw.open())
        raw.external()
        self.assertNotIn(OFFER, raw.open())

    def test_not_offered(self) -> None:
        self.place = self.new_place(bidi=False)
        raw = self.secured()
        self.assertNotIn(OFFER, raw.heard)
        raw.send(REQUEST)
        self.check_end(raw, "unsupported-stanza-type")

    def test_nothing_is_sent_before_the_proof(self) -> None:
        """F14."""
        raw = self.secured()
        self.assertEqual(raw.send(REQUEST), "")
        self.speak()
        self.assertEqual(raw.heard, "")
        self.assertEqual(self.place.heard, ["1: remote-server-not-found"])

    def test_nothing_is_sent_between_sasl_and_the_new_stream(self) -> None:
        raw = self.secured(self.authority.sign(REMOTE))
        raw.send(REQUEST)
        raw.external()
        self.network.known["remote.test"] = [Target("11.0.0.8")]
        self.network.silent.add("11.0.0.8")
        self.speak()
        self.assertNotIn("<message", raw.heard)
        header, _, features = raw.open().partition("<stream:features")
        self.assertNotIn("<message", header)
        self.assertIn("<message", features)

    def test_what_was_not_proved_is_sent_elsewhere(self) -> None:
        """2.2: only from the stream's `to` to its `from`."""
        raw = self.secured(self.authority.sign(REMOTE))
        raw.send(REQUEST)
        raw.external()
        raw.open()
        self.place.say("x@second.test", "romeo@remote.test", "1")
        self.place.say("juliet@capulet.test", "romeo@other.test", "2")
        self.assertEqual(raw.heard.count("<message"), 0)
        self.speak()
        self.assertIn("<message", raw.heard)

    def test_dialback_is_answered_before_anything_is_sent(self) -> None:
        self.authoritative()
        raw = self.secured()
        key = Keys("remote").key("capulet.test", "remote.test", self.stream_id(raw))
        raw.send(REQUEST)
        self.place.component.send(
            self.place.message("juliet@capulet.test", "romeo@remote.test", "1")
        )
        heard = raw.result(key)
        self.assertIn("type='valid'", heard.partition("<message")[0])

    def test_what_was_agreed_in_the_clear_is_forgotten_with_tls(self) -> None:
        """2.2: TLS comes first."""
        self.authoritative()
        raw = self.raw()
        raw.open()
        raw.send(REQUEST)
        raw.secure(self.authority.sign(REMOTE))
        raw.open()
        raw.external()
        raw.open()
        self.speak()
        self.assertNotIn("<message", raw.heard)

    def test_unsolicited_answers(self) -> None:
        """5: on streams that others have opened too."""
        raw = self.secured()
        raw.send(REQUEST)
        for kind in ("result", "verify"):
            raw.send(f"<db:{kind} from='remote.test' to='capulet.test' id='x' type='valid'/>")
        raw.send(MESSAGE)
        self.check_end(raw, "not-authorized")

    def stream_id(self, raw: Raw) -> str:
        return raw.heard.partition(" id='")[2].partition("'")[0]


class GoingTest(Hostile):
    """Servers that we have opened a stream to."""

    def setUp(self) -> None:
        super().setUp()
        plain = dict.fromkeys(("remote.test", "other.test"), "plaintext-dialback")
        self.place = self.new_place(policy=plain)
        self.came: list[Raw] = []
        self.network.hosts["11.0.0.7", 5269] = self._make

    def _make(self) -> Raw:
        self.came.append(Raw(self.network))
        return self.came[-1]

    def opened(self, *features: str) -> Raw:
        """Have a stream up to our key."""
        self.network.known["remote.test"] = [Target("11.0.0.7")]
        self.place.say("juliet@capulet.test", "romeo@remote.test", "1")
        raw = self.came[0]
        dialback = f"<dialback xmlns='{DIALBACK_FEATURE}'><errors/></dialback>"
        offer = "".join([dialback, *features])
        raw.send(f"{HEADER} from='remote.test' id='s'><stream:features>{offer}</stream:features>")
        self.assertIn("<db:result", raw.heard)
        return raw

    def accepted(self, *features: str) -> Raw:
        raw = self.opened(*features)
        heard = raw.send("<db:result from='remote.test' to='capulet.test' type='valid'/>")
        self.assertIn("<message", heard)
        return raw

    def test_asked_for_before_the_proof(self) -> None:
        self.assertTrue(self.opened(OFFER).heard.startswith(REQUEST))

    def test_not_asked_for_where_it_is_not_offered(self) -> None:
        raw = self.accepted()
        self.assertNotIn(REQUEST, raw.heard)
        raw.send(MESSAGE)
        self.check_end(raw, "not-authorized")

    def test_a_stanza(self) -> None:
        raw = self.accepted(OFFER)
        raw.send(MESSAGE)
        self.assertEqual(self.place.heard, ["m"])

    def test_a_stanza_before_we_are_believed(self) -> None:
        raw = self.opened(OFFER)
        raw.send(MESSAGE)
        self.assertEqual(error_in(raw.heard), "not-authorized")

    def test_stanzas_of_other_pairs(self) -> None:
        """F14."""
        for sender, to in (
            ("romeo@other.test", "juliet@capulet.test"),
            ("romeo@remote.test", "x@second.test"),
            ("x@second.test", "juliet@capulet.test"),
        ):
            raw = self.accepted(OFFER)
            raw.send(f"<message from='{sender}' to='{to}'/>")
            self.check_end(raw, "invalid-from")
            self.network.advance(10)
            self.came.clear()

    def test_a_further_domain_of_theirs(self) -> None:
        """2.2: by a key, which is verified elsewhere; it may then be sent to as well."""
        self.authoritative("other")
        raw = self.accepted(OFFER)
        key = Keys("other").key("capulet.test", "other.test", "s")
        self.assertIn("type='valid'", raw.result(key, "other.test"))
        raw.send("<message from='x@other.test' to='juliet@capulet.test' id='m'/>")
        self.assertEqual(self.place.heard, ["m"])
        self.place.say("juliet@capulet.test", "x@other.test", "2")
        self.assertIn("id='2'", raw.heard)

    def test_a_domain_that_is_not_theirs(self) -> None:
        self.authoritative("other")
        raw = self.accepted(OFFER)
        self.assertEqual(error_in(raw.result("wrong", "other.test")), "forbidden")
        self.assertEqual(error_in(raw.result("k", "second.test")), "not-acceptable")
        raw.send("<message from='x@other.test' to='juliet@capulet.test' id='m'/>")
        self.check_end(raw, "invalid-from")

    def test_a_key_where_nothing_comes(self) -> None:
        """Without `<bidi/>` there is nothing for them to prove."""
        raw = self.accepted()
        self.assertEqual(raw.result("k", "other.test"), "")
