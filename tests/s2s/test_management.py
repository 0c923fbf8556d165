"""Streams that are managed (XEP-0198): what happens when they break, and with hostile servers."""

from __future__ import annotations

import re

from tests.s2s.network import Place
from tests.s2s.raw import HEADER, Raw, error_in
from tests.s2s.test_between import JULIET, ROMEO, Between
from tests.s2s.test_hostile import MESSAGE, REMOTE, Hostile
from xmppd.app.config_servers import ServerLimits
from xmppd.protocol.namespaces import BIDI, BIDI_FEATURE, DIALBACK_FEATURE, STREAM_MANAGEMENT
from xmppd.s2s.targets import Target

SM = f"xmlns='{STREAM_MANAGEMENT}'"
BOTH_WAYS = f"<bidi xmlns='{BIDI}'/>"


class BreakTest(Between):
    """Between two servers of ours."""

    def meet(self, **more: object) -> None:
        self.here = self.place("capulet.test", address="11.0.0.1", **more)
        self.there = self.place("montague.test", address="11.0.0.2", **more)
        self.here.say(JULIET, ROMEO, "1")
        self.assertEqual(self.there.heard, ["1"])

    def write(self, place: Place, sender: str, to: str, *bodies: str) -> None:
        """Have it said, and written; it is under way then."""
        for body in bodies:
            place.component.send(place.message(sender, to, body))
        self.network.clock.advance(0)

    def cut(self) -> None:
        self.network.cut()
        self.network.settle()

    def test_everything_is_acknowledged(self) -> None:
        self.meet()
        (pair,) = self.here.edge.pairs.values()
        assert pair.way is not None and pair.way.management.session is not None
        self.assertEqual(len(pair.way.management.session.unacknowledged), 0)
        self.assertEqual(pair.way.management.session.unacknowledged.sent, 1)

    def test_lost_under_way(self) -> None:
        for bidi in (True, False):
            self.network.dialed.clear()
            self.meet(bidi=bidi)
            self.write(self.here, JULIET, ROMEO, "2", "3")
            self.cut()
            self.assertEqual(self.there.heard, ["1", "2", "3"])
            self.assertEqual(len(self.network.dialed), 2)
            self.here.say(JULIET, ROMEO, "4")
            self.assertEqual(self.there.heard, ["1", "2", "3", "4"])
            self.here.stop()
            self.there.stop()

    def test_lost_acknowledgement(self) -> None:
        """Nothing is doubled: the count says what was handled."""
        self.meet()
        self.write(self.here, JULIET, ROMEO, "2", "3")
        for pipe in self.network.pipes:
            pipe.move()
        self.assertEqual(self.there.heard, ["1", "2", "3"])
        self.cut()
        self.assertEqual(self.there.heard, ["1", "2", "3"])
        self.assertEqual(len(self.network.dialed), 2)

    def test_again_and_again(self) -> None:
        """The counts go on, for all streams that resume it."""
        self.meet()
        for number in range(2, 8):
            self.write(self.here, JULIET, ROMEO, str(number))
            self.cut()
        self.assertEqual(self.there.heard, list("1234567"))

    def test_the_other_direction(self) -> None:
        """What goes out on a stream of theirs waits for them to resume it, in its order."""
        self.meet()
        self.write(self.there, ROMEO, JULIET, "2", "3")
        self.network.cut()
        self.there.component.send(self.there.message(ROMEO, JULIET, "4"))
        self.network.settle()
        self.assertEqual(self.here.heard, ["2", "3", "4"])
        self.assertEqual(self.network.dialed, [("11.0.0.2", 5269)] * 2)

    def test_they_do_not_resume_it(self) -> None:
        """Then our side opens one, after a time."""
        self.meet()
        self.write(self.there, ROMEO, JULIET, "2", "3")
        self.network.hosts.pop(("11.0.0.2", 5269))
        self.network.cut()
        self.there.component.send(self.there.message(ROMEO, JULIET, "4"))
        self.network.settle()
        self.network.advance(19)
        self.assertEqual(self.here.heard, [])
        self.network.advance(2)
        self.assertEqual(self.here.heard, ["2", "3", "4"])

    def test_nobody_there(self) -> None:
        self.meet()
        self.write(self.here, JULIET, ROMEO, "2")
        self.network.hosts.pop(("11.0.0.2", 5269))
        self.cut()
        self.network.advance(1)
        self.assertEqual(self.here.heard, [], "it may be there again")
        self.network.advance(2)
        self.assertEqual(self.here.heard, ["2: remote-server-not-found"])

    def test_there_again(self) -> None:
        self.meet()
        self.write(self.here, JULIET, ROMEO, "2")
        place = "11.0.0.2", 5269
        host = self.network.hosts.pop(place)
        self.cut()
        self.network.hosts[place] = host
        self.network.advance(2)
        self.assertEqual((self.here.heard, self.there.heard), ([], ["1", "2"]))

    def test_closed_with_something_under_way(self) -> None:
        """Their last acknowledgement counts, so nothing comes twice (XEP-0198, 4)."""
        for bidi in (True, False):
            self.meet(bidi=bidi)
            self.write(self.here, JULIET, ROMEO, "2")
            self.here.edge.close("montague.test")
            self.here.say(JULIET, ROMEO, "3")
            self.assertEqual((self.here.heard, self.there.heard), ([], ["1", "2", "3"]))
            self.here.stop()
            self.there.stop()

    def test_stopped_with_something_under_way(self) -> None:
        self.meet()
        self.write(self.here, JULIET, ROMEO, "2")
        self.here.stop()
        self.assertEqual((self.here.heard, self.there.heard), ([], ["1", "2"]))

    def test_broken_while_it_is_resumed(self) -> None:
        """At any moment of that."""
        self.meet()
        for steps in range(1, 12):
            self.there.got.clear()
            self.write(self.here, JULIET, ROMEO, "2", "3")
            self.network.cut()
            for _ in range(steps):
                self.network.clock.advance(0)
                for pipe in list(self.network.pipes):
                    pipe.move()
            self.cut()
            self.network.advance(3)
            self.assertEqual((self.here.heard, self.there.heard), ([], ["2", "3"]), steps)

    def test_another_process_there(self) -> None:
        """It knows nothing of the stream: what was not acknowledged goes over the new one."""
        self.meet()
        self.write(self.here, JULIET, ROMEO, "2", "3")
        again = self.place("montague.test", address="11.0.0.2")
        self.cut()
        self.here.say(JULIET, ROMEO, "4")
        self.assertEqual(self.there.heard + again.heard, ["1", "2", "3", "4"])

    def test_not_resumable(self) -> None:
        self.meet(limits=ServerLimits(resume_seconds=0))
        self.write(self.here, JULIET, ROMEO, "2")
        self.cut()
        self.assertEqual(self.there.heard, ["1", "2"])

    def test_an_idle_stream_is_not_opened_again(self) -> None:
        """One way; where it goes both ways the others may have lost something."""
        self.meet(bidi=False)
        self.cut()
        self.assertEqual(len(self.network.dialed), 1)

    def test_no_acknowledgement_for_long(self) -> None:
        """As when a cable is cut: the stream is broken, and resumed over another connection."""
        self.meet()
        for pipe in self.network.pipes:
            pipe.pauseProducing()
        self.write(self.here, JULIET, ROMEO, "2")
        self.network.advance(59)
        self.assertEqual(len(self.network.dialed), 1)
        self.network.advance(2)
        self.assertEqual(self.there.heard, ["1", "2"])


class ComingTest(Hostile):
    """Servers that have opened a stream."""

    def enabled(self, *before: str, **attributes: str) -> Raw:
        """One that has proved remote.test, and has its stream managed."""
        raw = self.certified(*before)
        attribute = "".join(f" {key}='{value}'" for key, value in attributes.items())
        self.assertIn("<enabled", raw.send(f"<enable {SM}{attribute}/>"))
        return raw

    def certified(self, *before: str, domain: str = "remote.test") -> Raw:
        names = [*REMOTE, *[type(REMOTE[0])("other.test")]]
        raw = self.secured(self.authority.sign(names), domain)
        for text in before:
            raw.send(text)
        raw.external(domain)
        raw.open(sender=domain)
        return raw

    def id_of(self, raw: Raw) -> str:
        found = re.search(r"<enabled[^>]* id='([^']*)'", raw.heard)
        assert found is not None, raw.heard
        return found[1]

    def resume(self, raw: Raw, id: str, h: object = 0) -> str:
        return raw.send(f"<resume {SM} previd='{id}' h='{h}'/>")

    def cut(self) -> None:
        self.network.cut()
        self.network.settle()

    def test_counts(self) -> None:
        """4: from `<enable/>` on."""
        raw = self.certified()
        raw.send(MESSAGE)
        self.assertEqual(raw.send(f"<enable {SM}/>"), f"<enabled {SM}/>")
        self.assertEqual(raw.send(MESSAGE * 2 + f"<r {SM}/>"), f"<a {SM} h='2'/>")

    def test_resumable_where_it_is_asked_for(self) -> None:
        """5: with an id and the time."""
        raw = self.enabled(resume="1")
        self.assertIn("resume='true' max='20'", raw.heard)
        self.assertTrue(self.id_of(raw))

    def test_before_the_proof(self) -> None:
        """3."""
        raw = self.secured()
        for text in (f"<enable {SM}/>", f"<resume {SM} previd='x' h='0'/>"):
            raw.send(text)
            self.assertEqual(error_in(raw.heard.replace("failed", "failure")), "unexpected-request")
        self.assertFalse(raw.closed)

    def test_what_ends_a_stream(self) -> None:
        """3, 4, 6."""
        for text, condition in (
            (f"<enable {SM}/>", "unsupported-stanza-type"),
            (f"<a {SM}/>", "bad-format"),
            (f"<a {SM} h='-1'/>", "bad-format"),
            (f"<a {SM} h='1'/>", "undefined-condition"),
            (f"<resumed {SM} previd='x' h='0'/>", "unsupported-stanza-type"),
        ):
            raw = self.enabled()
            raw.send(text)
            self.check_end(raw, condition)
        raw = self.certified()
        raw.send(f"<r {SM}/>")
        self.check_end(raw, "unsupported-stanza-type")

    def test_too_high(self) -> None:
        """6: with both counts."""
        raw = self.enabled(BOTH_WAYS)
        self.place.say("juliet@capulet.test", "romeo@remote.test", "1")
        self.assertIn(f"</message><r {SM}/>", raw.heard)
        raw.send(f"<a {SM} h='2'/>")
        self.assertIn(f"<handled-count-too-high {SM} h='2' send-count='1'/>", raw.heard)

    def test_resume(self) -> None:
        raw = self.enabled(BOTH_WAYS, resume="true")
        id = self.id_of(raw)
        raw.send(MESSAGE)
        for body in "12":
            self.place.say("juliet@capulet.test", "romeo@remote.test", body)
        self.cut()
        raw = self.certified(BOTH_WAYS)
        heard = self.resume(raw, id, 1)
        self.assertIn(f"<resumed {SM} h='1' previd='{id}'/>", heard)
        self.assertNotIn("id='1'", heard)
        self.assertIn("id='2'", heard)
        self.assertEqual(raw.send(MESSAGE + f"<r {SM}/>"), f"<a {SM} h='2'/>")

    def check_not_found(self, heard: str, h: str = "") -> None:
        self.assertIn(f"<failed {SM}{h}><item-not-found", heard)

    def test_resume_what_is_another_domains(self) -> None:
        """Nobody learns anything of it, and it stays what it is."""
        id = self.id_of(self.enabled(resume="true"))
        self.cut()
        self.check_not_found(self.resume(self.certified(domain="other.test"), id))
        self.assertIn("<resumed", self.resume(self.certified(), id))

    def test_resume_another_id(self) -> None:
        self.enabled(resume="true")
        self.cut()
        self.check_not_found(self.resume(self.certified(), "x"))

    def test_resume_what_was_not_resumable(self) -> None:
        self.enabled()
        self.cut()
        self.assertIn("<bad-request", self.resume(self.certified(), ""))

    def test_resume_without_a_count(self) -> None:
        id = self.id_of(self.enabled(resume="true"))
        self.cut()
        raw = self.certified()
        self.assertIn("<bad-request", self.resume(raw, id, "x"))
        self.assertIn("<resumed", self.resume(raw, id))

    def test_resume_one_way_what_went_both_ways(self) -> None:
        id = self.id_of(self.enabled(BOTH_WAYS, resume="true"))
        self.cut()
        self.check_not_found(self.resume(self.certified(), id))

    def test_resume_after_the_limit(self) -> None:
        """5: they are told how much of it was handled, for some time."""
        raw = self.enabled(resume="true")
        id = self.id_of(raw)
        raw.send(MESSAGE)
        self.cut()
        self.network.advance(21)
        raw = self.certified()
        self.check_not_found(self.resume(raw, id), " h='1'")
        self.network.advance(600)
        self.check_not_found(self.resume(self.certified(), id))

    def test_nothing_is_left_behind(self) -> None:
        self.enabled(BOTH_WAYS, resume="true")
        self.place.say("juliet@capulet.test", "romeo@remote.test", "1")
        self.cut()
        self.assertEqual(len(self.place.edge.pairs), 1)
        self.network.advance(21)
        self.assertEqual(self.place.heard, ["1: remote-server-not-found"])
        self.assertEqual(self.place.edge.pairs, {})

    def test_resume_with_a_count_that_is_too_high(self) -> None:
        id = self.id_of(self.enabled(BOTH_WAYS, resume="true"))
        self.place.say("juliet@capulet.test", "romeo@remote.test", "1")
        self.cut()
        raw = self.certified(BOTH_WAYS)
        self.resume(raw, id, 2)
        self.assertIn("<handled-count-too-high", raw.heard)
        self.assertEqual(self.place.heard, ["1: remote-server-not-found"])

    def test_resume_a_stream_that_is_there(self) -> None:
        """5: the old one ends with `conflict`."""
        old = self.enabled(BOTH_WAYS, resume="true")
        id = self.id_of(old)
        self.place.say("juliet@capulet.test", "romeo@remote.test", "1")
        raw = self.certified(BOTH_WAYS)
        heard = self.resume(raw, id)
        self.assertEqual(error_in(old.heard), "conflict")
        self.assertIn("id='1'", heard)

    def test_what_waits_for_a_full_stream_goes_behind_what_it_has_lost(self) -> None:
        """Also where the other side finds out first that the stream is broken."""
        self.place = self.new_place(limits=ServerLimits(queue_stanzas=2))
        id = self.id_of(self.enabled(BOTH_WAYS, resume="true"))
        for body in "123":
            self.place.say("juliet@capulet.test", "romeo@remote.test", body)
        raw = self.certified(BOTH_WAYS)
        heard = self.resume(raw, id)
        self.assertEqual(re.findall("<resumed|id='[123]'", heard), ["<resumed", "id='1'", "id='2'"])
        heard = raw.send(f"<a {SM} h='2'/>")
        self.assertEqual(re.findall("id='[123]'", heard), ["id='3'"])

    def test_resume_what_is_managed(self) -> None:
        id = self.id_of(self.enabled(resume="true"))
        self.cut()
        self.assertIn("<unexpected-request", self.resume(self.enabled(), id))

    def test_the_last_of_many_is_kept(self) -> None:
        """Nobody fills the memory by breaking streams."""
        ids = []
        for _ in range(3):
            ids.append(self.id_of(self.enabled(resume="true")))
            self.cut()
        raw = self.certified()
        self.check_not_found(self.resume(raw, ids[0]))
        self.check_not_found(self.resume(raw, ids[1]))
        self.assertIn("<resumed", self.resume(raw, ids[2]))

    def test_no_more_than_the_limit_without_acknowledgement(self) -> None:
        self.place = self.new_place(limits=ServerLimits(queue_stanzas=2))
        raw = self.enabled(BOTH_WAYS)
        raw.heard = ""
        for body in "1234":
            self.place.say("juliet@capulet.test", "romeo@remote.test", body)
        self.assertEqual(raw.heard.count("<message"), 2)
        self.assertEqual(raw.send(f"<a {SM} h='2'/>").count("<message"), 2)

    def test_a_last_acknowledgement(self) -> None:
        """4: before the closing tag; what comes behind it was not acknowledged, and not taken."""
        raw = self.enabled()
        raw.send(MESSAGE)
        raw.heard = ""
        self.place.edge.close("remote.test")
        raw.send(MESSAGE)
        self.assertEqual(self.place.heard, ["m"])


class GoingTest(Hostile):
    """Servers that we have opened a stream to."""

    def setUp(self) -> None:
        super().setUp()
        self.place = self.new_place(policy={"remote.test": "plaintext-dialback"})
        self.came: list[Raw] = []
        self.network.hosts["11.0.0.7", 5269] = self._make
        self.network.known["remote.test"] = [Target("11.0.0.7")]

    def _make(self) -> Raw:
        self.came.append(Raw(self.network))
        return self.came[-1]

    def accepted(self, offer: str = f"<sm {SM}/>") -> Raw:
        """Let the last stream be accepted."""
        raw = self.came[-1]
        dialback = f"<dialback xmlns='{DIALBACK_FEATURE}'><errors/></dialback>"
        features = f"<stream:features>{dialback}{offer}</stream:features>"
        raw.send(f"{HEADER} from='remote.test' id='s'>{features}")
        raw.send("<db:result from='remote.test' to='capulet.test' type='valid'/>")
        return raw

    def speak(self, body: str = "1") -> None:
        self.place.say("juliet@capulet.test", "romeo@remote.test", body)

    def broken(self) -> None:
        """A stream that can be resumed, broken with a message under way."""
        self.speak()
        self.accepted().send(f"<enabled {SM} id='x' resume='true'/>")
        self.network.cut()
        self.network.settle()

    def test_enabled_behind_the_proof(self) -> None:
        """Nothing goes before they have said by what it can be resumed."""
        self.speak()
        raw = self.accepted()
        self.assertEqual(raw.heard, f"<enable {SM} resume='true'/>")
        heard = raw.send(f"<enabled {SM}/>")
        self.assertTrue(heard.startswith("<message"), heard)
        self.assertTrue(heard.endswith(f"<r {SM}/>"), heard)

    def test_nothing_counts_before_it_is_enabled(self) -> None:
        """XEP-0198, 4: a count of what came before would be too high for them."""
        self.speak()
        raw = self.accepted(f"<sm {SM}/><bidi xmlns='{BIDI_FEATURE}'/>")
        raw.send("<message from='romeo@remote.test' to='juliet@capulet.test' id='m'/>")
        self.assertEqual(self.place.heard, ["m"])
        self.place.edge.close("remote.test")
        self.network.settle()
        self.assertIn(f"<a {SM} h='0'/>", raw.heard)

    def test_never_enabled(self) -> None:
        """They are given the time that a proof has; then it is tried again."""
        self.speak()
        self.accepted()
        self.network.advance(29)
        self.speak("2")
        self.network.advance(2)
        timeout = "remote-server-timeout"
        self.assertEqual(self.place.heard, [f"1: {timeout}", f"2: {timeout}"])
        self.network.advance(2)
        self.speak("3")
        self.assertIn("id='3'", self.accepted("").heard)

    def test_a_stream_that_ends_before_it_carries_anything(self) -> None:
        """The remote is left alone then, as after every failure, and not asked again at once."""
        self.speak()
        for _ in range(5):
            self.accepted().send("</stream:stream>")
        self.assertEqual(len(self.came), 1)
        self.assertEqual(self.place.heard, ["1: remote-server-timeout"])

    def test_not_enabled_where_it_is_not_offered(self) -> None:
        self.speak()
        heard = self.accepted("").heard
        self.assertNotIn(SM, heard)
        self.assertIn("<message", heard)

    def test_refused(self) -> None:
        """6: the stream goes on without."""
        self.speak()
        raw = self.accepted()
        raw.send(f"<failed {SM}/>")
        self.speak("2")
        self.assertNotIn("<r ", raw.heard)
        self.assertIn("id='2'", raw.heard)

    def test_refused_and_closed(self) -> None:
        """What crosses our closing tag is taken where nothing is managed after all."""
        self.speak()
        raw = self.accepted(f"<sm {SM}/><bidi xmlns='{BIDI_FEATURE}'/>")
        raw.send(f"<failed {SM}/>")
        self.place.edge.close("remote.test")
        raw.send(MESSAGE)
        self.assertEqual(self.place.heard, ["m"])

    def test_answers_nobody_asked_for(self) -> None:
        for text in (
            f"<enabled {SM} id='x' resume='true'/>",
            f"<resumed {SM} previd='x' h='0'/>",
            f"<failed {SM}/>",
            f"<resume {SM} previd='x' h='0'/>",
        ):
            self.speak()
            raw = self.accepted()
            raw.send(f"<enabled {SM}/><a {SM} h='1'/>")
            raw.send(text)
            self.check_end(raw, "unsupported-stanza-type")
            self.network.advance(10)

    def test_resume(self) -> None:
        """5: what they had handled is not sent again."""
        self.broken()
        self.speak("2")
        raw = self.accepted()
        self.assertEqual(raw.heard, f"<resume {SM} h='0' previd='x'/>")
        heard = raw.send(f"<resumed {SM} previd='x' h='1'/>")
        self.assertNotIn("id='1'", heard)
        self.assertIn("id='2'", heard)

    def test_resume_fails_with_a_count(self) -> None:
        self.broken()
        heard = self.accepted().send(f"<failed {SM} h='1'><item-not-found/></failed>")
        self.assertEqual(heard, f"<enable {SM} resume='true'/>")

    def test_resume_fails(self) -> None:
        """What was not acknowledged goes over the new stream; but not over a third."""
        self.broken()
        raw = self.accepted()
        heard = raw.send(f"<failed {SM}><item-not-found/></failed>")
        self.assertEqual(heard, f"<enable {SM} resume='true'/>")
        self.assertIn("id='1'", raw.send(f"<enabled {SM}/>"))
        raw.send("<stream:error><policy-violation xmlns='x'/></stream:error>")
        self.assertEqual(self.place.heard, ["1: remote-server-timeout"])

    def test_not_offered_any_more(self) -> None:
        self.broken()
        self.assertIn("id='1'", self.accepted("").heard)

    def test_a_count_that_is_too_high(self) -> None:
        for answer in ("<resumed {} previd='x' h='9'/>", "<failed {} h='9'/>"):
            self.broken()
            raw = self.accepted()
            raw.send(answer.format(SM))
            self.assertIn("<handled-count-too-high", raw.heard)
            self.network.settle()
            self.accepted("").send("</stream:stream>")
            self.network.advance(10)

    def test_silence(self) -> None:
        self.broken()
        self.accepted()
        self.network.advance(31)
        self.assertIn("id='1'", self.accepted("").heard)

    def test_not_managed_and_not_written(self) -> None:
        """What was still in our hands when the connection broke goes over the next."""
        self.speak()
        self.accepted("")
        self.place.component.send(
            self.place.message("juliet@capulet.test", "romeo@remote.test", "2")
        )
        self.network.cut()
        self.network.settle()
        raw = self.accepted("")
        self.assertIn("id='2'", raw.heard)
        self.assertNotIn("id='1'", raw.heard)
