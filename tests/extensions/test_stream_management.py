"""XEP-0198 between a session manager and its clients: enabling, counting, acknowledging."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import Client, House
from tests.sm.test_session import bodies
from xmppd.component.extension import Extension, on
from xmppd.component.report import NO_COUNT
from xmppd.component.stages import Received, Sent
from xmppd.extensions.offline import Offline
from xmppd.extensions.stream_management import StreamManagement
from xmppd.protocol.namespaces import STANZA_ERRORS, STREAM_ERRORS, STREAM_MANAGEMENT, STREAMS
from xmppd.protocol.stanza import Stanza
from xmppd.sm.managed import Managed
from xmppd.sm.session import Session
from xmppd.storage.interfaces import Unavailable

CHAT = "<message to='romeo@example.com' type='chat'><body>{}</body></message>"
FULL = "<message to='romeo@example.com/x' type='chat'><body>{}</body></message>"


class Waiting(Extension):
    """Has messages wait in CHECK, until each is let go."""

    name = "waiting"

    def setup(self) -> None:
        self.host.waiting = self.waiting = []

    @on(Sent.CHECK, "message")
    def wait(self, stanza: Stanza, session: Session) -> Deferred[None] | None:
        if stanza.text("", "body") != "wait":
            return None
        waiting: Deferred[None] = Deferred()
        self.waiting.append(waiting)
        return waiting


class Missed(Extension):
    """Collects what nobody got."""

    name = "missed"

    def setup(self) -> None:
        self.host.missed = self.stanzas = []

    @on(Received.MISSED, "message")
    def missed(self, stanza: Stanza, user: Any) -> bool:
        self.stanzas.append(stanza)
        return True


class ManagedCase(SynchronousTestCase):
    """Juliet manages her stream, romeo does not; neither has sent presence."""

    extensions: tuple[Any, ...] = (StreamManagement, Offline, Waiting)

    def setUp(self) -> None:
        self.house = House(self.extensions)
        self.manager = self.house.manager
        self.juliet = self.house.client("juliet")
        self.romeo = self.house.client("romeo", "x")

    @property
    def waiting(self) -> list[Deferred[None]]:
        found: list[Deferred[None]] = self.house.host.waiting  # type: ignore[union-attr]
        return found

    def managed(self, client: Client | None = None) -> Managed:
        managed = self.session(client).managed
        assert managed is not None
        return managed

    def hold_commits(self) -> list[Deferred[None]]:
        """Have the store keep things only when a test says so."""
        commits: list[Deferred[None]] = []

        def commit() -> Deferred[None]:
            commits.append(Deferred())
            return commits[-1]

        self.house.backend._driver.commit = commit
        return commits

    def session(self, client: Client | None = None) -> Session:
        return self.manager.sessions[(client or self.juliet).session]


class EnableTest(ManagedCase):
    def test_advertised(self) -> None:
        """XEP-0198, 2."""
        self.assertEqual(StreamManagement.after_login, (b"<sm xmlns='urn:xmpp:sm:3'/>",))
        self.assertEqual(StreamManagement.xep[0], 198)

    def test_enabled(self) -> None:
        """XEP-0198, 3 and 5: an id that cannot be guessed, and how long it is good."""
        answer = self.juliet.enable()
        self.assertEqual(answer.name, "enabled")
        self.assertEqual((answer.attrs["resume"], answer.attrs["max"]), ("true", "600"))
        self.assertGreaterEqual(len(answer.attrs["id"]), 22)
        self.assertNotEqual(self.romeo.enable().attrs["id"], answer.attrs["id"])

    def test_without_resumption(self) -> None:
        """xs:boolean: 0 and false are alike, and the default."""
        for value in ("false", "0", "no"):
            answer = self.house.client("juliet", value).enable(resume=value)
            self.assertEqual((answer.name, answer.attrs), ("enabled", {}))

    def test_1_is_true(self) -> None:
        self.assertEqual(self.juliet.enable(resume="1").attrs["resume"], "true")

    def test_clients_may_ask_for_less(self) -> None:
        for asked, given in (("60", "60"), ("3600", "600"), ("0", "600"), ("x", "600")):
            answer = self.house.client("juliet", f"r{asked}").enable(max=asked)
            self.assertEqual(answer.attrs["max"], given)

    def test_a_second_time(self) -> None:
        """XEP-0198, 3: one attempt; then the stream ends."""
        self.juliet.enable()
        answer = self.juliet.enable()
        self.assertEqual(answer.name, "failed")
        self.assertTrue(answer.has(STANZA_ERRORS, "unexpected-request"))
        closed = self.juliet.closed
        assert closed is not None
        self.assertIn(STREAM_ERRORS, str(closed.child_bytes(STREAMS, "error")))

    def test_unknown_elements(self) -> None:
        """RFC 6120, 4.9.3.24: what no extension here has asked for."""
        self.juliet.pass_on(Stanza("urn:xmpp:csi:0", "inactive", {}))
        closed = self.juliet.closed
        assert closed is not None
        self.assertIn("unsupported-stanza-type", str(closed.child_bytes(STREAMS, "error")))


class NotResumableTest(ManagedCase):
    extensions = (
        (StreamManagement, StreamManagement.Options(resume_seconds=0)),
        Offline,
    )

    def test_no_resumption_where_none_is_wanted(self) -> None:
        self.assertEqual(self.juliet.enable().attrs, {})


class LocationTest(ManagedCase):
    extensions = ((StreamManagement, StreamManagement.Options(location="a.example:5222")),)

    def test_location(self) -> None:
        self.assertEqual(self.juliet.enable().attrs["location"], "a.example:5222")


class HandledTest(ManagedCase):
    """3.5: `h` is a prefix of what the client sent, and all in it is kept."""

    def setUp(self) -> None:
        super().setUp()
        self.juliet.enable()

    def test_stanzas_count_from_enable_on(self) -> None:
        other = self.house.client("romeo", "y")
        other.send("<presence/>")
        other.enable()
        self.assertEqual(self.managed(other).h, 0)
        other.send("<presence/>", "<iq type='get' id='1'><x xmlns='y'/></iq>")
        self.assertEqual(self.managed(other).h, 2)
        self.assertEqual(self.session(other).leg.h, 2)
        self.assertEqual(self.session(other).handled, 4)

    def test_nothing_is_said_of_what_is_not_managed(self) -> None:
        self.assertEqual(self.session(self.romeo).leg.h, NO_COUNT)

    def test_refused_is_handled(self) -> None:
        self.juliet.send("<message to='nobody@example.com'><body>x</body></message>", "<iq/>")
        self.assertEqual(self.managed().h, 2)

    def test_elsewhere(self) -> None:
        """To where no receipts come from it is handled when it has been sent."""
        self.juliet.send("<message to='a@remote.test'><body>x</body></message>")
        self.assertEqual((self.managed().h, len(self.house.left)), (1, 1))

    def test_offline(self) -> None:
        """The recipient's row is kept."""
        self.juliet.send(CHAT.format(1))
        self.assertEqual(self.managed().h, 1)

    def test_not_before_it_is_kept(self) -> None:
        """Acknowledged means kept: not before the commit that holds the row."""
        commits = self.hold_commits()
        self.juliet.send(CHAT.format(1), "<presence/>")
        self.assertEqual((self.managed().h, self.session().handled), (0, 1))
        commits[0].callback(None)
        self.assertEqual((self.managed().h, self.session().handled), (2, 3))

    def test_what_could_not_be_kept(self) -> None:
        """Its sender is told so, and then it is handled."""
        commits = self.hold_commits()
        self.juliet.send(CHAT.format(1), "<presence/>")
        commits[0].errback(Unavailable(detail="no disk"))
        self.house.settle()
        self.assertEqual(self.managed().h, 2)
        [error] = [item for item in self.juliet.taken() if item.type == "error"]
        self.assertIn(b"resource-constraint", error.inner)

    def test_delivered_and_written(self) -> None:
        """The recipient's edge has written it; until then it waits."""
        self.juliet.send(FULL.format(1))
        self.assertEqual(self.managed().h, 0)
        self.romeo.report()
        self.assertEqual(self.managed().h, 1)

    def test_delivered_and_acknowledged(self) -> None:
        """Where the recipient manages its stream, being written is not enough."""
        self.romeo.enable()
        self.juliet.send(FULL.format(1))
        self.romeo.report()
        self.assertEqual(self.managed().h, 0)
        self.romeo.report(h=1)
        self.assertEqual(self.managed().h, 1)

    def test_all_to_whom_it_goes(self) -> None:
        other = self.house.client("romeo", "y")
        for client in (self.romeo, other):
            client.send("<presence/>")
        self.juliet.send(CHAT.format(1))
        self.romeo.report()
        self.assertEqual(self.managed().h, 0)
        other.report()
        self.assertEqual(self.managed().h, 1)

    def test_in_order(self) -> None:
        """Nothing is handled before its predecessors."""
        self.juliet.send(FULL.format(1), "<presence/>", CHAT.format(2))
        self.assertEqual((self.managed().h, self.session().handled), (0, 1))
        self.romeo.report()
        self.assertEqual((self.managed().h, self.session().handled), (3, 4))

    def test_while_something_is_checked(self) -> None:
        self.juliet.send(CHAT.format("wait"), "<presence/>")
        self.assertEqual((self.managed().h, self.session().handled), (0, 1))
        self.waiting[0].callback(None)
        self.house.settle()
        self.assertEqual((self.managed().h, self.session().handled), (2, 3))

    def test_the_session_of_the_recipient_ends(self) -> None:
        """Then it is kept offline, and so handled."""
        self.juliet.send(FULL.format(1))
        self.romeo.pass_on()
        self.romeo._got = 0
        self.romeo.close("lost")
        self.assertEqual(self.managed().h, 1)

    def test_what_nobody_would_keep(self) -> None:
        """XEP-0334: neither this server nor a journal of it."""
        hint = "<no-store xmlns='urn:xmpp:hints'/>"
        self.juliet.send(FULL.format(1).replace("</body>", f"</body>{hint}"))
        self.assertEqual(self.managed().h, 1)

    def test_modulo(self) -> None:
        """XEP-0198, 4: from 2^32 - 1 to 0."""
        self.managed()._handled.h = 2**32 - 1
        self.juliet.send("<presence/>")
        self.assertEqual((self.managed().h, self.session().leg.h), (0, 0))


class AcknowledgedTest(ManagedCase):
    extensions = (StreamManagement, Missed)

    def setUp(self) -> None:
        super().setUp()
        self.romeo.send("<presence/>")
        self.house.from_outside(self.message(0))
        self.romeo.enable()
        self.romeo.taken()

    @staticmethod
    def message(text: object) -> str:
        return FULL.format(text).replace(" type", " from='a@remote.test' type")

    def come(self, *texts: object) -> None:
        for text in texts:
            self.house.from_outside(self.message(text))

    @property
    def missed(self) -> list[str | None]:
        return bodies(self.house.host.missed)  # type: ignore[union-attr]

    def test_what_is_acknowledged_is_forgotten(self) -> None:
        """XEP-0198, 4."""
        self.come(1, 2, 3)
        out = self.managed(self.romeo).out
        self.assertEqual((out.sent, len(out)), (3, 3))
        self.romeo.report(h=2)
        self.assertEqual(bodies(out.items), ["3"])
        self.romeo.report(h=2)
        self.assertEqual(bodies(out.items), ["3"])

    def test_more_than_was_sent(self) -> None:
        """XEP-0198, 6: undefined-condition with handled-count-too-high."""
        self.come(1)
        self.romeo.report(h=2)
        closed = self.romeo.closed
        assert closed is not None
        error = closed.child(STREAMS, "error")
        assert error is not None
        [extra] = [e for e in error.elements() if e.uri == STREAM_MANAGEMENT]
        self.assertEqual(
            (extra.name, extra["h"], extra["send-count"]), ("handled-count-too-high", "2", "1")
        )

    def test_acknowledgements_before_enabling_do_nothing(self) -> None:
        self.juliet.report(h=5)
        self.assertIsNone(self.juliet.closed)

    def test_a_clean_end(self) -> None:
        """XEP-0198, 4: what was not acknowledged is treated as undelivered, in order; what stood
        before the answer to `<enable/>` is not counted."""
        self.come(1, 2)
        self.romeo.report(h=1)
        self.come(3)
        self.romeo.close()
        self.assertEqual(self.missed, ["2", "3"])

    def test_the_last_acknowledgement(self) -> None:
        """XEP-0198, 4: right before the stream is closed; it comes with the close."""
        self.come(1, 2)
        close = {"how": "clean", "written": "9", "a": "2"}
        self.romeo.pass_on(Stanza("urn:xmppd:session:0", "close", close))
        self.assertEqual(self.missed, [])

    def test_what_was_not_written_before_enabling(self) -> None:
        other = self.house.client("juliet", "y")
        text = self.message("early").replace("romeo@example.com/x", "juliet@example.com/y")
        self.house.from_outside(text)
        other.enable()
        self.house.from_outside(text.replace("early", "late"))
        other._got = 0
        other.close()
        self.assertEqual(self.missed, ["early", "late"])

    def test_iq_gets_an_error(self) -> None:
        self.house.from_outside(
            "<iq type='get' id='1' to='romeo@example.com/x' from='a@remote.test/r'>"
            "<x xmlns='y'/></iq>"
        )
        self.romeo.close()
        [error] = [item for item in self.house.left if item.name == "iq"]
        self.assertEqual((error.type, error.id), ("error", "1"))
