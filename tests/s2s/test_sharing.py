"""Several pairs of domains on one stream that we have opened (XEP-0220, 2.6)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred

from tests.s2s.raw import HEADER, Raw, error_in
from tests.s2s.test_hostile import Hostile
from xmppd.app.ctl.servers import s2s_list
from xmppd.protocol.namespaces import BIDI_FEATURE, DIALBACK_FEATURE, STREAM_MANAGEMENT
from xmppd.s2s.dialback import Keys
from xmppd.s2s.sharing import ANSWER_SECONDS
from xmppd.s2s.targets import Target

ERRORS = f"<dialback xmlns='{DIALBACK_FEATURE}'><errors/></dialback>"
NO_ERRORS = f"<dialback xmlns='{DIALBACK_FEATURE}'/>"
SM = f"<sm xmlns='{STREAM_MANAGEMENT}'/>"
BIDI = f"<bidi xmlns='{BIDI_FEATURE}'/>"
JULIET, ROSALINE = "juliet@capulet.test", "rosaline@second.test"
REFUSED = (
    "<error type='cancel'><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
)


class SharingTest(Hostile):
    def setUp(self) -> None:
        super().setUp()
        self.use()

    def use(self, **policy: str) -> None:
        """Have those policies, by the first label, beside plain text."""
        found = dict.fromkeys(("remote.test", "other.test"), "plaintext-dialback")
        found |= {f"{name}.test": kind for name, kind in policy.items()}
        self.place = self.new_place(policy=found)
        self.came: list[Raw] = []
        for number in (7, 8):
            self.network.hosts[f"11.0.0.{number}", 5269] = self._make
        self.network.known["remote.test"] = [Target("11.0.0.7")]
        self.network.known["other.test"] = [Target("11.0.0.7")]

    def _make(self) -> Raw:
        self.came.append(Raw(self.network))
        return self.came[-1]

    def accepted(self, offer: str = ERRORS) -> Raw:
        """A stream that carries what Juliet says to remote.test."""
        self.place.say(JULIET, "romeo@remote.test", "1")
        (raw,) = self.came
        raw.send(f"{HEADER} from='remote.test' id='s'><stream:features>{offer}</stream:features>")
        self.answer(raw, "remote.test", "capulet.test")
        return raw

    def answer(self, raw: Raw, sender: str, to: str, type: str = "valid", inner: str = "") -> str:
        said = f"<db:result from='{sender}' to='{to}' type='{type}'>{inner}</db:result>"
        return raw.send(said)

    def check_shared(self, raw: Raw, sender: str, remote: str) -> None:
        """What a pair says waits for its proof, and then goes over the same stream."""
        local = sender.partition("@")[2]
        raw.heard = ""
        self.place.say(sender, f"romeo@{remote}", "2")
        key = Keys("capulet.test").key(remote, local, "s")
        self.assertEqual(raw.heard, f"<db:result from='{local}' to='{remote}'>{key}</db:result>")
        self.assertIn("id='2'", self.answer(raw, remote, local))
        self.assertEqual(len(self.came), 1)

    def check_own(self, sender: str, remote: str, asked: bool = False) -> Raw:
        """It goes over a stream of its own."""
        self.came[0].heard = ""
        self.place.say(sender, f"romeo@{remote}", "2")
        self.assertEqual("<db:result" in self.came[0].heard, asked)
        if not asked:
            self.assertEqual(len(self.came), 2)
        return self.came[-1]

    def test_another_domain_of_ours(self) -> None:
        self.check_shared(self.accepted(), ROSALINE, "remote.test")

    def test_another_domain_of_theirs(self) -> None:
        """At the same address and port, as DNS says."""
        self.check_shared(self.accepted(), JULIET, "other.test")

    def test_what_another_says_of_it(self) -> None:
        """All pairs go on, each in its order, until the stream ends; then each as it can."""
        raw = self.accepted()
        self.check_shared(raw, JULIET, "other.test")
        raw.heard = ""
        for number in range(3, 6):
            self.place.say(JULIET, "x@other.test", str(number))
            self.place.say(JULIET, "x@remote.test", str(number))
        self.assertEqual(raw.heard.count("<message"), 6)
        raw.send("</stream:stream>")
        self.place.say(JULIET, "x@other.test", "6")
        self.assertEqual(len(self.came), 2)

    def test_elsewhere(self) -> None:
        raw = self.accepted()
        self.network.known["other.test"] = [Target("11.0.0.8")]
        self.check_own(JULIET, "other.test")
        self.assertNotIn("<db:result", raw.heard)

    def test_without_errors(self) -> None:
        """A refusal would end the stream."""
        self.accepted(NO_ERRORS)
        self.check_own(JULIET, "other.test")

    def test_managed(self) -> None:
        raw = self.accepted(ERRORS + SM)
        raw.send(f"<enabled xmlns='{STREAM_MANAGEMENT}'/>")
        self.check_own(ROSALINE, "remote.test")

    def test_stricter_policy(self) -> None:
        for policy in ("certificate", "dialback-over-tls"):
            self.use(other=policy)
            self.accepted()
            self.check_own(JULIET, "other.test")
            self.place.stop()

    def test_refused(self) -> None:
        """By an error, or as wrong: then over its own; nobody asks the same stream again."""
        for type, inner in (("error", REFUSED), ("invalid", "")):
            self.use()
            raw = self.accepted()
            self.check_own(JULIET, "other.test", asked=True)
            self.answer(raw, "other.test", "capulet.test", type, inner)
            self.assertEqual(len(self.came), 2)
            own = self.came[1]
            own.send(
                f"{HEADER} from='other.test' id='t'><stream:features>{ERRORS}</stream:features>"
            )
            self.assertIn("id='2'", self.answer(own, "other.test", "capulet.test"))
            own.send("</stream:stream>")
            raw.heard = ""
            self.place.say(JULIET, "x@other.test", "3")
            self.assertEqual((raw.heard, len(self.came)), ("", 3))
            self.place.say(JULIET, "romeo@remote.test", "4")
            self.assertIn("id='4'", raw.heard, "the first pair goes on")
            self.place.stop()

    def test_no_answer(self) -> None:
        """Early enough for what waits."""
        self.accepted()
        self.check_own(JULIET, "other.test", asked=True)
        self.network.advance(ANSWER_SECONDS)
        self.assertEqual((len(self.came), self.place.heard), (2, []))

    def test_late_answer(self) -> None:
        """XEP-0288, 2.2: who has given it sends over that stream from then on, and may."""
        raw = self.accepted(ERRORS + BIDI)
        self.check_own(JULIET, "other.test", asked=True)
        self.network.advance(ANSWER_SECONDS)
        self.assertEqual(len(self.came), 2)
        self.answer(raw, "other.test", "capulet.test")
        raw.send("<message from='x@other.test' to='juliet@capulet.test' id='m'/>")
        self.assertEqual((self.place.heard, error_in(raw.heard)), (["m"], ""))

    def test_a_key_to_verify_meanwhile(self) -> None:
        """It goes over a stream of its own at once: two servers that ask each other for a place on
        their streams would else wait for each other."""
        for first in (True, False):
            self.use()
            self.accepted()
            coming = self.raw()
            coming.open(sender="other.test")
            if first:
                self.check_own(JULIET, "other.test", asked=True)
            coming.result(sender="other.test")
            if not first:
                self.check_own(JULIET, "other.test")
            self.assertEqual(len(self.came), 2)
            own = self.came[1]
            own.send(f"{HEADER} from='other.test' id='t'><stream:features>{ERRORS}")
            self.assertIn("<db:verify", own.send("</stream:features>"))
            self.place.stop()

    def test_lost_while_it_is_asked(self) -> None:
        raw = self.accepted()
        self.check_own(JULIET, "other.test", asked=True)
        raw.send("</stream:stream>")
        self.assertEqual(len(self.came), 2)

    def test_what_comes_back(self) -> None:
        """XEP-0288, 2.2: on a stream that goes both ways the other domain may send, too."""
        raw = self.accepted(ERRORS + BIDI)
        raw.send("<message from='x@other.test' to='juliet@capulet.test' id='m'/>")
        self.check_end(raw, "invalid-from")
        self.use()
        raw = self.accepted(ERRORS + BIDI)
        self.check_shared(raw, JULIET, "other.test")
        raw.send("<message from='x@other.test' to='juliet@capulet.test' id='m'/>")
        self.assertEqual(self.place.heard, ["m"])

    def test_another_policy_later(self) -> None:
        """All domains that are sent to have to satisfy it."""
        raw = self.accepted()
        self.check_shared(raw, JULIET, "other.test")
        policy: dict[str, Any] = {"remote.test": "plaintext-dialback"}
        self.place.reconfigure(self.authority.file, policy=policy)
        self.assertEqual(error_in(raw.heard), "reset")

    def test_another_policy_while_it_is_asked(self) -> None:
        """A stream that does not satisfy it carries nothing, whatever the answer."""
        raw = self.accepted()
        self.check_own(JULIET, "other.test", asked=True)
        policy: dict[str, Any] = {"remote.test": "plaintext-dialback"}
        self.place.reconfigure(self.authority.file, policy=policy)
        self.assertNotIn("<message", self.answer(raw, "other.test", "capulet.test"))
        self.assertEqual(len(self.came), 2)

    def test_told_of(self) -> None:
        """Each pair is told of, with the stream that carries it."""
        raw = self.accepted()
        self.check_shared(raw, JULIET, "other.test")
        server: Any = SimpleNamespace(federation=SimpleNamespace(edge=self.place.edge))
        rows = self.successResultOf(Deferred.fromCoroutine(s2s_list(server)))
        told = [(row["remote"], row["where"], row["proof"]) for row in rows]
        where = "11.0.0.7:5269"
        expected = [("remote.test", where, "dialback"), ("other.test", where, "dialback")]
        self.assertEqual(told, expected)

    def test_closed(self) -> None:
        """By who administrates: also for the pair that has not opened it."""
        raw = self.accepted()
        self.check_shared(raw, JULIET, "other.test")
        self.assertEqual(self.place.edge.close("other.test"), 1)
        self.network.settle()
        self.assertIn("</stream:stream>", raw.heard)
