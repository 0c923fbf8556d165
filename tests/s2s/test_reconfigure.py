"""Other settings while streams are there: who still satisfies them stays."""

from tests.s2s.authority import Authority
from tests.s2s.network import Place
from tests.s2s.raw import error_in, stream_id
from tests.s2s.test_between import JULIET, ROMEO, Between
from tests.s2s.test_hostile import MESSAGE, REMOTE, Hostile
from xmppd.app.config_servers import ServerLimits, Static
from xmppd.s2s.dialback import Keys


class OutgoingTest(Between):
    def talking(self, **more: object) -> tuple[Place, Place]:
        more.setdefault("bidi", False)
        here = self.place("capulet.test", address="11.0.0.1", **more)
        there = self.place("montague.test", address="11.0.0.2", **more)
        here.say(JULIET, ROMEO, "1")
        there.say(ROMEO, JULIET, "2")
        return here, there

    def test_certificates_stay(self) -> None:
        here, _ = self.talking()
        before = set(here.edge.live)
        here.reconfigure(self.authority.file, policy={"default": "certificate"})
        self.assertEqual(here.edge.live, before)
        here.say(JULIET, ROMEO, "3")
        self.assertEqual(len(self.network.dialed), 2)

    def test_dialback_is_no_longer_enough(self) -> None:
        """Both directions end; what is sent then finds the new policy."""
        here, there = self.talking(certified=False)
        here.reconfigure(self.authority.file, policy={"montague.test": "certificate"})
        self.network.advance(6)
        self.assertEqual((here.edge.live, here.edge.pairs), (set(), {}))
        here.say(JULIET, ROMEO, "3")
        self.assertEqual(here.heard, ["2", "3: remote-server-not-found"])
        there.say(ROMEO, JULIET, "4")
        self.assertEqual(there.heard, ["1", "4: remote-server-not-found"])

    def test_dialback_of_others_stays(self) -> None:
        here, _ = self.talking(certified=False)
        before = set(here.edge.live)
        here.reconfigure(self.authority.file, policy={"other.test": "certificate"})
        self.assertEqual(here.edge.live, before)

    def test_an_authority_that_is_believed_no_more(self) -> None:
        """Who has proved himself by its certificate has not; who might use dialback may return."""
        here, there = self.talking()
        strangers = Authority(self.folder / "strangers")
        here.reconfigure(strangers.file)
        self.network.advance(6)
        self.assertEqual(len(here.edge.live), 1, "our own stream needs no certificate of theirs")
        there.say(ROMEO, JULIET, "3")
        self.assertEqual(here.heard, ["2", "3"])
        (stream,) = here.edge.incoming
        self.assertEqual(stream.proof, "dialback")

    def test_one_stream_that_goes_both_ways(self) -> None:
        """What comes on our own stream was believed by their address alone."""
        here, there = self.talking(certified=False, bidi=True)
        here.reconfigure(self.authority.file, policy={"montague.test": "certificate"})
        self.network.settle()
        there.say(ROMEO, JULIET, "3")
        self.assertEqual((here.heard, there.heard), (["2"], ["1", "3: remote-server-not-found"]))

    def test_another_place(self) -> None:
        here = self.place("capulet.test", address="11.0.0.1")
        there = self.place("montague.test", address="11.0.0.2")
        del self.network.known["montague.test"]
        here.reconfigure(self.authority.file, static={"montague.test": Static("11.0.0.2:5269")})
        here.say(JULIET, ROMEO, "1")
        self.assertEqual(there.heard, ["1"])

    def test_a_domain_that_was_left_alone_is_tried(self) -> None:
        here = self.place("capulet.test", address="11.0.0.1")
        here.say(JULIET, ROMEO, "1")
        there = self.place("montague.test", address="11.0.0.2")
        here.reconfigure(self.authority.file)
        here.say(JULIET, ROMEO, "2")
        self.assertEqual((here.heard, there.heard), (["1: remote-server-not-found"], ["2"]))


class IncomingTest(Hostile):
    def test_streams_that_have_proved_nothing_stay(self) -> None:
        raw = self.secured()
        self.place.reconfigure(self.authority.file, policy={"default": "certificate"})
        self.assertFalse(raw.closed)
        self.assertIn("not-authorized", raw.result())

    def test_plain_text_is_allowed_no_more(self) -> None:
        self.authoritative()
        self.place = self.new_place(policy={"remote.test": "plaintext-dialback"})
        raw = self.raw()
        key = Keys("remote").key("capulet.test", "remote.test", stream_id(raw.open()))
        self.assertIn("type='valid'", raw.result(key))
        self.place.reconfigure(self.authority.file)
        self.check_end(raw, "reset")

    def test_reason(self) -> None:
        """RFC 6120, 4.9.3.16."""
        raw = self.proved()
        self.place.reconfigure(Authority(self.folder / "strangers").file)
        self.network.settle()
        self.check_end(raw, "reset")

    def test_limits(self) -> None:
        """They hold for what comes from now on."""
        raw = self.proved()
        limits = ServerLimits(connections_per_address=1, domain_stanzas_per_second=1)
        self.place.reconfigure(self.authority.file, limits=limits)
        self.assertIsNone(self.network.hosts["11.0.0.1", 5269]())
        raw.send(MESSAGE * 5)
        raw.send(MESSAGE)
        self.assertEqual(len(self.place.got), 5)

    def test_a_key_that_is_being_verified(self) -> None:
        """What is found valid only after policy has become stricter proves nothing."""
        self.authority.write(self.folder / "remote.test", "remote.test")
        self.authoritative()
        raw = self.secured()
        (stream,) = self.place.edge.incoming
        key = Keys("remote").key("capulet.test", "remote.test", stream.id)
        assert raw.transport is not None
        raw.heard = ""
        raw.transport.write(
            f"<db:result from='remote.test' to='capulet.test'>{key}</db:result>".encode()
        )
        while not stream.receiving.is_waiting:
            for pipe in list(self.network.pipes):
                pipe.move()
        self.place.reconfigure(self.authority.file, policy={"remote.test": "certificate"})
        self.assertEqual(error_in(raw.heard), "not-authorized")
        self.assertEqual(stream.proved, set())

    def test_an_authority_is_believed_no_more_that_one_of_several_domains_needs(self) -> None:
        """That another one on the stream has proved itself by a key does not stand for it."""
        self.authoritative("other")
        raw = self.secured(self.authority.sign(REMOTE))
        self.assertIn("<success", raw.external())
        key = Keys("other").key("capulet.test", "other.test", stream_id(raw.open()))
        self.assertIn("type='valid'", raw.result(key, "other.test"))
        self.place.reconfigure(Authority(self.folder / "strangers").file)
        self.check_end(raw, "reset")
